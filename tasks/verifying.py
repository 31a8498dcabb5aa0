"""Derive stored reports again from their archived bytes, and say where the outcome differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from storage import archive
from storage.lake import read_table
from storage.runs import RunRecord, list_runs
from storage.schema import CELLS, FINDINGS, REPORTS
from storage.settings import Settings
from storage.versions import foresee_versions
from tasks.archived import read_fetched
from tasks.checking import check_frames
from tasks.known import Known, gather_known
from tasks.others import read_others
from tasks.policy import Policy, choose_policy
from tasks.reading.batch import MEMBER, Origin, ReadBatch
from tasks.reading.joining import join_batches
from tasks.stamps import name_reader, name_rules
from tasks.stored import list_archived
from tasks.workers import Workers

AT_ONCE = 200  # reports that are checked in one go
# What tells of the run, not of the report.
_NOT_COMPARED = ("version", "fetched_at", "checked_at", "changed_at", "waived")
_CELL = ("table", "row", "column")
_OF_CELL = ("value", "unit", "text", "status", "note")
_FINDING = ("rule", "instance")
_OF_FINDING = ("severity", "outcome", "blame", "cells", "expected", "reported", "difference")


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a report comes out otherwise: `kind` is report, cell or finding, null is not there."""

    kind: str
    name: str
    stored: str | None
    derived: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """One report derived again.

    `trouble` says why it could not be. Reader and rules are versions: of then, those of the run
    that first gave the stored outcome, None where its record is not there.
    """

    report_id: str
    url: str
    sha256: str
    reader_then: str | None
    rules_then: str | None
    reader_now: str
    rules_now: str
    differences: tuple[Difference, ...] = ()
    trouble: str | None = None


def verify_reports(
    settings: Settings, report_ids: Sequence[str] | None, workers: Workers, now: datetime
) -> Iterator[Verification]:
    """Read archived bytes again and check them, report by report, against what is stored.

    Args:
        settings: for the data folder, the roster, the waivers.
        report_ids: the reports; None: all that are stored.
        workers: read.
        now: the present instant.

    Raises:
        ValueError: a report is not stored.
        StorageError: a stored file is damaged.
    """
    data = settings.data
    stored = read_table(data, REPORTS)
    if report_ids is not None:
        unknown = set(report_ids).difference(stored["report_id"])
        if unknown:
            raise ValueError(
                f"report: expected the report_id of a stored report, found {min(unknown)!r}; "
                "column report_id of table reports has them"
            )
        stored = stored.filter(pl.col("report_id").is_in(list(report_ids)))
    groups = _group_origins(list_archived(data), stored)
    known, policy = gather_known(settings), choose_policy(settings, (), now)
    for chunk in stored.sort("report_id").iter_slices(AT_ONCE):
        yield from _verify(chunk, groups, data, known, policy, workers, now)


def _verify(
    stored: pl.DataFrame,
    groups: dict[str, list[Origin]],
    data: Path,
    known: Known,
    policy: Policy,
    workers: Workers,
    now: datetime,
) -> Iterator[Verification]:
    runs = {run.started_at: run for run in list_runs(data)}
    fetched: dict[str, list[tuple[Origin, bytes]]] = {}
    troubles: dict[str, str] = {}
    for report_id, group in ((name, groups[name]) for name in stored["report_id"]):
        try:
            content = [(origin, archive.get(data, origin.sha256)) for origin in group]
            fetched.setdefault(group[0].url, content)
        except archive.ArchiveError as error:
            troubles[report_id] = str(error)
    batch = join_batches(list(workers.read(read_fetched, [[group] for group in fetched.values()])))
    derived = _check(batch, stored, data, known, policy, now)
    before = {
        table: read_table(data, table, set(stored["year"]), set(stored["region"])).join(
            stored, on="report_id", how="semi"
        )
        for table in (CELLS, FINDINGS)
    }
    for report in stored.iter_rows(named=True):
        report_id = report["report_id"]
        run = runs.get(report["checked_at"])
        found = Verification(
            report_id=report_id,
            url=report["url"],
            sha256=report["source_sha256"],
            reader_then=_find_stamp(run, "reader"),
            rules_then=_find_stamp(run, "rules"),
            reader_now=name_reader(),
            rules_now=name_rules(),
            trouble=troubles.get(report_id),
        )
        if found.trouble is None:
            found = replace(found, differences=tuple(_compare(report, before, derived, batch)))
        yield found


