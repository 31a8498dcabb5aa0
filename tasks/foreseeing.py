"""What storing a new reading of the archive would change: told before it is stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from storage.history import NEW_READER, list_cell_changes
from storage.lake import Partition, read_partitions, read_table
from storage.packing import choose_rows, unpack
from storage.schema import CELL_CHANGES, CELLS, PARTITION_SCHEMA, REPORTS
from tasks.reading.batch import ReadBatch

NEW, GONE, MOVED, CHANGED = "new", "gone", "moved", "changed"
_WHERE = ("report_id", "title", "url", *PARTITION_SCHEMA)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a new reading gives otherwise than what is stored.

    `reports`: a row a report that differs: `report_id`, `title`, `url`, `year`, `region`, `what`
    (`new`, `gone`, `moved` to another year or region, `changed` cells) and `cells`, how many of
    its cells differ. `cells`: `CELL_CHANGES.schema`. `read` counts the reports that were read.
    """

    read: int
    reports: pl.DataFrame
    cells: pl.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Reports by what differs, and the cells that do."""
        of = {what: self.reports.filter(pl.col("what") == what).height for what in _KINDS}
        return {
            "reports_read": self.read,
            **{f"reports_{what}": count for what, count in of.items()},
            "cells_changed": self.cells.height,
        }


_KINDS = (NEW, GONE, MOVED, CHANGED)


def foresee_reading(
    batch: ReadBatch, withdrawn: Collection[str], data: Path, now: datetime
) -> Foreseen:
    """Compare what was read again with what is stored, partition by partition.

    Args:
        batch: the reports that were read.
        withdrawn: stored reports that go, as they have another name now.
        data: the data folder.
        now: the present instant, for `changed_at`.

    Raises:
        StorageError: a stored file is damaged.
    """
    stored = read_table(data, REPORTS).select(_WHERE)
    read = batch.reports.select(_WHERE)
    here = stored.join(read, on="report_id", how="semi")
    causes = here.select("report_id", cause=pl.lit(NEW_READER))
    changes = [CELL_CHANGES.schema.to_frame()]
    for place in here.select(PARTITION_SCHEMA.names()).unique().sort(pl.all()).rows():
        before = read_partitions(data, CELLS, [Partition(*place)])
        before = before.join(here, on="report_id", how="semi").select(CELLS.schema.names())
        after = unpack(choose_rows(batch.details["cells"], before))
        changes.append(list_cell_changes(before, after, causes, now))
    cells = pl.concat(changes, rechunk=True).sort(CELL_CHANGES.key)
    is_gone = pl.col("report_id").is_in(list(withdrawn))
    moved = read.join(here, on=["report_id", *PARTITION_SCHEMA], how="anti")
    counts = cells.group_by("report_id").agg(cells=pl.len())
    kinds = {
        NEW: read.join(stored, on="report_id", how="anti"),
        GONE: stored.filter(is_gone),
        MOVED: moved.join(here, on="report_id", how="semi"),
        CHANGED: read.join(counts, on="report_id", how="semi"),
    }
    told = [rows.with_columns(what=pl.lit(what)) for what, rows in kinds.items()]
    reports = (
        pl.concat(told, rechunk=True)
        .unique("report_id", keep="first", maintain_order=True)
        .join(counts, on="report_id", how="left")
        .with_columns(pl.col("cells").fill_null(0))
        .sort("what", "report_id")
    )
    return Foreseen(read.height, reports, cells)
