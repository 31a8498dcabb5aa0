"""Stored reports in the shape in which reading gives them, to be checked again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from expectations.dependents import choose_dependents
from expectations.statement_table import STATED
from storage.documents import read_documents
from storage.folder import StorageError
from storage.lake import Partition, read_table
from storage.packing import choose_rows, read_cells, unpack
from storage.schema import CELLS, COPIES, LABELS, LEGACY_ROWS, PARTS, REPORTS, STATEMENTS
from tasks.reading.batch import MEMBER, Origin, ReadBatch

DETAILS = {
    "labels": LABELS,
    "legacy_rows": LEGACY_ROWS,
    "parts": PARTS,
    "copies": COPIES,
    "stated": STATEMENTS,
}

# What the rules are run over again; the other tables follow from it.
JUDGED = (REPORTS, CELLS, *DETAILS.values())

ARCHIVED = ("url", "source", "sha256", "media_type", "page", "via", "link_text")


def choose_reports(year: int | None, region: str | None, last_year: int | None = None) -> pl.Expr:
    """Say of reports which are of the years and region asked for."""
    wanted = pl.lit(True)
    if year is not None:
        wanted = wanted & pl.col("year").is_between(year, last_year or year)
    if region is not None:
        wanted = wanted & (pl.col("region") == region)
    return wanted


def read_stored(
    data: Path, years: Collection[int] | None = None, regions: Collection[str] | None = None
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Read the reports of some years and regions with their details, as `build_details` names.

    The cells are packed.

    Raises:
        StorageError: a file is damaged, or a version wrote it that kept no running text.
    """
    reports = read_table(data, REPORTS, years, regions)
    details = {name: read_table(data, table, years, regions) for name, table in DETAILS.items()}
    details["cells"] = read_cells(data, years, regions)
    details["stated"] = details["stated"].select(STATED.names())
    if reports.height and details["cells"].height and details["parts"].is_empty():
        raise StorageError(
            f"{data}: expected the running text of the stored reports, found none; an earlier "
            "version did not keep it. Run `gouji check --read-again` once; no network is needed."
        )
    return reports, details


def add_unread(
    batch: ReadBatch, data: Path, places: Collection[Partition], owed: Collection[str]
) -> ReadBatch:
    """Add as stored those reports that are owed and were not read, the archive lacking them.

    A report is left out whose stored cells are not as many, by status, as its row says: these
    are of two runs, and nothing tells which of them holds.

    Args:
        batch: What was read.
        data: The data folder.
        places: The partitions to look for them in.
        owed: Their ids.

    Raises:
        StorageError: a file of these partitions is damaged.
    """
    for place in places:
        reports, details = read_stored(data, [place.year], [place.region])
        is_owed = pl.col("report_id").is_in(sorted(owed))
        chosen = _choose_agreeing(reports.filter(is_owed), details["cells"])
        chosen = chosen.join(batch.reports, on="report_id", how="anti")
        batch = ReadBatch(
            reports=_join(batch.reports, reports, chosen),
            documents=batch.documents,
            details=_join_details(batch.details, details, chosen),
        )
    return batch


def _choose_agreeing(reports: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    counted = ("read", "blank", "unreadable", "derived")
    counts = cells.group_by(pl.col("report_id").cast(pl.String)).agg(
        (pl.col("status") == status).sum().alias(status) for status in counted
    )
    return reports.join(counts, on="report_id", how="left", maintain_order="left").filter(
        pl.all_horizontal(pl.col(name).fill_null(0) == pl.col(f"cells_{name}") for name in counted)
    )


def add_dependents(
    batch: ReadBatch, data: Path, documents: pl.DataFrame, withdrawn: Collection[str]
) -> ReadBatch:
    """Add to what was read the stored reports whose findings depend on it.

    Args:
        batch: What was read now.
        data: The data folder.
        documents: As the table; the stored report of one that was not read now is judged again,
            for that it cannot be opened any more is a finding on it.
        withdrawn: Stored reports that go.
    """
    names = ("report_id", "year", "region", "scope", "adcode")
    stored = read_table(data, REPORTS, columns=names)
    is_gone = pl.col("report_id").is_in(list(withdrawn))
    changed = pl.concat([batch.reports.select(names), stored.filter(is_gone)])
    told = stored.join(
        documents.filter(pl.col("report_id").is_not_null()), on="report_id", how="semi"
    )
    seen = pl.concat([changed, told]).unique("report_id", maintain_order=True)
    chosen = pl.concat([choose_dependents(seen, stored), told]).join(
        changed, on="report_id", how="anti"
    )
    if chosen.is_empty():
        return batch
    reports, details = read_stored(data, set(chosen["year"]), set(chosen["region"]))
    return ReadBatch(
        reports=_join(batch.reports, reports, chosen),
        documents=batch.documents,
        details=_join_details(batch.details, details, chosen),
    )


def _join_details(
    read: Mapping[str, pl.DataFrame], stored: Mapping[str, pl.DataFrame], chosen: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    return {name: _join(frame, stored[name], chosen) for name, frame in read.items()}


def _join(read: pl.DataFrame, stored: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """Put rows of the chosen reports behind those read; in one chunk, as Polars 2.1 needs."""
    added = unpack(choose_rows(stored, chosen).select(read.columns))
    return pl.concat([read, added], rechunk=True)


def list_archived(data: Path) -> list[Origin]:
    """List what has its bytes in the archive, as last seen; files in a zip come with the zip."""
    is_archived = pl.col("sha256").is_not_null() & ~pl.col("url").str.contains(MEMBER, literal=True)
    documents = read_documents(data).filter(is_archived)
    return [
        Origin(**{name: row[name] for name in ARCHIVED}, fetched_at=row["seen_at"])
        for row in documents.iter_rows(named=True)
    ]
