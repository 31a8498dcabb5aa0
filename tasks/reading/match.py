"""From grids to the cells of one edition: each printed cell lands in one cell of the form.

Rows are found by their labels, columns by their headers. A row whose number of figures is
not that of its columns, or whose columns cannot be told, is unreadable as a whole: a shifted
figure must never be taken for a read one. What lands nowhere is kept as unmatched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from expectations.form import Cell, Table
from tasks.reading.columns import Columns, list_heads, order_across, order_columns
from tasks.reading.document import Grid, GridCell
from tasks.reading.figures import read_figure
from tasks.reading.labels import LabelIndex, Line
from tasks.reading.report import CellReading
from tasks.reading.words import fold_label

Row = Sequence[GridCell]
EMPTY_CELL = "□"  # stands for an empty cell where a whole row is quoted
COLUMNS_UNKNOWN = "columns_unknown"


class Unmatched(NamedTuple):
    """A printed cell with a digit, inside a table of the form, that is no cell of the form."""

    locator: str
    text: str


@dataclass(slots=True)
class Matching:
    """What the grids of a document gave.

    `readings` holds the cells found; `repeated` the names of cells printed twice, `differing`
    those of them with another text. `unmatched` are figures in the form's tables that belong
    to no cell of it: sub-totals, columns of the publisher's own, second prints.
    """

    readings: dict[str, CellReading] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    differing: set[str] = field(default_factory=set)
    unmatched: list[Unmatched] = field(default_factory=list)


class _Placement(NamedTuple):
    """A labelled row: its label's cell, the cells right of it, and the columns above them."""

    line: Line
    label: GridCell
    values: list[GridCell]
    columns: Columns | None


@dataclass(slots=True)
class _Walk:
    """Where the walk over the rows stands.

    `header` are the header cells above, `columns` what they mean for blocks asked for;
    `is_open` while header rows follow each other; `is_same_grid` until the grid ends;
    `across` is the table whose rows stand side by side and whose figures come next; `last`
    is the row of the form met last. `placements` and `loose` are the rows of this grid.
    """

    index: LabelIndex
    matching: Matching = field(default_factory=Matching)
    header: list[GridCell] = field(default_factory=list)
    columns: dict[str, Columns | None] = field(default_factory=dict)
    is_open: bool = False
    is_same_grid: bool = False
    across: Table | None = None
    last: str | None = None
    placements: list[_Placement] = field(default_factory=list)
    loose: list[GridCell] = field(default_factory=list)

    def open_header(self) -> None:
        """Forget the header above: another one begins."""
        self.header, self.columns, self.is_open, self.is_same_grid = [], {}, True, True

    def find_columns(self, line: Line) -> Columns | None:
        """Tell what the header above means for a row; slots of another grid mean nothing."""
        if line.part not in self.columns:
            edition = self.index.form.edition
            heads = list_heads(self.header)
            found = order_columns(heads, edition, line.table.key, line.block.heading)
            if found and not self.is_same_grid:
                found = Columns(found.keys, unit_known=found.unit_known)
            self.columns[line.part] = found
        return self.columns[line.part]


def match_grids(grids: Iterable[Grid], index: LabelIndex) -> Matching:
    """Match every row of every grid, in reading order, against one edition's labels."""
    walk = _Walk(index)
    for grid in grids:
        walk.across, walk.is_same_grid, walk.columns = None, False, {}
        walk.placements, walk.loose = [], []
        known = len(walk.matching.readings) + len(walk.matching.repeated)
        for row in grid.rows:
            _match_row(row, walk)
        _settle(walk)
        if len(walk.matching.readings) + len(walk.matching.repeated) > known:
            _keep_unmatched(walk.loose, walk.matching)
    return walk.matching


def _match_row(row: Row, walk: _Walk) -> None:
    index = walk.index
    folded = [fold_label(cell.text) for cell in row]
    if walk.across is not None:
        _match_row_across(row, folded, walk.across, walk)
        return
    found = _find_label(folded, walk)
    if found is not None:
        position, line = found
        walk.is_open, walk.last = False, line.row
        values = list(row[position + 1 :])
        if walk.header or any(map(_has_digit, values)):  # else a menu shares a word with it
            columns = walk.find_columns(line)
            lead = _count_lead(row[position], columns)
            walk.loose.extend(values[:lead])
            walk.placements.append(_Placement(line, row[position], values[lead:], columns))
    elif table := _opens_across(folded, index):
        walk.open_header()
        walk.across, walk.header = table, [cell for cell in row if cell.text]
    elif not index.headings.isdisjoint(folded):
        walk.open_header()
    elif index.has_header(folded):
        _extend_header(row, folded, walk)
    else:
        walk.loose.extend(row)


