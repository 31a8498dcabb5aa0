"""Check reports without Great Expectations or Prefect: rules, findings and verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from expectations.rules import Evaluation, evaluate
from expectations.verdict import add_verdicts
from storage.schema import FINDINGS, REPORTS


@dataclass(frozen=True, slots=True)
class Checked:
    """Checked reports: `reports` with verdicts, `findings` as the lake's table."""

    reports: pl.DataFrame
    cells: pl.DataFrame
    findings: pl.DataFrame
    evaluation: Evaluation


def check_frames(reports: pl.DataFrame, cells: pl.DataFrame) -> Checked:
    """Evaluate every rule and give each report its verdict.

    `reports` and `cells` have `year` and `region` and the columns of the lake's tables, the
    reports at least those that reading gives.
    """
    evaluation = evaluate(reports, cells)
    findings = (
        evaluation.findings.drop("year", strict=False)
        .join(reports.select("report_id", "year", "region"), on="report_id", how="left")
        .select(FINDINGS.frame_schema.names())
    )
    judged = add_verdicts(reports, cells, findings).select(REPORTS.frame_schema.names())
    return Checked(judged, cells, findings, evaluation)
