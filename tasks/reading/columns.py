"""From printed headers to the columns of the form: which figure of a row belongs where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from expectations.form import Block, Table
from tasks.reading.document import GridCell
from tasks.reading.labels import LabelIndex, fold_variants, index_labels, match_column
from tasks.reading.words import fold_label, load_patterns

MAX_HEADER_CELLS = 200
ALIKE = 0.5  # share of characters in common by which a garbled header is still told


class Head(NamedTuple):
    """One header cell: its folded text and the slots it covers, its row counted from 0."""

    text: str
    row: int
    column: int
    row_span: int
    column_span: int


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a header shows, from left to right.

    `keys` begin with the first column of the form; None stands for a column of the
    publisher's own. `starts` and `ends` are the slots of each where the header tells them,
    else empty; `before` the slots where the publisher's own headers left of `keys` start.
    `padding` counts the empty headers at the end. `unit_known` is false where the figures'
    unit cannot be known.
    """

    keys: tuple[str | None, ...]
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    padding: int = 0
    unit_known: bool = True

    @property
    def width(self) -> int:
        """Count the columns, padding aside."""
        return len(self.keys) - self.padding

    def are_above(self, values: Sequence[GridCell], *, may_shift: bool) -> bool:
        """Tell whether each value stands under its own header, as far as slots tell.

        `may_shift` allows the row as a whole to be shifted against the header, as sloppy
        spans of labels do; a single value may not be.
        """
        if not self.starts or not values:
            return True
        slots = [value.column for value in values]
        starts = self.starts[: len(slots)]
        if slots == [*starts]:
            return True
        shift = slots[0] - starts[0] if may_shift else 0
        return slots == [start + shift for start in starts] or all(
            value.column < end and start < value.column + value.column_span
            for value, start, end in zip(values, starts, self.ends, strict=False)
        )


def list_heads(header: Sequence[GridCell]) -> tuple[Head, ...]:
    """Describe header cells by what matters for matching, where they stand aside."""
    top = min((cell.row for cell in header), default=0)
    return tuple(
        Head(fold_label(cell.text), cell.row - top, cell.column, cell.row_span, cell.column_span)
        for cell in header
    )


@lru_cache(maxsize=4096)
def order_columns(
    heads: tuple[Head, ...], edition: str, table: str, heading: str | None
) -> Columns | None:
    """Tell the columns of one block of the form from the header; None where it does not.

    By the slots where the header has merged cells, else in reading order. A header the form
    does not know is a column of the publisher's own, unless it is alike to the one label
    that is missing and stands in its place. A block of one column needs no header.
    """
    index = index_labels(edition)
    block = next(block for block in index.form.tables[table].blocks if block.heading == heading)
    if not heads:
        return Columns((*block.columns,), unit_known=False) if len(block.columns) == 1 else None
    if len(heads) > MAX_HEADER_CELLS:
        return None
    if _has_slots(heads, index):
        return _order_by_slots(heads, block, index)
    return _order_read(heads, block, index)


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
    leaves = _find_leaves(heads)
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
        padding=_count_padding([leaf.text for leaf, *_ in leaves]),
    )


def _has_slots(heads: tuple[Head, ...], index: LabelIndex) -> bool:
    """Tell whether slots mean columns: cells are merged, or one row names single columns."""
    if any(head.column_span > 1 or head.row_span > 1 for head in heads):
        return True
    return heads[0].row == heads[-1].row and not any(head.text in index.spans for head in heads)


def _find_leaves(heads: tuple[Head, ...]) -> list[tuple[Head, int, int]] | None:
    """Find the lowest header above each slot, with its slots; None where one is cut in two."""
    owner = {
        slot: head
        for head in sorted(heads, key=lambda head: head.row)
        for slot in range(head.column, head.column + head.column_span)
    }
    leaves: list[tuple[Head, int, int]] = []
    for slot in sorted(owner):
        head = owner[slot]
        if leaves and leaves[-1][0] is head and leaves[-1][2] == slot:
            leaves[-1] = (head, leaves[-1][1], slot + 1)
        elif any(leaf is head for leaf, _, _ in leaves):
            return None
        else:
            leaves.append((head, slot, slot + 1))
    return leaves


