"""Bring the outbox to what the lake says: only partitions whose files changed are read."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from storage.alerts import settle_alerts, write_instant
from storage.lake import Partition, list_files, list_partitions, read_partitions
from storage.outbox import transaction
from storage.schema import CELLS, FINDINGS, PARTS, REPAIRS, REPORTS
from tasks.alerting.firing import FINDING, join_findings, list_firing, silence_lost_tables
from tasks.alerting.source_text import compare_texts, write_texts

_TABLES = (REPORTS, FINDINGS, REPAIRS, CELLS, PARTS)


@dataclass(frozen=True, slots=True)
class Source:
    """A text of a report: the bytes it was last seen in, and those it was first seen in."""

    first_sha256: str
    sha256: str
    text: str


def settle_findings(connection: sqlite3.Connection, data: Path, now: datetime) -> None:
    """Settle the alerts of findings with the lake; a second call changes nothing.

    The lake may not be written meanwhile: the caller holds the lock of the run.

    Raises:
        StorageError: a stored file is damaged.
    """
    stamps = _stamp_partitions(data)
    settled = {
        Partition(row["year"], row["region"]): row["stamp"]
        for row in connection.execute("SELECT year, region, stamp FROM partitions")
    }
    changed = {place for place in stamps | settled if stamps.get(place) != settled.get(place)}
    if not changed:
        return
    frames = {table: read_partitions(data, table, changed) for table in _TABLES}
    reports = frames[REPORTS]
    failing = frames[FINDINGS].filter(pl.col("outcome") == "failed")
    stored = _read_sources(connection, reports["report_id"].to_list())
    told = pl.Series("report_id", list(stored), dtype=pl.String)
    concerned = reports.filter(
        pl.col("report_id").is_in(failing["report_id"].implode())
        | pl.col("report_id").is_in(told.implode())
    )
    texts = write_texts(concerned, frames[CELLS], frames[PARTS])
    sources = _settle_sources(concerned, texts, stored)
    names = {report_id: source.first_sha256 for report_id, source in sources.items()}
    joined = join_findings(reports, frames[FINDINGS], frames[REPAIRS], names)
    joined = joined.with_columns(silenced=silence_lost_tables(joined, frames[CELLS]))
    firing = list_firing(joined, names)
    with transaction(connection):
        _record_corrections(connection, stored, sources, now)
        settle_alerts(connection, (FINDING,), firing, now, changed)
        _write_sources(connection, stored, sources)
        connection.executemany(
            "DELETE FROM partitions WHERE year = ? AND region = ?", sorted(changed)
        )
        connection.executemany(
            "INSERT INTO partitions VALUES (?, ?, ?)",
            [(*place, stamps[place]) for place in sorted(changed) if place in stamps],
        )


def read_first_sources(connection: sqlite3.Connection) -> dict[str, str]:
    """Map each report with an alert to the bytes in which its text was first found."""
    rows = connection.execute("SELECT report_id, source FROM sources")
    return {row[0]: row[1] for row in rows}


def _stamp_partitions(data: Path) -> dict[Partition, str]:
    """Tell partitions whose files changed: files are only ever replaced as a whole."""
    return {
        place: " ".join(
            f"{found.st_mtime_ns}-{found.st_size}" for found in list_files(data, place, _TABLES)
        )
        for place in list_partitions(data, REPORTS)
    }


def _read_sources(connection: sqlite3.Connection, report_ids: Sequence[str]) -> dict[str, Source]:
    query = (
        "SELECT report_id, source, sha256, text FROM sources "
        "WHERE report_id IN (SELECT value FROM json_each(?))"
    )
    rows = connection.execute(query, (json.dumps(list(report_ids)),))
    return {row[0]: Source(row[1], row[2], zlib.decompress(row[3]).decode()) for row in rows}


def _settle_sources(
    reports: pl.DataFrame, texts: pl.DataFrame, stored: Mapping[str, Source]
) -> dict[str, Source]:
    """Tell the source of each report: new only if both its bytes and its text are others.

    The same bytes may be read anew by a better reader, and the same text may come in other
    bytes, such as with another count of visits.
    """
    written = dict(texts.iter_rows())
    found = {}
    for report_id, sha256 in reports.select("report_id", "source_sha256").iter_rows():
        before, text = stored.get(report_id), written[report_id]
        is_same = before is not None and (before.sha256 == sha256 or before.text == text)
        first = before.first_sha256 if before is not None and is_same else sha256
        found[report_id] = Source(first, sha256, text)
    return found


def _record_corrections(
    connection: sqlite3.Connection,
    stored: Mapping[str, Source],
    sources: Mapping[str, Source],
    now: datetime,
) -> None:
    """Record what changed in reports whose text is another one than was told."""
    for report_id, source in sources.items():
        before = stored.get(report_id)
        if before is None or before.first_sha256 == source.first_sha256:
            continue
        changes = [asdict(change) for change in compare_texts(before.text, source.text)]
        connection.execute(
            "INSERT OR REPLACE INTO corrections VALUES (?, ?, ?, ?)",
            (
                *(report_id, source.first_sha256, write_instant(now)),
                json.dumps(changes, ensure_ascii=False),
            ),
        )


def _write_sources(
    connection: sqlite3.Connection,
    stored: Mapping[str, Source],
    sources: Mapping[str, Source],
) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)",
        [
            (
                *(report_id, source.first_sha256, source.sha256),
                zlib.compress(source.text.encode(), 6),
            )
            for report_id, source in sources.items()
            if stored.get(report_id) != source
        ],
    )
