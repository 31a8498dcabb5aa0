"""From grids to the cells of one edition: rows are found by their labels, in reading order.

Each row of figures is handed on with the columns that the header above it shows; what stands
in a table of the form and belongs to none of its rows is kept as unmatched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from expectations.form import Table
from tasks.reading.across import order_across
from tasks.reading.columns import Columns, order_columns
from tasks.reading.document import Grid, GridCell
from tasks.reading.heads import MAX_HEADER_CELLS, list_heads
from tasks.reading.labels import LabelIndex, Line
from tasks.reading.misprinted import find_misprinted, place_rows_in_one
from tasks.reading.place import (
    Matching,
    Placement,
    Unmatched,
    has_digit,
    keep_unmatched,
    place_rows,
)
from tasks.reading.printed import find_own_row, list_across_printed, list_heads_printed
from tasks.reading.report import PrintedLabel
from tasks.reading.words import fold_label

Row = Sequence[GridCell]
__all__ = ["Matching", "Unmatched", "match_grids"]


@dataclass(slots=True)
class _Walk:
    """Where the walk over the rows stands.

    `header` are the header cells above, `columns` what they mean for the blocks asked for;
    `is_open` while header rows follow each other; `across` is the table whose rows stand
    side by side and whose figures come next; `last` is the row of the form met last. `grid`
    counts the grids, `is_form` tells whether this one shows anything of the form;
    `placements` are the rows of figures found, `loose` the other cells of this grid and
    `kept` those of the grids before; `labels` are the labels printed. Once the form
    `has_begun`, cells of other grids stand `aside`: if the form goes on behind them, they are
    a part of it that lost its labels. `misprinted` are labels of this grid told by their
    place, by locator, None until one is asked for; `unlabelled` the rows of figures without a
    label, and their grids.
    """

    index: LabelIndex
    header: list[GridCell] = field(default_factory=list)
    columns: dict[str, Columns | None] = field(default_factory=dict)
    is_open: bool = False
    across: Table | None = None
    last: str | None = None
    grid: int = 0
    is_form: bool = False
    placements: list[Placement] = field(default_factory=list)
    loose: list[GridCell] = field(default_factory=list)
    kept: list[GridCell] = field(default_factory=list)
    aside: list[GridCell] = field(default_factory=list)
    has_begun: bool = False
    misprinted: dict[str, Line] | None = None
    unlabelled: list[tuple[int, Row]] = field(default_factory=list)
    labels: list[PrintedLabel] = field(default_factory=list)

    def open_header(self) -> None:
        """Forget the header above: another one begins."""
        self.header, self.columns, self.is_open, self.is_form = [], {}, True, True

    def add_header(self, row: Row) -> None:
        """Add a row to the header above; what the form does not know in it is kept too."""
        self.columns = {}
        self.loose.extend(
            cell
            for cell in row
            if (text := fold_label(cell.text)) not in self.index.headers
            and text not in self.index.across
        )
        if len(self.header) <= MAX_HEADER_CELLS:  # beyond, no column is told
            self.header = list(dict.fromkeys([*self.header, *row]))

    def find_columns(self, line: Line) -> Columns | None:
        """Tell what the header above means for a row; it may stand in the grid before."""
        if line.part not in self.columns:
            heads = list_heads(self.header)
            columns = order_columns(
                heads, self.index.form.edition, line.table.key, line.block.heading
            )
            self.columns[line.part] = columns
            self.labels.extend(list_heads_printed(heads, line.block, columns, self.index))
        return self.columns[line.part]


def match_grids(grids: Iterable[Grid], index: LabelIndex) -> Matching:
    """Match every row of every grid, in reading order, against one edition's labels."""
    walk = _Walk(index)
    for walk.grid, grid in enumerate(grids, 1):
        walk.across, walk.is_form, walk.loose = None, False, []
        walk.misprinted = None
        for row in grid.rows:
            _match_row(row, grid, walk)
        if not walk.is_form:
            walk.aside.extend(walk.loose if walk.has_begun else ())
            continue
        walk.kept.extend(walk.aside + walk.loose)
        walk.aside, walk.has_begun = [], True
    together = list(place_rows_in_one(walk.unlabelled, walk.placements, index))
    taken = {cell.locator for placement in together for cell in placement.values}
    matching = place_rows([*walk.placements, *together])
    keep_unmatched([cell for cell in walk.kept if cell.locator not in taken], matching)
    matching.unmatched = list(dict.fromkeys(matching.unmatched))
    matching.labels = walk.labels
    return matching


