"""The markup inside printed cells: written as pages have it, taken apart for other formats."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from typing import NamedTuple

from tasks.sample.grids import Slot

MAX_UPRIGHT = 8  # characters of a label that narrow columns set one under the other
_TOKENS = re.compile(r"<(?P<closes>/?)(?P<tag>\w+)[^>]*>|(?P<text>[^<]+)")
_BLOCKS = ("p", "div")


class Piece(NamedTuple):
    """Text of one run; `is_raised` where it stands above the line."""

    text: str
    is_raised: bool = False


Line = list[Piece]


def mark_figure(text: str, way: str) -> str | None:
    """Mark a figure up in a way of `looks.yaml`, None where it is printed plainly."""
    if way == "spans":
        return "".join(f"<span lang=EN-US>{escape(character)}</span>" for character in text)
    return f"\n  <p align=center>{escape(text)}<br></p>\n" if way == "paragraph" else None


def mark_label(slot: Slot, way: str) -> str | None:
    """Mark a label up in a way of `looks.yaml`, None where it is printed plainly."""
    middle = len(slot.text) // 2
    first, second = escape(slot.text[:middle]), escape(slot.text[middle:])
    is_narrow = slot.column_span == 1 and len(slot.text) <= MAX_UPRIGHT
    marks = {
        "broken": f"{first}<br/>{second}",
        "spaced": f"&nbsp; {first}&nbsp;\u3000 {second} ",
        "paragraphs": f"<p>{first}</p>\n<p>{second}</p>",
        "upright": "<br>".join(map(escape, slot.text)) if is_narrow else None,
    }
    return marks.get(way)


def read_paragraphs(slot: Slot) -> list[list[Line]]:
    """Take what a cell prints apart: paragraphs of lines of runs, none of them empty.

    A line break in the markup itself counts as one on paper.
    """
    if slot.markup is None:
        return [[[Piece(slot.text)]]] if slot.text else []
    paragraphs: list[list[Line]] = [[[]]]
    is_raised = False
    for token in _TOKENS.finditer(slot.markup):
        if token["tag"] == "sup":
            is_raised = not token["closes"]
        elif token["tag"] == "br":
            paragraphs[-1].append([])
        elif token["tag"] in _BLOCKS:
            paragraphs.append([[]])
        elif token["text"] and not ("\n" in token["text"] and token["text"].isspace()):
            first, *others = token["text"].split("\n")
            paragraphs[-1][-1].append(Piece(unescape(first), is_raised))
            paragraphs[-1] += [[Piece(unescape(text), is_raised)] for text in others]
    lines = [[line for line in paragraph if line] for paragraph in paragraphs]
    return [paragraph for paragraph in lines if paragraph]


def read_lines(slot: Slot) -> list[Line]:
    """Take what a cell prints apart into lines of runs, paragraphs not told apart."""
    return [line for paragraph in read_paragraphs(slot) for line in paragraph]


def wrap_runs(line: Line, width: float, measure: Callable[[str], float]) -> list[Line]:
    """Break a line of runs between them where it would be wider than `width`."""
    lines: list[Line] = [[]]
    for piece in line:
        if lines[-1] and sum(measure(run.text) for run in [*lines[-1], piece]) > width:
            lines.append([])
        lines[-1].append(piece)
    return lines


def read_texts(slot: Slot) -> list[str]:
    """Give the lines of text that a cell prints."""
    return ["".join(piece.text for piece in line) for line in read_lines(slot)]
