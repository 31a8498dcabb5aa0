"""Bring a stored lake to the tables as they are declared now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from storage.lake import list_partitions, locate_file
from storage.parquet import is_written_as_declared, read_file, read_run_id
from storage.schema import REPORTS, Table, list_flat_tables
from storage.staging import commit_change, open_change, stage_file


def migrate_lake(data: Path, tables: Sequence[Table], wait_seconds: float = 600) -> tuple[str, ...]:
    """Write again what an earlier version of a table wrote, and say which files.

    `tables` are those of the lake to look at; the two that are one file are looked at always.
    Where a partition has reports, every table has a file afterwards, if need be one without
    rows. So a reader of all files of a table finds the same columns in each.

    Raises:
        StorageError: a file is damaged or from a later version, or the folder is not usable.
    """
    places = list_partitions(data, REPORTS)
    files = [
        (locate_file(table, place), table)
        for table in tables
        for place in sorted({*places, *list_partitions(data, table)})
    ]
    flat = [(PurePosixPath(f"{table.name}.parquet"), table) for table in list_flat_tables()]
    files += [(path, table) for path, table in flat if (data / path).is_file()]
    behind = [
        (path, table) for path, table in files if not is_written_as_declared(data / path, table)
    ]
    if not behind:
        return ()
    with open_change(data, wait_seconds) as change:
        for path, table in behind:
            frame = read_file(data / path, table)
            rows = table.schema.to_frame() if frame is None else frame
            stage_file(change, path, table, rows, run_id=read_run_id(data / path, table))
        commit_change(change)
        return tuple(str(path) for path in change.staged)
