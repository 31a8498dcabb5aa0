"""The one way to a data folder, local or in a bucket: to write as the one run, or to look."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from storage.bucket import Bucket, open_bucket
from storage.bucket_change import settle_change
from storage.bucket_lock import hold_bucket, read_turn
from storage.checksums import refuse_damage
from storage.folder import StorageError, prepare_folder
from storage.lock_owner import HeldError
from storage.locks import RUN_LOCK, hold_lock
from storage.settings import Settings
from storage.staging import complete_changes
from storage.working_copy import fetch_copy, send_copy

_TRIES = 60


@contextmanager
def hold_data(
    settings: Settings, wait_seconds: float = 600, *, is_damage_allowed: bool = False
) -> Iterator[None]:
    """Have the data folder for one run alone; wait for another one's end.

    What crashed runs left is settled first, and a damaged lake refused, unless the run mends it
    or has nothing to do with it. Of a folder in a bucket, `settings.data` is then its working
    copy, and what the block changed is sent back at the end, also if it raises.

    Raises:
        HeldError: another run did not end in time.
        StorageError: the folder or bucket cannot be written, or a stored file is damaged.
    """
    data = settings.data
    prepare_folder(data)
    if settings.origin is None:
        with hold_lock(data / RUN_LOCK, wait_seconds):
            complete_changes(data, wait_seconds)
            if not is_damage_allowed:
                refuse_damage(data)
            yield
        return
    bucket = open_bucket(settings.origin)
    with hold_lock(data / RUN_LOCK, wait_seconds), hold_bucket(bucket, wait_seconds) as lock:
        settle_change(lock)
        fetch_copy(bucket, data, lock.turn.last, is_run=True)
        complete_changes(data, wait_seconds)
        try:
            if not is_damage_allowed:
                refuse_damage(data)
            yield
        finally:
            send_copy(lock, data)


def prepare_data(settings: Settings) -> None:
    """Find out before a run starts whether the data folder is usable, and have its lists here.

    Raises:
        StorageError: as `hold_data` and `view_data`.
    """
    if settings.origin is None:
        complete_changes(settings.data)
    else:
        view_data(settings)


def edit_data(settings: Settings) -> AbstractContextManager[None]:
    """Change a file that has locks of its own: only a folder in a bucket has to be held."""
    return nullcontext() if settings.origin is None else hold_data(settings, is_damage_allowed=True)


def view_data(settings: Settings) -> None:
    """See to it that `settings.data` has what is stored, as it was at one moment.

    During a run of this machine its working copy is left as it is.

    Raises:
        StorageError: the bucket does not answer, or is being changed all the time.
    """
    if settings.origin is None:
        return
    bucket = open_bucket(settings.origin)
    prepare_folder(settings.data)
    with suppress(HeldError), hold_lock(settings.data / RUN_LOCK, wait_seconds=0):
        _view(bucket, settings)


def _view(bucket: Bucket, settings: Settings) -> None:
    for _ in range(_TRIES):
        before = read_turn(bucket)
        if before.decided is None:
            fetch_copy(bucket, settings.data, before.last, is_run=False)
            after = read_turn(bucket)
            if (after.decided, after.last) == (None, before.last):
                return
        time.sleep(1)
    raise StorageError(
        f"{bucket.url}: expected a moment in which no change is under way, found none in "
        f"{_TRIES} s; if no run is going on, start one: it completes what a killed one left."
    )
