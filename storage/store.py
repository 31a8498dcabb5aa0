"""Store reports: what a run read and judged replaces what is stored of the same reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

import polars as pl

from storage.folder import StorageError
from storage.frames import check_belonging, check_nulls, check_schema
from storage.guard import NO_LIMIT, Loss, LossLimit, find_losses, tie_reports
from storage.history import list_causes, list_cell_changes, list_replaced
from storage.lake import Partition, locate_file, read_partitions, read_rows, read_table
from storage.packing import unpack
from storage.parquet import is_written_as_declared, open_file
from storage.schema import (
    CELL_CHANGES,
    CELLS,
    FINDINGS,
    PARTITION_SCHEMA,
    REPORT_VERSIONS,
    REPORTS,
    Table,
    list_tables,
)
from storage.staging import Change, commit_change, open_change, stage_file, stage_rows
from storage.together import Mixed, find_mixed, stage_together
from storage.versions import compare_reports, reserve_settled, settle_versions


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """What `store_reports` did: counts of reports, and the files replaced.

    `added` were not stored before, `replaced` have other bytes than before, `rechecked` the same
    bytes and another outcome, `kept` the same bytes and outcome; together all reports handed in.
    `moved` of them left another partition. `withdrawn` were stored and are no more. `files` are
    relative to the data folder. `losses` are the partitions left alone because they would have
    lost too much, `mixed` those whose tables were not of one run; `held_back` are the reports
    that stay as they were for that.
    """

    added: int
    replaced: int
    rechecked: int
    kept: int
    moved: int
    withdrawn: int
    files: tuple[str, ...]
    losses: tuple[Loss, ...] = ()
    mixed: tuple[Mixed, ...] = ()
    held_back: frozenset[str] = frozenset()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Which partitions were left alone, why, and how to go on."""
        return (
            *(loss.message for loss in self.losses),
            *(mixed.message for mixed in self.mixed),
        )


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
    with its `frame_schema` (cells may be packed) and the rows of these reports alone; other
    reports stay. `version`, `checked_at` and `changed_at` are set here (see `settle_versions`)
    and may be missing.

    A reader sees each file as before or as after. A report that stays in its partition is seen
    exactly once at every instant, also after a crash. The files of a run change one after the
    other within milliseconds. So a reader in that moment may join new reports with old cells,
    and a report that moves (its region was settled later) may be seen in both partitions, as it
    is added to the new one before it leaves the old: never lost. If the process dies in that
    moment, the next call, or `complete_changes` at the start of a run, makes the remaining moves.

    What a run replaces stays in `report_versions` and `cell_changes`.

    A partition that would lose more than the `limit`, or whose tables are not of one run, is left
    as it is, the others change.

    Raises:
        StorageError: a frame is not as declared, the folder cannot be written, a stored file is
            damaged, or another run holds the lock for more than `wait_seconds`.
    """
    frames = _prepare_frames(frames, now)
    gone = set(withdrawn).difference(frames[REPORTS]["report_id"])
    with open_change(data, wait_seconds) as change:
        stored = _read_stored(data, _list_ids(frames[REPORTS], gone))
        mixed = find_mixed(data, list(frames), _list_places(stored) | _list_places(frames[REPORTS]))
        losses = _find_losses(data, frames[REPORTS], stored, limit)
        held_back = tie_reports([*losses, *mixed], stored, frames[REPORTS])
        frames = {table: _leave_out(frame, held_back) for table, frame in frames.items()}
        stored, gone = _leave_out(stored, held_back), gone.difference(held_back)
        ids = _list_ids(frames[REPORTS], gone)
        places = _list_places(stored)
        findings = read_partitions(data, FINDINGS, places).join(ids, on="report_id", how="semi")
        compared = compare_reports(frames[REPORTS], frames[FINDINGS], stored, findings)
        del findings
        settled = {**frames, REPORTS: settle_versions(compared, now)}
        new = {table: _split(frame) for table, frame in settled.items()}
        past = _Past(ids, stored, gone, list_causes(compared), _read_moved(data, compared), now)
        receiving = sorted(new[REPORTS])
        for partition in [*receiving, *sorted(places.difference(receiving))]:
            parts = {table: split.get(partition) for table, split in new.items()}
            _stage_partition(change, partition, parts, past)
        commit_change(change)
        left = stored.filter(pl.col("report_id").is_in(gone)).height
        summary = _summarise(compared, left, change.staged)
        return replace(summary, losses=losses, mixed=mixed, held_back=frozenset(held_back))


@dataclass(frozen=True, slots=True)
class _Past:
    """What is stored of the reports of a run.

    `ids` are all of them, `stored` their rows, `gone` those withdrawn, `causes` why the others
    may change, `moved` the cells of those that leave their partition, with those columns.
    """

    ids: pl.DataFrame
    stored: pl.DataFrame
    gone: Collection[str]
    causes: pl.DataFrame
    moved: pl.DataFrame
    now: datetime


def _stage_partition(
    change: Change,
    partition: Partition,
    parts: Mapping[Table, pl.DataFrame | None],
    past: _Past,
) -> None:
    """Stage the files of a partition: what it keeps with what comes, and what was replaced."""
    changes = CELL_CHANGES.schema.to_frame()
    coming = parts[REPORTS]
    here = REPORTS.schema.to_frame() if coming is None else coming
    together: dict[Table, pl.DataFrame] = {}
    run_ids: set[str | None] = set()
    is_same = True
    # Those that belong together come last, so that their moves follow upon each other.
    for table, part in sorted(parts.items(), key=lambda item: item[0].has_run_id):
        target = locate_file(table, partition)
        old = open_file(change.data / target, table)
        rows = table.schema.to_frame() if old is None else old.frame
        kept = rows.join(past.ids, on="report_id", how="anti")
        part = kept.clear() if part is None else unpack(part)
        if table is CELLS:
            before = rows if past.moved.is_empty() else pl.concat([rows, past.moved])
            before = before.join(here, on="report_id", how="semi")
            changes = list_cell_changes(before, part, past.causes, past.now)
            del before
        after = part if kept.is_empty() else pl.concat([kept, part])
        is_held = old is not None and old.holds(after, table.key)
        if table.has_run_id:
            together[table] = after
            run_ids.add(old.run_id if old is not None else None)
            is_same = is_same and is_held
        elif not is_held:
            stage_rows(change, target, table, after.sort(table.key), None)
        del old, rows
    if not is_same or len(run_ids) > 1:
        stage_together(change, partition, together)
    is_gone = pl.col("report_id").is_in(past.gone) & _is_in(partition)
    leaving = pl.concat(
        [past.stored.join(here, on="report_id", how="semi"), past.stored.filter(is_gone)]
    )
    versions = list_replaced(leaving, past.causes, changes, past.now)
    for table, new in ((REPORT_VERSIONS, versions), (CELL_CHANGES, changes)):
        target = locate_file(table, partition)
        if new.is_empty() and is_written_as_declared(change.data / target, table):
            continue
        past_rows = read_rows(change.data, table, partition)
        # Runs of one instant, as tests have them, are one change.
        every = pl.concat([past_rows, new]).unique(table.key, keep="last")
        stage_file(change, target, table, every)


def _read_moved(data: Path, compared: pl.DataFrame) -> pl.DataFrame:
    """Read the stored cells of reports that leave their partition."""
    moved = compared.filter(_is_moved())
    if moved.is_empty():
        return CELLS.schema.to_frame()
    places = _list_places(moved.select(year="stored_year", region="stored_region"))
    cells = read_partitions(data, CELLS, places).join(moved, on="report_id", how="semi")
    return cells.select(CELLS.schema.names())


def _is_moved() -> pl.Expr:
    return (pl.col("region") != pl.col("stored_region")) | (pl.col("year") != pl.col("stored_year"))


def _is_in(partition: Partition) -> pl.Expr:
    return (pl.col("year") == partition.year) & (pl.col("region") == partition.region)


def join_summaries(summaries: Iterable[StoreSummary]) -> StoreSummary:
    """Join what was done in several calls into what was done in all."""
    every = list(summaries)
    counts = ("added", "replaced", "rechecked", "kept", "moved", "withdrawn")
    return StoreSummary(
        **{name: sum(getattr(one, name) for one in every) for name in counts},
        files=tuple(file for one in every for file in one.files),
        losses=tuple(loss for one in every for loss in one.losses),
        mixed=tuple(mixed for one in every for mixed in one.mixed),
        held_back=frozenset(held for one in every for held in one.held_back),
    )


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
        check_schema(table, unpack(frame.clear()).schema, table.frame_schema, "new rows")
        check_nulls(table, frame)
    check_belonging(frames)
    return {table: frame.select([*table.frame_schema]) for table, frame in frames.items()}


def _find_losses(
    data: Path, new: pl.DataFrame, stored: pl.DataFrame, limit: LossLimit
) -> tuple[Loss, ...]:
    """Find the partitions that would lose too much."""
    if limit.share is None:
        return ()
    before = read_partitions(data, REPORTS, _list_places(stored) | _list_places(new))
    kept = before.join(pl.concat([stored, new]), on="report_id", how="anti")
    return find_losses(before, pl.concat([kept, new]), limit)


def _read_stored(data: Path, ids: pl.DataFrame) -> pl.DataFrame:
    return read_table(data, REPORTS).join(ids, on="report_id", how="semi")


def _list_ids(new: pl.DataFrame, gone: Collection[str]) -> pl.DataFrame:
    more = pl.DataFrame({"report_id": sorted(gone)}, schema={"report_id": pl.String})
    return pl.concat([new.select("report_id"), more])


def _leave_out(frame: pl.DataFrame, ids: Collection[str]) -> pl.DataFrame:
    return frame.filter(~pl.col("report_id").is_in(ids)) if ids else frame


def _list_places(frame: pl.DataFrame) -> set[Partition]:
    return {Partition(*row) for row in frame.select(PARTITION_SCHEMA.names()).unique().rows()}


def _split(frame: pl.DataFrame) -> dict[Partition, pl.DataFrame]:
    """Part a frame by partition; without a copy where the rows of each stand together."""
    names = PARTITION_SCHEMA.names()
    places = frame.select(names)
    is_first = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in names)
    starts = places.select(is_first.arg_true()).to_series().to_list()
    found = [Partition(*places.row(start)) for start in starts]
    if len(set(found)) < len(found):
        parts = frame.partition_by(names, as_dict=True, include_key=False)
        return {Partition(*key): part for key, part in parts.items()}
    rows = frame.drop(names)
    ends = [*starts[1:], frame.height] if starts else []
    return {
        partition: rows.slice(start, end - start)
        for partition, start, end in zip(found, starts, ends, strict=True)
    }


def _summarise(
    compared: pl.DataFrame, withdrawn: int, files: Collection[PurePosixPath]
) -> StoreSummary:
    counts = compared.select(
        added=pl.col("is_new").sum(),
        replaced=(~pl.col("is_new") & ~pl.col("is_same_text")).sum(),
        rechecked=(pl.col("is_same_text") & ~pl.col("is_same_outcome")).sum(),
        kept=pl.col("is_same_outcome").sum(),
        moved=_is_moved().sum(),
    ).row(0, named=True)
    return StoreSummary(**counts, withdrawn=withdrawn, files=tuple(str(path) for path in files))
