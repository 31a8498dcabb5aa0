"""Tables of a partition that belong together: `reports`, `cells`, `findings` and `wide`.

Their files change one after the other. Each names by its `run_id` what all of them held when
they were written, so files of two different runs are told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import polars as pl

from storage.folder import StorageError
from storage.lake import Partition, list_partitions, locate_file
from storage.parquet import digest_rows, read_run_id
from storage.schema import Table
from storage.staging import Change, stage_rows

_LENGTH = 16


class Mixed(NamedTuple):
    """A partition whose tables are not of one run; `found` says which file names which."""

    year: int
    region: str
    found: str

    @property
    def message(self) -> str:
        """What was found, and how to go on."""
        return (
            f"{self.year}/{self.region}: expected tables of one run, found {self.found}. The "
            "partition was left as it was. Run `gouji check --repair`, which makes it anew"
        )


def stage_together(
    change: Change, partition: Partition, frames: Mapping[Table, pl.DataFrame]
) -> None:
    """Stage the files of tables that belong together, all under one `run_id`.

    To be called if one of them changes: the `run_id` digests what all of them hold.

    Args:
        change: The change.
        partition: Where they belong.
        frames: Their rows, as `table.schema`.

    Raises:
        StorageError: as `stage_file`.
    """
    ordered = {table: frame.sort(table.key) for table, frame in frames.items()}
    digests = [f"{table.name} {digest_rows(table, frame)}" for table, frame in ordered.items()]
    run_id = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()[:_LENGTH]
    for table, frame in ordered.items():
        stage_rows(change, locate_file(table, partition), table, frame, run_id)


def find_mixed(
    data: Path,
    tables: Collection[Table],
    partitions: Collection[Partition] | None = None,
    without: Collection[PurePosixPath] = (),
) -> tuple[Mixed, ...]:
    """Find the partitions whose tables are not of one run, as far as the files there are say.

    Args:
        data: The data folder.
        tables: The tables; those without a `run_id` are passed over.
        partitions: These partitions only; None: all that have a file.
        without: Files not to look at, relative to the data folder.

    Raises:
        StorageError: a file is damaged.
    """
    named = [table for table in tables if table.has_run_id]
    if partitions is None:
        partitions = {place for table in named for place in list_partitions(data, table)}
    found = []
    for place in sorted(partitions):
        files = {table: locate_file(table, place) for table in named}
        ids = {
            table: read_run_id(data / file, table)
            for table, file in files.items()
            if file not in without and (data / file).is_file()
        }
        if len(set(ids.values())) > 1:
            said = (f"{table.name} of {run_id or 'none known'}" for table, run_id in ids.items())
            found.append(Mixed(*place, ", ".join(said)))
    return tuple(found)


def refuse_mixed(data: Path, tables: Collection[Table]) -> None:
    """Raise a `StorageError` if tables of a partition are not of one run."""
    mixed = find_mixed(data, tables)
    if mixed:
        raise StorageError("\n".join(one.message for one in mixed))
