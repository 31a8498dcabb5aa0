"""Raw bytes as they were received, kept once under `<data>/archive/<ab>/<sha256>`.

`ArchiveError` tells that kept bytes are missing or damaged; a folder that cannot be written
shows as the `OSError` of the system. In the working copy of a folder that is in a bucket, bytes
that are not here are fetched when they are asked for, and kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from functools import partial
from pathlib import Path

from storage.bucket import Bucket, do_at_once, has_object, list_objects, open_bucket, read_object
from storage.checksums import hash_file

ORIGIN = ".origin"  # in a working copy, names the bucket
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ArchiveError(Exception):
    """The archive does not hold the bytes that a hash stands for."""


def put(data: Path, content: bytes, *, is_synced: bool = True) -> str:
    """Keep `content` and return its sha256 in hexadecimal.

    The bytes appear under their name at once or not at all, and are never written twice; a
    kept file of another length, left by a failing disk, is replaced.

    Args:
        data: the data folder; folders below it are made as needed.
        content: the bytes as received.
        is_synced: whether to wait until they rest on the disk. A crash of this process does
            no harm either way.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    path = locate(data, sha256)
    if path.is_file() and path.stat().st_size == len(content):
        return sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=".", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if is_synced:
                file.flush()
                os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    if is_synced:
        _sync_folder(path.parent)
    return sha256


def sync() -> None:
    """Wait until everything that was put without waiting rests on the disk."""
    if hasattr(os, "sync"):  # Windows has none; there a power cut may cost what was put last
        os.sync()


def get(data: Path, sha256: str) -> bytes:
    """Return the bytes kept under `sha256`, after hashing them again.

    Raises:
        ArchiveError: nothing is kept under it, or what is kept has another hash.
    """
    path = locate(data, sha256)
    content = path.read_bytes() if path.exists() else _fetch(data, sha256)
    if content is None:
        raise ArchiveError(
            f"archive: expected the bytes of {sha256} at {path}, found no file; "
            "fetch the source again or restore the archive from a copy"
        )
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ArchiveError(
            f"archive: {path} is damaged: expected sha256 {sha256}, found {found} over "
            f"{len(content)} bytes; delete the file and fetch the source again"
        )
    return content


def has(data: Path, sha256: str) -> bool:
    """Tell whether bytes are kept under `sha256`, without hashing them."""
    path, origin = locate(data, sha256), data / ORIGIN
    if path.is_file() or not origin.is_file():
        return path.is_file()
    return has_object(open_bucket(origin.read_text()), path.relative_to(data).as_posix())


def find_damaged(data: Path) -> list[str]:
    """Hash all that is kept, and list the sha256 under which other bytes stand, sorted."""
    kept = (path for path in (data / "archive").glob("??/*") if _SHA256.fullmatch(path.name))
    damaged = {path.name for path in kept if hash_file(path) != path.name}
    return sorted(damaged | set(_find_damaged_objects(data)))


def mark_sent(path: Path) -> None:
    """Remember of a file that the bucket has it as it is here: its time of change is then 0."""
    os.utime(path, ns=(0, 0))


def _find_damaged_objects(data: Path) -> list[str]:
    origin = data / ORIGIN
    if not origin.is_file():
        return []
    bucket = open_bucket(origin.read_text())
    names = list(list_objects(bucket, "archive"))
    is_damaged = do_at_once(partial(_is_damaged, bucket), names)
    return [name[-64:] for name, bad in zip(names, is_damaged, strict=True) if bad]


def _is_damaged(bucket: Bucket, name: str) -> bool:
    there = read_object(bucket, name)
    return there is not None and hashlib.sha256(there.content).hexdigest() != name[-64:]


def _fetch(data: Path, sha256: str) -> bytes | None:
    """Fetch bytes from the bucket, and keep them if they are whole; None where there are none."""
    path, origin = locate(data, sha256), data / ORIGIN
    if not origin.is_file():
        return None
    there = read_object(open_bucket(origin.read_text()), path.relative_to(data).as_posix())
    if there is None:
        return None
    if hashlib.sha256(there.content).hexdigest() == sha256:
        put(data, there.content, is_synced=False)
        mark_sent(path)
    return there.content


def locate(data: Path, sha256: str) -> Path:
    """Return where the bytes of `sha256` stand, whether they are there or not.

    Raises:
        ArchiveError: `sha256` is not 64 lower-case hexadecimal digits.
    """
    if not _SHA256.fullmatch(sha256):
        raise ArchiveError(
            f"archive: expected a sha256 of 64 lower-case hexadecimal digits, found {sha256!r}"
        )
    return data / "archive" / sha256[:2] / sha256


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)
