"""Cells laid out for checking: every report on one edition with every cell of its form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from expectations.form import Form, load_forms
from storage.schema import STATUSES

STATUS = pl.Enum(STATUSES)
CELL_NAME = ("table", "row", "column")
SLICE = 5_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """All reports on one edition of the form, complete: a cell not given stands as `absent`.

    `reports` are their rows of the reports frame. `cells` has `value`, `status`, `text`,
    `note`, `has_unit`, report by report, each in the order of the form. `values` and
    `statuses` hold one row a report: `report_id`, then one column a cell.
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
        cells: `report_id`, `table`, `row`, `column`, `value`, `status`, `text`, `note`, `unit`;
            rows of other reports are left out.
        form: The edition.

    Raises:
        ValueError: a report or a cell stands twice, or the edition has no such cell.
    """
    chosen = reports.filter(pl.col("form") == form.edition)
    given = _place_cells(chosen, cells, form)
    laid_out = _complete(given, chosen.height * len(form.cells))
    return Sheet(
        form=form,
        reports=chosen,
        cells=laid_out,
        values=_widen(laid_out["value"], chosen, form),
        statuses=_widen(laid_out["status"], chosen, form),
    )


def lay_out_slices(reports: pl.DataFrame, cells: pl.DataFrame) -> Iterator[Sheet]:
    """Lay out all reports on known editions, `SLICE` reports at a time to bound the memory.

    Raises:
        ValueError: as `lay_out`.
    """
    forms = load_forms()
    known = reports.filter(pl.col("form").is_in(list(forms)))
    _refuse_repeated(known["report_id"])
    names = pl.Enum(known["report_id"])
    numbers = cells["report_id"].cast(names, strict=False).to_physical().cast(pl.UInt32)
    is_in_order = not numbers.null_count() and numbers.is_sorted()
    for start in range(0, known.height, SLICE):
        chosen = known.slice(start, SLICE)
        if known.height <= SLICE:
            own = cells
        elif is_in_order:
            first, last = (int(numbers.search_sorted(one)) for one in (start, start + SLICE))
            own = cells.slice(first, last - first)
        else:
            own = cells.filter(numbers.is_between(start, start + SLICE - 1))
        # Polars 2.1's streaming engine misreads frames whose columns are cut into unequal chunks.
        own = own.rechunk()
        used = set(chosen["form"])
        yield from (lay_out(chosen, own, forms[edition]) for edition in forms if edition in used)


def join_sheets(sheets: Sequence[Sheet]) -> list[Sheet]:
    """Join the sheets of each edition into one, in the order given."""
    groups: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        groups.setdefault(sheet.form.edition, []).append(sheet)
    return [group[0] if len(group) == 1 else _join(group) for group in groups.values()]


def _join(group: list[Sheet]) -> Sheet:
    return Sheet(
        form=group[0].form,
        reports=pl.concat([sheet.reports for sheet in group], rechunk=True),
        cells=pl.concat([sheet.cells for sheet in group], rechunk=True),
        values=pl.concat([sheet.values for sheet in group], rechunk=True),
        statuses=pl.concat([sheet.statuses for sheet in group], rechunk=True),
    )


def _refuse_repeated(ids: pl.Series) -> None:
    if ids.n_unique() != ids.len():
        raise ValueError(
            f"reports: expected each report once, found {ids.filter(ids.is_duplicated())[0]!r} "
            "more than once; keep the newest version of each"
        )


def _place_cells(reports: pl.DataFrame, cells: pl.DataFrame, form: Form) -> pl.DataFrame:
    """Number the cells of these reports: report times width of the form plus position."""
    ids, width = reports["report_id"], len(form.cells)
    _refuse_repeated(ids)
    # Casting to the categories of an Enum gives the numbers without a join of millions of names.
    report = pl.col("report_id").cast(pl.Enum(ids), strict=False).to_physical().cast(pl.UInt32)
    placed = (
        cells.lazy()
        .with_columns(report=report)
        .filter(pl.col("report").is_not_null())
        .select(
            "value",
            pl.col("status").cast(STATUS),
            pl.col("text", "note").cast(pl.String),  # of packed cells
            has_unit=pl.col("unit").is_not_null(),
            index=pl.col("report") * width + _find_position(form),
        )
        .collect()
    )
    if placed["index"].null_count():
        _refuse_unknown(cells.filter(pl.col("report_id").is_in(ids.implode())), form)
    return placed


def _find_position(form: Form) -> pl.Expr:
    """Give the place of a cell in its form; null if the form has no such cell.

    Table, row and column are numbered, and their numbers looked up together: to join them to
    one name would make millions of texts.
    """
    names = [list(dict.fromkeys(getattr(cell, part) for cell in form.cells)) for part in CELL_NAME]
    _, rows, columns = names
    places: list[int | None] = [None] * math.prod(map(len, names))
    code: pl.Expr = pl.lit(0, pl.UInt32)
    for part, name in zip(CELL_NAME, names, strict=True):
        number = pl.col(part).cast(pl.Enum(name), strict=False).to_physical().cast(pl.UInt32)
        code = code * len(name) + number
    for place, cell in enumerate(form.cells):
        table, row, column = (
            name.index(getattr(cell, part)) for part, name in zip(CELL_NAME, names, strict=True)
        )
        places[(table * len(rows) + row) * len(columns) + column] = place
    return pl.lit(pl.Series(places, dtype=pl.UInt32)).gather(code)


def _refuse_unknown(cells: pl.DataFrame, form: Form) -> None:
    names = cells.select(pl.concat_str(CELL_NAME, separator=".")).to_series()
    unknown = names.filter(~names.is_in([cell.key for cell in form.cells]))
    raise ValueError(
        f"cells: expected the cells of the {form.edition} form, found {unknown[0]!r} "
        f"and {unknown.len() - 1} more; name the cells as the form does"
    )


def _complete(given: pl.DataFrame, count: int) -> pl.DataFrame:
    """Put numbered cells in order, and an absent cell wherever a number is not given."""
    every = pl.int_range(count, dtype=pl.UInt32, eager=True).alias("index")
    if given["index"].equals(every):
        return given.drop("index")
    twice = given.height - given["index"].n_unique()
    if twice:
        raise ValueError(
            f"cells: expected each cell of a report once, found {twice} more than once; "
            "keep the newest version of each report"
        )
    return (
        every.to_frame()
        .join(given, on="index", how="left", maintain_order="left")
        .with_columns(pl.col("status").fill_null("absent"))
        .drop("index")
    )


def _widen(column: pl.Series, reports: pl.DataFrame, form: Form) -> pl.DataFrame:
    width = len(form.cells)
    spread = [
        column.gather_every(width, offset).alias(cell.key) for offset, cell in enumerate(form.cells)
    ]
    return pl.DataFrame([reports["report_id"], *spread])
