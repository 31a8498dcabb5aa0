"""From grids to the cells of one edition: each printed cell lands in one cell of the form.

Rows are found by their labels, columns by their headers. A row whose number of figures is
not that of its columns, or whose columns cannot be told, is unreadable as a whole: a shifted
figure must never be taken for a read one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from expectations.form import Block, Cell, Table
from tasks.reading.document import Grid, GridCell
from tasks.reading.figures import read_figure
from tasks.reading.labels import LabelIndex, Line, index_labels, match_column
from tasks.reading.report import CellReading
from tasks.reading.words import fold_label

Row = Sequence[GridCell]
EMPTY_CELL = "□"  # stands for an empty cell where a whole row is quoted


@dataclass(slots=True)
class Matching:
    """What has been matched so far, carried from row to row and from grid to grid.

    `readings` holds the cells found; `repeated` the names of cells printed twice, `differing`
    those of them with another text. `header` are the header cells above the current row.
    """

    readings: dict[str, CellReading] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    differing: set[str] = field(default_factory=set)
    header: list[GridCell] = field(default_factory=list)
    header_is_open: bool = False
    across: Table | None = None


def match_grids(grids: Iterable[Grid], index: LabelIndex) -> Matching:
    """Match every row of every grid, in reading order, against one edition's labels."""
    matching = Matching()
    for grid in grids:
        matching.across = None
        for row in grid.rows:
            _match_row(row, index, matching)
    return matching


def _match_row(row: Row, index: LabelIndex, matching: Matching) -> None:
    folded = [fold_label(cell.text) for cell in row]
    if matching.across is not None:
        _match_row_across(row, folded, index, matching)
        return
    found = _find_label(folded, index)
    if found is not None:
        position, line = found
        matching.header_is_open = False
        _place_row(list(row[position + 1 :]), line, index, matching)
    elif table := _opens_across(folded, index):
        matching.across, matching.header = table, [cell for cell in row if cell.text]
    elif not index.headings.isdisjoint(folded):
        matching.header, matching.header_is_open = [], True
    elif index.has_header(folded):
        if not matching.header_is_open:
            matching.header, matching.header_is_open = [], True
        matching.header.extend(cell for cell in row if cell not in matching.header)


def _find_label(folded: list[str], index: LabelIndex) -> tuple[int, Line] | None:
    """Find the row label among the leading cells: blanks and group labels may precede it."""
    for position, text in enumerate(folded):
        line = index.find_line(text)
        if line is not None:
            return None if index.has_header(folded[position + 1 :]) else (position, line)
        if text and not index.is_group(text):
            return None
    return None


def _opens_across(folded: list[str], index: LabelIndex) -> Table | None:
    """Tell whether a row opens a table whose rows stand side by side, and which."""
    tables = [index.across[text] for text in folded if text in index.across]
    if tables and any(fold_label(label) in folded for label in tables[0].spanners):
        return tables[0]
    return None


def _place_row(
    values: list[GridCell],
    line: Line,
    index: LabelIndex,
    matching: Matching,
) -> None:
    """Give each printed value of a labelled row its column."""
    if not matching.header and not any(_has_digit(cell.text) for cell in values):
        return  # a menu that shares a word with the form
    header = tuple(fold_label(cell.text) for cell in matching.header)
    columns, unit_known = _order_columns(header, index.form.edition, line.table.key, line.row)
    if columns is None:
        _mark_unreadable(line.cells.values(), values, "columns_unknown", matching)
        return
    extra = values[len(columns) :]
    if not any(cell.text for cell in extra) and all(cell.text for cell in values[: len(columns)]):
        values = values[: len(columns)]
    if len(values) != len(columns):
        _mark_unreadable(line.cells.values(), values, _count_row(values), matching)
        return
    for column, value in zip(columns, values, strict=True):
        if column is not None:
            _record(_read_cell(line.cells[column], value, unit_known), matching)


