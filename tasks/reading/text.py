"""From flattened text to a document: tables that lost their lines become grids again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

from tasks.reading.document import Document, Grid, GridCell, TextBlock
from tasks.reading.labels import LabelIndex, index_labels, tell_edition_by_signs
from tasks.reading.words import fold_label, load_patterns

MAX_CELL_CHARACTERS = 60
CUT = "…"  # behind a text that may go on
Piece: TypeAlias = tuple[str, int]  # a cell's text and its line, counted from 0


def read_text(text: str) -> Document:
    """Read flattened text in three layouts of tables.

    One cell a line, each with a tab before it, rows apart by empty lines; one row a line, its
    cells apart by pipes; and one cell a line closed by a pipe, whose rows the labels of the
    form cut apart. Everything else is running text. Locators are line numbers.
    """
    blocks: list[TextBlock | Grid] = []
    edition = tell_edition_by_signs(fold_label(text))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    position = 0
    while position < len(lines):
        grid, after = _read_tabbed(lines, position)
        if grid is None:
            grid, after = _read_rows(lines, position)
        if grid is None and edition is not None:
            grid, after = _read_piped(lines, position, index_labels(edition))
        if grid is not None:
            is_cut = after == len(lines) and lines[-1].strip() and not lines[-1].endswith("|")
            blocks.append(_mark_cut(grid) if is_cut else grid)
            position = after
            continue
        position += 1
        if line := lines[position - 1].strip():
            blocks.append(TextBlock(line, f"line[{position}]"))
    return Document("text/plain", None, tuple(blocks), {}, text)


def _mark_cut(grid: Grid) -> Grid:
    """Mark the last cell of a table right behind which the text ends: it may be cut off."""
    *rows, (*cells, last) = grid.rows
    return Grid((*rows, (*cells, last._replace(text=f"{last.text}{CUT}"))))


def _is_tabbed(line: str) -> bool:
    return line.startswith("\t") and len(line) <= MAX_CELL_CHARACTERS


def _read_tabbed(lines: list[str], start: int) -> tuple[Grid | None, int]:
    """Read rows of tabbed lines from `start`; a line without a tab continues its cell."""
    if not _is_tabbed(lines[start]):
        return None, start
    rows: list[tuple[GridCell, ...]] = []
    row: list[Piece] = []
    position = start
    while position < len(lines):
        line = lines[position]
        if _is_tabbed(line):
            row.append((line[1:], position))
        elif line != "" and row:
            row[-1] = (f"{row[-1][0]}\n{line}", row[-1][1])
        elif line != "":
            break
        elif row:
            rows.append(_number_cells(row, len(rows)))
            row = []
        position += 1
    if row:
        rows.append(_number_cells(row, len(rows)))
    return Grid(tuple(rows)), position


def _number_cells(row: list[Piece], number: int) -> tuple[GridCell, ...]:
    return tuple(
        GridCell(text.strip(), f"line[{line + 1}]", number, column)
        for column, (text, line) in enumerate(row)
    )


def _read_rows(lines: list[str], start: int) -> tuple[Grid | None, int]:
    """Read lines with pipes from `start` as rows, where most of them hold several cells.

    A pipe opens or closes the rows only if it does so in each of them.
    """
    end = start
    while end < len(lines) and "|" in lines[end]:
        end += 1
    rows = [[cell.strip() for cell in line.split("|")] for line in lines[start:end]]
    several = sum(sum(map(bool, row)) > 1 for row in rows)
    if len(rows) < 2 or several * 2 <= len(rows):
        return None, start
    opens, closes = not any(row[0] for row in rows), not any(row[-1] for row in rows)
    numbered = (
        _number_cells([(text, start + number) for text in row[opens : len(row) - closes]], number)
        for number, row in enumerate(rows)
    )
    return Grid(tuple(numbered)), end


def _read_piped(lines: list[str], start: int, index: LabelIndex) -> tuple[Grid | None, int]:
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
    return Grid(tuple(_number_cells(row, number) for number, row in enumerate(rows))), end


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
