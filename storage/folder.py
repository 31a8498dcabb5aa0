"""The data folder: is it usable, and what to do when it is not.

`StorageError` is the one exception of this package: the folder, a file in it, or a frame meant
for it is not as it must be. Whatever was stored before is then still there, unchanged.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR}


class StorageError(Exception):
    """Something could not be stored or read; the message says what to do."""


@contextmanager
def explain_os_errors(data: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into a `StorageError` that says what to do about it."""
    try:
        yield
    except OSError as error:
        raise StorageError(_explain(error, data)) from error


def prepare_folder(data: Path) -> None:
    """Make the data folder if it is missing, and prove that a file can be written in it.

    Raises:
        StorageError: it cannot be made or written, or its disk is full.
    """
    with explain_os_errors(data):
        data.mkdir(parents=True, exist_ok=True)
        probe = data / f".probe-{uuid4().hex}"
        try:
            write_synced(probe, b"gouji")
        finally:
            probe.unlink(missing_ok=True)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until it rests on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Put a small file in place at once: readers see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}-{uuid4().hex}")
    try:
        write_synced(beside, content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folders([path.parent])


def sync_folders(folders: Iterable[Path]) -> None:
    """Wait until the names in these folders rest on the disk, where the system can say so."""
    if os.name == "nt":  # Windows opens no folder as a file; its renames are journaled
        return
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _explain(error: OSError, data: Path) -> str:
    where = f"data folder {data}: "
    path = error.filename or data
    kept = "What was stored before is unchanged."
    if error.errno in _FULL:
        return (
            f"{where}no space left to write {path} ({error.strerror}). {kept} "
            "Free space or give a folder on another disk with --data or GOUJI_DATA; run again."
        )
    if error.errno in _FORBIDDEN:
        return (
            f"{where}{path} cannot be written ({error.strerror}). {kept} Grant this user the "
            "right to write there, or give another folder with --data or GOUJI_DATA."
        )
    if error.errno in _IN_THE_WAY:
        return (
            f"{where}expected a folder, found a file in the way at {path}. {kept} "
            "Move that file, or give another folder with --data or GOUJI_DATA."
        )
    return f"{where}{error}. {kept} Put that right and run again."
