"""Which body belongs to which government, and which bodies owe reports."""

from __future__ import annotations

import polars as pl

from expectations.context import DOWN, ROSTER
from expectations.earlier import name_series
from expectations.rulebook import load_rulebook
from storage.schema import MISSING

# Municipalities, whose districts report to them directly.
MUNICIPALITIES = ("11", "12", "31", "50")
UNRESOLVED = "unresolved"  # as a region: such reports have the title, with its year, as name


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
    last = pl.col("publisher", "scope", "adcode", "region").last()
    return (
        reports.filter(pl.col("region") != UNRESOLVED)
        .with_columns(series=name_series())
        .sort("year", "report_id")
        .group_by("series", maintain_order=True)
        .agg(
            last,
            first_year=pl.col("year").min(),
            last_year=pl.lit(None, pl.Int32),
            due=pl.lit(None, pl.String),
            host_down=pl.lit(None, pl.String),
        )
        .match_to_schema(ROSTER)
    )


def list_missing(
    roster: pl.DataFrame,
    reports: pl.DataFrame,
    last_year: int,
    down: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """List the reports that are owed up to a report year, and not there.

    A body that the roster does not have owes one too, once it has reported. `due_on` is the
    day that the roster sets, else that of the rule on the body's publication (P-01 to P-04).

    Args:
        roster: As `ROSTER`.
        reports: As the reports table, of any years.
        last_year: The last report year that is over.
        down: As `DOWN`: bodies whose host does not answer; None: all do.

    Returns:
        As `MISSING`, sorted by its key.
    """
    derived = derive_roster(reports).join(roster, on="series", how="anti")
    bodies = pl.concat(
        [
            roster.with_columns(known_by=pl.lit("roster")),
            derived.with_columns(known_by=pl.lit("earlier_reports")),
        ]
    )
    present = reports.select("year", series=name_series())
    last = pl.min_horizontal("last_year", pl.lit(last_year))
    return (
        bodies.drop("host_down")
        .join(DOWN.to_frame() if down is None else down, on="series", how="left")
        .with_columns(year=pl.int_ranges("first_year", last + 1, dtype=pl.Int32))
        .explode("year")
        .drop_nulls("year")
        .join(present, on=["series", "year"], how="anti")
        .with_columns(due_on=_tell_due())
        .select(MISSING.schema.names())
        .sort(MISSING.key)
    )


def _tell_due() -> pl.Expr:
    """Give the day on which a body's report for `year` is due, null where none is set."""
    rules = [rule for rule in load_rulebook().rules.values() if rule.deadlines]
    own = pl.format("{}-{}", pl.col("year") + 1, "due").str.to_date("%Y-%m-%d", strict=False)
    by_law = (
        pl.when(rule.applies).then(
            pl.date(pl.col("year") + 1, rule.deadlines[0].month, rule.deadlines[0].day)
        )
        for rule in rules
    )
    return pl.coalesce(own, *by_law)
