"""Which cells are wrong: every set of a given size whose change makes all equations hold.

A set is found by peeling. As long as some equation holds just one of the wrong cells, that
equation's residual is the cell's excess; taking it away leaves a smaller set. In these forms
any three cells can be peeled so (no three of them close a circle of equations), hence the
search is exact, and in integers throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from expectations.system import Integers, Part

# Reached only where most row sums are left out and the same error stands in many columns.
BRANCH_LIMIT = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Sets of one size: `cells` (set by set, positions in the part) and by how much each exceeds.

    `is_cut` tells that there were more branches than may be followed, so sets may be missing.
    """

    cells: Integers
    excesses: Integers
    is_cut: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Branches:
    """Cells taken away so far, and what is then left of the residuals (a last column is 0)."""

    cells: Integers
    excesses: Integers
    residuals: Integers
    is_cut: bool


def find_sets(part: Part, residuals: Integers, values: Integers | None, size: int) -> Sets:
    """Find all sets of `size` cells whose change takes every residual to 0.

    Args:
        part: The equations.
        residuals: Left side less right side, an equation each.
        values: The figures, a cell each; a new figure must not be negative. None: it may.
        size: How many cells change, each by a whole number that is not 0.

    Returns:
        The sets in the order of their cells, which are ordered too.
    """
    none = np.zeros((1, 0), dtype=np.int64)
    branches = _Branches(none, none, np.append(residuals, 0)[None, :], is_cut=False)
    for missing in range(size - 1, -1, -1):
        branches = _extend(part, branches, values, missing * part.reach)
    return Sets(branches.cells, branches.excesses, branches.is_cut)


def _extend(part: Part, branches: _Branches, values: Integers | None, open_limit: int) -> _Branches:
    """Take one more cell away, where at most `open_limit` equations then stay unsatisfied."""
    residuals = branches.residuals
    branch, entry = np.nonzero(residuals[:, part.entry_equation])
    cell = part.entry_cell[entry]
    excess = residuals[branch, part.entry_equation[entry]] * part.entry_sign[entry]
    before = residuals[branch[:, None], part.bound[cell]]
    after = before - excess[:, None] * part.signs[cell]
    opened = np.count_nonzero(after, axis=1) - np.count_nonzero(before, axis=1)
    is_kept = np.count_nonzero(residuals, axis=1)[branch] + opened <= open_limit
    if values is not None:
        is_kept &= values[cell] >= excess
    is_kept &= (branches.cells[branch] != cell[:, None]).all(axis=1)
    kept = np.flatnonzero(is_kept)
    cells = np.column_stack((branches.cells[branch[kept]], cell[kept]))
    excesses = np.column_stack((branches.excesses[branch[kept]], excess[kept]))
    order = np.argsort(cells, axis=1)
    cells, excesses = (np.take_along_axis(rows, order, axis=1) for rows in (cells, excesses))
    # The same cells are reached in every order; one is enough.
    _, first = np.unique(np.hstack((cells, excesses)), axis=0, return_index=True)
    chosen = first[:BRANCH_LIMIT]
    left = residuals[branch[kept[chosen]]]
    changed = part.matrix[:, cell[kept[chosen]]].T * excess[kept[chosen], None]
    left[:, :-1] -= changed
    is_cut = branches.is_cut or len(first) > BRANCH_LIMIT
    return _Branches(cells[chosen], excesses[chosen], left, is_cut)