def _extend_header(row: Row, folded: list[str], walk: _Walk) -> None:
    """Add a header row to the header above; one that repeats it says nothing new."""
    if not walk.is_open:
        walk.open_header()
    known = {fold_label(cell.text) for cell in walk.header}
    if known.issuperset(text for text in folded if text):
        return
    walk.columns = {}
    walk.header.extend(cell for cell in row if cell not in walk.header)
    walk.loose.extend(cell for cell in row if fold_label(cell.text) not in walk.index.headers)


def _find_label(folded: list[str], walk: _Walk) -> tuple[int, Line] | None:
    """Find the row label among the leading cells: blanks and group labels may precede it.

    A label that is clear only by its number, printed without it, counts only after the row
    that it follows in the form, and under its own group if any is printed before it.
    """
    index = walk.index
    group = ""
    for position, text in enumerate(folded):
        line = index.find_line(text) or _find_upright(text, walk)
        if line is not None:
            if index.has_header(folded[position + 1 :]):
                return None
            return (position, line) if _is_due(text, line, group, walk) else None
        if index.is_group(text):
            group = text
        elif text and text not in index.spanners:
            return None
    return None


def _find_upright(text: str, walk: _Walk) -> Line | None:
    """Find a row of a table usually set across, where this page sets it line by line."""
    line = walk.index.upright.get(text)
    return line if line and walk.header and walk.find_columns(line) else None


def _is_due(text: str, line: Line, group: str, walk: _Walk) -> bool:
    if text not in walk.index.bare:
        return True
    rows = list(line.block.rows)
    own = line.block.rows[line.row].group
    groups = {fold_label(label.group) for label in line.block.rows.values() if label.group}
    place = rows.index(line.row)
    return rows[place - 1 : place] == [walk.last] and (
        group == fold_label(own) if own and group else group not in groups
    )


def _count_lead(label: GridCell, columns: Columns | None) -> int:
    """Count the cells between a row's label and its first figure: columns of their own."""
    if columns is None or not columns.before:
        return 0
    end = label.column + label.column_span
    return sum(start >= end for start in columns.before)


def _opens_across(folded: list[str], index: LabelIndex) -> Table | None:
    """Tell whether a row opens a table whose rows stand side by side, and which."""
    tables = [index.across[text] for text in folded if text in index.across]
    if not tables or not any(fold_label(label) in folded for label in tables[0].spanners):
        return None
    return None if any(text.isdecimal() for text in folded) else tables[0]


def _match_row_across(row: Row, folded: list[str], table: Table, walk: _Walk) -> None:
    """Match a row of a table whose rows stand side by side: header rows, then one of figures."""
    index = walk.index
    if any(text in index.columns[table.key] or text in index.across for text in folded):
        walk.header.extend(cell for cell in row if cell.text and cell not in walk.header)
        walk.loose.extend(cell for cell in row if fold_label(cell.text) not in index.headers)
        return
    columns = order_across(list_heads(walk.header), index.form.edition, table.key)
    values = list(row)
    if not any(value.text for value in values) and len(values) != len(table.cells):
        return
    cells = {cell.key: cell for cell in table.cells}
    if columns is None:
        _mark_unreadable(table.cells, values, COLUMNS_UNKNOWN, walk.matching)
    elif len(values) != len(columns.keys) or not columns.are_above(values):
        _mark_unreadable(table.cells, values, _count_row(values), walk.matching)
    else:
        for key, value in zip(columns.keys, values, strict=True):
            if key is None:
                _keep_unmatched([value], walk.matching)
            else:
                _record(_read_cell(cells[key], value, row[0], True), walk.matching)
    walk.across, walk.header, walk.columns = None, [], {}


