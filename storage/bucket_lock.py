"""One run at a time on a bucket: an object that names its owner, replaced under a condition.

Every write of the lock, also its sign of life every few seconds, replaces the object that its
owner wrote last; once another run took over, none succeeds. So what a run decides by writing
it into the lock (`BucketLock.write`) is decided only while it holds the lock. A lock is dead
when its owner's process is gone from this host, or when a waiter has watched it unchanged for
`stale_seconds` of its own clock. A lock that is given back stays as an object without owner.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from uuid import uuid4

from storage.bucket import Bucket, ChangedError, Kept, put_object, read_object
from storage.folder import StorageError
from storage.lock_owner import Owner, is_gone, name_owner, show_life, tell_held

NAME = "locks/run.lock"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn(Owner):
    """What the object says: who has the turn, and what was last decided.

    `owner` is the token of the run that holds it, None where none does. `decided` is the token
    of the change that is under way, None where all are complete; `last` that of the last one.
    """

    owner: str | None = None
    beat: int = 0
    decided: str | None = None
    last: str | None = None


@dataclass(slots=True)
class BucketLock:
    """A held lock; `turn` is what it said when it was last written."""

    bucket: Bucket
    turn: Turn
    tag: str
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def write(self, turn: Turn) -> None:
        """Have the lock say something else.

        Raises:
            StorageError: another run took over, or the bucket does not answer.
        """
        with self._mutex:
            self._write(turn)

    def beat(self) -> None:
        """Show that the owner is alive."""
        with self._mutex:
            self._write(replace(self.turn, beat=self.turn.beat + 1))

    def _write(self, turn: Turn) -> None:
        content = json.dumps(asdict(turn)).encode()
        try:
            self.tag = put_object(self.bucket, NAME, content, self.tag)
        except ChangedError as error:
            there = read_object(self.bucket, NAME)
            if there is None or _parse(there).owner != self.turn.owner:
                now = "nobody" if there is None else _parse(there)
                raise StorageError(
                    f"{self.bucket.url}/{NAME}: this run was held up for so long that {now} took "
                    "over; the bucket is as that run has it. Run again."
                ) from error
            # An earlier write of ours got there although its answer did not come back.
            self.tag = put_object(self.bucket, NAME, content, there.tag)
        self.turn = turn


def read_turn(bucket: Bucket) -> Turn:
    """Read who has the turn; nobody where no run ever had.

    Raises:
        StorageError: the bucket does not answer.
    """
    there = read_object(bucket, NAME)
    return Turn() if there is None else _parse(there)


@contextmanager
def hold_bucket(
    bucket: Bucket,
    wait_seconds: float = 600,
    stale_seconds: float = 60,
    poll_seconds: float = 1,
) -> Iterator[BucketLock]:
    """Hold the lock of a bucket during the block; wait for its owner at most `wait_seconds`.

    Raises:
        HeldError: another run still holds it.
        StorageError: the bucket cannot be read and written.
    """
    lock = _acquire(bucket, wait_seconds, stale_seconds, poll_seconds)
    try:
        with show_life(lock.beat, stale_seconds):
            yield lock
    finally:
        with suppress(StorageError):  # it was taken over, or is found dead by the next run
            turn = lock.turn
            lock.write(Turn(beat=turn.beat + 1, decided=turn.decided, last=turn.last))


def _acquire(
    bucket: Bucket, wait_seconds: float, stale_seconds: float, poll_seconds: float
) -> BucketLock:
    started = seen_from = time.monotonic()
    seen: str | None = None
    while True:
        there = read_object(bucket, NAME)
        turn = Turn() if there is None else _parse(there)
        tag = None if there is None else there.tag
        moment = time.monotonic()
        if tag != seen:
            seen, seen_from = tag, moment
        is_dead = is_gone(turn) or moment - seen_from >= stale_seconds
        if turn.owner is None or is_dead:
            if turn.owner is not None:
                logger.warning("%s: taking over from %s, which shows no life", bucket.url, turn)
            mine = Turn(
                **asdict(name_owner()),
                owner=uuid4().hex,
                beat=turn.beat,  # goes on, so that no two turns leave the same object
                decided=turn.decided,
                last=turn.last,
            )
            with suppress(ChangedError):  # another waiter was faster
                put = put_object(bucket, NAME, json.dumps(asdict(mine)).encode(), tag)
                return BucketLock(bucket, mine, put)
        elif moment - started >= wait_seconds:
            raise tell_held(f"{bucket.url}/{NAME}", "object", turn, wait_seconds)
        else:
            time.sleep(poll_seconds)


def _parse(there: Kept) -> Turn:
    try:
        return Turn(**json.loads(there.content))
    except (ValueError, TypeError) as error:
        raise StorageError(
            f"{NAME}: expected the lock of a run as JSON, found {there.content[:80]!r} ({error}). "
            "If no run is going on, delete this object."
        ) from error
