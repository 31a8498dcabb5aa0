"""From rows of figures to cells: each value gets its column, or the row stays unreadable.

A row whose number of figures is not that of its columns, or whose columns cannot be told, is
unreadable as a whole: a shifted figure must never be taken for a read one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from expectations.form import Cell
from tasks.reading.columns import Columns
from tasks.reading.document import GridCell
from tasks.reading.figures import read_figure
from tasks.reading.report import CellReading, PrintedLabel, pack_reading

EMPTY_CELL = "□"  # stands for an empty cell where a whole row is quoted
COLUMNS_UNKNOWN = "columns_unknown"
WORD_IN_FRONT = "word_in_front"


class Unmatched(NamedTuple):
    """A printed cell with a digit, inside a table of the form, that is no cell of the form."""

    locator: str
    text: str


@dataclass(slots=True)
class Matching:
    """What the grids of a document gave.

    `readings` holds the cells found, `grids` the number of the grid in which each row of the
    form stood first; `repeated` the names of cells printed twice, `differing` those of them
    with another text; `again` maps a grid to the rows in it that stood in an earlier one.
    `unmatched` are figures in the form's tables that belong to no cell of it: sub-totals,
    columns of the publisher's own, second prints. `labels` are the labels printed, in
    reading order.
    """

    readings: dict[str, CellReading] = field(default_factory=dict)
    grids: dict[str, int] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    again: dict[int, set[str]] = field(default_factory=dict)
    differing: set[str] = field(default_factory=set)
    unmatched: list[Unmatched] = field(default_factory=list)
    labels: list[PrintedLabel] = field(default_factory=list)


class Placement(NamedTuple):
    """A row of figures: the cells they may be, by column, and the columns above them.

    `part` names the block of the form and the `grid` in which it stands, `rows` the rows of
    the form that it holds, with their table; `label` is the row label's cell, or the first
    figure's where the row has none. `note` says why no column can be told where `columns` is
    None.
    """

    part: str
    grid: int
    rows: tuple[str, ...]
    cells: dict[str, Cell]
    label: GridCell
    values: list[GridCell]
    columns: Columns | None
    note: str = COLUMNS_UNKNOWN


def place_rows(placements: Sequence[Placement]) -> Matching:
    """Give each value of the rows of a document its column."""
    matching = Matching()
    readings = matching.readings
    lengths: dict[str, Counter[int]] = {}
    for placement in placements:
        lengths.setdefault(placement.part, Counter())[len(placement.values)] += 1
    is_padded = any(
        placement.columns
        and len(placement.values) > placement.columns.width
        and _fit(placement, placement.columns, lengths[placement.part])
        for placement in placements
    )
    for placement in placements:
        part, grid, rows, cells, label, values, columns, note = placement
        for row in rows:
            if matching.grids.setdefault(row, grid) != grid:
                matching.again.setdefault(grid, set()).add(row)
        if columns is None:
            _mark_unreadable(cells.values(), values, note, matching)
            continue
        fitting = _fit(placement, columns, lengths[part], is_padded=is_padded)
        if fitting is None:
            _mark_unreadable(cells.values(), values, _count_row(values), matching)
            continue
        pairs = list(zip(columns.keys, fitting, strict=False))
        if _opens_with_word(placement, pairs):
            _mark_unreadable(cells.values(), values, WORD_IN_FRONT, matching)
            continue
        for column, value in pairs:
            if column is None:
                keep_unmatched([value], matching)
                continue
            reading = _read_cell(cells[column], value, label, columns.unit_known)
            if readings.setdefault(reading.cell, reading) is not reading:
                _record(reading, matching)
    return matching


def _fit(
    placement: Placement, columns: Columns, lengths: Counter[int], *, is_padded: bool = False
) -> list[GridCell] | None:
    """Cut a row to its columns; None where it has a cell too many or too few.

    Empty cells at the end are padding where most rows of the block have as many, and a row
    without them has then lost a cell; `lengths` counts the rows of the block by length. A row
    that stands alone is judged by the others of the document: `is_padded` where some are.
    """
    label, values = placement.label, placement.values
    count, width, full = len(values), columns.width, len(columns.keys)
    if not count:
        return None
    may_shift = values[0].column == label.column + label.column_span
    if count == full and len(lengths) == 1 and lengths[count] > 1:
        return values if columns.are_above(values, may_shift=may_shift) else None
    is_usual = lengths[count] * 2 > lengths.total()
    is_settled = lengths[count] > 1 or width == 1
    if count > full:
        is_proved = is_settled or (is_padded and count == full + 1)
        fits = is_usual and is_proved and not any(cell.text for cell in values[width:])
    elif count == full:
        may_be_shifted = (
            is_padded and not is_settled and not columns.padding and not values[-1].text
        )
        fits = (is_usual or max(lengths) <= full) and not may_be_shifted
    else:
        fits = count == width and is_settled and is_usual
    fitting = values[: full if count == full else width]
    may_shift = may_shift and count <= full
    return fitting if fits and columns.are_above(fitting, may_shift=may_shift) else None


def _opens_with_word(placement: Placement, pairs: list[tuple[str | None, GridCell]]) -> bool:
    """Tell whether a word stands where the first figure should: another column's, all shifted."""
    for column, value in pairs:
        if column is not None:
            return not has_digit(value) and (
                read_figure(value.text, placement.cells[column]).note == "not_a_figure"
            )
    return False


def _read_cell(cell: Cell, printed: GridCell, label: GridCell, unit_known: bool) -> CellReading:
    """Read one cell; a cell merged with those of other rows is no row's own figure."""
    text, locator, row, _, span, _ = printed
    _, _, top, _, height, _ = label
    if row < top or row + span > top + height:
        return CellReading(cell.key, "unreadable", None, None, text, locator, "merged_rows")
    status, value, unit, note = read_figure(text, cell, unit_known)
    return pack_reading((cell.key, status, value, unit, text, locator, note, False))


def _count_row(values: list[GridCell]) -> str:
    """Note how many cells were printed, empty ones at the end aside."""
    count = max((position for position, cell in enumerate(values, 1) if cell.text), default=0)
    return f"row_count:{count}"


def has_digit(cell: GridCell) -> bool:
    """Tell whether a cell holds a digit of any width."""
    return any(map(str.isdigit, cell.text))


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
    keep_unmatched(_list_printed(reading), matching)


def _list_printed(reading: CellReading) -> Iterator[GridCell]:
    if reading.text and reading.locator:
        yield GridCell(reading.text, reading.locator, 0, 0)


def keep_unmatched(cells: Iterable[GridCell], matching: Matching) -> None:
    """Keep what holds a digit and stands in no cell of the form."""
    matching.unmatched.extend(
        Unmatched(cell.locator, cell.text) for cell in cells if has_digit(cell)
    )
