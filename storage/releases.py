"""Releases: snapshots of the lake in `<data>/releases/<name>`, each with its checksums.

A release is made beside its place and put there at once; afterwards nothing writes to it.
`sha256sum -c SHA256SUMS` in its folder proves that it is as it was made.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from storage.checksums import SUMS, hash_file, list_files, print_sums, read_sums
from storage.folder import StorageError, explain_os_errors, sync_folders, write_synced

FACTS = "release.json"
_FOLDER = "releases"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_READ_ONLY = 0o444


def list_releases(data: Path) -> list[dict[str, Any]]:
    """Return the facts of all releases, the first one first; each has its `name`.

    Raises:
        StorageError: the facts of a release cannot be read.
    """
    found = []
    for path in (data / _FOLDER).glob(f"[!.]*/{FACTS}"):
        with explain_os_errors(path):
            content = path.read_bytes()
        try:
            found.append(json.loads(content))
        except ValueError as error:
            raise StorageError(
                f"{path}: expected the facts of a release as JSON, found damage ({error}). "
                "Restore the release from a copy, or move its folder away."
            ) from error
    return sorted(found, key=lambda facts: str(facts["released_at"]))


def locate_release(data: Path, name: str) -> Path:
    """Give the folder of a release."""
    return data / _FOLDER / name


@contextmanager
def open_release(data: Path, name: str) -> Iterator[Path]:
    """Give a folder with a copy of the lake to complete, and make it the release at the end.

    The caller sees to it that no run stores meanwhile. If the block raises, nothing is left.

    Raises:
        StorageError: the name is none for a folder or is taken, a stored file is not as it
            was written, or the folder cannot be written.
    """
    target = locate_release(data, name)
    if not _NAME.fullmatch(name):
        raise StorageError(
            f"release: expected a name of letters, digits, '.', '_' and '-', found {name!r}"
        )
    if target.exists():
        raise StorageError(f"{target}: this release exists, and no release is ever changed")
    beside = target.with_name(f".{name}-{uuid4().hex}")
    with explain_os_errors(data):
        try:
            beside.mkdir(parents=True)
            _copy_files(data, beside)
            yield beside
            _seal(beside)
            beside.rename(target)
            sync_folders([target.parent])
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _copy_files(data: Path, folder: Path) -> None:
    sums = read_sums(data)
    for name in list_files(data):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / name, folder / name)
        if name in sums and hash_file(folder / name) != sums[name]:
            raise StorageError(
                f"{data / name}: expected the bytes that were written (sha256 {sums[name]}), "
                "found others. Run `gouji check --files`, which rebuilds it, then release."
            )


def _seal(folder: Path) -> None:
    """Write the checksums, take the right to write away, and wait until all is on the disk."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {PurePosixPath(path.relative_to(folder)): hash_file(path) for path in files}
    write_synced(folder / SUMS, print_sums(sums))
    for path in [*files, folder / SUMS]:
        path.chmod(_READ_ONLY)
    sync_folders([folder, *(path for path in folder.rglob("*") if path.is_dir())])
