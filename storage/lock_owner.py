"""Who holds a lock, how it shows that it is alive, and what is said to who waits in vain."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.folder import StorageError

_BEATS_BEFORE_STALE = 6


class HeldError(StorageError):
    """Another process holds a lock and did not give it up in time."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds a lock, and since when; null where that is not known."""

    pid: int | None = None
    host: str | None = None
    since: str | None = None

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


def name_owner() -> Owner:
    """Name this process as the owner from now on."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Owner(os.getpid(), socket.gethostname(), now)


def is_gone(owner: Owner) -> bool:
    """Tell whether an owner is known to have ended; in doubt, it has not."""
    if owner.pid is None or owner.host != socket.gethostname() or os.name == "nt":
        return False  # on Windows, signal 0 is not a question but an interrupt
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def tell_held(place: str, kind: str, owner: Owner, wait_seconds: float) -> HeldError:
    """Say who holds the lock at a place, which is a `kind` of thing, and what to do."""
    return HeldError(
        f"{place}: another run is writing ({owner}) and did not end within {wait_seconds:g} s; "
        "nothing was changed. Wait for it and run again. If that process is gone for certain, "
        f"delete this {kind}."
    )


@contextmanager
def show_life(beat: Callable[[], object], stale_seconds: float) -> Iterator[None]:
    """Call `beat` during the block, often enough that no waiter takes the owner for dead.

    What it raises is passed over: whoever writes next is told that the lock was lost.
    """
    done = threading.Event()
    interval_seconds = stale_seconds / _BEATS_BEFORE_STALE
    beats = threading.Thread(target=_repeat, args=(beat, done, interval_seconds), daemon=True)
    beats.start()
    try:
        yield
    finally:
        done.set()
        beats.join()


def _repeat(beat: Callable[[], object], done: threading.Event, interval_seconds: float) -> None:
    while not done.wait(interval_seconds):
        with suppress(OSError, StorageError):
            beat()
