"""Damaged files are rebuilt in a folder beside the lake, then put in their place in one change.

The folder beside has every file but the damaged ones, as hard links: what runs on it sees the
lake without them, and whoever reads the lake sees nothing until all of it is ready. Damaged
files are kept in `<data>/damaged/<instant>/`.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from storage.checksums import SUMS, Damage, hash_file, list_files, print_sums, read_sums
from storage.flat import FLAT
from storage.folder import StorageError, explain_os_errors, replace_file
from storage.lake import Partition, locate_file, tell_partition
from storage.parquet import read_file, read_run_id, write_file
from storage.schema import REPORTS, Table, add_partition, list_history
from storage.staging import commit_change, open_change, stage_file

_BESIDE = "rebuild"
_KEPT = "damaged"
# What is in no archive: the past, and since when a report is as it is.
REMEMBERED = (REPORTS, *list_history())
_NOT_LINKED = {_BESIDE, _KEPT, "archive", "locks", "staging", "handover", "docs", str(SUMS)}

log = logging.getLogger(__name__)


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


def remember_rows(
    beside: Path, damaged: Collection[PurePosixPath], tables: Collection[Table]
) -> None:
    """Put back, of damaged files of tables that no archive gives, the rows of the flat files.

    The last run wrote these from the whole lake. Where they are damaged too, nothing is put back.
    """
    by_place = {
        (table, place): name
        for name in damaged
        for table in REMEMBERED
        if (place := tell_partition(name)) and locate_file(table, place) == name
    }
    for (table, place), name in by_place.items():
        flat = beside / FLAT / f"{table.name}.parquet"
        try:
            stored = read_file(flat, add_partition(table))
        except StorageError as error:
            log.warning("%s: what it held is not put back: %s", name, error)
            continue
        if stored is not None:
            rows = stored.filter(**place._asdict()).select(table.schema.names())
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            run_id = _name_run(beside, place, tables) if table.has_run_id else None
            write_file(beside / name, table, rows, run_id)


def _name_run(data: Path, place: Partition, tables: Collection[Table]) -> str | None:
    """Name the run that the whole files of a partition are of."""
    named = (
        read_run_id(data / locate_file(table, place), table) for table in tables if table.has_run_id
    )
    return next((run_id for run_id in named if run_id), None)


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
                table = _tell_table(name, by_name)
                frame = read_file(beside / name, table)
                if frame is not None:
                    run_id = read_run_id(beside / name, table)
                    is_damaged = name in damaged
                    stage_file(change, name, table, frame, run_id=run_id, is_damaged=is_damaged)
        commit_change(change)
        return tuple(change.staged)


def find_unreadable(
    data: Path, files: Collection[PurePosixPath], tables: Collection[Table]
) -> tuple[Damage, ...]:
    """Find which files, of those that have no checksum, cannot be read."""
    by_name = {table.name: table for table in tables}
    found = []
    for name in sorted(set(files).difference(read_sums(data))):
        try:
            read_file(data / name, _tell_table(name, by_name))
        except StorageError as error:
            found.append(Damage(name, str(error)))
    return tuple(found)


def complete_sums(data: Path, wait_seconds: float = 600) -> None:
    """Give every stored file a checksum that has none, and drop those of files that are gone.

    To be called when it was said what was damaged.

    Raises:
        StorageError: the folder cannot be written, or another run holds the lock.
    """
    with open_change(data, wait_seconds):
        sums = read_sums(data)
        complete = {
            name: sums[name] if name in sums else hash_file(data / name)
            for name in list_files(data)
        }
        if complete != sums:
            replace_file(data / SUMS, print_sums(complete))


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


def _tell_table(name: PurePosixPath, by_name: Mapping[str, Table]) -> Table:
    return by_name[name.parts[1] if name.parts[0] == "lake" else name.stem]


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # a file system without hard links
        shutil.copy2(path, target)
