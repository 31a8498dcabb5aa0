"""Flattened tables whose cells stand between pipes: a row a line, or a cell a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

from tasks.reading.document import Grid, GridCell
from tasks.reading.labels import LabelIndex
from tasks.reading.words import fold_label, load_patterns

Piece: TypeAlias = tuple[str, int]  # a cell's text and its line, counted from 0


def number_cells(row: list[Piece], number: int) -> tuple[GridCell, ...]:
    """Make a row of cells that span nothing, its number in the grid given."""
    return tuple(
        GridCell(text.strip(), f"line[{line + 1}]", number, column)
        for column, (text, line) in enumerate(row)
    )


def read_rows(lines: list[str], start: int, index: LabelIndex | None) -> tuple[Grid | None, int]:
    """Read lines with pipes from `start` as rows, where most of them hold several cells.

    Gives the grid and the line behind it; no grid where they do not. A pipe opens or closes
    the rows only if it does so in each of them. Where all rows are equally wide, merged cells
    that a converter repeated or left empty are one again: `index` knows the labels.
    """
    end = start
    while end < len(lines) and "|" in lines[end]:
        end += 1
    rows = [[cell.strip() for cell in line.split("|")] for line in lines[start:end]]
    several = sum(sum(map(bool, row)) > 1 for row in rows)
    if len(rows) < 2 or several * 2 <= len(rows):
        return None, start
    opens, closes = not any(row[0] for row in rows), not any(row[-1] for row in rows)
    cut = [row[opens : len(row) - closes] for row in rows]
    if index is None or len({len(row) for row in cut}) > 1:
        pieces = ([(text, start + number) for text in row] for number, row in enumerate(cut))
        return Grid(tuple(map(number_cells, pieces, range(len(cut))))), end
    return Grid(tuple(_join_rows(cut, start, index))), end


def _join_rows(
    rows: list[list[str]], start: int, index: LabelIndex
) -> Iterator[tuple[GridCell, ...]]:
    """Join the slots of merged cells: equal labels side by side, and what stands below them.

    Empty slots behind a row's label are its own where the labels of other rows stand.
    """
    kinds = [[_tell_kind(fold_label(text), index) for text in row] for row in rows]
    labels = [line.index("row") + 1 for line in kinds if "row" in line and "value" in line]
    front = max(labels, default=0)
    heads = [*range(len(rows[0]))]  # for each slot, the first one of the header above it
    for number, (row, line) in enumerate(zip(rows, kinds, strict=True)):
        is_head = "value" not in line and "row" not in line
        last = max(
            (place for place, kind in enumerate(line[:front]) if kind == "row"), default=front
        )
        begins: list[int] = []
        for place, (text, kind) in enumerate(zip(row, line, strict=True)):
            is_again = bool(text) and place > 0 and text == row[place - 1]
            is_label = is_again and kind not in ("value", "blank")
            is_below = is_again and not is_head and heads[place] == heads[place - 1]
            is_behind = kind == "blank" and last < place < front
            if not (is_label or is_below or is_behind):
                begins.append(place)
        if is_head:
            heads = [max(begin for begin in begins if begin <= place) for place in range(len(row))]
        yield tuple(
            GridCell(row[place], f"line[{start + number + 1}]", number, place, 1, after - place)
            for place, after in pairwise([*begins, len(row)])
        )


def read_piped(lines: list[str], start: int, index: LabelIndex) -> tuple[Grid | None, int]:
    """Read lines closed by a pipe from `start` as one run of cells, cut into rows."""
    end = start
    while end < len(lines) and lines[end].rstrip().endswith("|"):
        end += 1
    if end - start < 2:
        return None, start
    cells = [
        (text, number)
        for number in range(start, end)
        for text in _split_pipes(lines[number].strip())
    ]
    rows = _drop_padding(list(_cut_rows(cells, index)), index)
    return Grid(tuple(number_cells(row, number) for number, row in enumerate(rows))), end


def _split_pipes(line: str) -> list[str]:
    """The cells that the pipes of a line close; a pipe before the first cell opens the row."""
    cells = [cell.strip() for cell in line.split("|")[:-1]]
    opens_row = line.startswith("|") and any(cells)
    return cells[1:] if opens_row else cells


def _cut_rows(cells: list[Piece], index: LabelIndex) -> Iterator[list[Piece]]:
    """Cut a run of cells before each label that follows a cell that is none.

    A header that follows a header stays in its row, also a publisher's own; the line of
    figures after a header is a row of its own.
    """
    kinds = [_tell_kind(fold_label(text), index) for text, _ in cells]
    for position, kind in enumerate(kinds):
        if kind == "value" and position and kinds[position - 1] == "column":
            kinds[position] = "column" if _is_word(cells[position][0]) else kind
    cuts = [0]
    last = "blank"
    for position, kind in enumerate(kinds):
        if kind == "blank":
            continue
        if kind != last and position:
            is_value_of_row = kind == "value" and last in ("row", "value")
            is_row_of_group = kind == "row" and last == "group"
            if not (is_value_of_row or is_row_of_group):
                cuts.append(position)
        elif kind in ("row", "heading", "group"):
            cuts.append(position)
        last = kind
    for first, after in pairwise([*dict.fromkeys(cuts), len(cells)]):
        yield cells[first:after]


def _is_word(text: str) -> bool:
    """Tell a header from a figure and from what is printed instead of one."""
    return not any(map(str.isdigit, text)) and text not in load_patterns().words["blanks"]


def _tell_kind(folded: str, index: LabelIndex) -> str:
    if not folded:
        return "blank"
    if folded in index.headings:
        return "heading"
    if folded in index.headers or folded in index.across:
        return "column"
    if index.find_line(folded):
        return "row"
    if index.is_group(folded):
        return "group"
    return "value"


def _drop_padding(rows: list[list[Piece]], index: LabelIndex) -> list[list[Piece]]:
    """Drop the blanks that pad a row to the width of its table, and no blank value.

    A converter that loses spans pads each row at its end, so that all are equally wide.
    A row of that width has lost no cell: what stands behind its labels and the usual number
    of figures is padding. Rows of another width stay as they are.
    """
    labels = [_count_labels(row, index) for row in rows]
    extents = Counter(
        last - count
        for row, count in zip(rows, labels, strict=True)
        if count and (last := max(i + 1 for i, (text, _) in enumerate(row) if text)) > count
    )
    widths = Counter(len(row) for row, count in zip(rows, labels, strict=True) if count)
    if not extents:
        return rows
    usual, width = extents.most_common(1)[0][0], widths.most_common(1)[0][0]
    return [
        _drop_blanks(
            row[: count + usual]
            if count and len(row) == width and not any(text for text, _ in row[count + usual :])
            else row,
            count,
        )
        for row, count in zip(rows, labels, strict=True)
    ]


def _drop_blanks(row: list[Piece], count: int) -> list[Piece]:
    """Drop blank cells at the end of a row, if any stands behind its labels that is not."""
    last = max((place + 1 for place, (text, _) in enumerate(row) if text), default=0)
    return row[:last] if last > count else row


def _count_labels(row: list[Piece], index: LabelIndex) -> int:
    """Count the cells up to the row label, 0 where the row has none."""
    for position, (text, _) in enumerate(row):
        kind = _tell_kind(fold_label(text), index)
        if kind == "row":
            return position + 1
        if kind not in ("group", "blank"):
            return 0
    return 0
