"""A reader for reading processes that does to some addresses what hostile documents do."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Sequence

from tasks.archived import read_fetched
from tasks.reading.batch import Origin, ReadBatch, Refused
from tasks.workers import BeginAt

HELD: list[bytes] = []


def read(
    groups: Sequence[Sequence[tuple[Origin, bytes]]], begin: BeginAt, refused: Refused
) -> ReadBatch:
    """Read groups, each source after what the last word of its address says."""

    def begin_badly(place: int, url: str) -> None:
        begin(place, url)
        DEEDS.get(url.rpartition("/")[2], _rest)()

    return read_fetched(groups, begin_badly, refused)


def fail(groups: Sequence[object], begin: BeginAt, refused: Refused) -> ReadBatch:
    """Find the world broken."""
    raise ValueError("the archive is gone")


def _hold(megabytes: int) -> None:
    HELD.append(b"\1" * (megabytes * 1024 * 1024))


def _die_if_old() -> None:
    """Die in a process that has read before."""
    if HELD:
        os.kill(os.getpid(), signal.SIGSEGV)


def _rest() -> None:
    pass


DEEDS: dict[str, Callable[[], object]] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "leave": lambda: os._exit(3),
    "hang": lambda: time.sleep(600),
    "gorge": lambda: _hold(700),
    "litter": lambda: _hold(1),
    "victim": _die_if_old,
    "log": lambda: logging.getLogger("tasks.hostile").warning("seen by the starter"),
}
