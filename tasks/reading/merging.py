"""From printed cells to a grid: cells merged over rows stand in every row they cover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tasks.reading.document import Grid, GridCell


class Slot(NamedTuple):
    """One cell as a row of a word processor has it, before cells are merged over rows.

    `continues` says that the cell belongs to the one above it; its own text is not printed.
    """

    text: str
    locator: str
    column: int
    column_span: int = 1
    continues: bool = False


def join_rows(rows: Sequence[Sequence[Slot]]) -> Grid:
    """Join each slot that continues the one above, of the same columns, with it.

    A slot that continues nothing is a cell of its own.
    """
    cells: list[GridCell] = []
    above: dict[tuple[int, int], int] = {}
    for number, row in enumerate(rows):
        current: dict[tuple[int, int], int] = {}
        for slot in row:
            column, span = slot.column, slot.column_span
            place = above.get((column, span)) if slot.continues else None
            if place is None:
                place = len(cells)
                cells.append(GridCell(slot.text, slot.locator, number, column, 1, span))
            else:
                cells[place] = cells[place]._replace(row_span=cells[place].row_span + 1)
            current[column, span] = place
        above = current
    return spread_cells(cells, len(rows))


def spread_cells(cells: Iterable[GridCell], row_count: int) -> Grid:
    """Put each cell into every row it covers, from left to right.

    Rows that no cell covers are empty; what reaches below `row_count` is cut off.
    """
    rows: list[list[GridCell]] = [[] for _ in range(row_count)]
    for cell in cells:
        for row in rows[cell.row : cell.row + cell.row_span]:
            row.append(cell)
    return Grid(tuple(tuple(sorted(row, key=_tell_column)) for row in rows))


def _tell_column(cell: GridCell) -> int:
    return cell.column
