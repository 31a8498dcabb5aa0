"""Ruled lines and boxed text to tables: cells told by the lines around them, spans and all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tasks.reading.document import Grid, GridCell
from tasks.reading.glyphs import (
    UNKNOWN_CHARACTER,
    Glyph,
    compose_cell,
    is_figure_part,
    split_lines,
)
from tasks.reading.lattice import (
    TOUCH,
    Box,
    Lattice,
    Rules,
    build_lattice,
    group_rules,
    merge_rules,
    restore_columns,
)

NARROWEST_CELL = 5.0
OVERHANG_SHARE = 0.2
CORE_SHARE = 0.25
JOINED_SHARE = 0.1
DRAWN_SHARE = 0.3
LONGEST_UNIT = 3  # letters: more of them are no unit behind a figure


@dataclass(frozen=True, slots=True)
class RuledTable:
    """One table of a page. `xs` are its column edges; cells count slots from 0.

    `is_open_above` and `is_open_below` tell that no line closes it there.
    """

    box: Box
    xs: list[float]
    cells: list[GridCell]
    is_open_above: bool = False
    is_open_below: bool = False


def read_tables(
    glyphs: Sequence[Glyph],
    rules: Rules,
    ink: Sequence[Box],
    page: Box,
    place: str,
    continued: Sequence[float] = (),
) -> tuple[list[RuledTable], list[Glyph]]:
    """Read the tables that the rules of a page enclose; give the glyphs outside them too.

    Open sides are closed: a table cut by a page break may lack the lines there. Locators
    are `place/(left,top,right,bottom)`. A cell that a figure overruns, whose outline is no
    rectangle, that runs off the page, or that holds a picture and no text begins with
    `UNKNOWN_CHARACTER`. `continued` are the column edges of the last table of the page
    before: where the first one here goes on with them but for the leftmost, those are
    drawn anew.

    Raises:
        UnreadableError: `too_complex`.
    """
    horizontals, verticals = map(merge_rules, rules)
    groups = group_rules(horizontals, verticals)
    if groups and continued:
        groups[0] = restore_columns(*groups[0], continued)
    lattices = [lattice for group in groups if (lattice := build_lattice(*group)) is not None]
    inside: list[list[Glyph]] = [[] for _ in lattices]
    outside: list[Glyph] = []
    for glyph in glyphs:
        for lattice, kept in zip(lattices, inside, strict=True):
            if lattice.reaches(glyph):
                kept.append(glyph)
                break
        else:
            outside.append(glyph)
    tables = [
        _fill(lattice, kept, ink, page, place)
        for lattice, kept in zip(lattices, inside, strict=True)
    ]
    return [table for table in tables if len(table.cells) > 1], outside


def build_grid(cells: Iterable[GridCell]) -> Grid:
    """Build a grid: each row holds the cells that cover it, from left to right."""
    rows: dict[int, list[GridCell]] = defaultdict(list)
    for cell in cells:
        for row in range(cell.row, cell.row + cell.row_span):
            rows[row].append(cell)
    return Grid(
        tuple(tuple(sorted(rows[row], key=lambda cell: cell.column)) for row in sorted(rows))
    )


def _fill(
    lattice: Lattice, glyphs: list[Glyph], ink: Sequence[Box], page: Box, place: str
) -> RuledTable:
    """Put the glyphs of a table into its cells."""
    xs, ys, owners = lattice.xs, lattice.ys, lattice.owners
    slots: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for r, row in enumerate(owners):
        for c, owner in enumerate(row):
            slots[owner].append((r, c))
    boxes = {owner: _span(found) for owner, found in slots.items()}
    texts: dict[int, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        texts[lattice.find_owner((glyph.left + glyph.right) / 2, glyph.middle)].append(glyph)
    doubtful = _find_overrun(lattice, boxes, texts)
    table = Box(xs[0], ys[0], xs[-1], ys[-1])
    cells: list[GridCell] = []
    for owner, found in slots.items():
        top, left, bottom, right = boxes[owner]
        box = Box(xs[left], ys[top], xs[right], ys[bottom])
        text = compose_cell(texts[owner])
        is_rectangle = len(found) == (bottom - top) * (right - left)
        if min(box.right - box.left, box.bottom - box.top) < NARROWEST_CELL and not text:
            continue
        if (
            owner in doubtful
            or (not is_rectangle and text and _is_value(text))
            or (_leaves(box, page) and _is_value(text))
            or (not text and any(_is_drawn_in(one, box, table) for one in ink))
        ):
            text = UNKNOWN_CHARACTER + text
        locator = f"{place}/({box.left:.0f},{box.top:.0f},{box.right:.0f},{box.bottom:.0f})"
        cells.append(GridCell(text, locator, top, left, bottom - top, right - left))
    return RuledTable(table, xs, cells, any(lattice.open_above), any(lattice.open_below))


def _span(slots: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    rows, columns = [r for r, _ in slots], [c for _, c in slots]
    return min(rows), min(columns), max(rows) + 1, max(columns) + 1


def _find_overrun(
    lattice: Lattice,
    boxes: dict[int, tuple[int, int, int, int]],
    texts: dict[int, list[Glyph]],
) -> set[int]:
    """Find the cells that share a figure: one that stands on a line, or runs on across it."""
    doubtful: set[int] = set()
    figures: list[Glyph] = []
    owners: dict[Glyph, int] = {}
    for owner, glyphs in texts.items():
        top, left, bottom, right = boxes[owner]
        box = Box(lattice.xs[left], lattice.ys[top], lattice.xs[right], lattice.ys[bottom])
        for glyph in glyphs:
            if not _may_be_figure(glyph.text):
                continue
            figures.append(glyph)
            owners[glyph] = owner
            core = _shrink(glyph)
            if (
                core.left < box.left
                or core.top < box.top
                or core.right > box.right
                or core.bottom > box.bottom
            ):
                doubtful |= {owner, *lattice.find_owners(core)}
    for line in split_lines(figures):
        for before, after in pairwise(line):
            gap = after.left - before.right
            if owners[before] != owners[after] and gap < JOINED_SHARE * before.height:
                doubtful |= {owners[before], owners[after]}
    return doubtful


@lru_cache(maxsize=4096)
def _may_be_figure(text: str) -> bool:
    """Tell a figure, or a piece of one, from a label that has a number."""
    letters = sum(character.isalpha() for character in text)
    return letters <= LONGEST_UNIT and any(map(is_figure_part, text))


def _shrink(glyph: Glyph) -> Box:
    """Give the part of a glyph that must lie within its cell."""
    x = OVERHANG_SHARE * (glyph.right - glyph.left) / len(glyph.text)
    y = CORE_SHARE * glyph.height
    return Box(glyph.left + x, glyph.top + y, glyph.right - x, glyph.bottom - y)


def _leaves(cell: Box, page: Box) -> bool:
    """Tell whether a cell runs off the page, so that its text may be lost."""
    return (
        cell.left < page.left - TOUCH
        or cell.top < page.top - TOUCH
        or cell.right > page.right + TOUCH
        or cell.bottom > page.bottom + TOUCH
    )


def _is_value(text: str) -> bool:
    """Tell whether a text is empty or holds a digit: what may be taken for a value."""
    return not text or any(character.isdigit() for character in text)


def _is_drawn_in(ink: Box, cell: Box, table: Box) -> bool:
    """Tell whether a drawing stands in a cell, and is not the background of the table."""
    if ink.left <= table.left and ink.right >= table.right:
        return False
    x, y = (ink.left + ink.right) / 2, (ink.top + ink.bottom) / 2
    if cell.left < x < cell.right and cell.top < y < cell.bottom:
        return True
    width = min(ink.right, cell.right) - max(ink.left, cell.left)
    height = min(ink.bottom, cell.bottom) - max(ink.top, cell.top)
    area = (cell.right - cell.left) * (cell.bottom - cell.top)
    return width > 0 and height > 0 and width * height > DRAWN_SHARE * area
