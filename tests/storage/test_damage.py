"""Promises of stored files that are damaged: the run stops, names the file, and harms nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from storage.folder import StorageError
from storage.schema import Table, list_history, list_tables
from storage.store import store_reports

MakeFrames = Callable[..., dict[Table, pl.DataFrame]]

NOW = datetime(2026, 2, 1, tzinfo=UTC)
PLACES = [("r1", 2021, "CN-JX"), ("r2", 2021, "CN-JX")]


def _cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _empty(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [_cut_off, _empty])
@pytest.mark.parametrize("table", [*list_tables(), *list_history()], ids=lambda table: table.name)
def test_a_damaged_file_stops_the_run_and_is_named(
    tmp_path: Path, make_frames: MakeFrames, table: Table, damage: Callable[[bytes], bytes]
) -> None:
    """Whichever file it is: its name, what was expected and what to do; all files stay."""
    store_reports(tmp_path, make_frames(PLACES), NOW)
    path = tmp_path / f"lake/{table.name}/year=2021/region=CN-JX/part.parquet"
    path.write_bytes(damage(path.read_bytes()))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    with pytest.raises(StorageError) as raised:
        store_reports(tmp_path, make_frames(PLACES[:1]), NOW + timedelta(days=1))
    said = str(raised.value)
    assert f"{path}: expected a Parquet file of table {table.name}, found damage" in said
    assert "gouji check --files" in said
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before
