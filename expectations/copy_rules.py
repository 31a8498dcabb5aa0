"""Rules about reports of the same year that tell the same in the same words (Q-03)."""

from __future__ import annotations

import numpy as np
import polars as pl

from expectations.likeness import pair_alike, to_rows
from expectations.remarks import write_remarks
from expectations.report_rules import INSTANCE

LEAST_ALIKE = 0.95
LEAST_CHARACTERS = 300


def check_copies(
    reports: pl.DataFrame, known: pl.DataFrame, sketches: pl.DataFrame
) -> list[pl.LazyFrame]:
    """Find reports whose text is that of another body in the same year (Q-03, `alike`).

    Texts of fewer than 300 characters are not compared: the form leaves little choice there.

    Args:
        reports: Those checked.
        known: All reports known, with `year`, `series` and `publisher`.
        sketches: As `SKETCHES`, of all of them.
    """
    # The sketch of a whole is the smallest of its parts, bin by bin.
    whole = (
        sketches.sort("report_id", "part")
        .group_by("report_id", maintain_order=True)
        .agg(
            pl.col("length").sum(),
            pl.col("sketch").first(),
            pl.col("sketch").last().alias("other_sketch"),
        )
        .filter(pl.col("length") >= LEAST_CHARACTERS)
        .join(
            known.select("report_id", "year", "series", "publisher"),
            on="report_id",
            maintain_order="left",
        )
    )
    if whole.height < 2:
        return []
    rows = to_rows(whole["sketch"])
    rows = np.minimum(rows, to_rows(whole["other_sketch"]))
    pairs = pair_alike(rows, whole["year"], LEAST_ALIKE)
    others = whole.select(
        other=pl.int_range(pl.len(), dtype=pl.UInt32),
        other_series="series",
        detail=pl.coalesce("publisher", "report_id"),
    )
    found = (
        pairs.join(
            whole.select("report_id", "series", index=pl.int_range(pl.len(), dtype=pl.UInt32)),
            on="index",
        )
        .join(others, on="other")
        .filter(pl.col("series") != pl.col("other_series"))
        .join(reports.select("report_id"), on="report_id", how="semi")
    )
    return [
        write_remarks(
            found.lazy(),
            rule="Q-03",
            case="alike",
            instance=INSTANCE,
            detail=pl.col("detail"),
            reported=pl.col("likeness").round(2).cast(pl.String),
        )
    ]