@lru_cache(maxsize=4096)
def _order_columns(
    header: tuple[str, ...], edition: str, table: str, row: str
) -> tuple[list[str | None] | None, bool]:
    """Tell the columns' order from the header, and whether the header gives their unit.

    Without any header (a table cut by a page break) the form's own order holds. One unknown
    header stands for the one column left over; several leave the columns unknown (None).
    """
    index = index_labels(edition)
    blocks = index.form.tables[table].blocks
    block = next(block for block in blocks if row in block.rows)
    official: list[str | None] = list(block.columns)
    if not header:
        return official, False
    order: list[str | None] = []
    spanned: tuple[str, ...] = ()
    unknown = 0
    unit_known = True
    for folded in header:
        if folded in index.spans:
            spanned = index.spans[folded]
            order.append(folded)
            continue
        keys = [key for key in match_column(block, folded) if key not in order]
        if keys:
            order.append(keys[0])
            label = block.columns[keys[0]]
            unit_known &= folded not in map(fold_label, label.unitless)
        elif folded and folded not in index.spanners:
            if order:
                order.append(None)
            unknown += 1
    order = _expand_span(order, spanned)
    missing = [key for key in block.columns if key not in order]
    if not missing:
        return order, unit_known
    if len(missing) == 1 and unknown == 1:
        eliminated: list[str | None] = [missing[0] if key is None else key for key in order]
        if None in order:
            return eliminated, False
        return ([missing[0], *order] if not order else None), False
    return None, False


def _expand_span(order: list[str | None], spanned: tuple[str, ...]) -> list[str | None]:
    """Put the columns under a spanning label where that label stands."""
    if not spanned:
        return order
    inner = [key for key in order if key in spanned]
    expanded: list[str | None] = []
    for key in order:
        if key in spanned:
            continue
        is_span = key is not None and key not in spanned and not key.isascii()
        expanded.extend(inner if is_span else [key])
    return expanded


def _match_row_across(
    row: Row,
    folded: list[str],
    index: LabelIndex,
    matching: Matching,
) -> None:
    """Match a row of a table whose rows stand side by side: header rows, then one of figures."""
    table = matching.across
    if table is None:
        return
    (block,) = table.blocks
    if any(text in index.columns[table.key] or text in index.across for text in folded):
        matching.header.extend(cell for cell in row if cell.text and cell not in matching.header)
        return
    cells = table.cells
    values = list(row)
    if not any(value.text for value in values) and len(values) != len(cells):
        return
    extra = values[len(cells) :]
    if extra and not any(value.text for value in extra):
        values = values[: len(cells)]
    if not _is_official_header(matching.header, block):
        _mark_unreadable(cells, values, "columns_unknown", matching)
    elif len(values) != len(cells):
        _mark_unreadable(cells, values, _count_row(values), matching)
    else:
        for cell, value in zip(cells, values, strict=True):
            _record(_read_cell(cell, value, True), matching)
    matching.across, matching.header = None, []


def _is_official_header(header: list[GridCell], block: Block) -> bool:
    """Tell whether the header shows every row and column group in the form's own order."""
    row_labels = [fold_label(label.official) for label in block.rows.values()]
    expected = list(block.columns) * len(block.rows)
    folded = [fold_label(cell.text) for cell in header]
    rows_seen = [text for text in folded if text in row_labels]
    columns_seen = [keys for text in folded if (keys := match_column(block, text))]
    return (
        rows_seen == row_labels
        and len(columns_seen) == len(expected)
        and all(key in keys for key, keys in zip(expected, columns_seen, strict=True))
    )


def _read_cell(cell: Cell, printed: GridCell, unit_known: bool) -> CellReading:
    figure = read_figure(printed.text, cell, unit_known)
    return CellReading(
        cell.key,
        figure.status,
        figure.value,
        figure.unit,
        printed.text,
        printed.locator,
        figure.note,
    )


def _count_row(values: list[GridCell]) -> str:
    """Note how many cells were printed, empty ones at the end aside."""
    count = max((position for position, cell in enumerate(values, 1) if cell.text), default=0)
    return f"row_count:{count}"


def _has_digit(text: str) -> bool:
    """Tell whether a text holds a digit of any width."""
    return any(character.isdigit() for character in text)


def _mark_unreadable(
    cells: Iterable[Cell], values: list[GridCell], note: str, matching: Matching
) -> None:
    """Record a whole row as unreadable, each cell with all that was printed in the row."""
    text = " ".join(cell.text or EMPTY_CELL for cell in values)
    locator = values[0].locator if values else None
    for cell in cells:
        _record(CellReading(cell.key, "unreadable", None, None, text, locator, note), matching)


def _record(reading: CellReading, matching: Matching) -> None:
    known = matching.readings.get(reading.cell)
    if known is None:
        matching.readings[reading.cell] = reading
        return
    matching.repeated.add(reading.cell)
    if known.text != reading.text:
        matching.differing.add(reading.cell)
