"""Digests of whole tables, by which reports with the same figures are found."""

from __future__ import annotations

import numpy as np
import polars as pl

from expectations.sheet import Sheet

# A figure that only few reports share by chance.
TELLING = 10
SMALLEST_PARTS = 10**6  # figures have six decimals
LARGEST_WEIGHT = 2**62


def digest_tables(sheet: Sheet) -> pl.DataFrame:
    """Digest the figures of each table of every report.

    Returns:
        `report_id`, `form`, and for each table `digest_<table>`: a sum with a weight of its
        own for each cell, equal for equal figures, 0 if all are 0, null if one is not read.
    """
    draw = np.random.default_rng(len(sheet.form.cells))
    weights = draw.integers(1, LARGEST_WEIGHT, len(sheet.form.cells)).tolist()
    # Whole numbers that wrap around: sums of floats would depend on the order of adding.
    weighted = {
        cell.key: (pl.col(cell.key) * SMALLEST_PARTS).cast(pl.Int64, strict=False) * weight
        for cell, weight in zip(sheet.form.cells, weights, strict=True)
    }
    return sheet.values.select(
        "report_id",
        pl.lit(sheet.form.edition).alias("form"),
        *(
            pl.sum_horizontal(
                [weighted[cell.key] for cell in table.cells], ignore_nulls=False
            ).alias(f"digest_{table.key}")
            for table in sheet.form.tables.values()
        ),
    )


def count_telling(values: pl.DataFrame) -> pl.Series:
    """Count, row by row, the different figures that are telling, in all cells."""
    figures = values.select(
        "report_id",
        pl.concat_list(pl.exclude("report_id").cast(pl.Float64))
        .list.eval(pl.element().filter(pl.element() >= TELLING))
        .list.n_unique()
        .alias("count"),
    )
    return figures["count"]
