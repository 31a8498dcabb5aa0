"""Check reports and have Great Expectations enforce the outcome, with its Data Docs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations.jumps import count_families, list_failing
from expectations.rules import Evaluation
from expectations.waivers import list_remarks
from storage.folder import replace_file
from storage.lake import read_table
from storage.schema import FINDINGS, REPORTS
from storage.versions import foresee_versions
from tasks.checking import Checked, Past, check_frames
from tasks.held import read_held
from tasks.known import Known
from tasks.others import read_others
from tasks.policy import Policy
from tasks.progress import announce

DOCS = "docs"
FINGERPRINT = "fingerprint.txt"


@dataclass(frozen=True, slots=True)
class Enforced:
    """Checked reports; `exceptions` are expectations that raised, which is our failure.

    `expired` and `unknown` say of waivers that their day has passed, or that nothing stored
    has the name they give.
    """

    checked: Checked
    exceptions: tuple[str, ...]
    expired: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is ours to look at: families that jumped."""
        return tuple(jump.message for jump in self.checked.jumps)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the waivers."""
        return (*self.expired, *self.unknown)


@task(name="check", tags=["cpu"], cache_policy=NO_CACHE)
def check_reports(
    reports: pl.DataFrame,
    details: Mapping[str, pl.DataFrame],
    data: Path,
    known: Known,
    policy: Policy,
    now: datetime,
) -> Enforced:
    """Evaluate the rules, run the suite of each edition, write Data Docs to `<data>/docs`.

    Arguments are those of `check_frames`; other reports and what failed before are taken
    from the lake, the rest from what the run knows. `now` is when changed texts are told to
    have changed. The site shows what each rule finds, waived or not; it is left alone when it
    already shows this very outcome.
    """
    from expectations.checkpoint import run_checkpoint  # its import takes seconds

    announce("check", 0, reports.height)
    reports = foresee_versions(reports, read_table(data, REPORTS), now)
    others = read_others(reports, data, known)
    past, stored = _read_past(data)
    checked = check_frames(reports, details, others, policy, past)
    names = ("report_id", "publisher")
    every = pl.concat([reports.select(names), stored.select(names)])
    expired, unknown = list_remarks(policy.waivers, every, policy.today)
    docs = data / DOCS
    fingerprint = _fingerprint(checked.evaluation)
    is_shown = _read_fingerprint(docs) == fingerprint
    result = run_checkpoint(checked.evaluation, checked.reports, None if is_shown else docs)
    if not is_shown and docs.is_dir():
        replace_file(docs / FINGERPRINT, fingerprint.encode())
    announce("check", reports.height, None)
    return Enforced(_forget_evaluation(checked), result.exceptions, expired, unknown)


def _forget_evaluation(checked: Checked) -> Checked:
    """Let go of what only Great Expectations asks for: its findings stand beside it once more."""
    said = checked.evaluation
    empty = replace(said, outcomes=said.outcomes.clear(), findings=said.findings.clear())
    return replace(checked, evaluation=empty)


def _read_past(data: Path) -> tuple[Past, pl.DataFrame]:
    """Read which families failed before and are held, and all reports that are stored."""
    names = ("report_id", "publisher", "url", "media_type", "form")
    reports = read_table(data, REPORTS, columns=names)
    told = ("report_id", "outcome", "severity", "blame", "waived_for")
    findings = read_table(data, FINDINGS, columns=told).filter(outcome="failed")
    families = count_families(reports, list_failing(findings))
    return Past(families, read_held(data)), reports


def _fingerprint(evaluation: Evaluation) -> str:
    outcomes = evaluation.outcomes.sort("report_id").write_csv()
    findings = evaluation.findings.select("report_id", "rule", "instance", "message")
    told = outcomes + findings.sort(pl.all()).write_csv()
    return hashlib.sha256(told.encode()).hexdigest()


def _read_fingerprint(docs: Path) -> str | None:
    path = docs / FINGERPRINT
    return path.read_text() if path.is_file() else None
