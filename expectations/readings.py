"""Both readings of the cells that a finding binds, kept with it."""

from __future__ import annotations

import polars as pl

from expectations.sheet import SLICE
from storage.packing import choose_rows, unpack

READINGS = ("first_reading", "second_reading")
# The note that reading leaves at a cell which its two readings give differently.
DIFFERING_NOTE = r"^readings_differ:((?s).*?)(?:; equation_gives:.*)?$"


def add_readings(findings: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Add what each of the two readings gives in the cells of a finding.

    Args:
        findings: `report_id`, `outcome`, `cells` and whatever else.
        cells: `report_id`, `table`, `row`, `column`, `text`, `note`, `confirmed`.

    Returns:
        `findings` in the order given, with `first_reading` and `second_reading`: texts, one a
        cell. Both are null for findings without cells, and for those not evaluated whose
        cells are read alike or once.
    """
    numbered = findings.drop(READINGS, strict=False).with_row_index("number")
    reports = numbered.select("report_id").unique(maintain_order=True)
    # Texts of the cells' names and readings stand for so many reports at a time only.
    both = [_read_both(numbered, cells, chosen) for chosen in reports.iter_slices(SLICE)]
    if not both:
        return findings.with_columns(
            pl.lit(None, pl.List(pl.String)).alias(name) for name in READINGS
        )
    return numbered.join(pl.concat(both), on="number", how="left", maintain_order="left").drop(
        "number"
    )


def _read_both(numbered: pl.DataFrame, cells: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """Give the two readings of the findings of some reports, under their `number`."""
    cells = unpack(choose_rows(cells, chosen))
    numbered = numbered.join(chosen, on="report_id", how="semi", maintain_order="left")
    second = pl.col("note").str.extract(DIFFERING_NOTE, 1)
    named = cells.select(
        "report_id",
        cells=pl.concat_str("table", "row", "column", separator="."),
        first="text",
        second=pl.when(pl.col("confirmed")).then("text").otherwise(second),
        differs=second.is_not_null(),
    )
    differing = named.filter("differs").select("report_id").unique()
    is_failed = pl.col("outcome") == "failed"
    is_doubted = pl.col("report_id").is_in(differing["report_id"].implode())
    return (
        numbered.filter(is_failed | is_doubted, pl.col("cells").list.len() > 0)
        .select("number", "report_id", "outcome", "cells")
        .explode("cells")
        .join(named, on=["report_id", "cells"], how="left", maintain_order="left")
        .group_by("number", maintain_order=True)
        .agg(
            pl.col("outcome").first(),
            pl.col("differs").any(),
            pl.col("first").cast(pl.String).alias(READINGS[0]),
            pl.col("second").cast(pl.String).alias(READINGS[1]),
        )
        .filter(is_failed | pl.col("differs"))
        .select("number", *READINGS)
    )
