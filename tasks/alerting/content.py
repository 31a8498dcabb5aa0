"""What the mails of a run are made from: read once, looked up by alert."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from expectations.jumps import Jump
from storage.alerts import Alert
from storage.lake import read_partitions
from storage.schema import CELLS, FINDINGS, REPAIRS, REPORTS
from tasks.alerting.cards import Repair, list_repairs
from tasks.alerting.firing import join_findings
from tasks.alerting.grouping import FINDINGS as FINDINGS_TOPIC
from tasks.alerting.grouping import Group
from tasks.alerting.settling import read_first_sources
from tasks.alerting.source_text import Change


@dataclass(frozen=True, slots=True)
class Content:
    """Facts for mails.

    `rows` are findings by alert, `reports` and `findings` those of the partitions concerned,
    `changes` what changed in reports with an alert, with the instant it was seen.
    """

    alerts: Mapping[str, Alert]
    rows: Mapping[str, Sequence[dict[str, Any]]]
    repairs: Mapping[str, tuple[Repair, ...]]
    reports: pl.DataFrame
    findings: pl.DataFrame
    changes: Mapping[str, Sequence[tuple[datetime, tuple[Change, ...]]]]
    jumps: tuple[Jump, ...]
    last_run: datetime | None
    _printed: Mapping[str, dict[str, str]] = field(default_factory=dict)

    def print_cells(self, report_id: str) -> Mapping[str, str]:
        """Return what stands in the cells of a report, by name."""
        return self._printed.get(report_id, {})


def read_corrections(
    connection: sqlite3.Connection,
) -> dict[str, list[tuple[datetime, tuple[Change, ...]]]]:
    """Read what changed in reports with an alert, the earliest first."""
    found: dict[str, list[tuple[datetime, tuple[Change, ...]]]] = {}
    rows = connection.execute(
        "SELECT report_id, seen_at, changes FROM corrections ORDER BY seen_at"
    )
    for report_id, seen_at, changes in rows:
        listed = tuple(Change(**change) for change in json.loads(changes))
        found.setdefault(report_id, []).append((datetime.fromisoformat(seen_at), listed))
    return found


def read_content(
    connection: sqlite3.Connection,
    data: Path,
    groups: Iterable[Group],
    alerts: Sequence[Alert],
    jumps: tuple[Jump, ...],
    last_run: datetime | None,
) -> Content:
    """Read from lake and outbox what the mails of these groups tell.

    Raises:
        StorageError: a stored file is damaged.
    """
    known = {alert.fingerprint: alert for alert in alerts}
    shown = {one for group in groups if group.topic == FINDINGS_TOPIC for one in group.shown}
    places = {(known[one].year or 0, known[one].region) for one in shown}
    reports, findings, repairs = (
        read_partitions(data, table, places) for table in (REPORTS, FINDINGS, REPAIRS)
    )
    subjects = {known[one].subject for one in shown}
    told = pl.Series(sorted(subjects), dtype=pl.String).implode()
    theirs = pl.col("report_id").is_in(told)
    joined = join_findings(
        reports, findings.filter(theirs), repairs.filter(theirs), read_first_sources(connection)
    )
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in joined.iter_rows(named=True):
        rows.setdefault(row["fingerprint"], []).append(row)
    cells = read_partitions(data, CELLS, places).filter(theirs)
    return Content(
        alerts=known,
        rows=rows,
        repairs=list_repairs(repairs.filter(theirs)),
        reports=reports,
        findings=findings,
        changes=read_corrections(connection),
        jumps=jumps,
        last_run=last_run,
        _printed=_print_cells(cells),
    )


def _print_cells(cells: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Give what stands in the cells of each report, by name."""
    named = cells.filter(pl.col("text").is_not_null()).select(
        "report_id", pl.concat_str("table", "row", "column", separator="."), "text"
    )
    found: dict[str, dict[str, str]] = {}
    for report_id, name, text in named.iter_rows():
        found.setdefault(report_id, {})[name] = text
    return found
