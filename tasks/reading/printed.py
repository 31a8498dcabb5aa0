"""The labels that tables print, against those of the form: missing, put otherwise, or its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from expectations.form import Block, Form, Label, Table
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
    seen = list(dict.fromkeys(printed))
    states = {cell.cell: cell.status for cell in cells}
    return tuple(
        difference
        for table in form.tables.values()
        for difference in _compare_table(
            table, [one for one in seen if one.table == table.key], states
        )
    )


def _compare_table(
    table: Table, printed: list[PrintedLabel], states: Mapping[str, str]
) -> Iterator[PrintedLabel]:
    if not printed:
        if any(states[cell.key] != "absent" for cell in table.cells):
            yield PrintedLabel(table.key, "table", None, None)
        return
    for line, labels in (("row", _list_rows(table)), ("column", _list_columns(table))):
        for key, label in labels.items():
            texts = [one.text for one in printed if one.line == line and one.key == key]
            if not texts:
                place = 1 if line == "row" else 2
                lines = [cell for cell in table.cells if cell.key.split(".")[place] == key]
                if all(states[cell.key] not in FOUND for cell in lines):
                    yield PrintedLabel(table.key, line, key, None)
            elif not _is_official(texts, label):
                yield PrintedLabel(table.key, line, key, texts[0])
    yield from (one for one in printed if one.key is None)


def _is_official(texts: Sequence[str | None], label: Label) -> bool:
    official = fold_label(label.official)
    wordings = {official, fold_label(label.group or "") + official}
    return not wordings.isdisjoint(texts)


def _list_rows(table: Table) -> dict[str, Label]:
    return {key: label for block in table.blocks for key, label in block.rows.items()}


def _list_columns(table: Table) -> dict[str, Label]:
    return {key: label for block in table.blocks for key, label in block.columns.items()}
