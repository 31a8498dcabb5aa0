"""Pages of fixed layout made one document: ruled tables as grids, and the text around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from tasks.reading.document import Grid, TextBlock
from tasks.reading.glyphs import GAP, Glyph, compose_line, split_lines
from tasks.reading.lattice import Box
from tasks.reading.page_breaks import join_tables, mark_cut_row
from tasks.reading.pdf_pages import PdfPage, is_in_margin, is_page_number
from tasks.reading.report import UnreadableError
from tasks.reading.ruled import RuledTable, build_grid, read_tables

MIN_CHARACTERS = 50
HEADLINE_SHARE = 1.05
CENTRE_SHARE = 0.05
INDENT = 4  # lines' heights


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of running text; `height` is that of its largest character."""

    text: str
    box: Box
    height: float


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A page laid out: lines and tables from the top down."""

    number: int
    page: Box
    parts: list[_Line | RuledTable]


def compose_pages(pages: Iterable[PdfPage]) -> tuple[TextBlock | Grid, ...]:
    """Compose pages of fixed layout, from whatever format, into blocks in reading order.

    Raises:
        UnreadableError: `scanned_no_text`.
    """
    leaves: list[_Leaf] = []
    characters = 0
    for page in pages:
        characters += sum(len(glyph.text) for glyph in page.glyphs)
        leaves.append(_lay_out(page, leaves[-1] if leaves else None))
    if characters < MIN_CHARACTERS:
        raise UnreadableError(
            "scanned_no_text",
            f"expected text, found {characters} characters on {len(leaves)} pages; "
            "save the report as a file with text, or as pictures of 150 to 300 dots an inch",
        )
    return tuple(_compose(_drop_furniture(leaves)))


def _lay_out(page: PdfPage, before: _Leaf | None) -> _Leaf:
    above = [part for part in before.parts if isinstance(part, RuledTable)] if before else []
    tables, outside = read_tables(
        page.glyphs,
        (page.drawing.horizontals, page.drawing.verticals),
        page.drawing.ink,
        page.box,
        f"page[{page.number}]",
        above[-1].xs if above else (),
    )
    lines = [_make_line(line) for line in split_lines(outside)]
    parts: list[_Line | RuledTable] = [*lines, *tables]
    parts.sort(key=lambda part: part.box.top)
    return _Leaf(page.number, page.box, parts)


def _make_line(line: list[Glyph]) -> _Line:
    box = Box(
        line[0].left,
        min(glyph.top for glyph in line),
        max(glyph.right for glyph in line),
        max(glyph.bottom for glyph in line),
    )
    return _Line(compose_line(line).replace(GAP, " "), box, max(glyph.height for glyph in line))


def _drop_furniture(leaves: list[_Leaf]) -> list[_Leaf]:
    """Drop page numbers and what is printed at the head or foot of several pages."""
    seen = Counter(
        _mask(part.text)
        for leaf in leaves
        for part in {id(end): end for end in (*leaf.parts[:1], *leaf.parts[-1:])}.values()
        if isinstance(part, _Line)
    )
    kept: list[_Leaf] = []
    for leaf in leaves:
        parts = list(leaf.parts)
        for end in (0, -1):
            while parts and _is_furniture(parts[end], leaf, seen):
                parts.pop(end)
        kept.append(_Leaf(leaf.number, leaf.page, parts))
    return kept


def _mask(text: str) -> str:
    return re.sub(r"\d+", "0", text)


def _is_furniture(part: _Line | RuledTable, leaf: _Leaf, seen: Counter[str]) -> bool:
    if not isinstance(part, _Line):
        return False
    is_numbered = is_page_number(part.text) and _stands_apart(part, leaf)
    return is_numbered or seen[_mask(part.text)] > 1


def _compose(leaves: list[_Leaf]) -> list[TextBlock | Grid]:
    """Put tables and paragraphs of all pages together."""
    parts = _join_tables(leaves)
    edges = {
        leaf.number: [part.box for part in leaf.parts if isinstance(part, _Line)] for leaf in leaves
    }
    blocks: list[TextBlock | Grid] = []
    before: tuple[int, _Line] | None = None
    usual = median([part.height for _, part in parts if isinstance(part, _Line)] or [0.0])
    for number, part in parts:
        if isinstance(part, RuledTable):
            blocks.append(build_grid(part.cells))
            before = None
            continue
        last = blocks[-1] if blocks else None
        runs_on = before is not None and (
            _runs_on(before[1], part, edges[before[0]], edges[number])
            or (number == 1 and _is_headline(before[1], part, usual, edges[number]))
        )
        if runs_on and isinstance(last, TextBlock):
            blocks[-1] = TextBlock(last.text + part.text, last.locator)
        else:
            box = part.box
            place = f"({box.left:.0f},{box.top:.0f},{box.right:.0f},{box.bottom:.0f})"
            blocks.append(TextBlock(part.text, f"page[{number}]/{place}"))
        before = (number, part)
    return blocks


def _join_tables(leaves: list[_Leaf]) -> list[tuple[int, _Line | RuledTable]]:
    """List all parts with their pages, tables cut by page breaks joined."""
    parts: list[tuple[int, _Line | RuledTable]] = []
    above: int | None = None  # the place of a table that the page before ends with
    for leaf in leaves:
        inner = [place for place, part in enumerate(leaf.parts) if not _stands_apart(part, leaf)]
        listed = list(leaf.parts)
        first = listed[inner[0]] if inner else None
        upper = parts[above][1] if above is not None else None
        joined = None
        if isinstance(upper, RuledTable) and isinstance(first, RuledTable):
            joined = join_tables(upper, first)
        if above is not None and isinstance(upper, RuledTable) and upper.is_open_below:
            parts[above] = (parts[above][0], mark_cut_row(upper, is_last=True))
        if joined is not None and above is not None:
            parts[above] = (parts[above][0], joined)
        elif isinstance(first, RuledTable) and first.is_open_above and parts:
            listed[inner[0]] = mark_cut_row(first, is_last=False)
        kept = [place for place in range(len(listed)) if joined is None or place != inner[0]]
        if joined is None or len(inner) > 1:
            above = None
        if inner and inner[-1] in kept and isinstance(listed[inner[-1]], RuledTable):
            above = len(parts) + kept.index(inner[-1])
        parts.extend((leaf.number, listed[place]) for place in kept)
    return parts


def _stands_apart(part: _Line | RuledTable, leaf: _Leaf) -> bool:
    """Tell whether a part is a line in the margin: it does not part tables."""
    edges = (part.box.top, part.box.bottom)
    return isinstance(part, _Line) and all(is_in_margin(y, leaf.page) for y in edges)


def _runs_on(before: _Line, line: _Line, first: list[Box], second: list[Box]) -> bool:
    """Tell whether a line reaches the right edge and the next begins at the left one."""
    right, left = max(box.right for box in first), min(box.left for box in second)
    starts_left = before.box.left < min(box.left for box in first) + INDENT * before.height
    is_full = starts_left and before.box.right > right - 1.5 * before.height
    is_flush = line.box.left < left + line.height
    cuts_digits = before.text[-1].isdigit() and line.text[0].isdigit()
    return is_full and is_flush and not cuts_digits


def _is_headline(before: _Line, line: _Line, usual: float, lines: list[Box]) -> bool:
    """Tell whether two lines are both large and centred: one title on two lines."""
    left, right = min(box.left for box in lines), max(box.right for box in lines)
    return all(
        one.height > HEADLINE_SHARE * usual
        and abs((one.box.left + one.box.right) - (left + right)) < CENTRE_SHARE * (right - left)
        for one in (before, line)
    )
