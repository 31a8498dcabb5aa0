"""The figures of reports that are not checked now: last year's, and those of other bodies."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from expectations.conditions import LAST
from expectations.context import Context
from expectations.sheet import Sheet, join_sheets, lay_out_slices
from storage.packing import choose_rows
from storage.schema import FIGURE


def list_last_values(reports: pl.DataFrame, sheets: list[Sheet], names: list[str]) -> pl.DataFrame:
    """Give some cells of every report a year before one of these.

    Args:
        reports: With `earlier_id`.
        sheets: Of these reports and of the earlier ones.
        names: The cells.

    Returns:
        `report_id`, and the value of each cell under `last.`; null where the edition has no
        such cell.
    """
    wanted = reports.lazy().select(report_id="earlier_id").drop_nulls().unique()
    empty = pl.DataFrame(schema={"report_id": pl.String, **{LAST + name: FIGURE for name in names}})
    return pl.concat(
        [
            empty,
            *(
                sheet.values.lazy()
                .join(wanted, on="report_id", how="semi")
                .select("report_id", *_name_last(sheet, names))
                .collect()
                for sheet in sheets
            ),
        ]
    )


def _name_last(sheet: Sheet, names: list[str]) -> list[pl.Expr]:
    known = set(sheet.values.columns)
    return [
        (pl.col(name) if name in known else pl.lit(None, FIGURE)).alias(LAST + name)
        for name in names
    ]


def lay_out_earlier(reports: pl.DataFrame, context: Context) -> list[Sheet]:
    """Lay out the reports a year before one of these that are not among them."""
    if context.other_reports is None:
        return []
    wanted = reports.select(report_id="earlier_id").drop_nulls()
    others = context.other_reports.join(wanted, on="report_id", how="semi").join(
        reports, on="report_id", how="anti"
    )
    return _lay_out_stored(others, context)


def lay_out_others(reports: pl.DataFrame, sheet: Sheet, context: Context) -> list[Sheet]:
    """Lay out the other reports of the same years and edition, for governments to be held to."""
    if context.other_reports is None:
        return []
    others = context.other_reports.filter(pl.col("form") == sheet.form.edition).join(
        sheet.reports, on="year", how="semi"
    )
    return _lay_out_stored(others.join(reports, on="report_id", how="anti"), context)


def _lay_out_stored(others: pl.DataFrame, context: Context) -> list[Sheet]:
    """Lay out stored reports, of whose cells the figures alone are needed."""
    if context.other_cells is None or others.is_empty():
        return []
    cells = choose_rows(context.other_cells, others)
    return join_sheets(
        [
            replace(sheet, cells=sheet.cells.select("has_unit"))
            for sheet in lay_out_slices(others, cells)
        ]
    )
