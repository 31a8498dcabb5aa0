"""Promises of changes to several files: before or after, never between."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import duckdb
import polars as pl
import pyarrow.dataset
import pytest

from storage import staging
from storage.checksums import find_damage, list_files
from storage.folder import StorageError, prepare_folder
from storage.lake import read_table
from storage.parquet import write_file
from storage.schema import CELLS, REPORTS, Table, list_history, list_tables
from storage.staging import complete_changes
from storage.store import store_reports
from tests.storage.rewriting import rewrite

MakeFrames = Callable[..., dict[Table, pl.DataFrame]]
Place: TypeAlias = tuple[str, int, str]

NOW = datetime(2026, 2, 1, tzinfo=UTC)
PLACES = [
    (f"r{number:02}", 2021 + number % 3, ("CN-JX", "CN-JS", "unresolved")[number % 2])
    for number in range(24)
]
IDS = [report_id for report_id, _, _ in PLACES]


def _glob_by_duckdb(data: Path) -> list[str]:
    found = duckdb.connect().read_parquet(f"{data}/lake/reports/**/*.parquet")
    return sorted(row[0] for row in found.project("report_id").fetchall())


def _glob_by_pyarrow(data: Path) -> list[str]:
    found = pyarrow.dataset.dataset(data / "lake/reports", partitioning="hive")
    return sorted(found.to_table(columns=["report_id"])["report_id"].to_pylist())


def _read_by_gouji(data: Path) -> list[str]:
    return sorted(read_table(data, REPORTS)["report_id"])


@contextmanager
def _readers(data: Path, places: Sequence[Place] = PLACES) -> Iterator[list[str]]:
    """Read without pause, by one engine after the other; give the list of what was seen amiss."""
    amiss: list[str] = []
    ids = [report_id for report_id, _, _ in places]
    engines = (_glob_by_duckdb, _glob_by_pyarrow, _read_by_gouji)
    counts = dict.fromkeys(engines, 0)
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            for engine in engines:
                try:
                    found = engine(data)
                except Exception as error:
                    amiss.append(f"{engine.__name__}: {error!r}")
                else:
                    counts[engine] += 1
                    if found != ids:
                        amiss.append(f"{engine.__name__}: {found}")

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield amiss
    finally:
        done.set()
        thread.join()
    assert min(counts.values()) > 0, counts


def _is_decided(data: Path) -> bool:
    return any((data / "staging").glob("*/commit.json"))


def _check_whole(data: Path, places: Sequence[Place] = PLACES) -> None:
    """Each report is there once, and each file holds the rows of one change only."""
    ids = [report_id for report_id, _, _ in places]
    assert read_table(data, REPORTS)["report_id"].sort().to_list() == ids
    cells = read_table(data, CELLS)
    assert cells.height == 20 * len(ids)
    values = cells.drop_nulls("value").group_by("year", "region").agg(pl.col("value").n_unique())
    assert set(values["value"]) == {1}


def _crash_and_go_on(data: Path, make_frames: MakeFrames, kills: int) -> None:
    chance = random.Random(20260201)
    store_reports(data, make_frames(PLACES, cells=20), NOW)
    with _readers(data) as amiss:
        for kill in range(kills):
            with rewrite("writer.py", data, PLACES):
                time.sleep(chance.uniform(0.02, 0.5))
            _check_whole(data)
            store_reports(data, make_frames(PLACES, cells=20, sha=f"k{kill}", value="0.5"), NOW)
            _check_whole(data)
            assert set(read_table(data, REPORTS)["source_sha256"]) == {f"k{kill}"}
            assert not list((data / "staging").iterdir())
    assert amiss == []


def test_a_killed_writer_harms_nobody(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Readers that never pause see each report once while writers are killed and followed."""
    _crash_and_go_on(tmp_path, make_frames, kills=3)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_many_killed_writers_harm_nobody(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Two hundred kills at any instant of a run over two hundred partitions show nobody a gap."""
    chance = random.Random(20260202)
    places = [
        (f"r{number:03}", 2008 + number % 20, f"CN-{chr(65 + number // 20)}X")
        for number in range(200)
    ]
    started = time.monotonic()
    store_reports(tmp_path, make_frames(places, cells=20), NOW)
    duration = time.monotonic() - started
    decided = 0  # kills among the moves, at which every second one is aimed
    with _readers(tmp_path, places) as amiss:
        for kill in range(200):
            with rewrite("writer.py", tmp_path, places):
                while kill % 2 and not _is_decided(tmp_path):
                    time.sleep(0.002)
                time.sleep(chance.uniform(0, 0.05 if kill % 2 else duration))
            decided += _is_decided(tmp_path)
            complete_changes(tmp_path)
            assert not list((tmp_path / "staging").iterdir())
            _check_whole(tmp_path, places)
            assert find_damage(tmp_path, list_files(tmp_path)) == ()
    assert amiss == []
    assert decided > 20, f"{decided} kills fell among the moves"


def test_four_writers_take_turns(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Four processes on the same partitions wait for each other; each change is seen whole."""
    with ExitStack() as stack:
        others = [stack.enter_context(rewrite("writer.py", tmp_path, PLACES)) for _ in range(3)]
        for number in range(3):
            store_reports(tmp_path, make_frames(PLACES, cells=20, sha=f"s{number}"), NOW)
            _check_whole(tmp_path)
            deadline = time.monotonic() + 120
            while set(read_table(tmp_path, REPORTS)["source_sha256"]) == {f"s{number}"}:
                assert time.monotonic() < deadline, "the others never had a turn"
                time.sleep(0.1)
            _check_whole(tmp_path)
        assert [other.poll() for other in others] == [None] * 3


@pytest.mark.parametrize("moves", [0, 1, 4, 8])
def test_a_decided_change_is_completed(
    tmp_path: Path, make_frames: MakeFrames, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """After a crash among the moves, even of reports between partitions, the next run ends it."""
    store_reports(tmp_path, make_frames(PLACES, cells=20), NOW)
    moved = [(report_id, year, "CN-GD") for report_id, year, _ in PLACES]
    left = [moves]

    def die_after_moves(path: Path, target: Path) -> Path:
        if target.suffix == ".parquet":
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
        os.replace(path, target)  # noqa: PTH105 - Path.replace is what is being replaced
        return target

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", die_after_moves)
        store_reports(tmp_path, make_frames(moved, cells=20, sha="b"), NOW)
    assert set(IDS) <= set(read_table(tmp_path, REPORTS)["report_id"])
    complete_changes(tmp_path)
    _check_whole(tmp_path)
    assert set(read_table(tmp_path, REPORTS)["region"]) == {"CN-GD"}


def test_a_file_held_fast_stops_only_its_run(
    tmp_path: Path, make_frames: MakeFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file cannot be replaced, the message names it, and the next run moves the rest."""
    store_reports(tmp_path, make_frames(PLACES, cells=20), NOW)

    def refuse(path: Path, target: Path) -> Path:
        if target.suffix == ".parquet":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        os.replace(path, target)  # noqa: PTH105 - Path.replace is what is being replaced
        return target

    with monkeypatch.context() as patch, pytest.raises(StorageError, match=r"part\.parquet: could"):
        patch.setattr(Path, "replace", refuse)
        store_reports(tmp_path, make_frames(PLACES, cells=20, sha="b"), NOW)
    complete_changes(tmp_path)
    _check_whole(tmp_path)
    assert set(read_table(tmp_path, REPORTS)["source_sha256"]) == {"b"}


def test_an_undecided_change_is_dropped(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Files that a crashed run left in staging are dropped by the next, and never seen."""
    store_reports(tmp_path, make_frames(PLACES, cells=20), NOW)
    left = tmp_path / "staging/dead/files/lake/reports/year=2021/region=CN/part.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a fil")
    assert _glob_by_duckdb(tmp_path) == IDS
    complete_changes(tmp_path)
    assert not list((tmp_path / "staging").iterdir())
    _check_whole(tmp_path)


def test_what_reads_back_otherwise_is_not_published(
    tmp_path: Path, make_frames: MakeFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that loses rows is found out before anything is moved into place."""
    store_reports(tmp_path, make_frames(PLACES, cells=20), NOW)

    def write_less(path: Path, table: Table, frame: pl.DataFrame, run_id: str | None) -> None:
        frame.head(-1).write_parquet(path)

    with monkeypatch.context() as patch, pytest.raises(StorageError, match="read back the"):
        patch.setattr(staging, "write_file", write_less)
        store_reports(tmp_path, make_frames(PLACES, cells=20, sha="b"), NOW)
    _check_whole(tmp_path)
    assert set(read_table(tmp_path, REPORTS)["source_sha256"]) == {"a"}


def test_a_run_that_lost_its_lock_publishes_nothing(
    tmp_path: Path, make_frames: MakeFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was held up so long that another took over leaves the lake to the other."""
    store_reports(tmp_path, make_frames(PLACES, cells=20), NOW)

    def stall_and_write(path: Path, table: Table, frame: pl.DataFrame, run_id: str | None) -> None:
        owner = {"token": "other", "pid": 1, "host": "elsewhere", "since": "now"}
        (tmp_path / "locks/lake.lock").write_text(json.dumps(owner), encoding="utf-8")
        write_file(path, table, frame, run_id)

    with monkeypatch.context() as patch, pytest.raises(StorageError, match="took over"):
        patch.setattr(staging, "write_file", stall_and_write)
        store_reports(tmp_path, make_frames(PLACES, cells=20, sha="b"), NOW)
    _check_whole(tmp_path)
    assert set(read_table(tmp_path, REPORTS)["source_sha256"]) == {"a"}


@contextmanager
def _no_file_larger_than(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_the_old_data(tmp_path: Path, make_frames: MakeFrames) -> None:
    """When no more can be written, the message says so, the old rows stay, staging is emptied."""
    store_reports(tmp_path, make_frames(PLACES, cells=20), NOW)
    with (
        pytest.raises(StorageError, match=r"no space left.*unchanged.*Free space"),
        _no_file_larger_than(3000),
    ):
        store_reports(tmp_path, make_frames(PLACES, cells=20, sha="b"), NOW)
    _check_whole(tmp_path)
    assert set(read_table(tmp_path, REPORTS)["source_sha256"]) == {"a"}
    assert not list((tmp_path / "staging").iterdir())


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT], ids=["disk", "quota"])
def test_the_guard_finds_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A disk without space is reported before a run begins, and no probe is left behind."""

    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match="no space left"):
        prepare_folder(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("blocked", ["data", "data/locks", "data/staging", "data/lake"])
def test_a_file_in_the_way_is_named(tmp_path: Path, make_frames: MakeFrames, blocked: str) -> None:
    """Where a folder is due and a file stands, the message names it and says what to do."""
    path = tmp_path / blocked
    path.parent.mkdir(exist_ok=True)
    path.write_text("not a folder", encoding="utf-8")
    with pytest.raises(StorageError, match=rf"file in the way at {path}.*--data or GOUJI_DATA"):
        store_reports(tmp_path / "data", make_frames(PLACES), NOW)
    assert path.read_text(encoding="utf-8") == "not a folder"


@contextmanager
def _mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount what the options say on a new folder; skip the test where that is not allowed."""
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("this system has no mount")
    done = subprocess.run(
        [mount, *options, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mounting is refused here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(folder: Path, left: int) -> Path:
    """Fill a disk but for so many bytes; return the file that does."""
    filler = folder / "filler"
    free = shutil.disk_usage(folder).free
    filler.write_bytes(bytes(free - left))
    return filler


def test_a_disk_that_runs_full_leaves_the_old_data(tmp_path: Path, make_frames: MakeFrames) -> None:
    """On a disk that is really full the run says so; with room again it completes."""
    with _mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=8m", "tmpfs") as data:
        store_reports(data, make_frames(PLACES, cells=20), NOW)
        filler = _fill(data, left=100_000)
        with pytest.raises(StorageError, match=r"no space left.*unchanged.*Free space"):
            store_reports(data, make_frames(PLACES, cells=20, sha="b"), NOW)
        _check_whole(data)
        assert set(read_table(data, REPORTS)["source_sha256"]) == {"a"}
        assert not list((data / "staging").iterdir())
        assert find_damage(data, list_files(data)) == ()
        filler.unlink()
        assert store_reports(data, make_frames(PLACES, cells=20, sha="b"), NOW).replaced == 24


def test_a_read_only_disk_is_named(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Where nothing can be written, the message says so and how to go on; reading works."""
    source = tmp_path / "source"
    store_reports(source, make_frames(PLACES, cells=20), NOW)
    with _mounted(tmp_path / "data", "--bind", "-o", "ro", str(source)) as data:
        for write in (
            lambda: complete_changes(data),
            lambda: store_reports(data, make_frames(PLACES, sha="b"), NOW),
        ):
            with pytest.raises(StorageError, match=r"cannot be written.*--data or GOUJI_DATA"):
                write()
        _check_whole(data)
    _check_whole(source)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_named(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """Without the right to write, the message says so and how to go on."""
    data = tmp_path / "data"
    store_reports(data, make_frames(PLACES), NOW)
    data.chmod(0o500)
    try:
        with pytest.raises(StorageError, match=r"cannot be written.*--data or GOUJI_DATA"):
            store_reports(data, make_frames(PLACES, sha="b"), NOW)
    finally:
        data.chmod(0o700)
    assert {path.name for path in data.iterdir()} == {"SHA256SUMS", "lake", "locks", "staging"}


def test_a_lake_taken_away_is_built_again(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Nothing outside the lake holds it up: after its removal the same run stores it again."""
    frames = make_frames(PLACES, cells=20)
    store_reports(tmp_path, frames, NOW)
    shutil.rmtree(tmp_path / "lake")
    tables = (*list_tables(), *list_history())
    assert len(store_reports(tmp_path, frames, NOW).files) == len(tables) * 6
    _check_whole(tmp_path)
