"""Rules about the statistics of reports before 2019, whose rows are told by their labels."""

from __future__ import annotations

import polars as pl

from expectations.remarks import write_figure, write_remarks
from expectations.rule import Rule, Sum
from expectations.words import load_words

WHOLE = "O-08"


def check_older(
    reports: pl.DataFrame, rows: pl.DataFrame, rules: dict[str, Rule]
) -> list[pl.LazyFrame]:
    """Check the sums and bounds that rules declare over labelled rows.

    A part is the first row of its label below the total: the same labels stand under reviews
    and under suits. Cases `unequal`, `exceeds`, `unread`.

    Args:
        reports: Those checked.
        rows: As `OLDER_ROWS`.
        rules: The rules to check.
    """
    folded = rows.join(reports.select("report_id", "form"), on="report_id").with_columns(
        key=pl.col("label").str.replace_all(load_words().patterns["older_label"], "")
    )
    remarks: list[pl.LazyFrame] = []
    for rule in rules.values():
        bound = folded.filter(pl.col("form").is_in(rule.forms or ()))
        remarks += [_check_sum(bound, rule, one, reports) for one in rule.sums]
    return [*remarks, _check_cumulative(folded)]


def _check_sum(
    rows: pl.DataFrame, rule: Rule, declared: Sum, reports: pl.DataFrame
) -> pl.LazyFrame:
    totals = (
        rows.lazy()
        .filter(pl.col("key").is_in(declared.totals))
        .unique("report_id", keep="first", maintain_order=True)
        .select("report_id", start="position", total="value")
    )
    parts = (
        rows.lazy()
        .filter(pl.col("key").is_in(declared.parts))
        .join(totals, on="report_id")
        .filter(pl.col("position") > pl.col("start") if declared.is_below else pl.lit(True))
        .sort("report_id", "position")
        .unique(["report_id", "key"], keep="first", maintain_order=True)
        .group_by("report_id")
        .agg(summed=pl.col("value").sum(), read=pl.col("value").count())
    )
    judged = (
        reports.lazy()
        .filter(pl.col("form").is_in(rule.forms or ()))
        .select("report_id")
        .join(totals, on="report_id", how="left")
        .join(parts, on="report_id", how="left")
    )
    is_unread = pl.col("total").is_null() | (pl.col("read").fill_null(0) < declared.least)
    if declared.is_optional:
        # A table without the row, or with the row and no parts of it, leaves nothing to add.
        is_unread = pl.col("total").is_null() & (pl.col("read") > 0)
    is_off = (
        pl.col("summed") > pl.col("total")
        if declared.case == "exceeds"
        else pl.col("summed") != pl.col("total")
    )
    case = pl.when(is_unread).then(pl.lit("unread")).when(is_off).then(pl.lit(declared.case))
    subject = declared.parts[0] if declared.case == "exceeds" else declared.totals[0]
    # A bound is about the smaller figure, a sum about the total.
    sides = ("total", "summed") if declared.case == "exceeds" else ("summed", "total")
    return write_remarks(
        judged.filter(case.is_not_null()),
        rule=rule.id,
        case=case,
        instance=subject,
        name=subject,
        expected=write_figure(sides[0]),
        reported=write_figure(sides[1]),
        difference=pl.col(sides[1]) - pl.col(sides[0]),
    )


def _check_cumulative(rows: pl.DataFrame) -> pl.LazyFrame:
    """Find rows whose figure of the year exceeds the cumulative one (O-08)."""
    exceeding = rows.lazy().filter(pl.col("value") > pl.col("cumulative"))
    return write_remarks(
        exceeding,
        rule=WHOLE,
        case="exceeds",
        instance=pl.format("{}.{}", "position", "key"),
        name=pl.col("label"),
        expected=write_figure("cumulative"),
        reported=write_figure("value"),
        difference=pl.col("value") - pl.col("cumulative"),
    )
