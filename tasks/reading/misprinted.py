"""Rows of a table whose label is mistyped, or that stand for several rows of the form at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from tasks.reading.document import Grid, GridCell
from tasks.reading.labels import LabelIndex, Line, read_enumerator
from tasks.reading.place import Placement, has_digit
from tasks.reading.words import fold_label, strip_enumerator

LEAST_LIKENESS = 0.5  # of a label's words with the form's
MOST_ADDED = 1  # characters typed twice in a label that is whole
ROWS_IN_ONE = "rows_in_one"


def find_misprinted(grid: Grid, index: LabelIndex) -> dict[str, Line]:
    """Tell rows by their place whose labels are mistyped, by the locator of the label's cell.

    Such a row stands alone between the two rows that are its neighbours in the form, has its
    number, half of its words, and the cells of its neighbours: nothing else can it be. The
    form's row stands nowhere else in the grid.
    """
    found: list[tuple[int, int, Line]] = []  # row of the grid, place of the label, row of the form
    for number, row in enumerate(grid.rows):
        for place, line in _find_lines(row, index):
            found.append((number, place, line))
    known = {line.row for _, _, line in found}
    told: dict[str, Line] = {}
    for (first, above_place, above), (last, _, below) in pairwise(found):
        if last - first != 2 or above.block is not below.block:
            continue
        rows = list(above.block.rows)
        order = rows.index(above.row)
        if rows[order + 2 : order + 3] != [below.row] or rows[order + 1] in known:
            continue
        due = _find_line(rows[order + 1], above, index)
        label = _find_label(grid.rows[first + 1], grid.rows[first][above_place + 1 :])
        if due is not None and label is not None and _is_like(label, due):
            told[label.locator] = due
    return told


def place_rows_in_one(
    rows: Sequence[tuple[int, Sequence[GridCell]]],
    placements: Sequence[Placement],
    index: LabelIndex,
) -> Iterator[Placement]:
    """Take a row of figures behind the label of a group for all rows of it, told apart by none.

    `rows` are rows without a label of their own, each with the number of its grid. A group of
    which any row is printed has a sub-total there, and is left alone.
    """
    for grid, row in rows:
        last = next((one for one in reversed(placements) if one.grid == grid), None)
        label = _find_label(row, last.values) if last else None
        if last is None or label is None:
            continue
        text = fold_label(label.text)
        group = {
            f"{line.table.key}.{line.row}": line
            for line in index.lines.values()
            if (own := line.block.rows[line.row].group) and fold_label(own) == text
        }
        if group and all(group.keys().isdisjoint(placement.rows) for placement in placements):
            cells = {cell.key: cell for line in group.values() for cell in line.cells.values()}
            values = list(row[len(row) - len(last.values) :])
            yield Placement(
                f"{text} {grid}", grid, tuple(group), cells, label, values, None, ROWS_IN_ONE
            )


def _find_lines(row: Sequence[GridCell], index: LabelIndex) -> Iterator[tuple[int, Line]]:
    """Find the row of the form that the leading cells name."""
    for place, cell in enumerate(row):
        text = fold_label(cell.text)
        line = index.find_line(text)
        if line is not None:
            yield place, line
            return
        if text and not index.is_group(text) and text not in index.spanners:
            return


def _find_line(row: str, beside: Line, index: LabelIndex) -> Line | None:
    lines = index.lines.values()
    return next((one for one in lines if one.row == row and one.part == beside.part), None)


def _find_label(row: Sequence[GridCell], like: Sequence[GridCell]) -> GridCell | None:
    """Find the last cell before figures that stand in the columns of those of another row."""
    place = len(row) - len(like)
    if place < 1 or not like:
        return None
    label, values = row[place - 1], row[place:]
    same = [(one.column, one.column_span) for one in values] == [
        (one.column, one.column_span) for one in like
    ]
    return (
        label
        if same and label.row_span == 1 and label.text and any(map(has_digit, values))
        else None
    )


def _is_like(label: GridCell, due: Line) -> bool:
    """Tell whether a label has the number of the form's, and half of its words.

    All of them with more between or behind are two labels in one cell: two rows joined.
    """
    folded = fold_label(label.text)
    official = fold_label(due.block.rows[due.row].official)
    words, expected = strip_enumerator(folded), strip_enumerator(official)
    if read_enumerator(folded) != read_enumerator(official) or not words:
        return False
    alike = SequenceMatcher(None, words, expected, autojunk=False)
    is_whole = sum(block.size for block in alike.get_matching_blocks()) == len(expected)
    is_joined = is_whole and len(words) > len(expected) + MOST_ADDED
    return not is_joined and alike.ratio() >= LEAST_LIKENESS
