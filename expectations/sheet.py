"""Cells laid out for checking: every report on one edition with every cell of its form."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from expectations.form import Form
from storage.schema import STATUSES

STATUS = pl.Enum(STATUSES)
CELL_NAME = ("table", "row", "column")


@dataclass(frozen=True, slots=True)
class Sheet:
    """All reports on one edition of the form, complete: a cell not given stands as `absent`.

    `reports` are their rows of the reports frame. `cells` has `value`, `status`, `text`,
    `note`, report by report, each in the order of the form. `values` and `statuses` hold one
    row a report: `report_id`, then one column a cell.
    """

    form: Form
    reports: pl.DataFrame
    cells: pl.DataFrame
    values: pl.DataFrame
    statuses: pl.DataFrame

    def locate(self, chosen: pl.Expr) -> pl.DataFrame:
        """Return the chosen cells with their names, in order of report and form.

        Args:
            chosen: A condition over the columns of `cells`.

        Returns:
            `report_id`, `cell`, `table`, `row`, `kind`, `title`, and the columns of `cells`.
        """
        # Names are joined to the chosen cells alone: they are few, the cells are millions.
        width = len(self.form.cells)
        return (
            self.cells.lazy()
            .with_row_index("index")
            .filter(chosen)
            .with_columns(report=pl.col("index") // width, position=pl.col("index") % width)
            .join(self.reports.lazy().select("report_id").with_row_index("report"), "report")
            .join(describe_cells(self.form).lazy(), "position")
            .sort("index")
            .drop("index", "report", "position", "column")
            .collect()
        )


def describe_cells(form: Form) -> pl.DataFrame:
    """List the cells of a form in its order.

    Returns:
        `position` (from 0), `cell`, `table`, `row`, `column`, `kind`, `title`.
    """
    cells = form.cells
    return pl.DataFrame(
        {
            "cell": [cell.key for cell in cells],
            "table": [cell.table for cell in cells],
            "row": [cell.row for cell in cells],
            "column": [cell.column for cell in cells],
            "kind": [cell.kind for cell in cells],
            "title": [cell.title for cell in cells],
        }
    ).with_row_index("position")


def lay_out(reports: pl.DataFrame, cells: pl.DataFrame, form: Form) -> Sheet:
    """Lay out the cells of those reports that are on one edition of the form.

    Args:
        reports: `report_id`, `form` and whatever else; other editions are left out.
        cells: `report_id`, `table`, `row`, `column`, `value`, `status`, `text`, `note`; rows
            of other reports are left out.
        form: The edition.

    Raises:
        ValueError: a report or a cell stands twice, or the edition has no such cell.
    """
    chosen = reports.filter(pl.col("form") == form.edition)
    given = _place_cells(chosen, cells, form)
    laid_out = (
        pl.LazyFrame({"index": pl.int_range(chosen.height * len(form.cells), eager=True)})
        .cast(pl.UInt32)
        .join(given.lazy(), on="index", how="left", maintain_order="left")
        .select("value", pl.col("status").fill_null("absent"), "text", "note")
        .collect()
    )
    return Sheet(
        form=form,
        reports=chosen,
        cells=laid_out,
        values=_widen(laid_out["value"], chosen, form),
        statuses=_widen(laid_out["status"], chosen, form),
    )


def _place_cells(reports: pl.DataFrame, cells: pl.DataFrame, form: Form) -> pl.DataFrame:
    """Number the cells of these reports: report times width of the form plus position."""
    width = len(form.cells)
    order = reports.lazy().select("report_id").with_row_index("report")
    names = describe_cells(form).lazy().select("position", *CELL_NAME)
    placed = (
        cells.lazy()
        .join(order, on="report_id")
        .join(names, on=CELL_NAME, how="left")
        .with_columns(index=pl.col("report") * width + pl.col("position"))
        .select("index", "value", pl.col("status").cast(STATUS), "text", "note", *CELL_NAME)
        .collect()
    )
    unknown = placed.filter(pl.col("index").is_null())
    if not unknown.is_empty():
        name = ".".join(unknown.select(CELL_NAME).row(0))
        raise ValueError(
            f"cells: expected the cells of the {form.edition} form, found {name!r} and "
            f"{unknown.height - 1} more; name the cells as the form does"
        )
    twice = placed.height - placed["index"].n_unique()
    if twice or reports["report_id"].n_unique() != reports.height:
        raise ValueError(
            f"cells: expected each report and cell once, found {twice} cells and "
            f"{reports.height - reports['report_id'].n_unique()} reports too many on the "
            f"{form.edition} form; keep the newest version of each"
        )
    return placed.drop(CELL_NAME)


def _widen(column: pl.Series, reports: pl.DataFrame, form: Form) -> pl.DataFrame:
    width = len(form.cells)
    spread = [
        column.gather_every(width, offset).alias(cell.key) for offset, cell in enumerate(form.cells)
    ]
    return pl.DataFrame([reports["report_id"], *spread])
