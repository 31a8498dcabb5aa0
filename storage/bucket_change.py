"""Several objects that change together: staged, decided in the lock, then put in their places.

A change is put under `staging/<token>/` and listed in `commit.json` there. Writing the token
into the lock decides it: from then on it will be completed. Each object is then put in its
place in the order of the list, only over the object that the list names. After a crash the next
run completes what was decided and drops the rest. A run that lost its lock decides nothing, and
what it still puts of a decided change is what the next run has put already.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from storage.bucket import (
    Bucket,
    ChangedError,
    delete_objects,
    do_at_once,
    list_objects,
    put_object,
    read_object,
    replace_object,
)
from storage.bucket_lock import BucketLock
from storage.folder import StorageError

STAGING = "staging"
_JOURNAL = "commit.json"

logger = logging.getLogger(__name__)


def change_objects(
    lock: BucketLock,
    seen: Mapping[str, str | None],
    removed: Sequence[str],
    read: Callable[[str], bytes],
) -> dict[str, str | None]:
    """Put objects in the order of `seen`, then delete the `removed` ones.

    Args:
        lock: Of the bucket.
        seen: By name the tag of the object to be replaced, None where there is none.
        removed: Names.
        read: Gives the new content of an object; it stays the same until the end.

    Returns:
        The new tags; None where somebody else put another object there, which stays.

    Raises:
        StorageError: another run took over, or the bucket does not answer.
    """
    token = str(lock.turn.owner)
    folder = f"{STAGING}/{token}"
    bucket = lock.bucket
    do_at_once(lambda name: replace_object(bucket, f"{folder}/files/{name}", read(name)), seen)
    journal = json.dumps({"files": list(seen.items()), "removed": list(removed)})
    replace_object(bucket, f"{folder}/{_JOURNAL}", journal.encode())
    lock.write(replace(lock.turn, decided=token, last=token))
    tags = {name: _put_in_place(bucket, name, read(name), tag) for name, tag in seen.items()}
    delete_objects(bucket, list(removed))
    lock.write(replace(lock.turn, decided=None))
    _clear(bucket)
    return tags


def settle_change(lock: BucketLock) -> None:
    """Complete the change that a crashed run decided, and drop what none decided.

    Raises:
        StorageError: staged objects are gone, or the bucket does not answer.
    """
    bucket, token = lock.bucket, lock.turn.decided
    if token is not None:
        logger.warning("%s: completing what a run decided that did not end", bucket.url)
        journal = json.loads(_read_staged(bucket, f"{STAGING}/{token}/{_JOURNAL}"))
        for name, tag in journal["files"]:
            staged = _read_staged(bucket, f"{STAGING}/{token}/files/{name}")
            _put_in_place(bucket, name, staged, tag)
        delete_objects(bucket, journal["removed"])
        lock.write(replace(lock.turn, decided=None))
    _clear(bucket)


def _put_in_place(bucket: Bucket, name: str, content: bytes, seen: str | None) -> str | None:
    try:
        return put_object(bucket, name, content, seen)
    except ChangedError:
        logger.warning("%s/%s: was replaced meanwhile, and is left as it is", bucket.url, name)
        return None


def _read_staged(bucket: Bucket, name: str) -> bytes:
    there = read_object(bucket, name)
    if there is None:
        raise StorageError(
            f"{bucket.url}/{name}: expected an object of the change that the last run decided, "
            "found none; something else deleted it. Restore it from a copy or an earlier version."
        )
    return there.content


def _clear(bucket: Bucket) -> None:
    delete_objects(bucket, list(list_objects(bucket, STAGING)))