def _order_by_slots(heads: tuple[Head, ...], block: Block, index: LabelIndex) -> Columns | None:
    leaves = _find_leaves(heads)
    if leaves is None:
        return None
    texts = [head.text for head, _, _ in leaves]
    keys = _name_columns(texts, block)
    keys = keys and _complete(keys, texts, block)
    if keys is None or not _are_under_spans(heads, leaves, keys, index):
        return None
    first = next(place for place, key in enumerate(keys) if key is not None)
    return Columns(
        tuple(keys[first:]),
        tuple(start for _, start, _ in leaves[first:]),
        tuple(end for _, _, end in leaves[first:]),
        tuple(
            start
            for head, start, _ in leaves[:first]
            if head.text and head.text not in index.spanners
        ),
        _count_padding(texts),
        _is_unit_known(texts, keys, block),
    )


def _are_under_spans(
    heads: tuple[Head, ...],
    leaves: list[tuple[Head, int, int]],
    keys: list[str | None],
    index: LabelIndex,
) -> bool:
    """Tell whether the labels that head several columns stand above these and no others.

    Where they do not, a cell of the header was lost and the others moved. Without such
    labels the columns of the form must all stand in one row.
    """
    known = [(leaf, start, key) for (leaf, start, _), key in zip(leaves, keys, strict=True) if key]
    spans = [head for head in heads if head.text in index.spans]
    if not spans:
        return len({leaf.row for leaf, _, _ in known}) == 1
    covers = [
        head
        for head in heads
        if head.column_span > 1
        and any(leaf is not head and _is_above(head, leaf) for leaf, *_ in known)
    ]
    return all(
        (key in index.spans[span.text]) == _is_above(span, leaf)
        for span in spans
        for leaf, _, key in known
    ) and (
        None not in keys
        or any(all(_is_above(cover, leaf) for leaf, *_ in known) for cover in covers)
    )


def _is_above(head: Head, leaf: Head) -> bool:
    return head.column <= leaf.column < head.column + head.column_span


def _order_read(heads: tuple[Head, ...], block: Block, index: LabelIndex) -> Columns | None:
    """Tell the columns in reading order: those under a spanning label stand where it does."""
    texts: list[str] = []
    below: list[str] = []
    under: tuple[str, ...] = ()
    place: int | None = None
    for head in heads:
        if head.text in index.spans:
            place = len(texts)
            under = index.spans[head.text]
        elif any(key in under for key in match_column(block, head.text)):
            below.append(head.text)
        elif head.text and head.text not in index.spanners:
            if below:
                return None  # what stands beside the spanned columns cannot be told
            texts.append(head.text)
    if place is not None:
        texts[place:place] = below
    keys = _name_columns(texts, block)
    keys = keys and _complete(keys, texts, block)
    if not keys:
        return None
    first = next(number for number, key in enumerate(keys) if key is not None)
    return Columns(tuple(keys[first:]), unit_known=_is_unit_known(texts, keys, block))


def _count_padding(texts: list[str]) -> int:
    """Count the empty headers at the end."""
    return next((place for place, text in enumerate(reversed(texts)) if text), len(texts))


def _name_columns(texts: list[str], block: Block) -> list[str | None] | None:
    """Name the column of each header; None where one is printed twice."""
    keys: list[str | None] = []
    for place, text in enumerate(texts):
        found = match_column(block, text)
        new = next((key for key in found if key not in keys), None)
        if text and new is None and (found or text in texts[:place]):
            return None
        keys.append(new)
    return keys


def _complete(keys: list[str | None], texts: list[str], block: Block) -> list[str | None] | None:
    """Settle the one column whose header is garbled; None where any is missing still."""
    missing = [key for key in block.columns if key not in keys]
    if not missing:
        return keys
    if len(missing) > 1:
        return None
    for place, (key, text) in enumerate(zip(keys, texts, strict=True)):
        if key is None and _is_alike(text, missing[0], block):
            settled = [*keys[:place], missing[0], *keys[place + 1 :]]
            if [key for key in settled if key] == [*block.columns]:
                return settled
    return None


def _is_alike(text: str, key: str, block: Block) -> bool:
    """Tell whether a garbled header is more like one column's label than any other's."""
    if text in load_patterns().words["own_columns"]:
        return False
    shares = {
        column: max(SequenceMatcher(None, text, word).ratio() for word in fold_variants(label))
        for column, label in block.columns.items()
    }
    best = max(shares.values())
    return best >= ALIKE and [column for column in shares if shares[column] == best] == [key]


def _is_unit_known(texts: list[str], keys: list[str | None], block: Block) -> bool:
    """Tell whether every header is a wording that leaves no doubt about the unit."""
    return all(
        text in fold_variants(block.columns[key])
        and text not in map(fold_label, block.columns[key].unitless)
        for text, key in zip(texts, keys, strict=True)
        if key is not None
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
