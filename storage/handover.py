"""What a run hands to its helpers on other machines, and they hand back: bytes by name.

In `<data>/handover/<run>/`, or under that prefix of the bucket the data folder is in. It is gone
once the run has what it needs; what a killed run left, the next one that hands over drops.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from storage.archive import ORIGIN
from storage.bucket import delete_objects, list_objects, open_bucket, read_object, replace_object
from storage.folder import StorageError, explain_os_errors, prepare_folder, replace_file
from storage.settings import Settings

FOLDER = "handover"


@contextmanager
def open_handover(settings: Settings) -> Iterator[str]:
    """Give the name of an empty place; what is in it goes at the end. Of one run at a time."""
    _drop(settings)
    try:
        yield uuid4().hex
    finally:
        _drop(settings)


def hand_over(settings: Settings, run: str, name: str, content: bytes) -> None:
    """Put bytes there; what stood under the name is replaced at once.

    Raises:
        StorageError: the folder or bucket cannot be written.
    """
    if settings.origin is not None:
        replace_object(open_bucket(settings.origin), f"{FOLDER}/{run}/{name}", content)
        return
    with explain_os_errors(settings.data):
        replace_file(settings.data / FOLDER / run / name, content)


def take_over(settings: Settings, run: str, name: str) -> bytes:
    """Take the bytes of a name.

    Raises:
        StorageError: there are none: the run that handed them over has ended, or has its data
            in another folder.
    """
    if settings.origin is not None:
        there = read_object(open_bucket(settings.origin), f"{FOLDER}/{run}/{name}")
        content = None if there is None else there.content
    else:
        path = settings.data / FOLDER / run / name
        content = path.read_bytes() if path.is_file() else None
    if content is None:
        raise StorageError(
            f"{settings.place}/{FOLDER}/{run}/{name}: expected what the run handed over, found "
            "nothing. Either that run has ended, or this machine does not see its data folder: "
            "several machines need a shared folder, or a folder in a bucket."
        )
    return content


def find_archive(settings: Settings) -> None:
    """Have the archive at hand in `settings.data`, on a machine that has no working copy yet."""
    if settings.origin is not None:
        prepare_folder(settings.data)
        if not (settings.data / ORIGIN).exists():
            replace_file(settings.data / ORIGIN, settings.origin.encode())


def _drop(settings: Settings) -> None:
    if settings.origin is not None:
        bucket = open_bucket(settings.origin)
        delete_objects(bucket, list(list_objects(bucket, FOLDER)))
    else:
        shutil.rmtree(settings.data / FOLDER, ignore_errors=True)
