"""Store checked reports and the state of the documents they came from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations.wide import WIDE, build_wide
from storage.documents import update_documents
from storage.lake import StoreSummary, store_reports
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
)
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
) -> StoreSummary:
    """Store all tables of these reports, then the documents.

    `renamed` are stored reports that are now found under another name: they go.
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
        WIDE: build_wide(checked.reports, checked.cells),
    }
    announce("store", 0, checked.reports.height)
    summary = store_reports(data, frames, now, withdrawn=renamed)
    write_held(data, checked.jumps)
    if documents is not None and documents.height:
        update_documents(data, documents)
    announce("store", checked.reports.height, None)
    return summary
