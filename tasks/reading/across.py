"""From printed headers to the cells of a table whose rows stand side by side."""

from __future__ import annotations

from functools import lru_cache

from expectations.form import Block, Table
from tasks.reading.columns import Columns
from tasks.reading.heads import MAX_HEADER_CELLS, Head, count_padding, find_leaves
from tasks.reading.labels import fold_variants, index_labels, match_column
from tasks.reading.words import fold_label


@lru_cache(maxsize=256)
def order_across(heads: tuple[Head, ...], edition: str, table: str) -> Columns | None:
    """Tell which cell of the form stands where in a table whose rows stand side by side.

    `keys` are whole cell names. By the slots under each row's label where the header has
    merged cells, else only if it is the form's own header in full.
    """
    form_table = index_labels(edition).form.tables[table]
    if len(heads) > MAX_HEADER_CELLS:
        return None
    if not any(head.column_span > 1 for head in heads):
        cells = tuple(cell.key for cell in form_table.cells)
        return Columns(cells) if _is_official(heads, form_table.blocks[0]) else None
    leaves = find_leaves(heads)
    if leaves is None:
        return None
    keys = _name_across(heads, leaves, form_table)
    if {key for key in keys if key} != {cell.key for cell in form_table.cells}:
        return None
    labels = index_labels(edition).columns[table]
    if any(
        key is None and leaf.text in labels for key, (leaf, *_) in zip(keys, leaves, strict=True)
    ):
        return None  # a header printed twice has moved the others
    return Columns(
        tuple(keys),
        tuple(start for _, start, _ in leaves),
        tuple(end for *_, end in leaves),
        padding=count_padding([leaf.text for leaf, *_ in leaves]),
    )


def _name_across(
    heads: tuple[Head, ...], leaves: list[tuple[Head, int, int]], table: Table
) -> list[str | None]:
    """Name the cell of the form under each leaf by the row's label above it and its own."""
    (block,) = table.blocks
    rows = {word: row for row, label in block.rows.items() for word in fold_variants(label)}
    named: list[str | None] = []
    for leaf, start, _ in leaves:
        above = {
            rows[head.text]
            for head in heads
            if head.column <= start < head.column + head.column_span and head.text in rows
        }
        cells = [
            f"{table.key}.{row}.{column}"
            for row in above
            for column in match_column(block, leaf.text)
        ]
        free = next((cell for cell in cells if cell not in named), None)
        named.append(free if len(above) == 1 else None)
    return named


def _is_official(heads: tuple[Head, ...], block: Block) -> bool:
    """Tell whether the header shows every row and column group in the form's own order."""
    row_labels = [fold_label(label.official) for label in block.rows.values()]
    expected = list(block.columns) * len(block.rows)
    rows_seen = [head.text for head in heads if head.text in row_labels]
    columns_seen = [keys for head in heads if (keys := match_column(block, head.text))]
    return (
        rows_seen == row_labels
        and len(columns_seen) == len(expected)
        and all(key in keys for key, keys in zip(expected, columns_seen, strict=True))
    )
