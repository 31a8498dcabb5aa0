"""Which body belongs to which government, and which bodies owe reports."""

from __future__ import annotations

from datetime import date

import polars as pl

from expectations.context import ROSTER
from expectations.facts import FIRST_DUE, list_known
from storage.schema import PolarsType

# Municipalities, whose districts report to them directly.
MUNICIPALITIES = ("11", "12", "31", "50")
_MISSING: dict[str, PolarsType] = {
    "series": pl.String,
    "publisher": pl.String,
    "scope": pl.String,
    "adcode": pl.String,
    "year": pl.Int32,
    "due_on": pl.Date,
    "is_overdue": pl.Boolean,
}
MISSING = pl.Schema(_MISSING)


def name_parent() -> pl.Expr:
    """Give the code of the division whose government's report covers a body's.

    Of departments and townships it is their own division, of a government the next above; null
    for a province, the centre, and where the division is not settled. Needs `scope`, `adcode`.
    """
    adcode, scope = pl.col("adcode"), pl.col("scope")
    province = adcode.str.head(2) + "0000"
    is_below_province = adcode.str.head(2).is_in(MUNICIPALITIES) | (adcode.str.slice(2, 2) == "90")
    above = (
        pl.when(adcode.str.ends_with("0000"))
        .then(pl.lit(None, pl.String))
        .when(adcode.str.ends_with("00") | is_below_province)
        .then(province)
        .otherwise(adcode.str.head(4) + "00")
    )
    return (
        pl.when(scope.is_in(["department", "township"]))
        .then(adcode)
        .when(scope == "government")
        .then(above)
    )


def derive_roster(reports: pl.DataFrame) -> pl.DataFrame:
    """Derive the bodies that owe reports from those that have reported.

    Args:
        reports: As the reports table, of any years.

    Returns:
        As `ROSTER`: a body owes a report from its first one on.
    """
    return (
        list_known(reports, None)
        .sort("year")
        .group_by("series", maintain_order=True)
        .agg(
            pl.col("publisher", "scope", "adcode").last(),
            first_year=pl.col("year").min(),
            last_year=pl.lit(None, pl.Int32),
        )
        .match_to_schema(ROSTER)
    )


def choose_owing(roster: pl.DataFrame, year: int) -> pl.DataFrame:
    """Choose the bodies of a roster that owe a report for a year."""
    return roster.filter(
        pl.col("first_year") <= year, pl.col("last_year").is_null() | (pl.col("last_year") >= year)
    )


def list_missing(
    roster: pl.DataFrame, reports: pl.DataFrame, year: int, today: date
) -> pl.DataFrame:
    """List the bodies that owe a report for a year and have none.

    `due_on` is the legal day: 31 January for departments, 31 March for governments and, until
    report year 2018, for all; null for townships since, for which no law sets a day.
    """
    present = list_known(reports, None).filter(pl.col("year") == year).select("series")
    scope = pl.col("scope")
    end_of_march, end_of_january = date(year + 1, 3, 31), date(year + 1, 1, 31)
    due = (
        pl.when((scope == "government") | pl.lit(year < FIRST_DUE))
        .then(pl.lit(end_of_march))
        .when(scope == "department")
        .then(pl.lit(end_of_january))
    )
    return (
        choose_owing(roster, year)
        .join(present, on="series", how="anti")
        .with_columns(year=pl.lit(year, pl.Int32), due_on=due)
        .with_columns(is_overdue=(pl.col("due_on") < today).fill_null(False))
        .select(MISSING.names())
        .sort("adcode", "series", nulls_last=True)
    )
