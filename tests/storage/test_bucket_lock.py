"""Promises of the lock of a bucket: one owner, who knows when it is no more."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

import pytest

from storage.bucket import open_bucket, put_object, read_object
from storage.bucket_lock import NAME, hold_bucket, read_turn
from storage.folder import StorageError
from storage.lock_owner import HeldError


def _leave_lock(url: str, host: str, pid: int) -> None:
    """Leave the lock as an owner does who was killed."""
    content = f'{{"owner": "other", "pid": {pid}, "host": "{host}", "last": "before"}}'
    there = read_object(open_bucket(url), NAME)
    put_object(open_bucket(url), NAME, content.encode(), there.tag if there else None)


def test_one_owner_at_a_time(s3_url: str) -> None:
    """Four that add to a number in turns lose no addition."""
    bucket = open_bucket(s3_url)
    total = [0]

    def add() -> None:
        for _ in range(3):
            with hold_bucket(bucket, poll_seconds=0.01):
                seen = total[0]
                time.sleep(0.01)
                total[0] = seen + 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == [12]
    assert read_turn(bucket).owner is None


def test_who_waits_in_vain_is_told_for_whom(s3_url: str) -> None:
    """After its time a waiter gives up, and names the owner."""
    bucket = open_bucket(s3_url)
    with (
        hold_bucket(bucket),
        pytest.raises(HeldError, match=r"another run is writing \(process \d+ on .* since 20"),
        hold_bucket(bucket, wait_seconds=0.1, poll_seconds=0.02),
    ):
        pass


@pytest.mark.parametrize(("host", "pid"), [("", 2**22 + 1), ("elsewhere", 1)], ids=["here", "far"])
def test_a_dead_lock_is_taken_over(s3_url: str, host: str, pid: int) -> None:
    """A process of this host that is gone is known at once, another one after its silence."""
    _leave_lock(s3_url, host or socket.gethostname(), pid)
    bucket = open_bucket(s3_url)
    with hold_bucket(bucket, stale_seconds=0.3 if host else 60, poll_seconds=0.02) as lock:
        assert lock.turn.last == "before"
    assert read_turn(bucket).last == "before"


def test_a_living_lock_is_not_taken(s3_url: str) -> None:
    """An owner that works for longer than the time of silence shows that it lives."""
    bucket = open_bucket(s3_url)
    with hold_bucket(bucket, stale_seconds=2):
        with (
            pytest.raises(HeldError),
            hold_bucket(bucket, wait_seconds=3, stale_seconds=2, poll_seconds=0.1),
        ):
            pass
        assert read_turn(bucket).beat > 3


def test_an_owner_that_lost_its_lock_is_told(s3_url: str) -> None:
    """Who was held up and lost the lock decides nothing, and leaves the new owner's as it is."""
    bucket = open_bucket(s3_url)
    with hold_bucket(bucket) as lock:
        _leave_lock(s3_url, "elsewhere", 7)
        with pytest.raises(StorageError, match=r"process 7 on elsewhere .* took over"):
            lock.write(replace(lock.turn, decided="x"))
    assert read_turn(bucket).owner == "other"


def test_a_lost_answer_is_no_lost_lock(s3_url: str) -> None:
    """Where a write got there and its answer did not, the owner goes on."""
    bucket = open_bucket(s3_url)
    with hold_bucket(bucket) as lock:
        before = lock.tag
        lock.beat()
        lock.tag = before
        lock.write(replace(lock.turn, last="mine"))
    assert read_turn(bucket).last == "mine"


def test_a_damaged_lock_is_named(s3_url: str) -> None:
    """What is no lock stops the run, and the message says what to do."""
    bucket = open_bucket(s3_url)
    put_object(bucket, NAME, b"half a lo", None)
    with pytest.raises(StorageError, match="delete this object"), hold_bucket(bucket):
        pass
