"""A lake of an earlier version is brought to the tables as they are declared now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from storage.migration import migrate_lake
from storage.parquet import is_written_as_declared
from storage.schema import DOCUMENTS, FINDINGS, REPORTS, list_tables
from storage.store import store_reports

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLACES = [("r1", 2021, "CN-JX"), ("r2", 2022, "CN-FJ")]


def test_a_lake_of_the_first_version_has_the_same_columns_everywhere_afterwards(
    tmp_path: Path, make_frames: Callable[..., Any]
) -> None:
    """A file without later columns gets them, a table that is missing its files, none its rows."""
    store_reports(tmp_path, make_frames(PLACES, failed=["r1"]), NOW)
    old = tmp_path / "lake/findings/year=2021/region=CN-JX/part.parquet"
    later = [column.name for column in FINDINGS.columns if column.since > 1]
    first = pq.read_table(old, partitioning=None).drop_columns(later)
    pq.write_table(first.replace_schema_metadata(None), old)
    for path in (tmp_path / "lake/copies").rglob("*.parquet"):
        path.unlink()
    flat = tmp_path / "documents.parquet"
    pq.write_table(DOCUMENTS.schema.to_frame().to_arrow(), flat)
    written = migrate_lake(tmp_path, list_tables())
    assert len(written) == 4
    for table in list_tables():
        paths = list((tmp_path / f"lake/{table.name}").rglob("*.parquet"))
        assert len(paths) == len(PLACES)
        assert all(is_written_as_declared(path, table) for path in paths)
    assert is_written_as_declared(flat, DOCUMENTS)
    query = f"SELECT report_id, held FROM read_parquet('{tmp_path}/lake/findings/**/*.parquet')"  # noqa: S608
    with duckdb.connect() as connection:
        assert connection.execute(query).fetchall() == [("r1", None)]
    assert migrate_lake(tmp_path, [REPORTS, *list_tables()]) == ()
