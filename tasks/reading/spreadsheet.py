"""From the cells of sheets to a document: tables as grids, lines between them as text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tasks.reading.document import Document, Grid, GridCell, TextBlock
from tasks.reading.merging import spread_cells
from tasks.reading.report import UnreadableError

MAX_ROWS = 20_000
MAX_COLUMNS = 400
MAX_SLOTS = 400_000


class Area(NamedTuple):
    """Slots merged into one, all four sides within it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: the texts of its cells that are not blank, by row and column from 0.

    `hidden_rows` and `hidden_columns` are not shown, and left out.
    """

    name: str
    texts: dict[tuple[int, int], str]
    merged: tuple[Area, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Layout:
    """What the segmenting of a sheet needs: its shown rows, and what covers each slot."""

    sheet: Sheet
    rows: list[int]
    columns: list[int]
    covers: dict[tuple[int, int], Area]


def join_sheets(media_type: str, sheets: Iterable[Sheet]) -> Document:
    """Join sheets into a document.

    Blank rows, and lines of text before a header, part a sheet into grids. A row with one
    cell that is not blank is a text block too. Locators are `sheet[name]!C5`.

    Raises:
        UnreadableError: `too_large_inside`.
    """
    blocks = [block for sheet in sheets for block in _read_sheet(sheet)]
    return Document(media_type, None, tuple(blocks), {})


def name_cell(sheet: Sheet, row: int, column: int) -> str:
    """Name a cell as its program does."""
    letters = ""
    number = column + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"sheet[{sheet.name}]!{letters}{row + 1}"


def _read_sheet(sheet: Sheet) -> Iterator[TextBlock | Grid]:
    layout = _lay_out(sheet)
    if layout is None:
        return
    for rows in _part(layout):
        for row in rows:
            filled = _list_filled(layout, row)
            if len(filled) == 1:
                place = name_cell(sheet, row, filled[0])
                yield TextBlock(sheet.texts[row, filled[0]], place)
        if any(len(_list_filled(layout, row)) > 1 for row in rows):
            yield _build_grid(layout, rows)


def _lay_out(sheet: Sheet) -> _Layout | None:
    if not sheet.texts:
        return None
    top = min(row for row, _ in sheet.texts)
    height = max(row for row, _ in sheet.texts) + 1
    width = max(column for _, column in sheet.texts) + 1
    inside = [area.right + 1 for area in sheet.merged if area.top < height]
    width = min(max([width, *inside]), max(width, MAX_COLUMNS))
    if height > MAX_ROWS or width > MAX_COLUMNS or height * width > MAX_SLOTS:
        raise UnreadableError(
            "too_large_inside",
            f"sheet {sheet.name}: expected {MAX_ROWS} rows by {MAX_COLUMNS} columns and "
            f"{MAX_SLOTS} cells at most, found {height} by {width}",
        )
    covers: dict[tuple[int, int], Area] = {}
    for area in sheet.merged:
        clipped = Area(
            area.top, area.left, min(area.bottom, height - 1), min(area.right, width - 1)
        )
        for row in range(clipped.top, clipped.bottom + 1):
            for column in range(clipped.left, clipped.right + 1):
                if (row, column) in covers:
                    raise UnreadableError(
                        "damaged_file", f"sheet {sheet.name}: merged areas lie on each other"
                    )
                covers[row, column] = clipped
    rows = [row for row in range(top, height) if row not in sheet.hidden_rows]
    columns = [column for column in range(width) if column not in sheet.hidden_columns]
    return _Layout(sheet, rows, columns, covers)


def _list_filled(layout: _Layout, row: int) -> list[int]:
    return [column for column in layout.columns if (row, column) in layout.sheet.texts]


def _part(layout: _Layout) -> Iterator[list[int]]:
    """Part the rows of a sheet where no merged cell reaches over the break."""
    counts = {row: len(_list_filled(layout, row)) for row in layout.rows}
    part: list[int] = []
    for place, row in enumerate(layout.rows):
        is_reached = any(
            (area := layout.covers.get((row, column))) and area.top < row
            for column in layout.columns
        )
        if part and not is_reached and _opens_part(layout, place, counts):
            yield part
            part = []
        if counts[row] or part:
            part.append(row)
    yield part


def _opens_part(layout: _Layout, place: int, counts: dict[int, int]) -> bool:
    """Tell whether a row is blank, or a line of text after a table and before a header.

    Any other row with one cell may be one whose figures are blank, and stays.
    """
    row = layout.rows[place]
    if counts[row] != 1 or counts[layout.rows[place - 1]] == 0:
        return counts[row] == 0
    after = layout.rows[place + 1] if place + 1 < len(layout.rows) else row
    texts = (layout.sheet.texts[after, column] for column in _list_filled(layout, after))
    return counts[after] > 1 and not any(
        character.isdigit() for text in texts for character in text
    )


def _build_grid(layout: _Layout, rows: list[int]) -> Grid:
    """Build the grid of some rows, as wide as those of them that are no single line."""
    texts = layout.sheet.texts
    taken = [
        column
        for row in rows
        if len(_list_filled(layout, row)) > 1
        for column in layout.columns
        if (row, column) in texts or (row, column) in layout.covers
    ]
    columns = [column for column in layout.columns if min(taken) <= column <= max(taken)]
    cells = [
        cell
        for number, row in enumerate(rows)
        for place, column in enumerate(columns)
        if (cell := _build_cell(layout, rows, columns, number, place)) is not None
    ]
    return spread_cells(cells, len(rows))


def _build_cell(
    layout: _Layout, rows: list[int], columns: list[int], number: int, place: int
) -> GridCell | None:
    """Build the cell whose first shown slot this is; None for the further slots of one."""
    row, column = rows[number], columns[place]
    area = layout.covers.get((row, column), Area(row, column, row, column))
    is_below = number > 0 and rows[number - 1] >= area.top
    if is_below or (place > 0 and columns[place - 1] >= area.left):
        return None
    return GridCell(
        layout.sheet.texts.get((area.top, area.left), ""),
        name_cell(layout.sheet, area.top, area.left),
        number,
        place,
        bisect_right(rows, area.bottom) - number,
        bisect_right(columns, area.right) - place,
    )
