"""Ruled lines to lattices: the slots between all edges, and which of them are one cell."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from tasks.reading.glyphs import Glyph
from tasks.reading.report import UnreadableError

TOUCH = 3.0  # points: lines nearer than this meet, edges nearer are one
SAME_RULE = 1.5
DASH_GAP = 2.5
SHORTEST_RULE = 4.0
COVERED_SHARE = 0.6
MAX_RULES = 2_000  # a page
MAX_SLOTS = 40_000  # a table
SHARED_EDGES = 0.6
ON_LINE_SHARE = 0.1


class Box(NamedTuple):
    """A rectangle; y grows downwards, in points."""

    left: float
    top: float
    right: float
    bottom: float


class Rule(NamedTuple):
    """A ruled line: where it runs across its own direction, and from where to where."""

    at: float
    start: float
    end: float


Rules = tuple[list[Rule], list[Rule]]  # horizontal and vertical ones


@dataclass(frozen=True, slots=True)
class Lattice:
    """The slots between the edges of a table, and which cell owns each."""

    xs: list[float]
    ys: list[float]
    owners: list[list[int]]
    open_above: list[bool]  # by slot column: no line closes the table there
    open_below: list[bool]

    def find_owner(self, x: float, y: float) -> int:
        """Find the cell at a point; points outside count for the nearest slot."""
        row = min(max(bisect_right(self.ys, y) - 1, 0), len(self.ys) - 2)
        column = min(max(bisect_right(self.xs, x) - 1, 0), len(self.xs) - 2)
        return self.owners[row][column]

    def find_owners(self, box: Box) -> set[int]:
        """Find all cells that a box touches."""
        columns = [
            c for c, (a, b) in enumerate(pairwise(self.xs)) if box.left < b and a < box.right
        ]
        rows = [r for r, (a, b) in enumerate(pairwise(self.ys)) if box.top < b and a < box.bottom]
        return {self.owners[row][column] for row in rows for column in columns}

    def reaches(self, glyph: Glyph) -> bool:
        """Tell whether a glyph stands in the table, or in a row cut at its open end.

        A digit printed on the outer line counts: its cell must not pass for empty.
        """
        top, bottom = self.ys[0], self.ys[-1]
        if glyph.bottom < top - TOUCH or glyph.top > bottom + TOUCH:
            return False
        x, middle = (glyph.left + glyph.right) / 2, (glyph.top + glyph.bottom) / 2
        if not self.xs[0] <= x < self.xs[-1]:
            return False
        if top <= middle < bottom:
            return True
        overlap = min(glyph.bottom, bottom) - max(glyph.top, top)
        if glyph.text[-1].isdigit() and overlap > ON_LINE_SHARE * glyph.height:
            return True
        column = bisect_right(self.xs, x) - 1
        if middle < top:
            return self.open_above[column] and glyph.bottom > top - TOUCH
        return self.open_below[column] and glyph.top < bottom + TOUCH


def cluster(values: Iterable[float], within: float = TOUCH) -> list[float]:
    """Merge values nearer than `within` to their neighbour into their mean, ascending."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= within:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def find_nearest(edges: Sequence[float], value: float) -> int:
    """Find the index of the edge nearest to a value."""
    after = bisect_right(edges, value)
    if after == 0 or (after < len(edges) and edges[after] - value < value - edges[after - 1]):
        return min(after, len(edges) - 1)
    return after - 1


def share_edges(upper: Sequence[float], lower: Sequence[float]) -> bool:
    """Tell whether two tables have the same right edge and most other edges in common."""
    fewer, more = sorted((upper, cluster(lower)), key=len)
    shared = sum(abs(more[find_nearest(more, x)] - x) <= TOUCH for x in fewer)
    return abs(fewer[-1] - more[-1]) <= 2 * TOUCH and shared >= SHARED_EDGES * len(fewer)


def merge_rules(rules: Iterable[Rule]) -> list[Rule]:
    """Merge the pieces, dashes and doubled strokes of one line into one rule.

    Raises:
        UnreadableError: `too_complex`, more than 2,000 rules are left.
    """
    groups: list[list[Rule]] = []
    for rule in sorted(rules):
        if groups and rule.at - groups[-1][0].at <= SAME_RULE:
            groups[-1].append(rule)
        else:
            groups.append([rule])
    merged: list[Rule] = []
    for group in groups:
        at = sum(rule.at for rule in group) / len(group)
        start, end = None, 0.0
        for rule in sorted(group, key=lambda rule: rule.start):
            if start is None:
                start, end = rule.start, rule.end
            elif rule.start <= end + DASH_GAP:
                end = max(end, rule.end)
            else:
                merged.append(Rule(at, start, end))
                start, end = rule.start, rule.end
        if start is not None:
            merged.append(Rule(at, start, end))
    kept = [rule for rule in merged if rule.end - rule.start >= SHORTEST_RULE]
    if len(kept) > MAX_RULES:
        raise UnreadableError(
            "too_complex",
            f"expected at most {MAX_RULES} ruled lines on a page, found {len(kept)}; "
            "save the report's own pages as a file",
        )
    return kept


