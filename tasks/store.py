"""Store checked reports and the state of the documents they came from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations.wide import WIDE, build_wide
from storage.documents import read_documents, update_documents
from storage.guard import NO_LIMIT, LossLimit
from storage.schema import (
    CELLS,
    COPIES,
    FINDINGS,
    LABELS,
    LEGACY_ROWS,
    PARTS,
    REPAIRS,
    REPORTS,
    SKETCHES,
    STATEMENTS,
    Table,
)
from storage.store import StoreSummary, join_summaries, store_reports
from tasks.checking import Checked
from tasks.held import write_held
from tasks.progress import announce


@task(name="store", tags=["disk"], cache_policy=NO_CACHE)
def store_checked(
    checked: Checked,
    documents: pl.DataFrame | None,
    renamed: frozenset[str],
    data: Path,
    now: datetime,
    limit: LossLimit = NO_LIMIT,
    is_in_place: bool = False,
) -> StoreSummary:
    """Store all tables of these reports, then the documents.

    Where `is_in_place`, each report is stored already, in this very partition: then the regions
    are stored one after the other, in the memory of the largest.

    `renamed` are stored reports that are now found under another name: they go. Of reports that
    are held back, as their partition would lose more than the `limit`, the documents stay too.
    """
    frames = {
        REPORTS: checked.reports,
        CELLS: checked.cells,
        FINDINGS: checked.findings,
        REPAIRS: checked.repairs,
        LEGACY_ROWS: checked.legacy_rows,
        STATEMENTS: checked.statements,
        PARTS: checked.parts,
        LABELS: checked.labels,
        COPIES: checked.copies,
        SKETCHES: checked.sketches,
    }
    announce("store", 0, checked.reports.height)
    parts = _split_regions(frames) if is_in_place else [frames]
    summary = join_summaries(
        store_reports(
            data,
            {**part, WIDE: build_wide(part[REPORTS], part[CELLS])},
            now,
            withdrawn=renamed,
            limit=limit,
        )
        for part in parts
    )
    write_held(data, checked.jumps)
    if documents is not None and documents.height:
        update_documents(data, _leave_out(documents, read_documents(data), summary.held_back))
    announce("store", checked.reports.height, None)
    return summary


def _split_regions(frames: dict[Table, pl.DataFrame]) -> Iterator[dict[Table, pl.DataFrame]]:
    for region in frames[REPORTS]["region"].unique().sort():
        yield {
            table: frame.filter(pl.col("region") == region).rechunk()
            for table, frame in frames.items()
        }


def _leave_out(
    documents: pl.DataFrame, stored: pl.DataFrame, held_back: frozenset[str]
) -> pl.DataFrame:
    """Leave out what gave or gives a report held back, so that the next run finds it again."""
    if not held_back:
        return documents
    is_held = pl.col("report_id").is_in(sorted(held_back))
    named = pl.concat([documents.filter(is_held), stored.filter(is_held)])
    return documents.join(named, on="url", how="anti")
