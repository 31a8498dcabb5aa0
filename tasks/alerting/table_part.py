"""The part of a table that a problem is about, as a reader would find it in the form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from expectations.form import Block, Form, Table
from tasks.reading.words import load_patterns

ROW_LIMIT = 9


@dataclass(frozen=True, slots=True)
class PartCell:
    """One cell: what was printed, whether it is bound by what failed, and what is due there.

    `suggested` is None but for the cells of the one repair.
    """

    text: str
    is_bound: bool
    suggested: str | None


@dataclass(frozen=True, slots=True)
class TablePart:
    """Some rows of one block of a table, each with its label; `is_cut` where rows are left out."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[PartCell, ...]], ...]
    is_cut: bool


def draw_parts(
    form: Form,
    printed: Mapping[str, str],
    bound: Collection[str],
    suggested: Mapping[str, str],
) -> tuple[TablePart, ...]:
    """Draw the part of each block that holds bound cells: their rows, the empty ones left out.

    Args:
        form: The edition of the report.
        printed: What stands in each cell, by its name; cells that are not there are empty.
        bound: The cells that the failed rules bind.
        suggested: The figure due in each cell of the one repair.
    """
    marked = {*bound, *suggested}
    return tuple(
        _draw_block(table, block, printed, marked, suggested)
        for table in form.tables.values()
        for block in table.blocks
        if any(cell.key in marked for cell in block.cells)
    )


def _draw_block(
    table: Table,
    block: Block,
    printed: Mapping[str, str],
    marked: Collection[str],
    suggested: Mapping[str, str],
) -> TablePart:
    rows = {row: [f"{table.key}.{row}.{column}" for column in block.columns] for row in block.rows}
    chosen = [row for row, cells in rows.items() if any(cell in marked for cell in cells)]
    shown = _choose_rows(chosen, rows, printed, marked, suggested)
    return TablePart(
        name=f"{table.name} {table.title}",
        columns=tuple(label.official for label in block.columns.values()),
        rows=tuple(
            (
                _name_row(block, row),
                tuple(
                    PartCell(printed.get(cell, ""), cell in marked, suggested.get(cell))
                    for cell in rows[row]
                ),
            )
            for row in shown
        ),
        is_cut=len(shown) < len(chosen),
    )


def _choose_rows(
    chosen: list[str],
    rows: Mapping[str, list[str]],
    printed: Mapping[str, str],
    marked: Collection[str],
    suggested: Mapping[str, str],
) -> list[str]:
    """Choose rows to correct, then the last (a total), then those with figures; in order."""

    def rank(row: str) -> tuple[bool, bool, bool]:
        cells = rows[row]
        return (
            not any(cell in suggested for cell in cells),
            row != chosen[-1],
            all(_is_empty(printed.get(cell, "")) for cell in cells if cell in marked),
        )

    full = [row for row in chosen if not all(rank(row))]
    best = sorted(full, key=rank)[:ROW_LIMIT]
    return [row for row in chosen if row in best]


def _is_empty(text: str) -> bool:
    return text == "0" or text in load_patterns().words["blanks"]


def _name_row(block: Block, row: str) -> str:
    label = block.rows[row]
    return f"{label.group.split('）')[0]}）{label.official}" if label.group else label.official
