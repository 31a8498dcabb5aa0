"""The lake: Parquet tables by year and region, one file a partition, right at every instant.

`<data>/lake/<table>/year=<YYYY>/region=<ISO>/part.parquet`. The same rows give the same bytes,
and a file whose content stays is not touched. Where a partition has reports, every table has a
file, if need be one without rows: a reader that globs a table always finds files and their
types, and finds none vanishing that it has just listed.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import polars as pl

from storage.parquet import read_file
from storage.schema import (
    PARTITION_SCHEMA,
    Table,
)

_FILE = "part.parquet"


class Partition(NamedTuple):
    """The report year and the ISO code that name one folder."""

    year: int
    region: str


def read_table(
    data: Path,
    table: Table,
    years: Collection[int] | None = None,
    regions: Collection[str] | None = None,
    columns: Collection[str] | None = None,
) -> pl.DataFrame:
    """Read a table, or the partitions of some years and regions, as `table.frame_schema`.

    The frame is empty where nothing is stored. Each file is opened once, so a run that writes
    at the same time does no harm. Only these `columns` are there, if some are named.

    Raises:
        StorageError: a file is damaged or has other columns.
    """
    partitions = list_partitions(data, table)
    return read_partitions(data, table, select_partitions(partitions, years, regions), columns)


def read_partitions(
    data: Path,
    table: Table,
    partitions: Collection[tuple[int, str]],
    columns: Collection[str] | None = None,
) -> pl.DataFrame:
    """Read these partitions of a table as `table.frame_schema`; those not stored are empty."""
    names = table.frame_schema.names() if columns is None else list(columns)
    frames = [
        read_rows(data, table, partition, columns)
        .with_columns(_partition_columns(partition))
        .select(names)
        for partition in sorted(Partition(*place) for place in partitions)
    ]
    if not frames:
        return pl.DataFrame(schema=table.frame_schema).select(names)
    # Polars 2.1's streaming engine misreads frames whose columns are cut into unequal chunks.
    return pl.concat(frames, rechunk=True)


def read_rows(
    data: Path, table: Table, partition: Partition, columns: Collection[str] | None = None
) -> pl.DataFrame:
    """Read one partition as `table.schema`; empty where nothing is stored.

    Raises:
        StorageError: as `read_table`.
    """
    frame = read_file(data / locate_file(table, partition), table, columns)
    return pl.DataFrame(schema=table.schema) if frame is None else frame


def scan_table(
    data: Path,
    table: Table,
    years: Collection[int] | None = None,
    regions: Collection[str] | None = None,
) -> pl.LazyFrame:
    """Scan a table lazily, as `read_table`, for what is more than memory holds.

    To be collected while no run writes. A damaged file raises what Polars raises: it is told
    by whoever read it before.
    """
    frames = [
        pl.scan_parquet(
            data / locate_file(table, partition),
            glob=False,
            hive_partitioning=False,
            schema=table.schema,
            missing_columns="insert",
            extra_columns="ignore",  # `run_id`
        ).select(*_partition_columns(partition), *table.schema)
        for partition in select_partitions(list_partitions(data, table), years, regions)
    ]
    return pl.concat(frames) if frames else pl.LazyFrame(schema=table.frame_schema)


def list_partitions(data: Path, table: Table) -> tuple[Partition, ...]:
    """Return the stored partitions of a table in order, with those that hold no rows."""
    found = (data / "lake" / table.name).glob(f"year=*/region=*/{_FILE}")
    files = (PurePosixPath(path.relative_to(data)) for path in found)
    return tuple(sorted(place for file in files if (place := tell_partition(file))))


def tell_partition(path: PurePosixPath) -> Partition | None:
    """Tell of which partition a file is; None where it is not of the lake."""
    if path.parts[0] != "lake":
        return None
    year, region = (part.partition("=")[2] for part in path.parts[2:4])
    return Partition(int(year), region)


def locate_file(table: Table, partition: Partition) -> PurePosixPath:
    """Give the path of a partition's file, relative to the data folder."""
    return PurePosixPath(
        "lake", table.name, f"year={partition.year}", f"region={partition.region}", _FILE
    )


def list_files(data: Path, partition: Partition, tables: Collection[Table]) -> list[os.stat_result]:
    """Return what the folder says of the files of a partition: they change only as a whole."""
    paths = (data / locate_file(table, partition) for table in tables)
    return [path.stat() for path in paths if path.exists()]


def _partition_columns(partition: Partition) -> list[pl.Expr]:
    return [
        pl.lit(value, dtype=dtype).alias(name)
        for value, (name, dtype) in zip(partition, PARTITION_SCHEMA.items(), strict=True)
    ]


def select_partitions(
    partitions: Collection[Partition],
    years: Collection[int] | None,
    regions: Collection[str] | None,
) -> list[Partition]:
    """Select the partitions of some years and regions; None: of all."""
    return [
        partition
        for partition in partitions
        if (years is None or partition.year in years)
        and (regions is None or partition.region in regions)
    ]