def _find_stamp(run: RunRecord | None, name: str) -> str | None:
    stamp = None if run is None else run.parameters.get(name)
    return None if stamp is None else str(stamp)


def _group_origins(archived: Sequence[Origin], stored: pl.DataFrame) -> dict[str, list[Origin]]:
    """Give each report the page or file it was read from, with what is attached to the page.

    The bytes are those that the report names, whatever came under its address since.
    """
    by_url = {origin.url: origin for origin in archived}
    attached: dict[str, list[Origin]] = {}
    for origin in archived:
        attached.setdefault(origin.page or origin.url, []).append(origin)
    groups = {}
    for report in stored.iter_rows(named=True):
        url = report["url"].partition(MEMBER)[0]
        own = by_url.get(url) or Origin(
            url, "", report["source_sha256"], report["media_type"], report["fetched_at"]
        )
        if url == report["url"]:
            own = replace(own, sha256=report["source_sha256"])
        others = [origin for origin in attached.get(own.page or url, []) if origin.url != url]
        groups[report["report_id"]] = sorted([own, *others], key=_is_attached)
    return groups


def _is_attached(origin: Origin) -> bool:
    return origin.page is not None


def _check(
    batch: ReadBatch,
    stored: pl.DataFrame,
    data: Path,
    known: Known,
    policy: Policy,
    now: datetime,
) -> dict[str, pl.DataFrame]:
    """Check what was read of the stored reports, beside everything else that is stored."""
    reports = batch.reports.join(stored, on="report_id", how="semi", maintain_order="left")
    reports = foresee_versions(reports, stored, now)
    details = {
        name: frame.join(reports, on="report_id", how="semi", maintain_order="left")
        for name, frame in batch.details.items()
    }
    checked = check_frames(reports, details, read_others(reports, data, known), policy)
    return {"reports": checked.reports, "cells": checked.cells, "findings": checked.findings}


def _compare(
    report: dict[str, Any],
    before: dict[Any, pl.DataFrame],
    derived: dict[str, pl.DataFrame],
    batch: ReadBatch,
) -> Iterator[Difference]:
    is_its = pl.col("report_id") == report["report_id"]
    again = derived["reports"].filter(is_its)
    if again.is_empty():
        read = batch.documents.filter(pl.col("url") == report["url"])
        said = [f"{row['outcome']} ({row['report_id']})" for row in read.iter_rows(named=True)]
        yield Difference("report", "report_id", report["report_id"], "; ".join(said) or None)
        return
    row = again.row(0, named=True)
    for name, value in report.items():
        if name not in _NOT_COMPARED and row.get(name) != value:
            yield Difference("report", name, _write(value), _write(row.get(name)))
    for kind, table, key, columns in (
        ("cell", CELLS, _CELL, _OF_CELL),
        ("finding", FINDINGS, _FINDING, _OF_FINDING),
    ):
        then = _list_rows(before[table].filter(is_its), key, columns)
        now = _list_rows(derived[f"{kind}s"].filter(is_its), key, columns)
        for name in sorted(then.keys() | now.keys()):
            if then.get(name) != now.get(name):
                yield Difference(kind, name, then.get(name), now.get(name))


def _list_rows(frame: pl.DataFrame, key: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Write the columns of each row, by its key, those that are null left out."""
    return {
        ".".join(row[name] for name in key if row[name]): ", ".join(
            f"{name} {_write(row[name])}" for name in columns if row[name] is not None
        )
        for row in frame.iter_rows(named=True)
    }


def _write(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
