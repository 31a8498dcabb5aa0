"""Promises of the lock that lets one writer in at a time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from storage.folder import StorageError
from storage.locks import hold_lock, verify_lock


def _leave_lock(path: Path, host: str, pid: int) -> None:
    owner = {"token": "other", "pid": pid, "host": host, "since": "2026-02-01T02:00:00+00:00"}
    path.write_text(json.dumps(owner), encoding="utf-8")


def _end_process() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """Threads that count under the lock never overlap and all get their turn."""
    inside: list[int] = []
    seen: list[int] = []

    def count() -> None:
        for _ in range(5):
            with hold_lock(tmp_path / "lock"):
                inside.append(1)
                seen.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 20
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_says_who_is_writing(tmp_path: Path) -> None:
    """Who cannot wait learns which process holds the lock, since when, and what to do."""
    path = tmp_path / "lock"
    with (
        hold_lock(path) as lock,
        pytest.raises(StorageError, match=rf"process {os.getpid()} on .* since 2.*Wait for it"),
        hold_lock(path, wait_seconds=0.1),
    ):
        pass
    with hold_lock(path, wait_seconds=0):
        assert lock.path.exists()


def test_the_lock_of_a_dead_process_is_taken_over_at_once(tmp_path: Path) -> None:
    """A crash on this host does not hold up the next run."""
    _leave_lock(tmp_path / "lock", socket.gethostname(), _end_process())
    with hold_lock(tmp_path / "lock", wait_seconds=0) as lock:
        verify_lock(lock)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["owner", "nothing"])
def test_a_silent_lock_is_taken_over_after_watching_it(tmp_path: Path, content: str) -> None:
    """A lock of another host, or a damaged one, is dead once it was untouched for long enough."""
    path = tmp_path / "lock"
    _leave_lock(path, "elsewhere", 1) if content == "owner" else path.touch()
    started = time.monotonic()
    with hold_lock(path, wait_seconds=5, stale_seconds=0.3):
        assert 0.3 <= time.monotonic() - started < 4


def test_a_living_lock_of_another_host_is_respected(tmp_path: Path) -> None:
    """As long as its owner touches it, a lock is never taken over, however long it is held."""
    path = tmp_path / "lock"
    _leave_lock(path, "elsewhere", 1)
    done = threading.Event()

    def live() -> None:
        while not done.wait(0.05):
            os.utime(path)

    owner = threading.Thread(target=live)
    owner.start()
    with pytest.raises(StorageError, match="process 1 on elsewhere"):
        hold_lock(path, wait_seconds=2.5, stale_seconds=1.5).__enter__()
    done.set()
    owner.join()
    assert json.loads(path.read_text(encoding="utf-8"))["token"] == "other"


def test_a_holder_shows_that_it_is_alive(tmp_path: Path) -> None:
    """The file of a held lock is touched again and again, so that nobody takes it for dead."""
    path = tmp_path / "lock"
    with hold_lock(path, stale_seconds=0.3):
        os.utime(path, (0, 0))
        for _ in range(100):
            time.sleep(0.05)
            if path.stat().st_mtime > 0:
                break
        assert path.stat().st_mtime > 0


def test_a_holder_that_lost_its_lock_is_told(tmp_path: Path) -> None:
    """Who was held up and lost the lock may not write, and does not remove the new owner's."""
    path = tmp_path / "lock"
    with hold_lock(path) as lock:
        _leave_lock(path, "elsewhere", 1)
        with pytest.raises(StorageError, match=r"process 1 on elsewhere .* took over"):
            verify_lock(lock)
    assert path.exists()
