"""Tables cut by page breaks put together again, and rows that the break cut in two."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from expectations.form import load_forms
from tasks.reading.document import GridCell
from tasks.reading.glyphs import UNKNOWN_CHARACTER, join_texts
from tasks.reading.labels import LabelIndex, index_labels
from tasks.reading.lattice import TOUCH, cluster, find_nearest, share_edges
from tasks.reading.ruled import RuledTable
from tasks.reading.words import fold_label

Pair = tuple[GridCell, GridCell]


def join_tables(upper: RuledTable, lower: RuledTable) -> RuledTable | None:
    """Join a table to what follows it on the next page, None where the columns differ.

    The columns continue where the right edges agree and all edges of one part are edges of
    the other. A row of which the break cut the label or a figure becomes one row again;
    figures of which each part holds a piece stay apart by a newline. Blanks are left blank:
    no cell takes its text from the cell above it.
    """
    if not share_edges(upper.xs, lower.xs):
        return None
    xs = cluster([*upper.xs, *lower.xs], 2 * TOUCH)
    above, below = _renumber(upper, xs), _renumber(lower, xs)
    count = max(cell.row + cell.row_span for cell in above)
    last = {_place(cell): cell for cell in above if cell.row + cell.row_span == count}
    first = [cell for cell in below if cell.row == 0]
    pairs = [(last[_place(cell)], cell) for cell in first if _place(cell) in last]
    is_cut = len(pairs) == len(first) and _is_one_row(pairs)
    fused = {
        upper_cell: lower_cell
        for upper_cell, lower_cell in pairs
        if is_cut or _is_one_label(upper_cell, lower_cell)
    }
    overlap = 1 if is_cut else 0
    gone = set(fused.values())
    cells = [_fuse(cell, fused[cell], overlap) if cell in fused else cell for cell in above] + [
        cell._replace(row=cell.row + count - overlap) for cell in below if cell not in gone
    ]
    return RuledTable(upper.box, xs, cells, upper.is_open_above, lower.is_open_below)


def mark_cut_row(table: RuledTable, *, is_last: bool) -> RuledTable:
    """Make the first or last row of a table unreadable: its other half was not found."""
    edge = max(cell.row for cell in table.cells) if is_last else 0
    cells = [
        cell._replace(text=UNKNOWN_CHARACTER + cell.text)
        if cell.row == edge and cell.row_span == 1
        else cell
        for cell in table.cells
    ]
    return replace(table, cells=cells)


def _renumber(table: RuledTable, xs: list[float]) -> list[GridCell]:
    """Count the columns of a part by the edges of the whole."""
    slots = [find_nearest(xs, x) for x in table.xs]
    return [
        cell._replace(
            column=slots[cell.column],
            column_span=max(1, slots[cell.column + cell.column_span] - slots[cell.column]),
        )
        for cell in table.cells
    ]


def _place(cell: GridCell) -> tuple[int, int]:
    return cell.column, cell.column_span


def _fuse(upper: GridCell, lower: GridCell, overlap: int) -> GridCell:
    return upper._replace(
        text=join_texts(upper.text, lower.text),
        locator=f"{upper.locator}+{lower.locator}" if lower.text else upper.locator,
        row_span=upper.row_span + lower.row_span - overlap,
    )


def _is_one_label(upper: GridCell, lower: GridCell) -> bool:
    """Tell whether two cells are one label above rows or columns, cut by the break."""
    above, below = fold_label(upper.text), fold_label(lower.text)
    is_whole = _heads(above) and _heads(below)
    return bool(above) and _heads(above + below) and not is_whole


def _is_one_row(pairs: list[Pair]) -> bool:
    """Tell whether the last row before a break and the first one after it are one.

    They are two where both have a label of their own, or either is a row of heads. Where it
    stays open they are taken for one, if that makes the row's label unknown and so its
    figures unread: half a label may be the label of another row, half a figure is none.
    """
    upper = [fold_label(cell.text) for cell, _ in pairs]
    lower = [fold_label(cell.text) for _, cell in pairs]
    whole = [above + below for above, below in zip(upper, lower, strict=True)]
    labels = [
        place
        for place, text in enumerate(whole)
        if _is_line(text) and not (_is_line(upper[place]) and _is_line(lower[place]))
    ]
    if any(upper[place] and lower[place] for place in labels):
        return True  # the break cuts the label
    above = next((place for place, text in enumerate(upper) if _is_line(text)), None)
    below = next((place for place, text in enumerate(lower) if _is_line(text)), None)
    if below is not None:
        return not upper[below] and any(upper[below + 1 :])
    if any(text and _heads(text) and not _is_group(text) for text in lower):
        return False
    if above is not None:
        return not lower[above] or not all(lower[above + 1 :])
    if any(text and _heads(text) for text in upper):
        changed = [text for text, end in zip(whole, lower, strict=True) if end]
        return bool(changed) and all(map(_heads, changed))
    return True


def _is_line(folded: str) -> bool:
    """Tell whether a folded text is the label of a row in any edition."""
    return any(index.find_line(folded) for index in _load_indexes())


def _heads(folded: str) -> bool:
    """Tell whether a folded text stands above rows or columns in any edition."""
    return any(
        folded in index.headers or folded in index.headings or folded in index.across
        for index in _load_indexes()
    ) or _is_group(folded)


def _is_group(folded: str) -> bool:
    return any(index.is_group(folded) for index in _load_indexes())


@cache
def _load_indexes() -> tuple[LabelIndex, ...]:
    return tuple(index_labels(edition) for edition in load_forms())
