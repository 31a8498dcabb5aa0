"""The search for wrong cells, against trying every set of cells."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from expectations.explain import explain
from expectations.form import Equation, Form, load_form
from expectations.localise import find_sets
from expectations.system import Integers, Part, split_equations

RESULTS = ("granted", "partly_granted", "other_other")
ROWS = ("new", "carried_in", *RESULTS, "closed", "carried_out")
APPLICANTS = ("natural_person", "company")
COLUMNS = (*APPLICANTS, "total")
CASES = pytest.mark.parametrize("seed", range(40))


def shrink_form() -> Form:
    """Keep three results and two applicants of table 3: 21 cells, few enough to try all sets."""

    def bind(rule: str, line: str, left: list[str], right: list[str]) -> Equation:
        return Equation(rule, "t3", f"t3.{line}", tuple(left), tuple(right))

    rows = [
        bind("T3-01", row, [f"t3.{row}.{one}" for one in APPLICANTS], [f"t3.{row}.total"])
        for row in ROWS
    ]
    sums = [
        bind("T3-02", one, [f"t3.{row}.{one}" for row in RESULTS], [f"t3.closed.{one}"])
        for one in COLUMNS
    ]
    balances = [
        bind(
            "T3-03",
            one,
            [f"t3.new.{one}", f"t3.carried_in.{one}"],
            [f"t3.closed.{one}", f"t3.carried_out.{one}"],
        )
        for one in COLUMNS
    ]
    return replace(load_form("2021"), equations=(*rows, *sums, *balances))


SMALL = shrink_form()


def draw_table(rng: random.Random) -> dict[str, int]:
    """Draw small figures for which all equations of the small form hold."""
    table = {
        f"t3.{row}.{one}": rng.choice((0, 0, 1, 2, 5))
        for row in (*RESULTS, "carried_out")
        for one in APPLICANTS
    }
    for one in APPLICANTS:
        closed = sum(table[f"t3.{row}.{one}"] for row in RESULTS)
        pending = closed + table[f"t3.carried_out.{one}"]
        waiting = rng.randint(0, pending)
        table |= {f"t3.closed.{one}": closed, f"t3.carried_in.{one}": waiting}
        table[f"t3.new.{one}"] = pending - waiting
    for row in ROWS:
        table[f"t3.{row}.total"] = sum(table[f"t3.{row}.{one}"] for one in APPLICANTS)
    return table


def spoil_table(rng: random.Random, wrong: int, unread: int) -> dict[str, int | None]:
    """Change some cells of a consistent table, and leave some unread."""
    table: dict[str, int | None] = {**draw_table(rng)}
    for cell in rng.sample(list(table), wrong):
        table[cell] = max(0, (table[cell] or 0) + rng.choice((-2, -1, 1, 2, 3)))
    return table | dict.fromkeys(rng.sample(list(table), unread))


def gather(table: dict[str, int | None]) -> tuple[Part, Integers] | None:
    """Give the first part with a failed equation, and its figures."""
    read = tuple(
        equation
        for equation in SMALL.equations
        if all(table[cell] is not None for cell in equation.cells)
    )
    for part in split_equations(read):
        values = np.array([table[cell] for cell in part.cells], dtype=np.int64)
        if (part.matrix @ values).any():
            return part, values
    return None


def try_all(part: Part, values: Integers, size: int) -> set[tuple[tuple[int, int], ...]]:
    """Solve for the changes of each set of cells that determines them."""
    residuals, found = part.matrix @ values, set()
    for cells in combinations(range(len(part.cells)), size):
        columns = part.matrix[:, cells]
        if np.linalg.matrix_rank(columns) < size:
            continue
        excesses = np.rint(np.linalg.lstsq(columns, residuals, rcond=None)[0]).astype(int)
        is_solved = (columns @ excesses == residuals).all() and excesses.all()
        if is_solved and (values[list(cells)] >= excesses).all():
            found.add(tuple(zip(cells, excesses.tolist(), strict=True)))
    return found


@CASES
@pytest.mark.parametrize("unread", [0, 1, 4], ids=["all_read", "one_unread", "four_unread"])
def test_every_smallest_set_is_found(seed: int, unread: int) -> None:
    """Up to three cells, the search finds the sets that trying all of them finds, no others."""
    rng = random.Random(seed)
    gathered = gather(spoil_table(rng, rng.randint(1, 3), unread))
    if gathered is None:
        return
    part, values = gathered
    for size in (1, 2, 3):
        sets = find_sets(part, part.matrix @ values, values, size)
        rows = zip(sets.cells.tolist(), sets.excesses.tolist(), strict=True)
        found = [tuple(zip(*row, strict=True)) for row in rows]
        assert not sets.is_cut
        assert len(found) == len(set(found))
        assert set(found) == try_all(part, values, size)
        if found:
            return


def test_a_shared_change_leaves_a_set_in_doubt() -> None:
    """A single set is not called unique where two cells can share the change in its stead."""
    table: dict[str, int | None] = {f"t3.{row}.{one}": 0 for row in ROWS for one in COLUMNS}
    for row, figure in {"granted": 2, "partly_granted": 2, "other_other": 5, "closed": 6}.items():
        table |= {f"t3.{row}.natural_person": figure, f"t3.{row}.total": figure}
    table |= {"t3.new.natural_person": 6, "t3.new.total": 6}
    table |= dict.fromkeys(("t3.granted.total", "t3.partly_granted.total"))

    (explanation,) = explain(table, SMALL)

    # 3 too many: 5 -> 2 in other_other and its total, or any 3 of the 2 + 2 in the rows above.
    (repair,) = explanation.repairs
    assert [change.suggested for change in repair.changes] == [2, 2]
    assert not explanation.is_unique


@pytest.mark.parametrize("edition", ["2021", "2019"])
def test_one_wrong_cell_is_explained_by_no_other_two(edition: str) -> None:
    """Whichever cell of table 3 is wrong, no other one or two explain it, even below 0."""
    part = split_equations(load_form(edition).equations)[0]
    for cell in range(len(part.cells)):
        residuals = 2 * part.matrix[:, cell]
        assert find_sets(part, residuals, None, 1).cells.tolist() == [[cell]]
        assert find_sets(part, residuals, None, 2).cells.tolist() == []


def test_parts_share_no_cell() -> None:
    """Table 3 hangs together in one part; each row of table 4 is a part of its own."""
    parts = split_equations(load_form("2021").equations)
    assert [(len(part.equations), len(part.cells)) for part in parts] == [
        (39, 175),
        (1, 5),
        (1, 5),
        (1, 5),
    ]
    assert len({cell for part in parts for cell in part.cells}) == 190
