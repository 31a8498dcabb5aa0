"""Check reports without Great Expectations or Prefect: rules, findings and verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from expectations.blame import settle_blame
from expectations.repair import repair_reports
from expectations.rules import Evaluation, evaluate
from expectations.verdict import add_verdicts
from storage.schema import FINDINGS, REPORTS


@dataclass(frozen=True, slots=True)
class Checked:
    """Checked reports: `reports` with verdicts, `findings` and `repairs` as the lake's tables."""

    reports: pl.DataFrame
    cells: pl.DataFrame
    findings: pl.DataFrame
    repairs: pl.DataFrame
    evaluation: Evaluation


def check_frames(reports: pl.DataFrame, cells: pl.DataFrame) -> Checked:
    """Evaluate every rule, name the cells that explain failures, give each report its verdict.

    `reports` and `cells` have `year` and `region` and the columns of the lake's tables, the
    reports at least those that reading gives.
    """
    evaluation = evaluate(reports, cells)
    findings = (
        evaluation.findings.drop("year", strict=False)
        .join(reports.select("report_id", "year", "region"), on="report_id", how="left")
        .select(FINDINGS.frame_schema.names())
    )
    findings = settle_blame(findings, cells)
    judged = add_verdicts(reports, cells, findings).select(REPORTS.frame_schema.names())
    repairs = repair_reports(judged, cells, findings)
    return Checked(judged, cells, findings, repairs, evaluation)
