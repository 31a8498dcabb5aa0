"""Remarks: what checks find, before the rulebook gives them severity, blame and words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from expectations.readings import READINGS
from expectations.rule import Case, Rule
from expectations.rulebook import write_message
from storage.schema import FIGURE, FINDINGS, PolarsType

# `name`, `count` and `detail` fill the places of the message; `case` names it in the rulebook.
_COLUMNS: dict[str, PolarsType] = {
    "report_id": pl.String,
    "rule": pl.String,
    "case": pl.String,
    "instance": pl.String,
    "cells": pl.List(pl.String),
    "name": pl.String,
    "expected": pl.String,
    "reported": pl.String,
    "difference": FIGURE,
    "count": pl.UInt32,
    "detail": pl.String,
}
SLICE = 100_000
REMARKS = pl.Schema(_COLUMNS)
# Columns of findings that need more than rules: a family's past, waivers, the second reading.
SETTLED_LATER = ("held", "waived_for", "waived_by", "waived_until", *READINGS)


def write_remarks(frame: pl.LazyFrame, **columns: pl.Expr | str | Iterable[str]) -> pl.LazyFrame:
    """Write one remark a row of `frame`, which has `report_id`.

    Args:
        frame: What a check found.
        **columns: The columns of `REMARKS`, each a constant or an expression over `frame`;
            those left out are null (`cells`: empty).
    """
    given = {"cells": (), **columns}
    return frame.select(
        "report_id",
        *(
            _as_expression(given.get(name)).cast(dtype).alias(name)
            for name, dtype in REMARKS.items()
            if name != "report_id"
        ),
    )


def write_figure(figure: str) -> pl.Expr:
    """Write the decimal column `figure` plainly: no trailing zeros, no exponent."""
    return pl.col(figure).cast(FIGURE).cast(pl.String).str.replace(r"\.?0+$", "")


def word_remarks(
    remarks: pl.DataFrame, facts: pl.DataFrame, rules: Mapping[str, Rule]
) -> pl.DataFrame:
    """Give each remark the severity, blame, message and description of its rule's case.

    Remarks under a rule that does not bind the report are left out.

    Args:
        remarks: As `REMARKS`.
        facts: As `facts.FACTS`, a row a report.
        rules: The rules by id.

    Returns:
        `year` and the columns of the findings table; outcomes other than failed and not
        evaluated included.

    Raises:
        KeyError: the rulebook lacks the rule or case of a remark.
    """
    # So many at a time: the remarks on a nation's year take much of its memory.
    dated = (
        chunk.join(facts, on="report_id", how="left", maintain_order="left")
        for chunk in remarks.iter_slices(SLICE)
    )
    worded = [
        _word_case(group, rules[rule], rules[rule].cases[case])
        for chunk in dated
        for (rule, case), group in chunk.partition_by("rule", "case", as_dict=True).items()
    ]
    empty = FINDINGS.frame_schema.to_frame().drop("region")
    return pl.concat([empty, *worded], how="diagonal")


def _word_case(remarks: pl.DataFrame, rule: Rule, case: Case) -> pl.DataFrame:
    return (
        remarks.filter(rule.applies)
        .with_columns(
            severity=pl.lit(case.severity),
            outcome=pl.lit(case.outcome),
            blame=pl.lit(case.blame, pl.String),
            message=write_message(case.message),
            description=pl.lit(rule.description),
        )
        .select("year", *(name for name in FINDINGS.schema if name not in SETTLED_LATER))
    )


def _as_expression(value: pl.Expr | str | Iterable[str] | None) -> pl.Expr:
    if isinstance(value, pl.Expr):
        return value
    if value is None or isinstance(value, str):
        return pl.lit(value)
    return pl.lit(list(value), dtype=pl.List(pl.String))
