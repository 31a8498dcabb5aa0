"""The working copy of a data folder that is in a bucket: brought in line, worked on, sent back.

Runs work in the copy as in any data folder. `.bucket.json` in it remembers, of each file, the
tag of its object and what the file looked like then; so only what changed is moved either way.
What a killed run left is gone on with, unless another run has changed the bucket since: then the
bucket counts. The archive is not copied: `storage.archive` gets single texts as they are asked
for. Texts and WARC files that are in the bucket have the time of change 0.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from storage.archive import ORIGIN, mark_sent
from storage.bucket import (
    Bucket,
    ChangedError,
    do_at_once,
    list_objects,
    list_top,
    put_object,
    read_object,
    replace_object,
)
from storage.bucket_change import STAGING, change_objects
from storage.bucket_lock import BucketLock
from storage.folder import explain_os_errors, replace_file
from storage.json_file import read_json

_INDEX = ".bucket.json"
_GROWING = ("archive", "warc")
# Of one machine, or made from the rest and true for one folder only.
_OWN = {"locks", STAGING, "rebuild", "handover", "gouji.duckdb", *_GROWING}
_PASSING = ("-wal", "-shm", "-journal", ".partial")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was when it was the same as its object."""

    tag: str
    size: int
    changed_ns: int
    sha256: str


@dataclass(slots=True)
class _Index:
    """What the copy is of: `last` decided change, and the files; `is_open` during a run."""

    last: str | None = None
    is_open: bool = False
    files: dict[str, _File] = field(default_factory=dict)


_INDEXES = TypeAdapter(_Index)


def fetch_copy(bucket: Bucket, data: Path, last: str | None, *, is_run: bool) -> None:
    """Bring the copy in line with the bucket.

    Args:
        bucket: The bucket.
        data: The folder of the copy.
        last: The change that was decided last in the bucket.
        is_run: Whether a run begins, whose changes are kept if it is killed.

    Raises:
        StorageError: the bucket does not answer, or the folder cannot be written.
    """
    with explain_os_errors(data):
        index = _read_index(data)
        is_ahead = index.is_open and index.last == last
        if index.is_open and not is_ahead:
            logger.warning("%s: what a killed run left is dropped: another one ran since", data)
            shutil.rmtree(data / STAGING, ignore_errors=True)
        replace_file(data / ORIGIN, bucket.url.encode())
        there, here = _list_mirrored(bucket), _list_local(data)
        wanted = [
            name
            for name, tag in there.items()
            if (known := index.files.get(name)) is None
            or known.tag != tag
            or name not in here
            or not (is_ahead or here[name] == (known.size, known.changed_ns))
        ]
        for name in here.keys() - there.keys():
            if not is_ahead or name in index.files:
                (data / name).unlink()
        fetched = do_at_once(lambda name: _fetch(bucket, data, name), wanted)
        files = {name: known for name, known in index.files.items() if name in there}
        files |= {name: file for name, file in zip(wanted, fetched, strict=True) if file}
        _write_index(data, _Index(last, is_run or is_ahead, files))


def send_copy(lock: BucketLock, data: Path) -> None:
    """Send what a run changed, all of it in one change; texts of the archive go first.

    Raises:
        StorageError: another run took over, or the bucket does not answer.
    """
    with explain_os_errors(data):
        _close_databases(data)
        _send_growing(lock.bucket, data)
        index = _read_index(data)
        here = _list_local(data)
        changed: dict[str, str] = {}
        # In the order in which they were written, as readers are promised.
        for name in sorted(here, key=lambda name: (here[name][1], name)):
            known = index.files.get(name)
            if known is None or here[name] != (known.size, known.changed_ns):
                sha256 = hashlib.sha256((data / name).read_bytes()).hexdigest()
                if known is None or known.sha256 != sha256:
                    changed[name] = sha256
                else:
                    index.files[name] = _File(known.tag, *here[name], sha256)
        removed = sorted(index.files.keys() - here.keys())
        if changed or removed:
            seen = {name: _get_tag(index, name) for name in changed}
            tags = change_objects(lock, seen, removed, lambda name: (data / name).read_bytes())
            for name, tag in tags.items():
                index.files.pop(name, None)
                if tag is not None:
                    index.files[name] = _File(tag, *here[name], changed[name])
            for name in removed:
                del index.files[name]
        _write_index(data, _Index(lock.turn.last, False, index.files))


def _close_databases(data: Path) -> None:
    """Bring into the databases what a killed process has left beside them."""
    for path in data.glob("*.sqlite-wal"):
        with closing(sqlite3.connect(path.with_name(path.name.removesuffix("-wal")))) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _get_tag(index: _Index, name: str) -> str | None:
    known = index.files.get(name)
    return None if known is None else known.tag


def _fetch(bucket: Bucket, data: Path, name: str) -> _File | None:
    there = read_object(bucket, name)
    if there is None:
        return None
    for suffix in _PASSING:  # of the file that is replaced, and would be taken for this one's
        (data / f"{name}{suffix}").unlink(missing_ok=True)
    replace_file(data / name, there.content)
    found = (data / name).stat()
    sha256 = hashlib.sha256(there.content).hexdigest()
    return _File(there.tag, found.st_size, found.st_mtime_ns, sha256)


def _send_growing(bucket: Bucket, data: Path) -> None:
    """Send texts and WARC files that are not in the bucket as they are here."""
    waiting = [
        path
        for folder in _GROWING
        for path in (data / folder).rglob("*")
        if path.is_file() and path.stat().st_mtime_ns and not path.name.startswith(".")
    ]
    do_at_once(lambda path: _send(bucket, data, path), waiting)


def _send(bucket: Bucket, data: Path, path: Path) -> None:
    name, content = path.relative_to(data).as_posix(), path.read_bytes()
    if not name.startswith("archive/"):
        replace_object(bucket, name, content)
    elif hashlib.sha256(content).hexdigest() == path.name:
        try:
            put_object(bucket, name, content, None)
        except ChangedError:
            replace_object(bucket, name, content)  # what stands there is damaged
    mark_sent(path)


def _list_mirrored(bucket: Bucket) -> dict[str, str]:
    folders, found = list_top(bucket)
    for folder in folders:
        if folder not in _OWN:
            found |= list_objects(bucket, folder)
    return {name: tag for name, tag in found.items() if _is_mirrored(name)}


def _list_local(data: Path) -> dict[str, tuple[int, int]]:
    """List the files that have an object, with size and time of change."""
    return {
        name: (found.st_size, found.st_mtime_ns)
        for path in _walk(data)
        if _is_mirrored(name := path.relative_to(data).as_posix())
        for found in [path.stat()]
    }


def _walk(data: Path) -> Iterator[Path]:
    for top in data.iterdir():
        if top.is_file():
            yield top
        elif top.name not in _OWN:
            yield from (path for path in top.rglob("*") if path.is_file())


def _is_mirrored(name: str) -> bool:
    parts = name.split("/")
    is_hidden = any(part.startswith(".") for part in parts)
    return not (is_hidden or parts[0] in _OWN or name.endswith(_PASSING))


def _read_index(data: Path) -> _Index:
    path = data / _INDEX
    if not path.exists():
        return _Index()
    remedy = f"Delete the folder {data}; the next run copies it anew."
    return read_json(path, _INDEXES, "what is known of the bucket", remedy)


def _write_index(data: Path, index: _Index) -> None:
    replace_file(data / _INDEX, _INDEXES.dump_json(index))
