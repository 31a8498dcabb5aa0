"""One writer at a time: a lock file that names its owner and shows that the owner is alive.

No system locks are used, as they differ between systems and fail silently on network disks.
The owner touches the file every few seconds. A lock is dead when its owner's process is gone
from this host, or when a waiter has watched it untouched for `stale_seconds` of its own clock
(so the clocks of two hosts need not agree). A dead lock is taken over by renaming it, which
only one waiter can do. An owner that was held up for so long that it lost its lock learns so
from `verify_lock`, to be called before anything is moved into place.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from storage.folder import StorageError, explain_os_errors

RUN_LOCK = Path("locks/run.lock")  # what one run read, no other may store in the meantime
_POLL_SECONDS = 0.02
_BEATS_BEFORE_STALE = 6

logger = logging.getLogger(__name__)


class HeldError(StorageError):
    """Another process holds a lock and did not give it up in time."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A held lock: its file, and the token that proves whose it is."""

    path: Path
    token: str


@dataclass(frozen=True, slots=True)
class _Sight:
    """A lock file as seen at one moment; `touched` changes with every sign of life."""

    token: str | None
    pid: int | None
    host: str | None
    since: str | None
    touched: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


@contextmanager
def hold_lock(path: Path, wait_seconds: float = 600, stale_seconds: float = 60) -> Iterator[Lock]:
    """Hold the lock at `path` during the block; wait for its owner at most `wait_seconds`.

    It is not reentrant: a thread that holds it and asks again waits for itself.

    Raises:
        HeldError: another process still holds it.
        StorageError: the file cannot be written.
    """
    lock = Lock(path, uuid4().hex)
    with explain_os_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, wait_seconds, stale_seconds)
    done = threading.Event()
    beat = threading.Thread(
        target=_beat, args=(lock, done, stale_seconds / _BEATS_BEFORE_STALE), daemon=True
    )
    beat.start()
    try:
        yield lock
    finally:
        done.set()
        beat.join()
        if _is_held(lock):
            path.unlink(missing_ok=True)


def verify_lock(lock: Lock) -> None:
    """Raise a `StorageError` if the lock was taken over by another process."""
    if not _is_held(lock):
        raise StorageError(
            f"{lock.path}: this run was held up for so long that {_look(lock.path)} took over; "
            "nothing was changed. Run again."
        )


def _acquire(lock: Lock, wait_seconds: float, stale_seconds: float) -> None:
    started = time.monotonic()
    seen: _Sight | None = None
    seen_from = started
    while not _create(lock):
        sight = _look(lock.path)
        if sight is None:  # it was released between the two calls
            continue
        moment = time.monotonic()
        if sight != seen:
            if seen is None or sight.token != seen.token:
                logger.info("%s: waiting for %s", lock.path, sight)
            seen, seen_from = sight, moment
        if is_gone(sight.pid, sight.host) or moment - seen_from >= stale_seconds:
            logger.warning("%s: taking over from %s, which shows no life", lock.path, sight)
            _remove_dead(lock, sight)
        elif moment - started >= wait_seconds:
            raise HeldError(
                f"{lock.path}: another run is writing ({sight}) and did not end within "
                f"{wait_seconds:g} s; nothing was changed. Wait for it and run again. If that "
                "process is gone for certain, delete this file."
            )
        else:
            time.sleep(_POLL_SECONDS)


def _create(lock: Lock) -> bool:
    owner = {
        "token": lock.token,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        with lock.path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(owner))
    except FileExistsError:
        return False
    return True


def _look(path: Path) -> _Sight | None:
    """Return what the file says now; None where there is none, no owner where it is damaged."""
    try:
        touched = path.stat().st_mtime_ns
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        owner = json.loads(text)
        return _Sight(owner["token"], int(owner["pid"]), owner["host"], owner["since"], touched)
    except (ValueError, KeyError, TypeError):
        return _Sight(None, None, None, None, touched)


def _is_held(lock: Lock) -> bool:
    sight = _look(lock.path)
    return sight is not None and sight.token == lock.token


def is_gone(pid: int | None, host: str | None) -> bool:
    """Tell whether a process on a host is known to have ended; in doubt, it has not."""
    if pid is None or host != socket.gethostname() or os.name == "nt":
        return False  # on Windows, signal 0 is not a question but an interrupt
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _remove_dead(lock: Lock, dead: _Sight) -> None:
    aside = lock.path.with_name(f"{lock.path.name}.{lock.token}")
    try:
        lock.path.rename(aside)
    except FileNotFoundError:
        return
    taken = _look(aside)
    if taken is not None and taken.token != dead.token:
        # Another waiter was faster, and this is its living lock: give it back. Had a third one
        # made a lock by now, the owner's next `verify_lock` tells it.
        with suppress(FileExistsError):
            os.link(aside, lock.path)
    aside.unlink(missing_ok=True)


def _beat(lock: Lock, done: threading.Event, interval_seconds: float) -> None:
    while not done.wait(interval_seconds):
        with suppress(OSError):
            if _is_held(lock):
                os.utime(lock.path)
