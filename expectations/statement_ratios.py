"""Shares and growth rates of the prose, recomputed."""

from __future__ import annotations

import polars as pl

from expectations.statement_sums import (
    KEY,
    ROW,
    load_subjects,
    name_values,
    settle,
    spell_terms,
    sum_cells,
    write_value,
)


def judge_shares(dated: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Recompute shares from every whole the prose or the table offers.

    A share agrees if it is that of any earlier figure of the same unit and part of the
    report, of its siblings together, or of the requests of the table, rounded or cut off.
    """
    counts = dated.select(*KEY, "quantity", "unit", "section", "subject", "part_of", "form")
    shares = (
        dated.filter(
            pl.col("subject") == "share",
            pl.col("share_of").is_not_null(),
            ~pl.col("qualifiers").list.contains("about"),
        )
        .select(*KEY, "share_of", "places", stated="quantity", part="section")
        .join(counts, left_on=["report_id", "share_of"], right_on=KEY)
        .rename({"quantity": "numerator", "part_of": "whole"})
    )
    near = shares.join(counts, on="report_id", suffix="_other").filter(
        pl.col("number_other") < pl.col("number"),
        pl.col("unit_other").eq_missing(pl.col("unit")),
        pl.col("section_other").eq_missing(pl.col("part")),
        pl.col("number_other") != pl.col("share_of"),
        # A part is a share of its own whole; else of any figure that is no row of the table.
        (pl.col("number_other") == pl.col("whole"))
        | (pl.col("whole").is_null() & ~pl.col("subject_other").str.starts_with(ROW)),
    )
    siblings = (
        shares.filter(pl.col("whole").is_not_null())
        .join(counts, left_on=["report_id", "whole"], right_on=["report_id", "part_of"])
        .group_by(*KEY, "places", "stated", "numerator")
        .agg(value=pl.col("quantity").sum())
    )
    requests = shares.filter(
        pl.col("subject").str.contains(r"^(row\.|from\.|closed|received|new|carried)")
    )
    terms = spell_terms(
        requests.select("form", subject=pl.lit("share_of_requests")).unique().drop_nulls(),
        load_subjects(),
    )
    tabled = sum_cells(
        requests.select(*KEY, "form", subject=pl.lit("share_of_requests"), quantity="stated"),
        terms,
        name_values(cells, terms),
    )
    ratio_columns = (*KEY, "places", "stated", "numerator", "value")
    wholes = pl.concat(
        [
            near.select(*ratio_columns[:-1], value=pl.col("quantity").cast(pl.Float64)),
            siblings.select(*ratio_columns[:-1], pl.col("value").cast(pl.Float64)),
            requests.join(tabled, on=KEY).select(
                *ratio_columns[:-1], pl.col("value").cast(pl.Float64)
            ),
        ]
    ).filter(pl.col("value").is_null() | (pl.col("value") >= pl.col("numerator")))
    value = 100 * pl.col("numerator").cast(pl.Float64) / pl.col("value")
    return _judge_ratios(wholes.with_columns(value=value), shares)


def judge_growth(
    dated: pl.DataFrame, terms: pl.DataFrame, earlier: pl.DataFrame | None
) -> pl.DataFrame:
    """Recompute growth from last year's figure, in the prose or in last year's report."""
    growth = (
        dated.filter(pl.col("subject") == "growth", pl.col("share_of").is_not_null())
        .with_columns(falls=pl.col("qualifiers").list.contains("falling"))
        .select(*KEY, "year", "share_of", "places", "falls", stated="quantity")
        .join(
            dated.select(
                *KEY, "subject", "form", "is_plain", numerator="quantity", base_unit="unit"
            ),
            left_on=["report_id", "share_of"],
            right_on=KEY,
        )
    )
    stated = growth.join(
        dated.filter(pl.col("subject") != "growth").select(
            "report_id", "subject", "period", value="quantity", unit="unit"
        ),
        on=["report_id", "subject"],
    ).filter(
        pl.col("unit").eq_missing(pl.col("base_unit")),
        (pl.col("period") == "previous")
        | (pl.col("period") == (pl.col("year") - 1).cast(pl.String)),
        pl.col("subject") != "stated",
    )
    columns = (*KEY, "places", "stated", "numerator", "falls")
    parts = [stated.select(*columns, pl.col("value").cast(pl.Float64))]
    if earlier is not None:
        # Last year's table holds what the report as a whole covered, if it is stored at all.
        known = growth.filter("is_plain").join(earlier, on="report_id", how="semi")
        asked = known.select(*KEY, "subject", "form", quantity="stated")
        tabled = sum_cells(asked, terms, earlier)
        parts.append(growth.join(tabled, on=KEY).select(*columns, pl.col("value").cast(pl.Float64)))
    sign = pl.when("falls").then(-1).otherwise(1)
    before = pl.col("value")
    value = sign * 100 * (pl.col("numerator").cast(pl.Float64) - before) / before
    bases = pl.concat(parts).filter(before.is_null() | (before != 0))
    return _judge_ratios(bases.with_columns(value=value).drop("falls"), growth)


def _judge_ratios(bases: pl.DataFrame, ratios: pl.DataFrame) -> pl.DataFrame:
    """Settle ratios by their recomputed values; one without a base is not evaluated."""
    step = pl.lit(10.0).pow(-pl.col("places").cast(pl.Float64))
    judged = settle(
        bases.lazy()
        .with_columns(
            fits=(pl.col("value") - pl.col("stated").cast(pl.Float64)).abs() < step - 1e-9,
            written=write_value(pl.col("value").round(2)),
            cells=pl.lit([], pl.List(pl.String)),
        )
        .select(*KEY, "value", "fits", "written", "cells")
    )
    unknown = ratios.select(KEY).join(judged, on=KEY, how="anti")
    return pl.concat(
        [judged, unknown.with_columns(outcome=pl.lit("not_evaluated"))], how="diagonal"
    )
