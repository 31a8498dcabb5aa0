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
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from storage.folder import StorageError, explain_os_errors
from storage.lock_owner import Owner, is_gone, name_owner, show_life, tell_held

RUN_LOCK = Path("locks/run.lock")  # what one run read, no other may store in the meantime
_POLL_SECONDS = 0.02

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lock:
    """A held lock: its file, and the token that proves whose it is."""

    path: Path
    token: str


@dataclass(frozen=True, slots=True)
class _Sight(Owner):
    """A lock file as seen at one moment; `touched` changes with every sign of life."""

    token: str | None = None
    touched: int = 0


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
    try:
        with show_life(lambda: _touch(lock), stale_seconds):
            yield lock
    finally:
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
        if is_gone(sight) or moment - seen_from >= stale_seconds:
            logger.warning("%s: taking over from %s, which shows no life", lock.path, sight)
            _remove_dead(lock, sight)
        elif moment - started >= wait_seconds:
            raise tell_held(str(lock.path), "file", sight, wait_seconds)
        else:
            time.sleep(_POLL_SECONDS)


def _create(lock: Lock) -> bool:
    owner = {"token": lock.token, **asdict(name_owner())}
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
        return _Sight(int(owner["pid"]), owner["host"], owner["since"], owner["token"], touched)
    except (ValueError, KeyError, TypeError):
        return _Sight(touched=touched)


def _is_held(lock: Lock) -> bool:
    sight = _look(lock.path)
    return sight is not None and sight.token == lock.token


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


def _touch(lock: Lock) -> None:
    if _is_held(lock):
        os.utime(lock.path)
