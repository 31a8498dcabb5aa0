"""Reading in processes of their own: what hangs, dies or eats all memory costs one document."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from itertools import islice
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any, TypeAlias

from storage.settings import ReadLimits
from tasks.reading.batch import MEMBER, ReadBatch, Refused

log = logging.getLogger(__name__)

Item: TypeAlias = Any  # what `Read` takes; passes to another process
BeginAt: TypeAlias = Callable[[int, str], None]  # told the place of an item, and an address
Read: TypeAlias = Callable[[Sequence[Item], BeginAt, Refused], ReadBatch]

START_SECONDS = 60.0
FAILED_STARTS = 3  # of processes that end before they begin to read
SLOWEST = 20  # documents of which the time is kept
FAULTS_PER_ARCHIVE = 3  # files that may fail before an archive is given up


@dataclass(slots=True)
class _Piece:
    """Some items to be read in one go, in the order asked for, and what came of them.

    `refused` says of addresses that are not to be read what became of them. What is on trial
    is read in a new process, so that nothing before it can be to blame.
    """

    items: Sequence[Item]
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_on_trial: bool = False
    is_taken: bool = False
    failed_starts: int = 0
    batch: ReadBatch | None = None


class _Worker:
    """A process, the piece it reads, and what it said it began: place in the piece, address."""

    def __init__(self, limits: ReadLimits) -> None:
        self.connection, theirs = Pipe()
        command = [sys.executable, "-P", "-m", "tasks.reader_process"]
        self.process = subprocess.Popen(  # noqa: S603 (our own module)
            [*command, str(theirs.fileno()), str(limits.memory_megabytes)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self.seconds = limits.seconds
        self.piece: _Piece | None = None
        self.place: tuple[int, str] | None = None
        self.deadline = time.monotonic() + START_SECONDS
        self.begun_at = time.monotonic()
        self.is_new = True

    def take(self, read: Read, piece: _Piece) -> None:
        self.piece, piece.is_taken, self.place = piece, True, None
        self.deadline = time.monotonic() + self.seconds + (START_SECONDS if self.is_new else 0)
        self.is_new = False
        try:
            self.connection.send((read, piece.items, piece.refused))
        except BrokenPipeError:
            log.debug("a reading process ended before it was given work")

    def begin(self, place: tuple[int, str]) -> None:
        self.place, self.begun_at = place, time.monotonic()
        self.deadline = self.begun_at + self.seconds

    def end(self) -> int:
        self.connection.close()
        self.process.kill()
        return self.process.wait()


class Workers:
    """Reading processes, started as they are needed and kept until `close`."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._workers: list[_Worker] = []
        self._slowest: list[tuple[float, str]] = []

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the processes that run now."""
        return tuple(worker.process.pid for worker in self._workers)

    @property
    def slowest(self) -> tuple[tuple[float, str], ...]:
        """The documents that took longest so far: seconds and address, the longest first."""
        return tuple(sorted(self._slowest, reverse=True))

    def start(self) -> None:
        """Start a process before there is work, if there may be one more: no wait for it later."""
        if len(self._workers) < self._limits.workers:
            self._workers.append(_Worker(self._limits))

    def close(self) -> None:
        """End every process, whatever it does."""
        while self._workers:
            self._workers.pop().end()

    def read(self, read: Read, pieces: Iterable[Sequence[Item]]) -> Iterator[ReadBatch]:
        """Read pieces side by side; yield what each gave, in the order of the pieces.

        A document that goes over a limit or ends its process is refused: in the batch it is a
        document with the outcome `time_limit`, `memory_limit` or `reader_died`. The others of
        its piece are read again without it, and give batches of their own. Only time is held
        against a document at once; else it is first read alone in a new process.

        Args:
            read: reads items, telling each before it begins; goes to another process.
            pieces: items of one go, whose addresses are all different.

        Raises:
            Exception: what `read` raised.
        """
        coming = (_Piece(items) for items in pieces)
        queue = list(islice(coming, 2 * self._limits.workers))
        try:
            while queue:
                self._hand_out(read, queue)
                self._await(queue)
                while queue and (batch := queue[0].batch) is not None:
                    del queue[0]
                    queue += islice(coming, 1)
                    yield batch
        finally:
            for worker in [worker for worker in self._workers if worker.piece is not None]:
                self._workers.remove(worker)
                worker.end()

    def _hand_out(self, read: Read, queue: list[_Piece]) -> None:
        for piece in [piece for piece in queue if not piece.is_taken]:
            idle = [worker for worker in self._workers if worker.piece is None]
            fresh = [worker for worker in idle if worker.is_new]
            if piece.is_on_trial and idle and not fresh:
                self._replace(idle.pop())
                fresh = idle = self._workers[-1:]
            if not idle and len(self._workers) < self._limits.workers:
                self.start()
                fresh = idle = self._workers[-1:]
            if not idle:
                return
            (fresh if piece.is_on_trial else idle)[0].take(read, piece)

    def _await(self, queue: list[_Piece]) -> None:
        """Wait until something is said or a time is up, and see to it."""
        busy = [worker for worker in self._workers if worker.piece is not None]
        if not busy:
            return
        until = min(worker.deadline for worker in busy) - time.monotonic()
        said = wait([worker.connection for worker in busy], max(until, 0))
        for worker in busy:
            if worker.connection in said:
                self._listen(worker, queue)
            elif worker.deadline <= time.monotonic():
                self._blame(worker, queue, "time_limit")

    def _listen(self, worker: _Worker, queue: list[_Piece]) -> None:
        try:
            kind, content = worker.connection.recv()
        except (EOFError, OSError):
            return self._blame(worker, queue, "reader_died")
        if kind == "log":
            logging.getLogger(content.name).handle(content)
        elif kind == "at":
            self._time(worker)
            worker.begin(content)
        elif kind == "memory":
            self._blame(worker, queue, "memory_limit")
        elif kind == "raised":
            raise content
        elif worker.piece is not None:
            self._time(worker)
            worker.piece.batch, worker.piece = content, None
        return None

    def _time(self, worker: _Worker) -> None:
        """Note how long a process took over what it began last."""
        if worker.place is not None:
            taken = time.monotonic() - worker.begun_at, worker.place[1]
            keep = heappush if len(self._slowest) < SLOWEST else heappushpop
            keep(self._slowest, taken)

    def _blame(self, worker: _Worker, queue: list[_Piece], outcome: str) -> None:
        """Put a piece that was not done back, in parts: what went wrong apart from the rest."""
        piece, place = worker.piece, worker.place
        self._time(worker)
        status = self._replace(worker)
        if piece is None:
            return
        reason = describe_fault(outcome, status, self._limits)
        if place is None:  # it had ended while it was idle, or cannot start
            piece.is_taken, piece.failed_starts = False, piece.failed_starts + 1
            if piece.failed_starts == FAILED_STARTS:
                raise RuntimeError(f"expected a reading process to start, found: {reason}")
            return
        log.warning("reading %s: %s, %s", place[1], outcome, reason)
        at = queue.index(piece)
        queue[at : at + 1] = split_piece(piece, place, outcome, reason)

    def _replace(self, worker: _Worker) -> int:
        self._workers.remove(worker)
        status = worker.end()
        self.start()
        return status


@contextmanager
def open_workers(limits: ReadLimits) -> Iterator[Workers]:
    """Have reading processes at hand while the context lasts."""
    workers = Workers(limits)
    try:
        yield workers
    finally:
        workers.close()


def split_piece(piece: _Piece, place: tuple[int, str], outcome: str, reason: str) -> list[_Piece]:
    """Set the item at fault apart: refuse its address, or put it on trial first."""
    number, url = place
    suspect = _Piece([piece.items[number]], dict(piece.refused), is_on_trial=piece.is_on_trial)
    if piece.is_on_trial or outcome == "time_limit":
        suspect.refused[url] = outcome, reason
        archive, _, name = url.partition(MEMBER)
        if name and len(suspect.refused) == FAULTS_PER_ARCHIVE:
            said = f"{FAULTS_PER_ARCHIVE} of its files could not be read; the last one: {reason}"
            suspect.refused[archive] = outcome, said
    else:
        suspect.is_on_trial = True
    others = [_Piece(piece.items[:number]), _Piece(piece.items[number + 1 :])]
    return [part for part in (others[0], suspect, others[1]) if part.items]


def describe_fault(outcome: str, status: int, limits: ReadLimits) -> str:
    """Say which limit a document went over, or how its process ended; `status` as of Popen."""
    memory = f"{limits.memory_megabytes} MB (GOUJI_READ_MEMORY_MB)"
    if outcome == "time_limit":
        return (
            f"expected it to be read within {limits.seconds:g} s (GOUJI_READ_SECONDS), found "
            "that it takes longer; raise the limit if this is a report"
        )
    if outcome == "memory_limit":
        return (
            f"expected to read it with {memory}, found that it takes more; raise the limit if "
            "this is a report"
        )
    how = signal.Signals(-status).name if status < 0 else f"status {status}"
    return (
        f"expected a document that can be read, found that it ended its reading process ({how}); "
        f"it is damaged or hostile, or takes more than {memory}"
    )
