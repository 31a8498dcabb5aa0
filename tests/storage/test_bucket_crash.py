"""Promises of a lake in a bucket while writers are killed, and while several write."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from storage.access import hold_data
from storage.bucket import list_objects, open_bucket, read_object
from storage.bucket_lock import read_turn
from storage.checksums import find_damage, list_files
from storage.lake import read_table
from storage.schema import CELLS, REPORTS, Table
from storage.settings import Settings, load_settings
from storage.store import store_reports
from tests.storage.rewriting import rewrite

MakeFrames = Callable[..., dict[Table, pl.DataFrame]]
NOW = datetime(2026, 2, 1, tzinfo=UTC)
PLACES = [
    (f"r{number:02}", 2021 + number % 3, ("CN-JX", "CN-JS")[number % 2]) for number in range(12)
]
IDS = [report_id for report_id, _, _ in PLACES]


def _read_objects(url: str) -> dict[str, list[str]]:
    """Read the reports as a reader does who knows nothing of us: list, then get each object."""
    bucket = open_bucket(url)
    found = {}
    for name in list_objects(bucket, "lake/reports"):
        there = read_object(bucket, name)
        assert there is not None, f"{name} was listed and is gone"
        found[name] = pl.read_parquet(BytesIO(there.content))["report_id"].to_list()
    return found


@contextmanager
def _reader(url: str) -> Iterator[list[str]]:
    """Read without pause; give the list of what was seen amiss."""
    amiss: list[str] = []
    done = threading.Event()
    counted = [0]

    def read() -> None:
        while not done.is_set():
            try:
                found = sorted(name for ids in _read_objects(url).values() for name in ids)
            except Exception as error:
                amiss.append(repr(error))
            else:
                counted[0] += 1
                if found != IDS:
                    amiss.append(str(found))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield amiss
    finally:
        done.set()
        thread.join()
    assert counted[0]


def _rewrite(url: str, copies: Path, mark: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Run another process that rewrites all reports, in a copy of its own."""
    return rewrite("bucket_writer.py", url, PLACES, mark, GOUJI_WORKING_COPIES=str(copies))


def _check_whole(settings: Settings) -> None:
    """Each report is there once, each file is of one change, and all have their checksums."""
    data = settings.data
    assert read_table(data, REPORTS)["report_id"].sort().to_list() == IDS
    cells = read_table(data, CELLS)
    assert cells.height == 20 * len(IDS)
    assert cells.drop_nulls("value")["value"].n_unique() == 1
    assert find_damage(data, list_files(data)) == ()
    assert not list_objects(open_bucket(str(settings.origin)), "staging")


def _crash_and_go_on(url: str, tmp_path: Path, make_frames: MakeFrames, kills: int) -> int:
    """Kill writers of one machine, go on at others; count the kills amid a decided change."""
    chance = random.Random(20260203)
    here = load_settings(url)
    amid = 0
    with hold_data(here):
        store_reports(here.data, make_frames(PLACES, cells=20), NOW)
    with _reader(url) as amiss:
        for kill in range(kills):
            with _rewrite(url, tmp_path / "theirs", f"w{kill}-"):
                time.sleep(chance.uniform(0.1, 1.5))
            amid += read_turn(open_bucket(url)).decided is not None
            here = replace(here, data=tmp_path / f"ours{kill % 3}")
            with hold_data(here):
                _check_whole(here)
                frames = make_frames(PLACES, cells=20, sha=f"k{kill}", value="0.5")
                store_reports(here.data, frames, NOW)
            found = replace(here, data=tmp_path / "fresh" / str(kill))
            with hold_data(found):
                _check_whole(found)
                assert set(read_table(found.data, REPORTS)["source_sha256"]) == {f"k{kill}"}
    assert amiss == []
    return amid


def test_a_killed_writer_harms_nobody(s3_url: str, tmp_path: Path, make_frames: Any) -> None:
    """A reader that never pauses sees each report once while a writer is killed and followed."""
    _crash_and_go_on(s3_url, tmp_path, make_frames, kills=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_killed_writers_harm_nobody(s3_url: str, tmp_path: Path, make_frames: Any) -> None:
    """A hundred kills at any instant show nobody a gap, and other machines go on each time."""
    assert _crash_and_go_on(s3_url, tmp_path, make_frames, kills=100), "no kill fell amid a change"


def test_two_machines_lose_nothing(s3_url: str, tmp_path: Path) -> None:
    """Two that add to a number in a file, each in its own copy, lose no addition."""

    def add(name: str) -> None:
        settings = replace(load_settings(s3_url), data=tmp_path / name)
        for _ in range(4):
            with hold_data(settings):
                path = settings.data / "number"
                path.write_text(str(int(path.read_text() if path.exists() else 0) + 1))

    threads = [threading.Thread(target=add, args=[name]) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there = read_object(open_bucket(s3_url), "number")
    assert there is not None
    assert there.content == b"8"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_writers_take_turns(s3_url: str, tmp_path: Path, make_frames: Any) -> None:
    """Two processes on the same partitions wait for each other; each change is seen whole."""
    here = load_settings(s3_url)
    with hold_data(here):
        store_reports(here.data, make_frames(PLACES, cells=20), NOW)
    seen: set[str] = set()
    with ExitStack() as stack, _reader(s3_url) as amiss:
        others = [
            stack.enter_context(_rewrite(s3_url, tmp_path / mark, mark)) for mark in ("a-", "b-")
        ]
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and len({name[:2] for name in seen}) < 2:
            with hold_data(here):
                _check_whole(here)
                seen |= set(read_table(here.data, REPORTS)["source_sha256"]) - {"a"}
        assert [other.poll() for other in others] == [None] * 2
    assert amiss == []
    assert {name[:2] for name in seen} == {"a-", "b-"}
