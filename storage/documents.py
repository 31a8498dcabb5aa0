"""The list of everything that was looked at: one flat file, `<data>/documents.parquet`."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import polars as pl

from storage.frames import check_nulls, check_schema
from storage.parquet import read_file
from storage.schema import DOCUMENTS
from storage.staging import commit_change, open_change, stage_file

FILE = PurePosixPath("documents.parquet")


def update_documents(data: Path, documents: pl.DataFrame, wait_seconds: float = 600) -> bool:
    """Replace the stored rows of these addresses; return False if that changed nothing.

    `documents` has `DOCUMENTS.schema`, one row an address. A row that says the same as the
    stored one, whichever reader found it, keeps its `seen_at`. The file changes at once, and
    only if its content does.

    Raises:
        StorageError: the frame is not as declared, an address is there twice, the folder cannot
            be written, or another run holds the lock for more than `wait_seconds`.
    """
    check_schema(DOCUMENTS, documents.schema, DOCUMENTS.schema, "new rows")
    check_nulls(DOCUMENTS, documents)
    content = [name for name in DOCUMENTS.schema.names() if name not in ("seen_at", "reader")]
    with open_change(data, wait_seconds) as change:
        stored = read_documents(data)
        seen = stored.drop("reader").rename({"seen_at": "stored_seen_at"})
        new = (
            documents.join(seen, on=content, how="left", nulls_equal=True)
            .with_columns(seen_at=pl.coalesce("stored_seen_at", "seen_at"))
            .drop("stored_seen_at")
        )
        kept = stored.join(documents, on="url", how="anti")
        is_changed = stage_file(change, FILE, DOCUMENTS, pl.concat([kept, new]))
        commit_change(change)
        return is_changed


def read_documents(data: Path) -> pl.DataFrame:
    """Read the list as `DOCUMENTS.schema`, sorted by address; empty where nothing is stored."""
    frame = read_file(data / FILE, DOCUMENTS)
    return pl.DataFrame(schema=DOCUMENTS.schema) if frame is None else frame
