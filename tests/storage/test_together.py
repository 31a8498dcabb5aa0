"""Promises of `run_id`: files of a partition that are not of one run are told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from storage.lake import Partition, read_table
from storage.schema import CELLS, FINDINGS, REPORTS, Table
from storage.store import store_reports
from storage.together import find_mixed

MakeFrames = Callable[..., dict[Table, pl.DataFrame]]

NOW = datetime(2026, 2, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
PLACES = [("r1", 2021, "CN-JX"), ("r2", 2021, "CN-JX"), ("r3", 2022, "CN-FJ")]
TOGETHER = [REPORTS, CELLS, FINDINGS]


def _locate(data: Path, table: Table, year: int = 2021, region: str = "CN-JX") -> Path:
    return data / f"lake/{table.name}/year={year}/region={region}/part.parquet"


def _read_ids(data: Path, table: Table) -> set[str]:
    """Read the column as a BI tool does."""
    query = f"SELECT DISTINCT run_id FROM read_parquet('{_locate(data, table)}')"  # noqa: S608
    with duckdb.connect() as connection:
        return {row[0] for row in connection.execute(query).fetchall()}


def test_the_tables_of_a_partition_name_one_run(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Every row of the three has the same `run_id`, and another partition has another."""
    store_reports(tmp_path, make_frames(PLACES, failed=["r1"]), NOW)
    (run_id,) = _read_ids(tmp_path, REPORTS)
    assert run_id
    assert [_read_ids(tmp_path, table) for table in TOGETHER] == [{run_id}] * 3
    other = pq.read_schema(_locate(tmp_path, REPORTS, 2022, "CN-FJ")).metadata[b"run_id"]
    assert other.decode() != run_id
    assert find_mixed(tmp_path, TOGETHER) == ()


def test_a_run_id_takes_no_room(tmp_path: Path, make_frames: MakeFrames) -> None:
    """In a file of thousands of cells the column is some hundred bytes."""
    store_reports(tmp_path, make_frames(PLACES, cells=5000), NOW)
    group = pq.read_metadata(_locate(tmp_path, CELLS)).row_group(0)
    column = group.column(group.num_columns - 1)
    assert (column.path_in_schema, group.num_rows) == ("run_id", 10_000)
    assert column.total_compressed_size < 200


def test_a_change_of_one_table_is_told_by_all(tmp_path: Path, make_frames: MakeFrames) -> None:
    """New findings give all three a new `run_id`; a run at another time gives the same."""
    store_reports(tmp_path / "a", make_frames(PLACES), NOW)
    store_reports(tmp_path / "b", make_frames(PLACES), LATER)
    (before,) = _read_ids(tmp_path / "a", CELLS)
    assert _read_ids(tmp_path / "b", CELLS) == {before}
    store_reports(tmp_path / "a", make_frames(PLACES, failed=["r1"]), LATER)
    (after,) = _read_ids(tmp_path / "a", CELLS)
    assert after != before
    assert _read_ids(tmp_path / "a", REPORTS) == _read_ids(tmp_path / "a", FINDINGS) == {after}


@pytest.mark.parametrize("table", TOGETHER, ids=lambda table: table.name)
def test_a_file_of_another_run_is_told_and_left_alone(
    tmp_path: Path, make_frames: MakeFrames, table: Table
) -> None:
    """An old file put back, as a run killed between two moves leaves it, stops its partition."""
    store_reports(tmp_path, make_frames(PLACES), NOW)
    shutil.copy(_locate(tmp_path, table), tmp_path / "old")
    store_reports(tmp_path, make_frames(PLACES, sha="b", value="7", failed=["r1"]), LATER)
    shutil.copy(tmp_path / "old", _locate(tmp_path, table))
    (mixed,) = find_mixed(tmp_path, TOGETHER)
    assert mixed[:2] == (2021, "CN-JX")
    assert find_mixed(tmp_path, TOGETHER, [Partition(2022, "CN-FJ")]) == ()

    before = {
        path: path.read_bytes() for path in (tmp_path / "lake").rglob("year=2021/**/*.parquet")
    }
    summary = store_reports(tmp_path, make_frames(PLACES, sha="c", value="9"), LATER)
    assert summary.mixed == (mixed,)
    assert [said for said in summary.troubles if "gouji check --repair" in said] == [mixed.message]
    assert summary.held_back == {"r1", "r2"}
    assert {path: path.read_bytes() for path in before} == before
    assert read_table(tmp_path, REPORTS, [2022])["source_sha256"].to_list() == ["c"]


def test_files_from_before_are_not_called_mixed(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Where no file names a run, none is known to be of another."""
    store_reports(tmp_path, make_frames(PLACES), NOW)
    for table in TOGETHER:
        path = _locate(tmp_path, table)
        old = pq.read_table(path, partitioning=None).drop_columns(["run_id"])
        pq.write_table(old.replace_schema_metadata(None), path)
    assert find_mixed(tmp_path, TOGETHER) == ()
    assert store_reports(tmp_path, make_frames(PLACES, sha="b"), LATER).replaced == 3
    assert len(_read_ids(tmp_path, CELLS)) == 1
