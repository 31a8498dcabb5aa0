"""Characters with boxes put together into lines and texts, and nothing run together by it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

UNKNOWN_CHARACTER = "\ufffd"  # something is printed that cannot be read
GAP = "\t"  # too wide for a blank inside one figure
BLANK_SHARE = 0.15  # of the height of a line: narrower gaps part no words
GAP_SHARE = 0.7
SAME_LINE_SHARE = 0.5
OVERPRINT_SHARE = 0.5
SIZE_SHARE = 0.8  # a digit smaller than this beside another is an index
SHIFT_SHARE = 0.2


class Glyph(NamedTuple):
    """One character, or a word told as a whole, in its box; y grows downwards, in points."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """The height of the box."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """The height on the page at which the box is centred."""
        return (self.top + self.bottom) / 2


def split_lines(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Split glyphs into lines from the top down, each from left to right."""
    lines: list[list[Glyph]] = []
    for glyph in sorted(glyphs, key=lambda glyph: (glyph.top + glyph.bottom, glyph.left)):
        middle = glyph.middle
        if lines:
            first = lines[-1][0]
            if middle - first.middle <= SAME_LINE_SHARE * max(first.height, glyph.height):
                lines[-1].append(glyph)
                continue
        lines.append([glyph])
    for line in lines:
        line.sort(key=lambda glyph: glyph.left)
    return lines


def compose_cell(glyphs: Iterable[Glyph]) -> str:
    """Compose the text of one cell.

    Lines of words are joined; where a digit, sign or Latin letter stands at the break, a
    newline stays. A gap too wide for one figure, an index, and whatever is printed over
    something else leave a tab or `UNKNOWN_CHARACTER`, so that no figure is read from them.
    """
    listed = list(glyphs)
    if len(listed) == 1:
        return listed[0].text
    text = ""
    for line in split_lines(listed):
        text = join_texts(text, compose_line(line))
    return text


def join_texts(before: str, after: str) -> str:
    """Join two pieces of a cell: words run on, anything else is set apart by a newline."""
    if not before or not after or (_is_wordy(before[-1]) and _is_wordy(after[0])):
        return before + after
    return f"{before}\n{after}"


def compose_line(line: Sequence[Glyph]) -> str:
    """Compose a line of glyphs from left to right, with blanks and wide gaps between."""
    if len(line) == 1:
        return line[0].text
    before = line[0]
    pieces = [before.text]
    for after in line[1:]:
        gap = after.left - before.right
        if gap < 0.0 and _overlaps(before, after):
            if before.text != after.text:
                before = before._replace(text=UNKNOWN_CHARACTER)
                pieces[-1] = UNKNOWN_CHARACTER
            continue
        if gap > 0.0 or after.text[0].isdigit():
            pieces.append(_part(before, after, gap))
        pieces.append(after.text)
        before = after
    return "".join(pieces)


def is_figure_part(text: str) -> bool:
    """Tell whether a glyph may be a part of a figure: a digit, a sign, a point."""
    return text[-1].isdigit() or text[-1] in "+-.,"


def _overlaps(before: Glyph, after: Glyph) -> bool:
    """Tell whether two glyphs are printed over one another."""
    narrower = min(before.right - before.left, after.right - after.left)
    return narrower > 0.5 and before.right - after.left > OVERPRINT_SHARE * narrower


def _part(before: Glyph, after: Glyph, gap: float) -> str:
    """Give what parts two neighbours: nothing, a blank, or a gap."""
    height = max(before.height, after.height)  # fonts may give the ink's height alone
    if gap > GAP_SHARE * height:
        return GAP
    a, b = before.text, after.text
    if a[-1].isdigit() and b[0].isdigit():
        is_index = min(before.height, after.height) < SIZE_SHARE * height
        is_shifted = abs(before.middle - after.middle) > SHIFT_SHARE * height
        if is_index or is_shifted:
            return GAP
    return " " if gap > BLANK_SHARE * height and a[-1].isascii() and b[0].isascii() else ""


def _is_wordy(character: str) -> bool:
    """Tell a character of running Chinese text from a digit, a sign or a Latin letter."""
    return (
        not character.isascii()
        and unicodedata.category(character)[0] not in "NS"
        and (unicodedata.category(character) != "Pd")
    )
