"""The reports that are owed and were not found: one flat file, `<data>/missing.parquet`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import polars as pl

from storage.frames import check_nulls, check_schema
from storage.parquet import read_file
from storage.schema import MISSING
from storage.staging import commit_change, open_change, stage_file

FILE = PurePosixPath("missing.parquet")


def replace_missing(data: Path, missing: pl.DataFrame, wait_seconds: float = 600) -> bool:
    """Replace the list; return False if it says the same already.

    Raises:
        StorageError: the frame is not as declared, a body stands twice in a year, the folder
            cannot be written, or another run holds the lock for more than `wait_seconds`.
    """
    check_schema(MISSING, missing.schema, MISSING.schema, "new rows")
    check_nulls(MISSING, missing)
    with open_change(data, wait_seconds) as change:
        is_changed = stage_file(change, FILE, MISSING, missing)
        commit_change(change)
        return is_changed


def read_missing(data: Path) -> pl.DataFrame:
    """Read the list as `MISSING.schema`; empty where nothing is stored."""
    frame = read_file(data / FILE, MISSING)
    return pl.DataFrame(schema=MISSING.schema) if frame is None else frame
