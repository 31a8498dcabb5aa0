"""The tables of a report as printed: rows of slots with their spans, labels from the form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from expectations.form import Block, Form, Table
from tasks.sample.spec import Spec, print_figures


@dataclass(frozen=True, slots=True)
class Slot:
    """One printed cell; `is_figure` tells a figure from a label, `cell` which of the form's.

    `markup` is how a page writes the text, where it does so in a way of its own.
    """

    text: str
    row_span: int = 1
    column_span: int = 1
    is_figure: bool = False
    cell: str | None = None
    markup: str | None = None


Rows = list[list[Slot]]


def print_tables(
    spec: Spec, *, is_table2_split: bool = False, page_break_after: str | None = None
) -> dict[str, list[Rows]]:
    """Print the tables of a report; each form table becomes one or more printed tables.

    `is_table2_split` prints each block of table 2 as a table of its own. Table 3 is broken
    after the row `page_break_after`, with its header printed again. A lost table gives none.
    """
    form, texts = spec.form, print_figures(spec)
    rows = list(form.tables["t3"].blocks[0].rows)
    rest = rows.index(page_break_after) + 1 if page_break_after else len(rows)
    blocks = form.tables["t2"].blocks
    printed = {
        "t2": [
            print_blocks(form.tables["t2"], part, texts) for part in _split(blocks, is_table2_split)
        ],
        "t3": [
            _print_table3(form, spec, texts, part) for part in (rows[:rest], rows[rest:]) if part
        ],
        "t4": [_print_table4(form.tables["t4"], texts)],
    }
    return {key: [] if key in spec.lost_tables else tables for key, tables in printed.items()}


def _split(blocks: tuple[Block, ...], is_split: bool) -> list[tuple[Block, ...]]:
    return [(block,) for block in blocks] if is_split else [blocks]


def print_blocks(table: Table, blocks: Sequence[Block], texts: dict[str, str]) -> Rows:
    """Print blocks of table 2 in one table, the last column of each as wide as is left."""
    width = 1 + max(len(block.columns) for block in blocks)
    (corner,) = table.spanners
    rows: Rows = []
    for block in blocks:
        last = width - len(block.columns)
        spans = [1] * (len(block.columns) - 1) + [last]
        labels = [label.official for label in block.columns.values()]
        rows.append([Slot(block.heading or "", column_span=width)])
        rows.append([Slot(corner), *map(_head, labels, spans)])
        for row, label in block.rows.items():
            cells = [f"{table.key}.{row}.{column}" for column in block.columns]
            figures = [
                Slot(texts[cell], 1, span, True, cell)
                for cell, span in zip(cells, spans, strict=True)
            ]
            rows.append([Slot(label.official), *figures])
    return rows


def _head(label: str, span: int) -> Slot:
    return Slot(label, column_span=span)


def _print_table3(form: Form, spec: Spec, texts: dict[str, str], keys: list[str]) -> Rows:
    """Print the given rows of table 3 under its header; groups span what is left of them."""
    table = form.tables["t3"]
    (block,) = table.blocks
    (applicants,) = table.spanners
    ((organisations, headed),) = table.spans.items()
    labels = [label.official for label in block.columns.values()]
    rows: Rows = [
        [Slot(table.corner or "", 3, 3), Slot(applicants, 1, len(labels))],
        [Slot(labels[0], 2), Slot(organisations, 1, len(headed)), Slot(labels[-1], 2)],
        [Slot(label) for label in labels[1:-1]],
    ]
    kept = [key for key in keys if spec.row_faults.get(key) != "dropped"]
    results = [key for key in kept if key in _name_results(form)]
    seen: set[str] = set()
    for key in kept:
        label = block.rows[key]
        slots: list[Slot] = []
        if results and key == results[0]:
            slots.append(Slot(table.row_groups[0], len(results)))
        if label.group and label.group not in seen:
            seen.add(label.group)
            slots.append(
                Slot(label.group, sum(block.rows[row].group == label.group for row in kept))
            )
        width = 1 if label.group else 2 if key in results else 3
        slots.append(Slot(label.official, 1, width))
        cells = [f"t3.{key}.{column}" for column in block.columns]
        figures = [Slot(texts[cell], is_figure=True, cell=cell) for cell in cells]
        rows.append(slots + list(_shift(figures, spec.row_faults.get(key))))
    return rows


def _shift(figures: list[Slot], fault: str | None) -> Iterator[Slot]:
    """Lose the second figure of a row, or print it twice, as careless editing does."""
    for place, figure in enumerate(figures):
        if place == 1 and fault == "short":
            continue
        yield figure
        if place == 1 and fault == "long":
            yield figure


def _name_results(form: Form) -> set[str]:
    """Name the rows that stand under the third item of table 3."""
    equation = next(equation for equation in form.equations if equation.rule == "T3-02")
    return {cell.split(".")[1] for cell in equation.cells}


def _print_table4(table: Table, texts: dict[str, str]) -> Rows:
    """Print table 4: its rows stand side by side, the suits under a common head."""
    (block,) = table.blocks
    (suits,) = table.spanners
    review, *others = block.rows.values()
    labels = [label.official for label in block.columns.values()]
    count = len(labels)
    return [
        [Slot(review.official, 1, count), Slot(suits, 1, count * len(others))],
        [*(Slot(label, 2) for label in labels), *(Slot(row.official, 1, count) for row in others)],
        [Slot(label) for _ in others for label in labels],
        [Slot(texts[cell.key], is_figure=True, cell=cell.key) for cell in table.cells],
    ]


def fill_slots(rows: Rows) -> tuple[int, list[list[Slot | None]]]:
    """Give the width of a table, and its rows with None where a slot above reaches down."""
    width = sum(slot.column_span for row in rows[:1] for slot in row)
    reach: dict[int, tuple[int, int]] = {}
    filled: list[list[Slot | None]] = []
    for row in rows:
        line: list[Slot | None] = []
        waiting = iter(row)
        column = 0
        while column < width:
            left, span = reach.get(column, (0, 1))
            if left:
                reach[column] = (left - 1, span)
                line.append(None)
                column += span
                continue
            slot = next(waiting, None)
            if slot is None:
                break
            reach[column] = (slot.row_span - 1, slot.column_span)
            line.append(slot)
            column += slot.column_span
        filled.append([*line, *waiting])
    return width, filled
