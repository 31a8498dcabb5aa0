"""From flattened text to a document: tables that lost their lines become grids again."""

from __future__ import annotations

from tasks.reading.document import Document, Grid, GridCell, TextBlock
from tasks.reading.labels import index_labels, tell_edition_by_signs
from tasks.reading.piped import Piece, number_cells, read_piped, read_rows
from tasks.reading.words import fold_label

MAX_CELL_CHARACTERS = 60
CUT = "…"  # behind a text that may go on


def read_text(text: str) -> Document:
    """Read flattened text in three layouts of tables.

    One cell a line, each with a tab before it, rows apart by empty lines; one row a line, its
    cells apart by pipes; and one cell a line closed by a pipe, whose rows the labels of the
    form cut apart. Everything else is running text. Locators are line numbers.
    """
    blocks: list[TextBlock | Grid] = []
    edition = tell_edition_by_signs(fold_label(text))
    index = None if edition is None else index_labels(edition)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    position = 0
    while position < len(lines):
        grid, after = _read_tabbed(lines, position)
        if grid is None:
            grid, after = read_rows(lines, position, index)
        if grid is None and index is not None:
            grid, after = read_piped(lines, position, index)
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
            rows.append(number_cells(row, len(rows)))
            row = []
        position += 1
    if row:
        rows.append(number_cells(row, len(rows)))
    return Grid(tuple(rows)), position
