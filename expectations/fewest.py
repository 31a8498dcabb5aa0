"""How many cells are wrong at the least, where too many are for every set to be listed."""

from __future__ import annotations

import ctypes
import math
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from expectations.form import Equation
from expectations.system import Integers, Part

# Half a second at most; a limit of time would make the outcome depend on the machine's load.
MOST_NODES = 40
# From here on the number is told by the equations alone: it says enough, and solving is slow.
MOST_COUNTED = 12
# Above this the solver's tolerance lets a change slip past its switch.
LARGEST_CHANGE = 100_000

_one_at_a_time = threading.Lock()


def count_fewest(part: Part, residuals: Integers, values: Integers) -> int:
    """Count the fewest cells whose change takes every residual to 0.

    No cell stands in two equations of one rule, so each failed one needs a cell of its own.
    Where these are few, `milp` looks for the fewest cells; should it have to look at too
    many branches, the bound that it has proven counts.

    Args:
        part: The equations.
        residuals: Left side less right side, an equation each.
        values: The figures, a cell each; a new figure must not be negative.

    Returns:
        The number, or one that is lower: at least so many are wrong.
    """
    bound = _count_by_rule(part.equations, residuals)
    return bound if bound >= MOST_COUNTED else max(bound, _solve(part, residuals, values))


def _count_by_rule(equations: Sequence[Equation], residuals: Integers) -> int:
    failed = (equation.rule for equation, odd in zip(equations, residuals, strict=True) if odd)
    return max(Counter(failed).values(), default=0)


def _solve(part: Part, residuals: Integers, values: Integers) -> int:
    """Minimise the number of switches: what a cell exceeds or lacks needs its switch on."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to import, and seldom needed
    from scipy.sparse import csr_array, eye_array, hstack

    count, total = len(part.cells), float(np.abs(residuals).sum())
    largest = min(total, LARGEST_CHANGE)
    due = residuals * (largest / total)
    excess = np.clip(values, 0, largest).astype(float)
    lack = np.full(count, largest)
    same, none = eye_array(count), csr_array((count, count))
    matrix = csr_array(part.matrix.astype(float))
    unused = csr_array((len(residuals), count))
    with _one_at_a_time, _divert_output():
        found = milp(
            np.repeat([0.0, 0.0, 1.0], count),
            integrality=np.repeat([0, 0, 1], count),
            bounds=Bounds(0, np.concatenate((excess, lack, np.ones(count)))),
            constraints=[
                LinearConstraint(hstack([matrix, -matrix, unused]).tocsc(), due, due),
                LinearConstraint(hstack([same, none, -same * excess[None, :]]).tocsc(), ub=0),
                LinearConstraint(hstack([none, same, -same * lack[None, :]]).tocsc(), ub=0),
            ],
            options={"node_limit": MOST_NODES},
        )
    proven = found.mip_dual_bound
    return 0 if proven is None or not math.isfinite(proven) else math.ceil(proven - 1e-3)


@contextmanager
def _divert_output() -> Iterator[None]:
    """Send to standard error what compiled code prints: the solver has no switch for all of it.

    `gouji inspect --json` promises that standard output holds JSON alone.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
