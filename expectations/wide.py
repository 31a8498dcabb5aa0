"""The wide table, for people who want a spreadsheet: one row a report, one column a cell."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from expectations.form import Form, load_form
from expectations.sheet import lay_out_slices
from storage.schema import FIGURE, Column, declare_wide

NEWER, OLDER = "2021", "2019"
# The older edition counts other outcomes in one row, the newer in these three.
OTHER_ROWS = ("other_not_corrected", "other_fee_unpaid", "other_other")


def build_wide(reports: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Spread the cells of all reports over the columns of `WIDE`.

    Table 2 of the 2019 form measures other things than that of the 2021 form: its columns are
    null there. Tables 3 and 4 are comparable, `t3.other` as the sum of its parts.

    Args:
        reports: The columns of the reports table, with `year` and `region`.
        cells: The cells of these reports, columns as in the cells table.

    Returns:
        `WIDE.frame_schema`, one row a report; a figure is null if it was not read, a sum if any
        of its parts was not.

    Raises:
        ValueError: a report or cell stands twice, or a cell is not of the report's form.
    """
    spread = []
    for sheet in lay_out_slices(reports, cells):
        if sheet.form.edition in (NEWER, OLDER):
            spread_out = _spread_newer if sheet.form.edition == NEWER else _spread_older
            own = sheet.reports.lazy().join(spread_out(sheet.values), on="report_id", how="left")
            spread.append(own.select(*WIDE.frame_schema).cast(WIDE.frame_schema).collect())
    known = [WIDE.frame_schema.to_frame(), *spread]
    ids = pl.concat([frame.select("report_id") for frame in known])
    rest = reports.join(ids, on="report_id", how="anti").match_to_schema(
        WIDE.frame_schema, missing_columns="insert", extra_columns="ignore"
    )
    return pl.concat([*known, rest])


def _spread_newer(values: pl.DataFrame) -> pl.LazyFrame:
    return values.lazy().select(
        "report_id",
        *_list_cells(load_form(NEWER)),
        *(
            pl.sum_horizontal([f"t3.{row}.{column}" for row in OTHER_ROWS], ignore_nulls=False)
            .cast(FIGURE)
            .alias(f"t3.other.{column}")
            for column in _list_columns()
        ),
    )


def _spread_older(values: pl.DataFrame) -> pl.LazyFrame:
    shared = {name for name in values.columns if not name.startswith("t2.")}
    figures = [*_list_cells(load_form(NEWER)), *(f"t3.other.{name}" for name in _list_columns())]
    return values.lazy().select(
        "report_id",
        *(pl.col(name) if name in shared else pl.lit(None, FIGURE).alias(name) for name in figures),
    )


def _list_figures() -> Iterator[Column]:
    """List the columns of the figures: the cells of the newer form, and the older one's sums."""
    for cell in load_form(NEWER).cells:
        yield Column(cell.key, FIGURE, cell.title, "not read, or not on this form", cell.unit)
    unit = load_form(NEWER).tables["t3"].cells[0].unit
    said = f"sum of {', '.join(OTHER_ROWS)}; on the 2019 form its one row"
    for column in _list_columns():
        yield Column(f"t3.other.{column}", FIGURE, said, "a part was not read", unit)


def _list_cells(form: Form) -> list[str]:
    return [cell.key for cell in form.cells]


def _list_columns() -> list[str]:
    return list(load_form(NEWER).tables["t3"].blocks[0].columns)


WIDE = declare_wide(_list_figures())
