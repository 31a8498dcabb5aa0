"""Several files that change together: staged outside the lake, proved, then moved into place.

A change is written to `<data>/staging/<run>/files/…`, flushed and read back. Writing
`commit.json`, the list of its files, decides it: from then on it will be completed. The moves
follow, each atomic (`os.replace` on one file system), all within milliseconds; the list of
checksums comes last. After a crash the
next change first settles what it finds: without `commit.json` the staged files are dropped,
with it the remaining moves are made. No file of the lake is ever removed, so no reader finds
one gone that it has just listed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from uuid import uuid4

import polars as pl
from pydantic import TypeAdapter

from storage.checksums import SUMS, hash_file, print_sums, read_sums
from storage.folder import (
    StorageError,
    explain_os_errors,
    prepare_folder,
    replace_file,
    sync_folders,
    write_synced,
)
from storage.json_file import read_json
from storage.locks import Lock, hold_lock, verify_lock
from storage.parquet import open_file, read_file, write_file
from storage.schema import Table

_JOURNAL = "commit.json"
_TARGETS = TypeAdapter(list[PurePosixPath])


@dataclass(frozen=True, slots=True)
class Change:
    """A change under way; `staged` are the files to replace, relative to the data folder."""

    data: Path
    folder: Path
    lock: Lock
    staged: list[PurePosixPath] = field(default_factory=list)


def complete_changes(data: Path, wait_seconds: float = 600) -> None:
    """Prove that the folder can be written, and settle what a crashed run left; to start with.

    Raises:
        StorageError: the folder cannot be written, or another run holds the lock.
    """
    with open_change(data, wait_seconds):
        pass


@contextmanager
def open_change(data: Path, wait_seconds: float) -> Iterator[Change]:
    """Hold the lock of the lake, settle what a crash left, and give a change to fill.

    What the block staged but did not commit is dropped.

    Raises:
        StorageError: the folder cannot be written, or another run holds the lock.
    """
    prepare_folder(data)
    with hold_lock(data / "locks" / "lake.lock", wait_seconds) as lock, explain_os_errors(data):
        _settle_leftovers(data)
        folder = data / "staging" / uuid4().hex
        (folder / "files").mkdir(parents=True)
        try:
            yield Change(data, folder, lock)
        finally:
            if folder.exists() and not (folder / _JOURNAL).exists():
                shutil.rmtree(folder)


def stage_file(
    change: Change,
    target: PurePosixPath,
    table: Table,
    frame: pl.DataFrame,
    *,
    run_id: str | None = None,
    is_damaged: bool = False,
) -> bool:
    """Stage the new content of a file, sorted by the key; return False if it has it already.

    A file that `is_damaged` is replaced whatever it seems to hold.

    `frame` has the columns of `table.schema`; `target` is relative to the data folder. `run_id`
    is that of the other files it belongs to, where the table has one.

    Raises:
        StorageError: the key is not unique, or the file reads back otherwise than written.
    """
    old = None if is_damaged else open_file(change.data / target, table)
    if old is not None and old.run_id == run_id and old.holds(frame, table.key):
        return False
    del old
    stage_rows(change, target, table, frame.sort(table.key), run_id)
    return True


def stage_rows(
    change: Change, target: PurePosixPath, table: Table, frame: pl.DataFrame, run_id: str | None
) -> None:
    """Stage the content of a file, which is sorted by the key, whatever it has now.

    Raises:
        StorageError: as `stage_file`.
    """
    _check_key(table, frame, target)
    staged = change.folder / "files" / target
    staged.parent.mkdir(parents=True, exist_ok=True)
    write_file(staged, table, frame, run_id)
    back = read_file(staged, table)
    if back is None or not back.equals(frame):
        raise StorageError(
            f"{staged}: expected to read back the {frame.height} rows of table {table.name} that "
            "were written, found others. What was stored before is unchanged. Check the disk."
        )
    change.staged.append(target)


def commit_change(change: Change) -> None:
    """Move the staged files into place, in the order in which they were staged."""
    if not change.staged:
        return
    verify_lock(change.lock)
    targets = [*change.staged, _stage_sums(change)]
    sync_folders(path for path in change.folder.rglob("*") if path.is_dir())
    replace_file(change.folder / _JOURNAL, json.dumps([str(p) for p in targets]).encode())
    sync_folders([change.folder.parent])
    _finish(change.data, change.folder, targets)


def _stage_sums(change: Change) -> PurePosixPath:
    """Stage the list of checksums as it will be, and return where it goes."""
    files = change.folder / "files"
    sums = read_sums(change.data) | {path: hash_file(files / path) for path in change.staged}
    write_synced(files / SUMS, print_sums(sums))
    return SUMS


def _settle_leftovers(data: Path) -> None:
    """Complete the changes that a crash interrupted after they were decided; drop the others."""
    for folder in sorted((data / "staging").glob("*")):
        journal = folder / _JOURNAL
        if journal.exists():
            remedy = f"Delete the folder {folder}, then run `gouji check --files`."
            targets = read_json(journal, _TARGETS, "the files of a change", remedy)
            _finish(data, folder, targets)
        else:
            shutil.rmtree(folder)


def _finish(data: Path, folder: Path, targets: Sequence[PurePosixPath]) -> None:
    for target in targets:
        (data / target).parent.mkdir(parents=True, exist_ok=True)
    for target in targets:
        staged = folder / "files" / target
        if staged.exists():  # else it was moved before the crash
            try:
                staged.replace(data / target)
            except OSError as error:
                raise StorageError(
                    f"{data / target}: could not be replaced ({error.strerror}). The new data is "
                    f"complete in {folder}: grant the right to write there, or close what holds "
                    "the file open; the next run then moves the rest into place."
                ) from error
    sync_folders({data / parent for target in targets for parent in target.parents})
    shutil.rmtree(folder)


def _check_key(table: Table, frame: pl.DataFrame, target: PurePosixPath) -> None:
    """`frame` is sorted by the key, so rows of the same key are neighbours."""
    rows = frame.select(table.key)
    before = rows.slice(0, max(rows.height - 1, 0))
    after = rows.slice(1)
    is_same = pl.all_horizontal(after[name].eq_missing(before[name]) for name in table.key)
    repeated = after.filter(pl.select(is_same).to_series())
    if repeated.height:
        key = ", ".join(f"{name}={value!r}" for name, value in repeated.row(0, named=True).items())
        raise StorageError(
            f"{target}: expected one {table.row_per} per row, found {key} more than once. "
            "What was stored before is unchanged."
        )
