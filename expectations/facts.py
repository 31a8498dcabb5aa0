"""What rules ask of a report beside its cells: level, body, and last year's report."""

from __future__ import annotations

import polars as pl

from expectations.context import Context
from expectations.earlier import name_series
from expectations.prose_facts import read_prose
from expectations.words import load_words
from storage.schema import REPORTS

FACTS = (
    *("report_id", "form", "year", "scope", "adcode", "level", "is_party_body"),
    *("explains_stock", "has_fee_sentence", "fee_yuan", "stated_natural", "stated_others"),
    *("series", "earlier_id", "earlier_form", "earlier_version", "earlier_changed_at"),
)
_YEAR_SUFFIX = r"-\d{4}$"


def describe_reports(reports: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Add to each report the facts that rules are bound by; columns not given become null.

    Args:
        reports: `report_id`, `year`, `form`; other columns as in the reports table.
        context: For the reports of other years, and what the texts state.

    Returns:
        The reports in their order, with every column of the reports table and of `FACTS`.
        `level` is central, province, prefecture, county or township, null where the division
        is not settled. `series` is the identity without the year; `earlier_id` is the report
        of the series a year before, given in either frame.
    """
    completed = _complete(reports).with_columns(
        level=_tell_level(),
        is_party_body=pl.col("publisher").str.contains(load_words().party_bodies),
        series=name_series(),
    )
    earlier = context.other_reports
    others = (
        completed if earlier is None else pl.concat([completed, _complete(earlier)], how="diagonal")
    )
    last = (
        others.select(REPORTS.frame_schema.names())
        .with_columns(series=name_series())
        .filter(pl.col("report_id").str.contains(_YEAR_SUFFIX))
        .select(
            "series",
            year=pl.col("year") + 1,
            earlier_id="report_id",
            earlier_form="form",
            earlier_version="version",
            earlier_changed_at="changed_at",
        )
        .unique(["series", "year"], keep="first", maintain_order=True)
    )
    linked = completed.join(last, on=["series", "year"], how="left", maintain_order="left")
    return read_prose(linked, context.parts)


def list_known(reports: pl.DataFrame, others: pl.DataFrame | None) -> pl.DataFrame:
    """List all reports known, those checked first, each once.

    Returns:
        `report_id`, `year`, `form`, `scope`, `adcode`, `publisher`, `series`.
    """
    frames = [_complete(reports)] if others is None else [_complete(reports), _complete(others)]
    return (
        pl.concat([frame.select(REPORTS.frame_schema.names()) for frame in frames])
        .unique("report_id", keep="first", maintain_order=True)
        .select(
            *("report_id", "year", "form", "scope", "adcode", "publisher"), series=name_series()
        )
    )


def _complete(reports: pl.DataFrame) -> pl.DataFrame:
    missing = {
        name: dtype for name, dtype in REPORTS.frame_schema.items() if name not in reports.columns
    }
    return reports.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in missing.items())


def _tell_level() -> pl.Expr:
    adcode = pl.col("adcode")
    return (
        pl.when(pl.col("region") == "CN")
        .then(pl.lit("central"))
        .when((pl.col("scope") == "township") | pl.col("township").is_not_null())
        .then(pl.lit("township"))
        .when(adcode.str.ends_with("0000"))
        .then(pl.lit("province"))
        .when(adcode.str.ends_with("00"))
        .then(pl.lit("prefecture"))
        .when(adcode.is_not_null())
        .then(pl.lit("county"))
    )
