"""Bring a stored lake to the tables as they are declared now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from storage.lake import list_partitions, locate_file
from storage.parquet import is_written_as_declared, read_file
from storage.schema import REPORTS, Table
from storage.staging import commit_change, open_change, stage_file


def migrate_lake(data: Path, tables: Sequence[Table], wait_seconds: float = 600) -> tuple[str, ...]:
    """Write again what an earlier version of a table wrote, and say which files.

    Where a partition has reports, every table has a file afterwards, if need be one without
    rows. So a reader of all files of a table finds the same columns in each.

    Raises:
        StorageError: a file is damaged or from a later version, or the folder is not usable.
    """
    places = list_partitions(data, REPORTS)
    behind = [
        (locate_file(table, place), table)
        for table in tables
        for place in sorted({*places, *list_partitions(data, table)})
        if not is_written_as_declared(data / locate_file(table, place), table)
    ]
    if not behind:
        return ()
    with open_change(data, wait_seconds) as change:
        for path, table in behind:
            frame = read_file(data / path, table)
            stage_file(change, path, table, table.schema.to_frame() if frame is None else frame)
        commit_change(change)
        return tuple(str(path) for path in change.staged)
