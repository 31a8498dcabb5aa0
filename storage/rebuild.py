"""Damaged files are rebuilt in a folder beside the lake, then put in their place in one change.

The folder beside has every file but the damaged ones, as hard links: what runs on it sees the
lake without them, and whoever reads the lake sees nothing until all of it is ready. Damaged
files are kept in `<data>/damaged/<instant>/`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from storage.checksums import SUMS, list_files
from storage.folder import explain_os_errors
from storage.parquet import read_file, read_run_id
from storage.schema import Table
from storage.staging import commit_change, open_change, stage_file

_BESIDE = "rebuild"
_KEPT = "damaged"
_NOT_LINKED = {_BESIDE, _KEPT, "archive", "locks", "staging", "handover", "docs", str(SUMS)}


@contextmanager
def open_beside(data: Path, damaged: Collection[PurePosixPath]) -> Iterator[Path]:
    """Give a data folder that has everything but the damaged files, and drop it afterwards.

    Nothing else may write to the data folder meanwhile.

    Raises:
        StorageError: the folder cannot be written.
    """
    beside = data / _BESIDE
    with explain_os_errors(data):
        shutil.rmtree(beside, ignore_errors=True)  # a killed run left it
        beside.mkdir()
        (data / "archive").mkdir(exist_ok=True)
        (beside / "archive").symlink_to((data / "archive").resolve(), target_is_directory=True)
        for path in data.rglob("*"):
            name = PurePosixPath(path.relative_to(data))
            if path.is_file() and name.parts[0] not in _NOT_LINKED and name not in damaged:
                (beside / name).parent.mkdir(parents=True, exist_ok=True)
                _link(path, beside / name)
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def adopt_files(
    data: Path,
    beside: Path,
    damaged: Collection[PurePosixPath],
    tables: Collection[Table],
    wait_seconds: float = 600,
) -> tuple[PurePosixPath, ...]:
    """Put the files of these tables that differ beside in their place, all in one change.

    Returns the files, relative to the data folder.

    Raises:
        StorageError: the folder cannot be written, or another run holds the lock.
    """
    by_name = {table.name: table for table in tables}
    with open_change(data, wait_seconds) as change:
        for name in list_files(beside):
            if not (data / name).exists() or not (data / name).samefile(beside / name):
                table = by_name[name.parts[1] if name.parts[0] == "lake" else name.stem]
                frame = read_file(beside / name, table)
                if frame is not None:
                    run_id = read_run_id(beside / name, table)
                    is_damaged = name in damaged
                    stage_file(change, name, table, frame, run_id=run_id, is_damaged=is_damaged)
        commit_change(change)
        return tuple(change.staged)


def keep_damaged(data: Path, damaged: Collection[PurePosixPath], now: datetime) -> Path:
    """Copy the damaged files that are still there aside, and return the folder they are in.

    Raises:
        StorageError: the folder cannot be written.
    """
    folder = data / _KEPT / now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    with explain_os_errors(data):
        for name in damaged:
            if (data / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(data / name, folder / name)
    return folder


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # a file system without hard links
        shutil.copy2(path, target)
