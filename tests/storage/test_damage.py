"""Promises of stored files that are damaged: the run stops, names the file, and harms nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from threading import Thread

import polars as pl
import pytest

from storage import staging
from storage.access import hold_data
from storage.documents import update_documents
from storage.folder import StorageError
from storage.lake import read_table
from storage.locks import RUN_LOCK, hold_lock
from storage.schema import CELLS, DOCUMENTS, Table, list_history, list_tables
from storage.settings import load_settings
from storage.store import store_reports

MakeFrames = Callable[..., dict[Table, pl.DataFrame]]

NOW = datetime(2026, 2, 1, tzinfo=UTC)
PLACES = [("r1", 2021, "CN-JX"), ("r2", 2021, "CN-JX")]


def _cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _empty(_: bytes) -> bytes:
    return b""


def _flip(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]


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


@pytest.mark.parametrize(
    "damage", [_cut_off, _empty, _flip, None], ids=lambda how: how and how.__name__
)
@pytest.mark.parametrize(
    "name", ["lake/cells/year=2021/region=CN-JX/part.parquet", "documents.parquet"]
)
def test_no_run_starts_on_damaged_files(
    tmp_path: Path, make_frames: MakeFrames, name: str, damage: Callable[[bytes], bytes] | None
) -> None:
    """Else it would write rows that were never stored to files whose checksums are right.

    A flipped bit may be read as another figure without complaint.
    """
    store_reports(tmp_path, make_frames(PLACES), NOW)
    update_documents(tmp_path, DOCUMENTS.schema.to_frame())
    path = tmp_path / name
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    settings = load_settings(tmp_path)
    said = rf"expected every stored file as it was written.*{name}: .*gouji check --files"
    with pytest.raises(StorageError, match=said), hold_data(settings):
        pytest.fail("the run started")
    with hold_data(settings, is_damage_allowed=True):
        pass


def test_what_a_killed_run_left_while_another_one_waited_is_no_damage(
    tmp_path: Path, make_frames: MakeFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that waits settles what it finds when its turn comes, and goes on."""
    store_reports(tmp_path, make_frames(PLACES), NOW)
    failed: list[StorageError] = []

    def run() -> None:
        try:
            with hold_data(load_settings(tmp_path)):
                pass
        except StorageError as error:
            failed.append(error)

    with hold_lock(tmp_path / RUN_LOCK):
        waiting = Thread(target=run)
        waiting.start()
        time.sleep(0.3)
        with monkeypatch.context() as patch:
            patch.setattr(staging, "_finish", _move_one)
            store_reports(tmp_path, make_frames(PLACES, value="7"), NOW)
    waiting.join()
    assert failed == []
    assert read_table(tmp_path, CELLS)["value"].drop_nulls().unique().to_list() == [7]


def _move_one(data: Path, folder: Path, targets: Sequence[PurePosixPath]) -> None:
    """Move the first file of a change, as a run does that is killed then."""
    (folder / "files" / targets[0]).replace(data / targets[0])


@pytest.mark.parametrize("content", [b"", b'["lake/cel', b"[1]"], ids=["empty", "cut", "other"])
def test_a_damaged_list_of_a_decided_change_is_named(tmp_path: Path, content: bytes) -> None:
    """What a crashed run left and nobody can complete is told, with what to do."""
    folder = tmp_path / "staging/before"
    folder.mkdir(parents=True)
    (folder / "commit.json").write_bytes(content)
    said = rf"{folder}/commit\.json: expected the files of a change .* Delete the folder {folder}"
    with pytest.raises(StorageError, match=said), hold_data(load_settings(tmp_path)):
        pytest.fail("the run started")
