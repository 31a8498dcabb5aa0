"""Check reports and have Great Expectations enforce the outcome, with its Data Docs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations.context import Context
from expectations.rules import Evaluation
from storage.folder import replace_file
from storage.lake import read_table
from storage.schema import CELLS, REPORTS
from tasks.checking import Checked, check_frames
from tasks.progress import announce

DOCS = "docs"
FINGERPRINT = "fingerprint.txt"


@dataclass(frozen=True, slots=True)
class Enforced:
    """Checked reports; `exceptions` are expectations that raised, which is our failure."""

    checked: Checked
    exceptions: tuple[str, ...]


@task(name="check", tags=["cpu"], cache_policy=NO_CACHE)
def check_reports(
    reports: pl.DataFrame,
    details: Mapping[str, pl.DataFrame],
    data: Path,
    earlier_findings: pl.DataFrame | None = None,
) -> Enforced:
    """Evaluate the rules, run the suite of each edition, write Data Docs to `<data>/docs`.

    Arguments are those of `check_frames`; reports of other years are taken from the lake. The
    site is left alone when it already shows this very outcome.
    """
    from expectations.checkpoint import run_checkpoint  # its import takes seconds

    announce("check", 0, reports.height)
    others = _read_others(reports, data)
    checked = check_frames(reports, details, others, earlier_findings)
    docs = data / DOCS
    fingerprint = _fingerprint(checked.evaluation)
    is_shown = _read_fingerprint(docs) == fingerprint
    result = run_checkpoint(checked.evaluation, checked.reports, None if is_shown else docs)
    if not is_shown and docs.is_dir():
        replace_file(docs / FINGERPRINT, fingerprint.encode())
    announce("check", reports.height, None)
    return Enforced(checked, result.exceptions)


def _read_others(reports: pl.DataFrame, data: Path) -> Context:
    """Read what is stored of the years beside these reports, in their regions."""
    years = {year + step for year in reports["year"].unique() for step in (-1, 1)}
    regions = reports["region"].unique().to_list()
    return Context(
        other_reports=read_table(data, REPORTS, years, regions),
        other_cells=read_table(data, CELLS, years, regions),
    )


def _fingerprint(evaluation: Evaluation) -> str:
    outcomes = evaluation.outcomes.sort("report_id").write_csv()
    findings = evaluation.findings.select("report_id", "rule", "instance", "message")
    told = outcomes + findings.sort(pl.all()).write_csv()
    return hashlib.sha256(told.encode()).hexdigest()


def _read_fingerprint(docs: Path) -> str | None:
    path = docs / FINGERPRINT
    return path.read_text() if path.is_file() else None
