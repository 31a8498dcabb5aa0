"""How many cells are wrong at the least, where there are too many to list."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest

from expectations.fewest import MOST_COUNTED, count_fewest
from expectations.form import load_form
from expectations.system import Integers, Part, split_equations

FORM = load_form("2021")
(PART, *_) = split_equations(FORM.equations)


def spoil(make: Any, count: int, seed: int) -> tuple[Part, Integers, Integers]:
    """Give table 3 with so many wrong cells: the equations, what they lack, and the figures."""
    rng = random.Random(seed)
    figures = make.fill("2021", seed)
    for cell in rng.sample(PART.cells, count):
        figures[cell] += rng.randint(1, 40)
    values = np.array([figures[cell] for cell in PART.cells], dtype=np.int64)
    return PART, PART.matrix @ values, values


@pytest.mark.parametrize("count", [1, 2, 4, 5, 6])
@pytest.mark.parametrize("seed", [2, 3])
def test_the_fewest_cells_are_counted(make: Any, count: int, seed: int) -> None:
    """Wrong cells whose equations share nothing by chance are counted exactly."""
    assert count_fewest(*spoil(make, count, seed)) == count


@pytest.mark.parametrize("count", [9, 30, 90])
def test_never_more_than_are_wrong(make: Any, count: int) -> None:
    """However many cells are wrong, no more are told, and enough to call them many."""
    assert min(count, 8) <= count_fewest(*spoil(make, count, 3)) <= count


def test_many_failed_equations_of_one_rule_need_a_cell_each(make: Any) -> None:
    """Each failed row needs a cell of its own: no solving is needed to tell so."""
    figures = make.fill("2021")
    for cell in PART.cells:
        figures[cell] += cell.endswith(".company")
    values = np.array([figures[cell] for cell in PART.cells], dtype=np.int64)
    assert count_fewest(PART, PART.matrix @ values, values) == 25 >= MOST_COUNTED


def test_huge_figures_do_not_mislead(make: Any) -> None:
    """A figure of 14 digits among four wrong ones does not raise the count."""
    part, _, values = spoil(make, 4, 1)
    values[5] += 10**13
    assert 1 <= count_fewest(part, part.matrix @ values, values) <= 5


def test_nothing_is_printed(make: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """What the solver prints does not reach standard output, which is kept for JSON."""
    for seed in range(6):
        count_fewest(*spoil(make, 10, seed))
    os.write(1, b"after")
    assert capfd.readouterr().out == "after"
