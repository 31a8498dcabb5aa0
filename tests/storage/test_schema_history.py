"""A table never changes without a version and a note, and every earlier version is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from expectations.wide import WIDE
from storage.folder import StorageError
from storage.parquet import build_arrow_schema, read_file, read_run_id, write_file
from storage.schema import (
    REPORTS,
    Column,
    Table,
    list_flat_tables,
    list_history,
    list_release_tables,
    list_tables,
)
from storage.schema_history import find_undeclared, load_history

TABLES = (
    *list_tables(),
    WIDE,
    *list_history(),
    *list_flat_tables(),
    *list_release_tables(),
)
EARLIER = [(table, version) for table in TABLES for version in range(1, table.version)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_table_changes_without_a_version_and_a_note(table: Table) -> None:
    """The last version on record is what is declared, and every one says what it changed."""
    versions = load_history()[table.name]
    assert find_undeclared(table, versions) is None
    assert all(version.note for version in versions)
    assert {column.since for column in table.columns} <= set(range(1, table.version + 1))


def test_the_record_is_of_these_tables_alone() -> None:
    """A table that is gone leaves no record behind."""
    assert set(load_history()) == {table.name for table in TABLES}


@pytest.mark.parametrize(
    "changed",
    [
        lambda column: replace(column, dtype=pl.Int64),
        lambda column: replace(column, unit="件"),
        lambda column: replace(column, meaning="other"),
        lambda column: replace(column, null="other"),
        lambda column: replace(column, name="other"),
    ],
    ids=["type", "unit", "meaning", "null", "name"],
)
def test_a_change_is_noticed(changed: Callable[[Column], Column]) -> None:
    """Each property of a column counts; the message says what to do."""
    columns = (*REPORTS.columns[:-1], changed(REPORTS.columns[-1]))
    other = replace(REPORTS, columns=columns)
    message = find_undeclared(other, load_history()["reports"])
    assert message is not None
    assert "table reports: expected version" in message
    assert "raise its version" in message


def test_a_version_without_an_entry_is_noticed() -> None:
    """Raising the version alone is not enough."""
    assert find_undeclared(replace(REPORTS, version=REPORTS.version + 1), load_history()["reports"])


@pytest.mark.parametrize(
    ("table", "version"), EARLIER, ids=[f"{table.name}-{version}" for table, version in EARLIER]
)
def test_every_earlier_version_is_read(tmp_path: Path, table: Table, version: int) -> None:
    """A file of each earlier version gives its rows; what it could not know is null."""
    columns = tuple(column for column in table.columns if column.since <= version)
    before = replace(table, columns=columns, version=version)
    row = {name: _make_value(dtype) for name, dtype in before.schema.items()}
    path = tmp_path / "part.parquet"
    write_file(path, before, pl.DataFrame([row], schema=before.schema))
    found = read_file(path, table)
    assert found is not None
    assert found.schema == table.schema
    assert found.select(before.schema.names()).row(0, named=True) == row
    later = [name for name in table.schema if name not in before.schema]
    assert later or (table.has_run_id and not before.has_run_id)
    assert found.select(later).null_count().row(0) == (1,) * len(later)
    assert read_run_id(path, table) is None


def test_the_first_files_did_not_name_their_version(tmp_path: Path) -> None:
    """A file without notes is one of the first version."""
    columns = tuple(column for column in REPORTS.columns if column.since == 1)
    before = replace(REPORTS, columns=columns)
    path = tmp_path / "part.parquet"
    pq.write_table(build_arrow_schema(before).remove_metadata().empty_table(), path)
    found = read_file(path, REPORTS)
    assert found is not None
    assert found.schema == REPORTS.schema


def test_a_file_that_lacks_a_column_of_its_version_is_refused(tmp_path: Path) -> None:
    """Null stands only for what a version could not know, never for what was lost."""
    kept = tuple(column for column in REPORTS.columns if column.name != "cells_derived")
    short = replace(REPORTS, columns=kept)
    write_file(tmp_path / "part.parquet", short, pl.DataFrame(schema=short.schema))
    with pytest.raises(StorageError, match="cells_derived: expected Int32, found no such column"):
        read_file(tmp_path / "part.parquet", REPORTS)


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """An older gouji does not guess at what a newer one wrote."""
    newer = replace(REPORTS, version=REPORTS.version + 1)
    write_file(tmp_path / "part.parquet", newer, pl.DataFrame(schema=newer.schema))
    with pytest.raises(StorageError, match="A later gouji wrote it"):
        read_file(tmp_path / "part.parquet", REPORTS)


def _make_value(dtype: Any) -> object:
    if isinstance(dtype, pl.List):
        return [_make_value(dtype.inner)]
    made = pl.Series(["1" if dtype == pl.String else 1])
    return made.cast(dtype)[0]
