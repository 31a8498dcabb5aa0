"""What is otherwise in one lake than in another, report by report and cell by cell, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from storage.checksums import hash_file
from storage.lake import Partition, list_partitions, locate_file, read_partitions
from storage.schema import (
    CELLS,
    FINDINGS,
    PARTITION_SCHEMA,
    RELEASE_CELLS,
    RELEASE_REPORTS,
    REPORTS,
    Table,
)
from storage.versions import list_differing

_FIGURE = ("value", "text", "status")
_JUDGED = ("verdict", "reason", "errors", "warnings", "problems", "not_evaluated", "waived")


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one lake to another.

    `reports` and `cells` are as the tables of a release. `counts` are of reports and cells
    `added`, `changed` and `removed`, those of cells with the cells of all reports that came or
    went, and of changed reports by why.
    """

    reports: pl.DataFrame
    cells: pl.DataFrame
    counts: dict[str, dict[str, int]]


def compare_lakes(before: Path, after: Path, has_new_rules: bool) -> Difference:
    """Compare the lakes of two data folders, one partition at a time.

    Files with the same bytes are not read. A report that moved to another partition is
    compared with what it was.

    Args:
        before: Data folder of the earlier lake.
        after: That of the later one.
        has_new_rules: Whether the rules differ between the two.

    Raises:
        StorageError: a file is damaged, or a later gouji wrote it.
    """
    places = _find_changed(before, after)
    old, new = (
        _concat(REPORTS, [_read(folder, REPORTS, place) for place in places])
        for folder in (before, after)
    )
    moved = _list_moved(old, new)
    found = [_compare_place(before, after, place, moved) for place in places]
    found.append(_compare_moved(before, after, old, new, moved))
    cells = pl.concat([cells for cells, _ in found], rechunk=True)
    judged = pl.concat([judged for _, judged in found])
    reports = _compare_reports(old, new, cells, judged, has_new_rules)
    in_both = reports.filter(pl.col("change") == "changed").select("report_id", "why")
    return Difference(
        reports=reports,
        cells=cells.join(in_both, on="report_id")
        .select(RELEASE_CELLS.schema.names())
        .sort(RELEASE_CELLS.key),
        counts={
            "reports": _count(reports, "change"),
            "cells": _count(cells, "change"),
            "why": _count(reports.drop_nulls("why"), "why"),
        },
    )


def _compare_reports(
    old: pl.DataFrame,
    new: pl.DataFrame,
    cells: pl.DataFrame,
    judged: pl.Series,
    has_new_rules: bool,
) -> pl.DataFrame:
    """Set each report beside what it was; a report that moved was read otherwise."""
    counted = cells.group_by("report_id").agg(cells_changed=pl.len().cast(pl.Int32))
    is_moved = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_old") for name in PARTITION_SCHEMA)
    is_judged = pl.col("report_id").is_in(judged.implode()) | pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_old")) for name in _JUDGED
    )
    why = (
        pl.when(pl.col("change") != "changed")
        .then(None)
        .when(pl.col("source_sha256") != pl.col("source_sha256_old"))
        .then(pl.lit("new_bytes"))
        .when((pl.col("cells_changed") > 0) | is_moved)
        .then(pl.lit("new_reader"))
        .when(is_judged)
        .then(pl.lit("new_rules" if has_new_rules else "beside"))
    )
    return (
        new.join(old, on="report_id", how="full", coalesce=True, suffix="_old")
        .join(counted, on="report_id", how="left")
        .with_columns(
            pl.col("cells_changed").fill_null(0),
            change=_name_change(pl.col("version_old"), pl.col("version")),
        )
        .with_columns(why=why)
        .filter((pl.col("change") != "changed") | pl.col("why").is_not_null())
        .with_columns(
            *(pl.coalesce(name, f"{name}_old") for name in PARTITION_SCHEMA),
            old_version="version_old",
            old_verdict="verdict_old",
        )
        .select(RELEASE_REPORTS.schema.names())
        .sort(RELEASE_REPORTS.key)
    )


def _compare_place(
    before: Path, after: Path, place: Partition, moved: pl.DataFrame
) -> tuple[pl.DataFrame, pl.Series]:
    """Compare the reports that are in a partition; give their changed cells and who is judged."""
    old_cells, new_cells, old_findings, new_findings = (
        _read(folder, table, place).join(moved, on="report_id", how="anti")
        for table in (CELLS, FINDINGS)
        for folder in (before, after)
    )
    return _compare_cells(old_cells, new_cells), list_differing(new_findings, old_findings)


def _compare_moved(
    before: Path, after: Path, old: pl.DataFrame, new: pl.DataFrame, moved: pl.DataFrame
) -> tuple[pl.DataFrame, pl.Series]:
    """Compare the cells of reports that changed their partition."""
    old_cells, new_cells = (
        _concat(
            CELLS,
            [
                _read(folder, CELLS, Partition(*place)).join(moved, on="report_id", how="semi")
                for place in reports.join(moved, on="report_id", how="semi")
                .select([*PARTITION_SCHEMA])
                .unique()
                .sort([*PARTITION_SCHEMA])
                .rows()
            ],
        )
        for folder, reports in ((before, old), (after, new))
    )
    return _compare_cells(old_cells, new_cells), pl.Series(dtype=pl.String)


def _list_moved(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    is_moved = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_old") for name in PARTITION_SCHEMA)
    return new.join(old, on="report_id", suffix="_old").filter(is_moved).select("report_id")


def _find_changed(before: Path, after: Path) -> list[Partition]:
    """Find the partitions in which a file of a compared table has other bytes."""
    every = {*list_partitions(before, REPORTS), *list_partitions(after, REPORTS)}
    return sorted(
        place
        for place in every
        if any(
            _hash(before / locate_file(table, place)) != _hash(after / locate_file(table, place))
            for table in (REPORTS, CELLS, FINDINGS)
        )
    )


def _hash(path: Path) -> str | None:
    return hash_file(path) if path.is_file() else None


def _read(data: Path, table: Table, place: Partition) -> pl.DataFrame:
    return read_partitions(data, table, [place])


def _concat(table: Table, frames: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([table.frame_schema.to_frame(), *frames], rechunk=True)


def _compare_cells(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    names = (*PARTITION_SCHEMA, *_FIGURE)
    old = before.select(*CELLS.key, *(pl.col(name).alias(f"old_{name}") for name in names))
    pairs = after.select(*CELLS.key, *names).join(old, on=CELLS.key, how="full", coalesce=True)
    is_other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"old_{name}")) for name in _FIGURE)
    return pairs.filter(is_other).with_columns(
        *(pl.coalesce(name, f"old_{name}") for name in PARTITION_SCHEMA),
        change=_name_change(pl.col("old_status"), pl.col("status")),
    )


def _name_change(before: pl.Expr, after: pl.Expr) -> pl.Expr:
    return (
        pl.when(before.is_null())
        .then(pl.lit("added"))
        .when(after.is_null())
        .then(pl.lit("removed"))
        .otherwise(pl.lit("changed"))
    )


def _count(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(sorted(frame.group_by(column).len().rows()))
