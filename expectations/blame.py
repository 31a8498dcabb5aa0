"""Whose error a failed rule is: the publisher's, ours, or not known."""

from __future__ import annotations

import polars as pl

from storage.packing import choose_rows, unpack


def settle_blame(findings: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Blame the publisher where a second reading confirms every cell of a failed rule.

    Args:
        findings: `report_id`, `outcome`, `blame`, `cells` and whatever else.
        cells: `report_id`, `table`, `row`, `column`, `confirmed`.

    Returns:
        `findings` in the order given. A failed finding over cells whose blame is unknown
        becomes the publisher's if all of them are confirmed; all others stay as they are.
    """
    numbered = findings.with_row_index("number")
    open_ones = numbered.filter(
        (pl.col("outcome") == "failed")
        & (pl.col("blame") == "unknown")
        & (pl.col("cells").list.len() > 0)
    )
    named = unpack(choose_rows(cells, open_ones)).select(
        "report_id",
        "confirmed",
        cells=pl.concat_str("table", "row", "column", separator="."),
    )
    confirmed = (
        open_ones.select("number", "report_id", "cells")
        .explode("cells")
        .join(named, on=["report_id", "cells"], how="left")
        .group_by("number")
        .agg(pl.col("confirmed").fill_null(False).all())
        .filter("confirmed")
    )
    is_publishers = pl.col("number").is_in(confirmed["number"].implode())
    return numbered.with_columns(
        blame=pl.when(is_publishers).then(pl.lit("publisher")).otherwise("blame")
    ).drop("number")
