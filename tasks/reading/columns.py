"""From printed headers to the columns of the form: which figure of a row belongs where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from expectations.form import Block
from tasks.reading.column_names import complete_columns, is_unit_known, name_columns
from tasks.reading.document import GridCell
from tasks.reading.heads import MAX_HEADER_CELLS, Head, count_padding, find_leaves
from tasks.reading.labels import LabelIndex, index_labels, match_column


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a header shows, from left to right.

    `keys` begin with the first column of the form; None stands for a column of the
    publisher's own. `starts` and `ends` are the slots of each where the header tells them,
    else empty; `before` the slots where the publisher's own headers left of `keys` start.
    `padding` counts the empty headers at the end. `unit_known` is false where the figures'
    unit cannot be known. `labels` are the folded headers of `keys`, where there are any.
    """

    keys: tuple[str | None, ...]
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    padding: int = 0
    unit_known: bool = True
    labels: tuple[str, ...] = ()

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


def _has_slots(heads: tuple[Head, ...], index: LabelIndex) -> bool:
    """Tell whether slots mean columns: cells are merged, or one row names single columns."""
    if any(head.column_span > 1 or head.row_span > 1 for head in heads):
        return True
    return heads[0].row == heads[-1].row and not any(head.text in index.spans for head in heads)


def _order_by_slots(heads: tuple[Head, ...], block: Block, index: LabelIndex) -> Columns | None:
    leaves = find_leaves(heads)
    if leaves is None:
        return None
    texts = [head.text for head, _, _ in leaves]
    keys = name_columns(texts, block)
    keys = keys and complete_columns(keys, texts, block)
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
        count_padding(texts),
        is_unit_known(texts, keys, block),
        tuple(texts[first:]),
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
    keys = name_columns(texts, block)
    keys = keys and complete_columns(keys, texts, block)
    if not keys:
        return None
    is_spanned = any(key in block.columns for inner in index.spans.values() for key in inner)
    if is_spanned and place is None and [key for key in keys if key] != [*block.columns]:
        return None  # the label is garbled that would tell where the columns under it stand
    first = next(number for number, key in enumerate(keys) if key is not None)
    return Columns(
        tuple(keys[first:]),
        unit_known=is_unit_known(texts, keys, block),
        labels=tuple(texts[first:]),
    )