def _settle(walk: _Walk) -> None:
    """Give each value of the labelled rows of a grid its column."""
    lengths: dict[str, Counter[int]] = {}
    for placement in walk.placements:
        lengths.setdefault(placement.line.part, Counter())[len(placement.values)] += 1
    for line, label, values, columns in walk.placements:
        if columns is None:
            _mark_unreadable(line.cells.values(), values, COLUMNS_UNKNOWN, walk.matching)
            continue
        fitting = _fit(values, columns, lengths[line.part])
        if fitting is None:
            _mark_unreadable(line.cells.values(), values, _count_row(values), walk.matching)
        else:
            _place(line, label, fitting, columns, walk.matching)


def _fit(values: list[GridCell], columns: Columns, lengths: Counter[int]) -> list[GridCell] | None:
    """Cut a row to its columns; None where it has a cell too many or too few.

    Empty cells at the end are padding where most rows of the block have as many, and a row
    without them has then lost a cell. `lengths` counts the rows of the block by length.
    """
    count, width, full = len(values), columns.width, len(columns.keys)
    if count == full and len(lengths) == 1:
        return values if columns.are_above(values) else None
    is_usual = lengths[count] * 2 > lengths.total()
    is_settled = lengths[count] > 1 or width == 1  # one row alone proves no padding
    if count > full:
        fits = is_usual and is_settled and not any(cell.text for cell in values[width:])
    elif count == full:
        fits = is_usual or max(lengths) <= full
    else:
        fits = count == width and is_settled and is_usual
    fitting = values[: full if count == full else width]
    return fitting if fits and columns.are_above(fitting) else None


def _place(
    line: Line, label: GridCell, values: list[GridCell], columns: Columns, matching: Matching
) -> None:
    for column, value in zip(columns.keys, values, strict=False):
        if column is None:
            _keep_unmatched([value], matching)
        else:
            _record(_read_cell(line.cells[column], value, label, columns.unit_known), matching)


def _read_cell(cell: Cell, printed: GridCell, label: GridCell, unit_known: bool) -> CellReading:
    """Read one cell; a cell merged with those of other rows is no row's own figure."""
    text, locator, row, _, span, _ = printed
    if row < label.row or row + span > label.row + label.row_span:
        return CellReading(cell.key, "unreadable", None, None, text, locator, "merged_rows")
    figure = read_figure(text, cell, unit_known)
    return CellReading(
        cell.key, figure.status, figure.value, figure.unit, text, locator, figure.note
    )


def _count_row(values: list[GridCell]) -> str:
    """Note how many cells were printed, empty ones at the end aside."""
    count = max((position for position, cell in enumerate(values, 1) if cell.text), default=0)
    return f"row_count:{count}"


def _has_digit(cell: GridCell) -> bool:
    """Tell whether a cell holds a digit of any width."""
    return any(character.isdigit() for character in cell.text)


def _mark_unreadable(
    cells: Iterable[Cell], values: list[GridCell], note: str, matching: Matching
) -> None:
    """Record a whole row as unreadable, each cell with all that was printed in the row."""
    text = " ".join(cell.text or EMPTY_CELL for cell in values)
    locator = values[0].locator if values else None
    for cell in cells:
        _record(CellReading(cell.key, "unreadable", None, None, text, locator, note), matching)


def _record(reading: CellReading, matching: Matching) -> None:
    """Keep a reading; a second print of its cell is noted, and kept if the first had no columns."""
    known = matching.readings.setdefault(reading.cell, reading)
    if known is reading:
        return
    matching.repeated.add(reading.cell)
    if known.note == COLUMNS_UNKNOWN and reading.note != COLUMNS_UNKNOWN:
        matching.readings[reading.cell], reading = reading, known
    elif known.text != reading.text and reading.note != COLUMNS_UNKNOWN:
        matching.differing.add(reading.cell)
    _keep_unmatched(_list_printed(reading), matching)


def _list_printed(reading: CellReading) -> Iterator[GridCell]:
    if reading.text and reading.locator:
        yield GridCell(reading.text, reading.locator, 0, 0)


def _keep_unmatched(cells: Iterable[GridCell], matching: Matching) -> None:
    """Keep what holds a digit and stands in no cell of the form."""
    for cell in cells:
        kept = Unmatched(cell.locator, cell.text)
        if _has_digit(cell) and kept not in matching.unmatched:
            matching.unmatched.append(kept)
