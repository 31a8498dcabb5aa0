"""The second reading of a report: its plain stream, cut by the labels of the form.

No grid is used. Labels are found in the text in whatever way they are broken; what stands
between a row's label and the next label are that row's figures (a Strip). Tables are entered
by their headers, whose order of columns must be understood; text that is neither label nor
figure ends what can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from expectations.form import Block, Cell, Table
from tasks.reading.document import Document, Grid
from tasks.reading.labels import LabelIndex, Line, index_labels, match_column
from tasks.reading.marks import Gap, find_marks, read_gap
from tasks.reading.report import CellReading
from tasks.reading.strips import BLANK, Strip, read_strips
from tasks.reading.words import fold_label

MAX_FOREIGN = 80  # characters that are no figures, after which a table is over


def flatten(document: Document) -> str:
    """Flatten a document into one stream, in reading order.

    A cell is a line after a tab, an empty line ends a row; a cell merged over rows or columns
    is written once. Text blocks are lines.
    """
    lines: list[str] = []
    for block in document.blocks:
        if not isinstance(block, Grid):
            lines.append(block.text)
            continue
        lines.append("")
        for number, row in enumerate(block.rows):
            texts = [cell.text for cell in row if cell.row == number]
            joined = "\n\t".join(texts)
            if (
                joined.count("\n") >= len(texts)
                or joined.count("\t") >= len(texts)
                or "|" in joined
            ):
                joined = "\n\t".join(map(_flatten_cell, texts))
            lines.append(f"\t{joined}\n" if texts else "")
    return "\n".join(lines)


def _flatten_cell(text: str) -> str:
    """Keep the line breaks of a cell, and none of what sets cells apart."""
    if not ("\n" in text or "\t" in text or "|" in text):
        return text
    lines = [" ".join(line.split()) for line in text.replace("|", "¦").split("\n")]
    return "\n".join(line for line in lines if line)


def match_stream(text: str, index: LabelIndex) -> dict[str, CellReading]:
    """Read the cells of an edition from a stream, by name.

    `read` and `blank` are cells set apart in print; `derived` cells were run together, and
    the form's equations leave one value. Cells printed twice with other texts, and all that
    cannot be told, are `unreadable` with a note; cells not found are missing. Locators are
    the line and character at which the figures of the row begin, counted from 1.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    strips = list(_cut_strips(text, index))
    return {reading.cell: reading for reading in read_strips(strips, index.form)}


@dataclass(slots=True)
class _Context:
    """Where the scan stands: the header labels above, None where no table is open."""

    header: list[str] | None = None
    is_open: bool = False  # the header may still grow
    table: str | None = None  # the table whose header was told last
    is_across: bool = False
    seen: list[str] = field(default_factory=list)  # rows of this table, in printed order


def _cut_strips(text: str, index: LabelIndex) -> Iterator[Strip]:
    """Give the strip of each row, in the stream's order."""
    context = _Context()
    has_pipes = "|" in text
    across = next((table for table in index.form.tables.values() if table.rows_across), None)
    position, line_number = 0, 1
    for mark in find_marks(text, index):
        gap = read_gap(mark.gap)
        if mark.is_inside and context.header and not context.is_open:
            continue  # a word in a mistyped label of a row opens no header
        taken = _take_mark(mark.folded, gap, index, context, across)
        if taken is None:
            continue
        line_number += text.count("\n", position, mark.start)
        position = mark.start
        line_start = text.rfind("\n", 0, mark.start) + 1
        locator = f"line[{line_number}]/char[{mark.start - line_start + 1}]"
        is_piped = has_pipes and text[line_start : line_start + 8].lstrip().startswith("|")
        cells, unit_known, note = taken
        note = note or (None if gap.is_certain else "end_unknown")
        figures = gap.figures if cells[0].row == cells[-1].row else _drop_padding(gap.figures)
        is_cut = mark.start + len(mark.gap) == len(text) and text[-1] not in BLANK
        is_cut &= not gap.foreign
        yield Strip(cells, figures, locator, unit_known, is_piped, note, is_cut)


def _drop_padding(figures: str) -> str:
    """Drop the empty cells that pad a header to the width of its table."""
    if "\t" in figures:
        padding, _, rest = figures.partition("\n\n")
        return f"\n{rest}" if not padding.strip(BLANK) and rest.strip(BLANK) else figures
    padding, _, rest = figures.partition("\n")
    while "|" in padding and not padding.strip(BLANK) and rest:
        figures = rest if rest.lstrip().startswith("|") else f"|{rest}"
        padding, _, rest = rest.partition("\n")
    bare = figures.lstrip()
    return f"|{bare}" if "|" in bare and bare[0] != "|" else figures


Taken = tuple[tuple[Cell, ...], bool, str | None]


