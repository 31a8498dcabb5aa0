"""The labels that tables print, against those of the form: missing, put otherwise, or its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from expectations.form import Block, Form, Table
from tasks.reading.columns import Columns
from tasks.reading.document import GridCell
from tasks.reading.heads import Head
from tasks.reading.labels import LabelIndex, match_column
from tasks.reading.place import Placement, has_digit
from tasks.reading.report import CellReading, PrintedLabel
from tasks.reading.words import fold_label

MOST_CHARACTERS = 40  # longer texts are remarks, no labels
FOUND = ("read", "blank", "derived")


def list_heads_printed(
    heads: Sequence[Head], block: Block, columns: Columns | None, index: LabelIndex
) -> Iterator[PrintedLabel]:
    """List the column labels of a header above a block, folded.

    A label is the publisher's own only where the other columns could be told.
    """
    for head in heads:
        for key in match_column(block, head.text):
            yield PrintedLabel(block.table, "column", key, head.text)
    for column, text in zip(columns.keys, columns.labels, strict=False) if columns else ():
        if text and text not in index.headers:
            yield PrintedLabel(block.table, "column", column, text)


def list_across_printed(heads: Sequence[Head], table: Table) -> Iterator[PrintedLabel]:
    """List the labels of a table whose rows stand side by side, folded; all in its header."""
    (block,) = table.blocks
    for head in heads:
        for row, label in block.rows.items():
            if head.text in map(fold_label, label.variants):
                yield PrintedLabel(table.key, "row", row, head.text)
        for key in match_column(block, head.text):
            yield PrintedLabel(table.key, "column", key, head.text)


def find_own_row(
    row: Sequence[GridCell], placements: Sequence[Placement], part: str
) -> PrintedLabel | None:
    """Tell a row of figures of the publisher's own, set as the row of the form above it is.

    `part` is how that row must end for it to stand in the same grid.
    """
    if not placements or not placements[-1].part.endswith(part):
        return None
    last = placements[-1]
    count = len(last.values)
    values, before = row[len(row) - count :], row[: len(row) - count]
    label = next((cell for cell in reversed(before) if cell.text), None)
    is_figures = any(map(has_digit, values)) and all(
        has_digit(value) or not value.text for value in values
    )
    if label is None or not is_figures or has_digit(label) or len(label.text) > MOST_CHARACTERS:
        return None
    table = next(iter(last.cells.values())).table
    return PrintedLabel(table, "row", None, fold_label(label.text))


def compare_labels(
    printed: Iterable[PrintedLabel], cells: Sequence[CellReading], form: Form
) -> tuple[PrintedLabel, ...]:
    """List what is not as the form has it; nothing of a table that was not found.

    `text` is None for a label that is not printed, `key` for a row or column that the form
    does not have. A table found without labels (in running text) has one entry, its `line`
    is `table`: there is nothing to compare.
    """
    tables: dict[str, list[PrintedLabel]] = {}
    for one in dict.fromkeys(printed):
        tables.setdefault(one.table, []).append(one)
    return tuple(
        difference
        for table in form.tables.values()
        for difference in _compare_table(table, tables.get(table.key, []), cells)
    )


def _compare_table(
    table: Table, printed: list[PrintedLabel], cells: Sequence[CellReading]
) -> Iterator[PrintedLabel]:
    if not printed:
        if any(cell.status != "absent" for cell in cells if cell.cell.startswith(f"{table.key}.")):
            yield PrintedLabel(table.key, "table", None, None)
        return
    texts: dict[tuple[str, str | None], list[str | None]] = {}
    for _, line, key, text in printed:
        texts.setdefault((line, key), []).append(text)
    for official in _list_official(table):
        seen = texts.get((official.line, official.key))
        if seen is None:
            if not any(cell.status in FOUND for cell in cells if cell.cell in official.cells):
                yield PrintedLabel(table.key, official.line, official.key, None)
        elif official.wordings.isdisjoint(seen):
            yield PrintedLabel(table.key, official.line, official.key, seen[0])
    yield from (one for one in printed if one.key is None)


class _Official(NamedTuple):
    """A row or column of the form: its label, folded, with its group or without; its cells."""

    line: str
    key: str
    wordings: frozenset[str]
    cells: frozenset[str]


@cache
def _list_official(table: Table) -> tuple[_Official, ...]:
    rows = {key: label for block in table.blocks for key, label in block.rows.items()}
    columns = {key: label for block in table.blocks for key, label in block.columns.items()}
    return tuple(
        _Official(
            line,
            key,
            frozenset((words := fold_label(label.official), fold_label(label.group or "") + words)),
            frozenset(cell.key for cell in table.cells if getattr(cell, line) == key),
        )
        for line, labels in (("row", rows), ("column", columns))
        for key, label in labels.items()
    )
