"""Last year's report of the same body: which it is, and what it states of this year's."""

from __future__ import annotations

import polars as pl

from expectations.context import Context
from storage.packing import choose_rows, unpack

# What is left over at the end of a year is what the next begins with: the same application.
CARRIED_OUT, CARRIED_IN = "carried_out", "carried_in"
# Table 2 counts other things in each edition: no figure of one compares with another's.
NOT_COMPARED = "t2"
_YEAR_SUFFIX = r"-\d{4}$"


def name_series() -> pl.Expr:
    """Name the identity of a report without its year, the same for all years of a body."""
    return pl.col("report_id").str.replace(_YEAR_SUFFIX, "")


def gather_earlier_cells(
    wanted: pl.Series, reports: pl.DataFrame, cells: pl.DataFrame, others: Context
) -> pl.DataFrame | None:
    """Gather the cells of last year's reports, each under this year's `report_id`.

    Args:
        wanted: The reports whose last year is asked for.
        reports: `report_id`, `year`, `form`: these reports; last year's may be among them.
        cells: As the cells table, of these reports.
        others: For `other_reports` and `other_cells`, which count where `reports` lack one.

    Returns:
        Columns as the cells table; cells of table 2 only where both years have one edition.
        None where no report has one of last year.
    """
    known = ["report_id", "year", "form"]
    pool = reports.select(known)
    if others.other_reports is not None:
        stored = others.other_reports.select(known)
        pool = pl.concat([pool, stored.join(pool, on="report_id", how="anti")])
    series = pool.with_columns(series=name_series())
    links = (
        series.filter(pl.col("report_id").is_in(wanted.implode()))
        .join(
            series.select("series", pl.col("year") + 1, earlier="report_id", earlier_form="form"),
            on=["series", "year"],
        )
        .unique("report_id", keep="first", maintain_order=True)
        .select("earlier", this="report_id", is_same_form=pl.col("form") == pl.col("earlier_form"))
    )
    if links.is_empty():
        return None
    sources = [cells]
    if others.other_cells is not None:
        stored = links.rename({"earlier": "report_id"}).join(reports, on="report_id", how="anti")
        sources.append(choose_rows(others.other_cells, stored))
    asked = links.select(report_id="earlier")
    return (
        pl.concat([unpack(choose_rows(source, asked)) for source in sources])
        .rechunk()
        .join(links, left_on="report_id", right_on="earlier")
        .filter((pl.col("table") != NOT_COMPARED) | pl.col("is_same_form"))
        .with_columns(report_id="this")
        .select(cells.columns)
    )


def list_carried(earlier_cells: pl.DataFrame) -> pl.DataFrame:
    """List what last year's reports state of this year's: the row carried in.

    Args:
        earlier_cells: As `gather_earlier_cells` gives them.

    Returns:
        `report_id`, `source` (always `last_year`), `cell`, `value`; figures that were read.
    """
    return (
        earlier_cells.filter(
            pl.col("table") == "t3", pl.col("row") == CARRIED_OUT, pl.col("value").is_not_null()
        )
        .select(
            "report_id",
            "value",
            source=pl.lit("last_year"),
            cell=pl.format("t3.{}.{}", pl.lit(CARRIED_IN), "column"),
        )
        .select("report_id", "source", "cell", "value")
    )