def _take_mark(
    folded: str, gap: Gap, index: LabelIndex, context: _Context, across: Table | None
) -> Taken | None:
    """Move on by one label; give the cells of its row if it is the label of one."""
    if across is not None and index.across.get(folded) is across:
        first, *_ = across.blocks[0].rows.values()
        if folded == fold_label(first.official):
            context.header, context.is_across, context.table = [], True, across.key
    if context.is_across and across is not None:
        return _take_across(folded, gap, index, context, across)
    if folded in index.headings:
        context.header, context.is_open, context.seen = [], True, []
        _leave(gap, context)
        return None
    line = index.find_line(folded)
    if line is not None and _is_row(folded, line, gap, index, context):
        return _take_row(line, gap, index, context)
    if folded in index.headers:
        if not context.is_open or context.header is None:
            context.header, context.is_open, context.seen = [], True, []
        context.header.append(folded)
        _leave(gap, context)
        return None
    if not index.is_group(folded):
        context.header = None  # the title of a part
    elif gap.foreign > MAX_FOREIGN:
        context.header = None
    return None


def _leave(gap: Gap, context: _Context) -> None:
    """Give a header up where anything but a label stands in it."""
    if gap.foreign or gap.figures.strip(BLANK):
        context.header, context.is_open = None, False


def _is_row(folded: str, line: Line, gap: Gap, index: LabelIndex, context: _Context) -> bool:
    """Tell a row label from a column label of the same words, and from a word in prose."""
    if folded in index.headers:
        return bool(context.seen) and bool(gap.figures.strip())
    if context.header is not None:
        return True
    # Outside its table only a label as long as a sentence is no chance find.
    return context.table == line.table.key and len(line.block.rows) > 2 and len(folded) > 6


def _take_row(line: Line, gap: Gap, index: LabelIndex, context: _Context) -> Taken:
    context.is_open = False
    context.table = line.table.key
    context.seen.append(line.row)
    order, unit_known = _order_columns(
        tuple(context.header or ()), index.form.edition, line.table.key, line.row
    )
    if gap.foreign > MAX_FOREIGN or (gap.foreign and len(line.block.rows) <= 2):
        context.header = None
    if order is None:
        return tuple(line.cells.values()), True, "columns_unknown"
    return tuple(line.cells[column] for column in order), unit_known, None


@cache
def _order_columns(
    header: tuple[str, ...], edition: str, table: str, row: str
) -> tuple[tuple[str, ...] | None, bool]:
    """Tell the printed order of the columns, and whether the header gives their unit.

    The labels under a spanning label stand in a line of their own below; merged cells that
    were repeated count once.
    """
    index = index_labels(edition)
    block = next(block for block in index.form.tables[table].blocks if row in block.rows)
    spanned = {folded: index.spans[folded] for folded in header if folded in index.spans}
    inner = {key for keys in spanned.values() for key in keys}
    outer: dict[str, None] = {}
    below: dict[str, None] = {}
    unit_known = True
    for folded in header:
        if folded in spanned:
            outer[folded] = None
            continue
        keys = match_column(block, folded)
        if keys:
            (below if keys[0] in inner else outer)[keys[0]] = None
            unit_known &= folded not in map(fold_label, block.columns[keys[0]].unitless)
        elif folded not in index.spanners:
            return None, False
    order = [key for name in outer for key in (below if name in spanned else (name,))]
    return (tuple(order) if sorted(order) == sorted(block.columns) else None), unit_known


def _take_across(
    folded: str, gap: Gap, index: LabelIndex, context: _Context, across: Table
) -> Taken | None:
    """Collect the header of the table whose rows stand side by side, then take its figures."""
    is_header = (
        folded in index.across or folded in index.columns[across.key] or folded in index.spanners
    )
    if context.header is None or not is_header:
        context.header, context.is_across = None, False
        return None
    context.header.append(folded)
    has_figures = bool(gap.figures.strip(BLANK))
    if not has_figures and not gap.foreign:
        return None
    header, context.header, context.is_across = context.header, None, False
    (block,) = across.blocks
    if not any(folded in index.columns[across.key] for folded in header) or not has_figures:
        return None  # the words of a heading
    known = _is_official_header(header, block)
    return across.cells, True, None if known else "columns_unknown"


def _is_official_header(header: list[str], block: Block) -> bool:
    """Tell whether every row and column label stands in the form's order.

    The columns of the first row may come once more, where a cell merged downwards is
    repeated.
    """
    rows = [fold_label(label.official) for label in block.rows.values()]
    seen = list(dict.fromkeys(folded for folded in header if folded in rows))
    columns = [keys for folded in header if (keys := match_column(block, folded))]
    expected = list(block.columns) * len(rows)
    extra = len(columns) - len(expected)
    return (
        seen == rows
        and extra in (0, len(block.columns))
        and all(key in keys for key, keys in zip(expected, columns, strict=False))
        and all(key in keys for key, keys in zip(expected, columns[extra:], strict=True))
    )
