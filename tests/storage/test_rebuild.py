"""Damaged files: what no archive gives comes from the flat files, and the list is made whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import polars as pl
import pytest

from storage.checksums import SUMS, find_damage, list_files, read_sums
from storage.flat import FLAT, write_flat
from storage.lake import Partition, locate_file
from storage.rebuild import complete_sums, find_unreadable, open_beside, remember_rows
from storage.schema import CELLS, REPORT_VERSIONS, REPORTS, Table, list_history, list_tables
from storage.store import store_reports

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Partition(2021, "CN-JX")
TABLES = (*list_tables(), *list_history())
MakeFrames = Callable[..., dict[Table, pl.DataFrame]]


@pytest.fixture
def data(tmp_path: Path, make_frames: MakeFrames) -> Path:
    """A lake with a report in its second version, and the flat files of what has a past."""
    for sha in ("a", "b"):
        places = [("r1", 2021, "CN-JX"), ("r2", 2022, "CN-JX")]
        store_reports(tmp_path, make_frames(places, sha=sha), NOW + timedelta(days=ord(sha)))
    for table in (REPORTS, REPORT_VERSIONS):
        write_flat(tmp_path, table, tmp_path / FLAT / f"{table.name}.parquet")
    return tmp_path


@pytest.mark.parametrize("table", [REPORTS, REPORT_VERSIONS], ids=lambda table: table.name)
def test_the_past_comes_back_from_the_flat_files(data: Path, table: Table) -> None:
    """Versions, instants and what was replaced are there again, to the byte."""
    name = locate_file(table, HERE)
    content = (data / name).read_bytes()
    (data / name).write_bytes(b"")
    with open_beside(data, [name]) as beside:
        remember_rows(beside, [name], TABLES)
        assert (beside / name).read_bytes() == content


@pytest.mark.parametrize("flat", [b"PAR1", None], ids=["damaged", "missing"])
def test_without_the_flat_file_nothing_is_put_back(data: Path, flat: bytes | None) -> None:
    """What it cannot tell is not made up."""
    name, path = locate_file(REPORT_VERSIONS, HERE), data / FLAT / "report_versions.parquet"
    path.unlink()
    if flat is not None:
        path.write_bytes(flat)
    with open_beside(data, [name]) as beside:
        remember_rows(beside, [name], TABLES)
        assert not (beside / name).exists()


def test_cells_are_never_taken_from_the_flat_files(data: Path) -> None:
    """The archive gives them, and nothing else does."""
    write_flat(data, CELLS, data / FLAT / "cells.parquet")
    name = locate_file(CELLS, HERE)
    with open_beside(data, [name]) as beside:
        remember_rows(beside, [name], TABLES)
        assert not (beside / name).exists()


def test_the_list_of_checksums_is_made_whole(data: Path) -> None:
    """Files without a checksum get one, those that are gone lose theirs, others keep theirs."""
    sums = read_sums(data)
    complete_sums(data)
    assert read_sums(data) == sums
    gone = locate_file(CELLS, HERE)
    (data / gone).unlink()
    other = locate_file(CELLS, Partition(2022, "CN-JX"))
    (data / other).write_bytes(b"damaged")
    lines = (data / SUMS).read_text().splitlines(keepends=True)
    (data / SUMS).write_text("".join(line for line in lines if "lake/reports" not in line))
    complete_sums(data)
    assert read_sums(data) == {name: sum_ for name, sum_ in sums.items() if name != gone}
    assert [damage.path for damage in find_damage(data, list_files(data))] == [other]


def test_a_file_without_a_checksum_has_to_be_readable(data: Path) -> None:
    """A file that no list tells of is damaged if it cannot be read."""
    (data / SUMS).unlink()
    assert find_unreadable(data, list_files(data), TABLES) == ()
    name = PurePosixPath(locate_file(CELLS, HERE))
    (data / name).write_bytes((data / name).read_bytes()[:-9])
    (damage,) = find_unreadable(data, list_files(data), TABLES)
    assert damage.path == name
    assert "expected a Parquet file of table cells, found damage" in damage.found
