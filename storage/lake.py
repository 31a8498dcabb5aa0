"""The lake: Parquet tables by year and region, one file a partition, right at every instant.

`<data>/lake/<table>/year=<YYYY>/region=<ISO>/part.parquet`. The same rows give the same bytes,
and a file whose content stays is not touched. Where a partition has reports, every table has a
file, if need be one without rows: a reader that globs a table always finds files and their
types, and finds none vanishing that it has just listed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import polars as pl

from storage.folder import StorageError
from storage.frames import check_belonging, check_nulls, check_schema
from storage.guard import NO_LIMIT, Loss, LossLimit, find_losses, tie_reports
from storage.parquet import read_file
from storage.schema import FINDINGS, PARTITION_SCHEMA, REPORTS, Table, list_tables
from storage.staging import commit_change, open_change, stage_file
from storage.versions import compare_reports, reserve_settled, settle_versions

_FILE = "part.parquet"


class Partition(NamedTuple):
    """The report year and the ISO code that name one folder."""

    year: int
    region: str


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """What `store_reports` did: counts of reports, and the files replaced.

    `added` were not stored before, `replaced` have other bytes than before, `rechecked` the same
    bytes and another outcome, `kept` the same bytes and outcome; together all reports handed in.
    `moved` of them left another partition. `withdrawn` were stored and are no more. `files` are
    relative to the data folder. `losses` are the partitions left alone because they would have
    lost too much, `held_back` the reports that stay as they were for that.
    """

    added: int
    replaced: int
    rechecked: int
    kept: int
    moved: int
    withdrawn: int
    files: tuple[str, ...]
    losses: tuple[Loss, ...] = ()
    held_back: frozenset[str] = frozenset()


def store_reports(
    data: Path,
    frames: Mapping[Table, pl.DataFrame],
    now: datetime,
    withdrawn: Collection[str] = (),
    wait_seconds: float = 600,
    limit: LossLimit = NO_LIMIT,
) -> StoreSummary:
    """Replace all stored rows of the reports in `frames[REPORTS]` by the rows of the frames.

    Stored rows of the `withdrawn` report ids, which the frames do not have, are dropped.

    `frames` has REPORTS, CELLS, FINDINGS and every further table that is stored with them, each
    with its `frame_schema` and the rows of these reports alone; other reports stay. `version`,
    `checked_at` and `changed_at` are set here (see `settle_versions`) and may be missing.

    A reader sees each file as before or as after. A report that stays in its partition is seen
    exactly once at every instant, also after a crash. The files of a run change one after the
    other within milliseconds. So a reader in that moment may join new reports with old cells,
    and a report that moves (its region was settled later) may be seen in both partitions, as it
    is added to the new one before it leaves the old: never lost. If the process dies in that
    moment, the next call, or `complete_changes` at the start of a run, makes the remaining moves.

    A partition that would lose more than the `limit` is left as it is, the others change.

    Raises:
        StorageError: a frame is not as declared, the folder cannot be written, a stored file is
            damaged, or another run holds the lock for more than `wait_seconds`.
    """
    frames = _prepare_frames(frames, now)
    gone = set(withdrawn).difference(frames[REPORTS]["report_id"])
    with open_change(data, wait_seconds) as change:
        stored = _read_stored(data, _list_ids(frames[REPORTS], gone))
        losses, held_back = _guard(data, frames[REPORTS], stored, limit)
        frames = {table: _leave_out(frame, held_back) for table, frame in frames.items()}
        stored, gone = _leave_out(stored, held_back), gone.difference(held_back)
        ids = _list_ids(frames[REPORTS], gone)
        places = _list_places(stored)
        findings = read_partitions(data, FINDINGS, places).join(ids, on="report_id", how="semi")
        compared = compare_reports(frames[REPORTS], frames[FINDINGS], stored, findings)
        settled = {**frames, REPORTS: settle_versions(compared, now)}
        new = {table: _split(frame) for table, frame in settled.items()}
        receiving = sorted(new[REPORTS])
        for partition in [*receiving, *sorted(places.difference(receiving))]:
            for table, parts in new.items():
                kept = _read_partition(data, table, partition).join(ids, on="report_id", how="anti")
                part = parts.get(partition, kept.clear())
                stage_file(change, locate_file(table, partition), table, pl.concat([kept, part]))
        commit_change(change)
        left = stored.filter(pl.col("report_id").is_in(gone)).height
        summary = _summarise(compared, left, change.staged)
        return replace(summary, losses=losses, held_back=frozenset(held_back))


def read_table(
    data: Path,
    table: Table,
    years: Collection[int] | None = None,
    regions: Collection[str] | None = None,
) -> pl.DataFrame:
    """Read a table, or the partitions of some years and regions, as `table.frame_schema`.

    The frame is empty where nothing is stored. Each file is opened once, so a run that writes
    at the same time does no harm.

    Raises:
        StorageError: a file is damaged or has other columns.
    """
    partitions = list_partitions(data, table)
    return read_partitions(data, table, _select(partitions, years, regions))


def read_partition(data: Path, table: Table, partition: Partition) -> pl.DataFrame:
    """Read one partition of a table as `table.frame_schema`; empty where nothing is stored.

    Raises:
        StorageError: as `read_table`.
    """
    return _read_partition(data, table, partition).select(
        *_partition_columns(partition), *table.schema
    )


def scan_table(
    data: Path,
    table: Table,
    years: Collection[int] | None = None,
    regions: Collection[str] | None = None,
) -> pl.LazyFrame:
    """Scan a table lazily, as `read_table`; to be collected while no run writes."""
    frames = [
        pl.scan_parquet(
            data / locate_file(table, partition),
            glob=False,
            hive_partitioning=False,
            schema=table.schema,
            missing_columns="insert",
        ).select(*_partition_columns(partition), *table.schema)
        for partition in _select(list_partitions(data, table), years, regions)
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


def _prepare_frames(
    frames: Mapping[Table, pl.DataFrame], now: datetime
) -> dict[Table, pl.DataFrame]:
    missing = [table.name for table in list_tables() if table not in frames]
    if missing:
        raise StorageError(
            f"expected frames of all tables, found none of {', '.join(missing)}; their stored "
            "rows would go stale. Nothing was changed."
        )
    frames = {**frames, REPORTS: reserve_settled(frames[REPORTS], now)}
    for table, frame in frames.items():
        check_schema(table, frame.schema, table.frame_schema, "new rows")
        check_nulls(table, frame)
    check_belonging(frames)
    return {table: frame.select([*table.frame_schema]) for table, frame in frames.items()}


def _guard(
    data: Path, new: pl.DataFrame, stored: pl.DataFrame, limit: LossLimit
) -> tuple[tuple[Loss, ...], list[str]]:
    """Find the partitions that would lose too much, and the reports that therefore stay."""
    if limit.share is None:
        return (), []
    before = read_partitions(data, REPORTS, _list_places(stored) | _list_places(new))
    kept = before.join(pl.concat([stored, new]), on="report_id", how="anti")
    losses = find_losses(before, pl.concat([kept, new]), limit)
    return losses, tie_reports(losses, stored, new)


def _read_stored(data: Path, ids: pl.DataFrame) -> pl.DataFrame:
    return scan_table(data, REPORTS).join(ids.lazy(), on="report_id", how="semi").collect()


def _list_ids(new: pl.DataFrame, gone: Collection[str]) -> pl.DataFrame:
    more = pl.DataFrame({"report_id": sorted(gone)}, schema={"report_id": pl.String})
    return pl.concat([new.select("report_id"), more])


def _leave_out(frame: pl.DataFrame, ids: Collection[str]) -> pl.DataFrame:
    return frame.filter(~pl.col("report_id").is_in(ids)) if ids else frame


def _partition_columns(partition: Partition) -> list[pl.Expr]:
    return [
        pl.lit(value, dtype=dtype).alias(name)
        for value, (name, dtype) in zip(partition, PARTITION_SCHEMA.items(), strict=True)
    ]


def _select(
    partitions: Collection[Partition],
    years: Collection[int] | None,
    regions: Collection[str] | None,
) -> list[Partition]:
    return [
        partition
        for partition in partitions
        if (years is None or partition.year in years)
        and (regions is None or partition.region in regions)
    ]


def _read_partition(data: Path, table: Table, partition: Partition) -> pl.DataFrame:
    frame = read_file(data / locate_file(table, partition), table)
    return pl.DataFrame(schema=table.schema) if frame is None else frame


def read_partitions(
    data: Path, table: Table, partitions: Collection[tuple[int, str]]
) -> pl.DataFrame:
    """Read these partitions of a table as `table.frame_schema`; those not stored are empty."""
    places = sorted(Partition(*place) for place in partitions)
    frames = [read_partition(data, table, place) for place in places]
    if not frames:
        return pl.DataFrame(schema=table.frame_schema)
    # Polars 2.1's streaming engine misreads frames whose columns are cut into unequal chunks.
    return pl.concat(frames, rechunk=True)


def _list_places(frame: pl.DataFrame) -> set[Partition]:
    return {Partition(*row) for row in frame.select(PARTITION_SCHEMA.names()).unique().rows()}


def _split(frame: pl.DataFrame) -> dict[Partition, pl.DataFrame]:
    parts = frame.partition_by(PARTITION_SCHEMA.names(), as_dict=True, include_key=False)
    return {Partition(*key): part for key, part in parts.items()}


def _summarise(
    compared: pl.DataFrame, withdrawn: int, files: Collection[PurePosixPath]
) -> StoreSummary:
    is_moved = (pl.col("region") != pl.col("stored_region")) | (
        pl.col("year") != pl.col("stored_year")
    )
    counts = compared.select(
        added=pl.col("is_new").sum(),
        replaced=(~pl.col("is_new") & ~pl.col("is_same_text")).sum(),
        rechecked=(pl.col("is_same_text") & ~pl.col("is_same_outcome")).sum(),
        kept=pl.col("is_same_outcome").sum(),
        moved=is_moved.sum(),
    ).row(0, named=True)
    return StoreSummary(**counts, withdrawn=withdrawn, files=tuple(str(path) for path in files))
