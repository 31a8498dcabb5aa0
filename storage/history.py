"""What a run replaces: old versions of reports, and the cells that changed with them."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from storage.schema import CELL_CHANGES, CELLS, INSTANT, REPORT_VERSIONS

NEW_BYTES, NEW_READER, WITHDRAWN = "new_bytes", "new_reader", "withdrawn"
_FIGURE = ("value", "text", "status")
_NAME = CELLS.key


def list_causes(compared: pl.DataFrame) -> pl.DataFrame:
    """Say why the cells of stored reports may change: another text, or another reading of it.

    Args:
        compared: as `compare_reports` gives it.

    Returns:
        `report_id`, `cause`; of reports that were stored before.
    """
    return compared.filter(~pl.col("is_new")).select(
        "report_id",
        cause=pl.when("is_same_text").then(pl.lit(NEW_READER)).otherwise(pl.lit(NEW_BYTES)),
    )


def list_cell_changes(
    before: pl.DataFrame, after: pl.DataFrame, causes: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    """List the cells of stored reports that are otherwise now.

    A report of which no cell was stored has no change of cells: nothing of it was told before.

    Args:
        before: cells as stored, columns as `CELLS.schema`.
        after: cells of the same reports as they will be.
        causes: as `list_causes`.
        now: when they change.

    Returns:
        `CELL_CHANGES.schema`, in no order.
    """
    names = [*_NAME, *_FIGURE]
    if before.select(names).equals(after.select(names)):
        return CELL_CHANGES.schema.to_frame()
    old = before.select(*_NAME, *(pl.col(name).alias(f"old_{name}") for name in _FIGURE))
    causes = causes.join(before, on="report_id", how="semi")
    new = after.select(names).join(causes, on="report_id", how="semi")
    is_other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"old_{name}")) for name in _FIGURE)
    return (
        old.join(new, on=_NAME, how="full", coalesce=True)
        .filter(is_other)
        .join(causes, on="report_id")
        .with_columns(changed_at=pl.lit(now).cast(INSTANT))
        .select(CELL_CHANGES.schema.names())
    )


def list_replaced(
    stored: pl.DataFrame, causes: pl.DataFrame, changes: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    """List the versions of reports that stand no more.

    A report of which the same text is judged otherwise is no other version of it.

    Args:
        stored: reports as they were, columns as `REPORTS.schema`; those without a cause are
            withdrawn.
        causes: as `list_causes`.
        changes: their cells that change.
        now: when they are replaced.

    Returns:
        `REPORT_VERSIONS.schema`, in no order.
    """
    counts = changes.group_by("report_id").agg(cells_changed=pl.len().cast(pl.Int32))
    is_replaced = (pl.col("cause") != NEW_READER) | (pl.col("cells_changed") > 0)
    return (
        stored.join(causes, on="report_id", how="left")
        .join(counts, on="report_id", how="left")
        .with_columns(
            cause=pl.col("cause").fill_null(WITHDRAWN),
            cells_changed=pl.when(pl.col("cause").is_not_null()).then(
                pl.col("cells_changed").fill_null(0)
            ),
            replaced_at=pl.lit(now).cast(INSTANT),
        )
        .filter(is_replaced)
        .select(REPORT_VERSIONS.schema.names())
    )
