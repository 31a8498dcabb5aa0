"""What a run did, as one value: for the terminal, the artifacts and the run's record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from storage.store import StoreSummary
from tasks.alert import Alerted


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The outcome of one run.

    `addresses` counts those that were asked for by what came of it (`fetched`: new or changed).
    `outcomes` counts documents by what became of them, `verdicts` counts reports. `findings`
    are the failed rules with the title and address of their reports, the worst reports
    first; `problems` counts those that one repair explains once. `failures` are of ours: the
    run stored what they do not concern, and then ends as failed. `troubles` are to be looked
    at, `notes` worth knowing. `waived` and `held` count failed rules that are set aside, or held
    until their family was looked at; `findings` has the held ones. `overdue` counts the reports
    that the roster says are owed, whose day has passed, and that were not found. `published`
    counts the files written anew beside the lake. `place` is what people know the data folder
    by, `data` where it is on this machine.
    """

    run_id: str
    data: Path
    started_at: datetime
    finished_at: datetime
    outcomes: dict[str, int]
    verdicts: dict[str, int]
    findings: pl.DataFrame
    problems: int
    stored: StoreSummary
    overdue: int
    alerted: Alerted | None
    failures: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    waived: int = 0
    held: int = 0
    expired_waivers: int = 0
    addresses: dict[str, int] = field(default_factory=dict)
    published: int = 0
    place: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Every count of the run under one name, for records and tables."""
        sending = self.alerted.sending if self.alerted else None
        return {
            **{f"addresses_{name}": count for name, count in sorted(self.addresses.items())},
            **{f"documents_{name}": count for name, count in sorted(self.outcomes.items())},
            **{f"reports_{name}": count for name, count in sorted(self.verdicts.items())},
            "findings_failed": self.findings.height,
            "problems": self.problems,
            "findings_waived": self.waived,
            "findings_held": self.held,
            "waivers_expired": self.expired_waivers,
            "stored_added": self.stored.added,
            "stored_replaced": self.stored.replaced,
            "stored_rechecked": self.stored.rechecked,
            "stored_kept": self.stored.kept,
            "reports_overdue": self.overdue,
            "files_written": len(self.stored.files),
            "files_published": self.published,
            "mails_written": self.alerted.written if self.alerted else 0,
            "mails_sent": sending.sent if sending else 0,
            "mails_waiting": sending.waiting if sending else 0,
            "failures": len(self.failures),
            "troubles": len(self.troubles),
        }


def count_by(frame: pl.DataFrame, column: str) -> dict[str, int]:
    """Count the rows of a frame by the values of a column."""
    counted = frame.group_by(column).len().sort(column)
    return dict(zip(counted[column].to_list(), counted["len"].to_list(), strict=True))


def list_faults(documents: pl.DataFrame) -> tuple[str, ...]:
    """List the documents on which a reader of ours failed, each with what it raised."""
    failed = documents.filter(pl.col("outcome") == "failed").sort("url")
    return tuple(f"{url}: {reason}" for url, reason in failed.select("url", "reason").rows())


def rank_findings(reports: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """List the failed rules that are not waived with their report, most errors first."""
    named = reports.select("report_id", "title", "publisher", "url", "errors")
    return (
        findings.filter(pl.col("outcome") == "failed", pl.col("waived_for").is_null())
        .join(named, on="report_id", how="left")
        .sort(
            ["errors", "report_id", "severity", "rule", "instance"],
            descending=[True, False, False, False, False],
        )
    )
