"""Reports as flattened text, in the ways that archives, converters and copying leave them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from tasks.sample.grids import Rows, Slot, fill_slots
from tasks.sample.markup import read_texts

if TYPE_CHECKING:
    from tasks.sample.look import Look
    from tasks.sample.render import Part

NUMBERED_ROWS = 12  # behind so many rows of a table a page ends
IN_ONE_LINE = ("rows", "blanks", "one_line", "together")  # flows that lose line breaks in cells
_EDGES = {"both": "| {} |", "closing": "{} |", "leading": "| {}", "none": "{}"}
_PAGES = {"dashed": "- 2 -", "bare": "2"}


def flatten_parts(parts: Sequence[Part], look: Look) -> str:
    """Write paragraphs and tables as text, in the flow of a look."""
    lines = chain.from_iterable(
        [part.text] if part.rows is None else flatten_table(part.rows, look) for part in parts
    )
    if look.flow == "together":
        return "".join(lines)
    if look.flow == "one_line":
        return " ".join(line for line in lines if line)
    return "\n".join(lines)


def flatten_table(rows: Rows, look: Look) -> Iterator[str]:
    """Write a table as lines, in the flow of a look.

    `tabs`: one cell a line behind a tab, bare where a merged cell reaches down, an empty line
    after each row. `lines`, `blank_lines`: one cell a line, alone or with an empty line
    behind it. `closed`: one cell a line, closed by a pipe; `pipes`: the same, the first row in
    one line, and a pipe for each slot that a merge took from a row. `rows`: rows of cells with
    pipes between. `blanks`: rows of cells with blanks between. `one_line` and `together` give
    each cell, to be joined.
    """
    if look.flow == "rows":
        yield from _write_piped_rows(rows, look)
        return
    width, filled = fill_slots(rows)
    for number, row in enumerate(rows):
        texts = [_write_cell(slot, look) for slot in row]
        if look.flow == "tabs":
            yield from (f"\t{_write_cell(slot, look) if slot else ''}" for slot in filled[number])
            yield ""
        elif look.flow == "pipes":
            lines = [f"| {' | '.join(texts)} | "] if not number else map("{} |".format, texts)
            yield from lines
            if width > len(row):
                yield "|" * (width - len(row))
        elif look.flow == "closed":
            yield from (f"{text} |" for text in texts)
        elif look.flow == "blanks":
            yield look.gap.join(texts)
        else:
            kept = (text for text in texts if text or look.empties == "kept")
            yield from chain.from_iterable(
                (text, "") if look.flow == "blank_lines" else (text,) for text in kept
            )
        if number + 1 == NUMBERED_ROWS and look.flow in ("lines", "blank_lines", "blanks"):
            yield from [_PAGES[look.page_number]] if look.page_number in _PAGES else ()
    if look.flow == "tabs":
        yield ""


def _write_cell(slot: Slot, look: Look) -> str:
    lines = read_texts(slot)
    if look.flow not in IN_ONE_LINE:
        return "\n".join(lines)
    return (" " if slot.is_figure and look.flow != "together" else "").join(lines)


def _write_piped_rows(rows: Rows, look: Look) -> Iterator[str]:
    """Write each row in a line; slots that a merge took are lost, empty, or repeat its text."""
    for owners in _cover_slots(rows):
        texts = [
            _write_cell(slot, look) if is_own or look.merges == "repeated" else ""
            for slot, is_own in owners
            if is_own or look.merges != "lost"
        ]
        if look.width == "nine" and len(owners) == 10 and look.merges != "lost":
            del texts[0 if owners[0][0].column_span == 1 else 1]
        yield _EDGES[look.edges].format(" | ".join(texts))


def _cover_slots(rows: Rows) -> list[list[tuple[Slot, bool]]]:
    """Give for each slot of a grid the cell that covers it, and whether it begins there."""
    taken: dict[tuple[int, int], tuple[Slot, bool]] = {}
    for row, slots in enumerate(rows):
        column = 0
        for slot in slots:
            while (row, column) in taken:
                column += 1
            for down in range(min(slot.row_span, len(rows) - row)):
                for right in range(slot.column_span):
                    taken[row + down, column + right] = (slot, not down and not right)
    return [
        [taken[place] for place in sorted(taken) if place[0] == row] for row in range(len(rows))
    ]
