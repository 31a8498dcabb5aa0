"""How many cells are wrong at the least, where they are too many to be named."""

from __future__ import annotations

import numpy as np

from expectations.system import Integers, Part

# Counted by branches, not by the clock, so that the same report gives the same answer.
NODE_LIMIT = 200


def count_wrong_cells(part: Part, values: Integers) -> int | None:
    """Count the cells of the smallest set whose change satisfies every equation.

    The figures need not be whole for it, so it is a lower bound; None if the search would
    take too long.
    """
    # Imported here because it takes half a second that few reports need.
    from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]
    from scipy.sparse import (  # type: ignore[import-untyped]
        csr_array,
        diags_array,
        eye_array,
        hstack,
    )

    residuals = part.matrix @ values
    count = len(values)
    # A cell rises by `up` or falls by `down`, and is `wrong` (0 or 1) if it does either.
    most_up = np.full(count, float(np.abs(residuals).sum()))
    most_down = np.minimum(np.maximum(values, 0), most_up)
    matrix, none = csr_array(part.matrix.astype(float)), csr_array((count, count))
    balance = hstack([matrix, -matrix, csr_array(part.matrix.shape)])
    rising = hstack([eye_array(count), none, -diags_array(most_up)])
    falling = hstack([none, eye_array(count), -diags_array(most_down)])
    result = milp(
        np.repeat([0.0, 0.0, 1.0], count),
        integrality=np.repeat([0, 0, 1], count),
        bounds=Bounds(0, np.concatenate([most_up, most_down, np.ones(count)])),
        constraints=[
            LinearConstraint(balance, -residuals, -residuals),
            LinearConstraint(rising, -np.inf, 0),
            LinearConstraint(falling, -np.inf, 0),
        ],
        options={"node_limit": NODE_LIMIT},
    )
    return round(result.fun) if result.success else None