def _match_row(row: Row, grid: Grid, walk: _Walk) -> None:
    index = walk.index
    folded = [fold_label(cell.text) for cell in row]
    if walk.across is not None:
        _match_row_across(row, folded, walk.across, walk)
        return
    found = _find_label(folded, walk)
    if found is None and (found := _find_misprinted(row, grid, walk)) is not None:
        walk.loose.append(row[found[0]])  # a label that the form does not have
    if found is not None:
        _match_line(row, *found, walk)
    elif (table := _opens_across(folded, index)) and not any(map(has_digit, row)):
        walk.open_header()
        walk.across, walk.header = table, list(row)
    elif not index.headings.isdisjoint(folded):
        walk.open_header()
        walk.loose.extend(cell for cell in row if fold_label(cell.text) not in index.headings)
    elif index.has_header(folded):
        _extend_header(row, folded, walk)
    else:
        walk.loose.extend(row)
        walk.unlabelled.append((walk.grid, row))
        own = find_own_row(row, walk.placements, f" {walk.grid}")
        walk.labels.extend([own] if own else [])


def _match_line(row: Row, position: int, line: Line, walk: _Walk) -> None:
    """Hand on a labelled row; one without figures under no header is a menu or prose."""
    walk.is_open, walk.last = False, line.row
    label, values = row[position], list(row[position + 1 :])
    if not walk.header and not any(map(has_digit, values)):
        return
    columns = walk.find_columns(line)
    if columns and columns.before:
        end = label.column + label.column_span
        lead = sum(start >= end for start in columns.before)
        walk.loose.extend(values[:lead])
        values = values[lead:]
    walk.is_form = True
    walk.labels.append(PrintedLabel(line.table.key, "row", line.row, fold_label(label.text)))
    part = f"{line.part} {walk.grid}"
    walk.placements.append(
        Placement(
            part, walk.grid, (f"{line.table.key}.{line.row}",), line.cells, label, values, columns
        )
    )


def _extend_header(row: Row, folded: list[str], walk: _Walk) -> None:
    """Add a header row to the header above; one that repeats it says nothing new."""
    if not walk.is_open:
        walk.open_header()
    walk.is_form = True
    known = {fold_label(cell.text) for cell in walk.header}
    if not known.issuperset(text for text in folded if text):
        walk.add_header(row)


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


def _find_misprinted(row: Row, grid: Grid, walk: _Walk) -> tuple[int, Line] | None:
    """Find a row label that is told by its place alone, in a row of figures."""
    if not any(map(has_digit, row)):
        return None
    if walk.misprinted is None:
        walk.misprinted = find_misprinted(grid, walk.index)
    return next(
        (
            (position, walk.misprinted[cell.locator])
            for position, cell in enumerate(row)
            if cell.locator in walk.misprinted
        ),
        None,
    )


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


def _opens_across(folded: list[str], index: LabelIndex) -> Table | None:
    """Tell whether a row opens a table whose rows stand side by side, and which."""
    tables = [index.across[text] for text in folded if text in index.across]
    if tables and any(fold_label(label) in folded for label in tables[0].spanners):
        return tables[0]
    return None


def _match_row_across(row: Row, folded: list[str], table: Table, walk: _Walk) -> None:
    """Match a row of a table whose rows stand side by side: header rows, then one of figures."""
    index = walk.index
    if any(text in index.columns[table.key] or text in index.across for text in folded):
        walk.add_header(row)
        return
    values = list(row)
    if not any(value.text for value in values) and len(values) != len(table.cells):
        return
    heads = list_heads(walk.header)
    columns = order_across(heads, index.form.edition, table.key)
    walk.labels.extend(list_across_printed(heads, table))
    cells = {cell.key: cell for cell in table.cells}
    rows = tuple(f"{table.key}.{name}" for block in table.blocks for name in block.rows)
    part = f"{table.key} {walk.grid}"
    walk.placements.append(Placement(part, walk.grid, rows, cells, row[0], values, columns))
    walk.across, walk.header, walk.columns = None, [], {}
