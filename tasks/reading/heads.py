"""The cells of a printed header, and which of them stands lowest above each slot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tasks.reading.document import GridCell
from tasks.reading.words import fold_label

MAX_HEADER_CELLS = 200


class Head(NamedTuple):
    """One header cell: its folded text and the slots it covers, its row counted from 0."""

    text: str
    row: int
    column: int
    row_span: int
    column_span: int


def list_heads(header: Sequence[GridCell]) -> tuple[Head, ...]:
    """Describe header cells by what matters for matching, where they stand aside."""
    top = min((cell.row for cell in header), default=0)
    return tuple(
        Head(fold_label(cell.text), cell.row - top, cell.column, cell.row_span, cell.column_span)
        for cell in header
    )


def find_leaves(heads: tuple[Head, ...]) -> list[tuple[Head, int, int]] | None:
    """Find the lowest header above each slot, with the slots from its first up to its end.

    From left to right; None where one header is cut in two by another.
    """
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


def count_padding(texts: list[str]) -> int:
    """Count the empty headers at the end."""
    return next((place for place, text in enumerate(reversed(texts)) if text), len(texts))
