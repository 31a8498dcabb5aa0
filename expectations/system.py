"""A form's equations as integer matrices, split into parts that share no cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from expectations.form import Equation

Integers: TypeAlias = NDArray[np.int64]
CACHED_SYSTEMS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Equations that hang together by shared cells, with the cells they bind.

    `matrix` has a row an equation and a column a cell: 1 on the left side, -1 on the right.
    The same entry by entry: `entry_equation`, `entry_cell`, `entry_sign`. The same cell by
    cell: `bound` holds the equations of a cell and `signs` its signs there, both filled up to
    the largest count with the number of equations and with 0.
    """

    equations: tuple[Equation, ...]
    cells: tuple[str, ...]
    matrix: Integers
    entry_equation: Integers
    entry_cell: Integers
    entry_sign: Integers
    bound: Integers
    signs: Integers

    @property
    def reach(self) -> int:
        """The largest number of equations that one cell takes part in."""
        return int(self.bound.shape[1])


@lru_cache(maxsize=CACHED_SYSTEMS)
def split_equations(equations: tuple[Equation, ...]) -> tuple[Part, ...]:
    """Split equations into parts that share no cell, in the order of their first equations."""
    groups: list[tuple[set[str], list[Equation]]] = []
    for equation in equations:
        touched = [group for group in groups if not group[0].isdisjoint(equation.cells)]
        cells = set(equation.cells).union(*(group[0] for group in touched))
        members = [member for group in touched for member in group[1]]
        place = groups.index(touched[0]) if touched else len(groups)
        groups = [group for group in groups if group not in touched]
        groups.insert(place, (cells, [*members, equation]))
    return tuple(_build_part(members) for _, members in groups)


def _build_part(equations: Sequence[Equation]) -> Part:
    cells = tuple(dict.fromkeys(cell for equation in equations for cell in equation.cells))
    position = {cell: number for number, cell in enumerate(cells)}
    matrix = np.zeros((len(equations), len(cells)), dtype=np.int64)
    for number, equation in enumerate(equations):
        matrix[number, [position[cell] for cell in equation.left]] = 1
        matrix[number, [position[cell] for cell in equation.right]] = -1
    entry_equation, entry_cell = np.nonzero(matrix)
    reach = int(np.count_nonzero(matrix, axis=0).max())
    bound = np.full((len(cells), reach), len(equations), dtype=np.int64)
    signs = np.zeros((len(cells), reach), dtype=np.int64)
    for cell in range(len(cells)):
        of_cell = np.flatnonzero(matrix[:, cell])
        bound[cell, : len(of_cell)] = of_cell
        signs[cell, : len(of_cell)] = matrix[of_cell, cell]
    return Part(
        equations=tuple(equations),
        cells=cells,
        matrix=matrix,
        entry_equation=entry_equation,
        entry_cell=entry_cell,
        entry_sign=matrix[entry_equation, entry_cell],
        bound=bound,
        signs=signs,
    )