def group_rules(horizontals: list[Rule], verticals: list[Rule]) -> list[Rules]:
    """Group the rules that meet, directly or through others, from the top down."""
    parents = list(range(len(horizontals) + len(verticals)))
    for i, across in enumerate(horizontals):
        first = _find_first(verticals, across.start - TOUCH)
        for j in range(first, len(verticals)):
            down = verticals[j]
            if down.at > across.end + TOUCH:
                break
            if down.start - TOUCH <= across.at <= down.end + TOUCH:
                _unite(parents, i, len(horizontals) + j)
    members: dict[int, tuple[list[Rule], list[Rule]]] = defaultdict(lambda: ([], []))
    for i, rule in enumerate(horizontals):
        members[_find_root(parents, i)][0].append(rule)
    for j, rule in enumerate(verticals):
        members[_find_root(parents, len(horizontals) + j)][1].append(rule)
    groups = [found for found in members.values() if all(found)]
    return sorted(groups, key=lambda found: min(rule.at for rule in found[0]))


def restore_columns(
    horizontals: list[Rule], verticals: list[Rule], edges: Sequence[float]
) -> Rules:
    """Add those left edges of a table that goes on whose lines a page break took."""
    top, bottom = min(rule.start for rule in verticals), max(rule.end for rule in verticals)
    left = min(verticals[0].at, *(rule.start for rule in horizontals))
    right = max(verticals[-1].at, *(rule.end for rule in horizontals))
    goes_on = share_edges(edges, [left, *(rule.at for rule in verticals), right])
    missing = [x for x in edges if x < left - TOUCH] if goes_on else []
    return horizontals, [*(Rule(x, top, bottom) for x in missing), *verticals]


def _find_first(rules: list[Rule], at: float) -> int:
    return bisect_right(rules, at, key=lambda rule: rule.at)


def _find_root(parents: list[int], item: int) -> int:
    while parents[item] != item:
        parents[item] = parents[parents[item]]
        item = parents[item]
    return item


def _unite(parents: list[int], one: int, other: int) -> None:
    parents[_find_root(parents, one)] = _find_root(parents, other)


def build_lattice(horizontals: list[Rule], verticals: list[Rule]) -> Lattice | None:
    """Build the slots between all edges; slots without a line between are one cell."""
    xs = cluster(
        [rule.at for rule in verticals]
        + [min(rule.start for rule in horizontals), max(rule.end for rule in horizontals)]
    )
    ys = cluster(
        [rule.at for rule in horizontals]
        + [min(rule.start for rule in verticals), max(rule.end for rule in verticals)]
    )
    width, height = len(xs) - 1, len(ys) - 1
    if width < 1 or height < 1 or width * height < 2 or width * height > MAX_SLOTS:
        return None
    across = _group_by_edge(horizontals, ys)
    down = _group_by_edge(verticals, xs)
    parents = list(range(width * height))
    for r in range(height):
        for c in range(width):
            if c + 1 < width and not _is_covered(down[c + 1], ys[r], ys[r + 1]):
                _unite(parents, r * width + c, r * width + c + 1)
            if r + 1 < height and not _is_covered(across[r + 1], xs[c], xs[c + 1]):
                _unite(parents, r * width + c, (r + 1) * width + c)
    owners = [[_find_root(parents, r * width + c) for c in range(width)] for r in range(height)]
    return Lattice(
        xs,
        ys,
        owners,
        open_above=[not _is_covered(across[0], *pair) for pair in pairwise(xs)],
        open_below=[not _is_covered(across[height], *pair) for pair in pairwise(xs)],
    )


def _group_by_edge(rules: list[Rule], edges: list[float]) -> dict[int, list[Rule]]:
    grouped: dict[int, list[Rule]] = defaultdict(list)
    for rule in rules:
        grouped[find_nearest(edges, rule.at)].append(rule)
    return grouped


def _is_covered(rules: list[Rule], start: float, end: float) -> bool:
    covered = sum(max(0.0, min(rule.end, end) - max(rule.start, start)) for rule in rules)
    return covered >= COVERED_SHARE * (end - start)
