"""Random figures for an edition of the form in which every equation holds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from expectations.form import Form

SCALES_FILE = Path(__file__).parent / "scales.yaml"


@cache
def load_scales() -> dict[str, Any]:
    """Load `scales.yaml`: how busy a body is, and how often which applicant and result occurs."""
    facts: dict[str, Any] = yaml.safe_load(SCALES_FILE.read_text("utf-8"))
    return facts


def draw_figures(
    form: Form,
    rng: random.Random,
    scale: str,
    carried_in: Mapping[str, int] | None = None,
) -> dict[str, Decimal]:
    """Draw a figure for each cell of an edition so that all its equations hold.

    `scale` is `zero` (all figures 0), `township`, `department`, `county` or `prefecture`.
    `carried_in` gives the applications carried over from the year before, by applicant
    column of table 3; without it they are drawn too.

    Raises:
        KeyError: `scale` is none of `scales.yaml`.
    """
    busy = load_scales()["scales"][scale]
    figures = _draw_disclosed(form, rng, busy["sizes"])
    figures |= _draw_requests(form, rng, busy, carried_in)
    figures |= _draw_cases(form, rng, busy["cases"])
    return {cell.key: Decimal(figures[cell.key]) for cell in form.cells}


def _draw_disclosed(
    form: Form, rng: random.Random, sizes: Mapping[str, list[int]]
) -> dict[str, Decimal]:
    """Draw table 2: each row has a size, each column its share of it."""
    facts = load_scales()
    drawn = {row: rng.randint(*bounds) for row, bounds in sizes.items()}
    figures: dict[str, Decimal] = {}
    for cell in form.tables["t2"].cells:
        size = drawn.get(cell.row, 0)
        if cell.kind == "amount":
            money = facts["amounts"][cell.row]
            amount = f"{size * rng.uniform(*money['each']):.{money['places']}f}"
            figures[cell.key] = Decimal(amount) if size else Decimal(0)
        else:
            share = rng.uniform(*facts["shares"][cell.column])
            # A body with decisions has at least one item to decide on.
            least = 1 if size and cell.column == "items_last_year" else 0
            figures[cell.key] = Decimal(max(least, round(size * share)) if share > 0 else 0)
            if cell.kind == "change":
                figures[cell.key] = Decimal(round(size * share))
    return figures


def _draw_requests(
    form: Form, rng: random.Random, busy: Mapping[str, Any], carried_in: Mapping[str, int] | None
) -> dict[str, Decimal]:
    """Draw table 3: each application is carried over or gets exactly one result."""
    weights = load_scales()
    applicants, (total,) = _name_lines(form, "T3-01", "column")
    results, (closed,) = _name_lines(form, "T3-02", "row")
    (new, earlier), (_, later) = _name_lines(form, "T3-03", "row")
    received = _share_out(rng, rng.randint(*busy["requests"]), weights["applicants"], applicants)
    counts: Counter[tuple[str, str]] = Counter()
    for applicant in applicants:
        waiting = (
            _count_carried(rng, received[applicant], busy["carried"])
            if carried_in is None
            else carried_in[applicant]
        )
        pending = received[applicant] + waiting
        left = _count_carried(rng, pending, busy["carried"])
        given = _share_out(rng, pending - left, weights["results"], results)
        lines = {new: received[applicant], earlier: waiting, later: left, closed: pending - left}
        for row, count in {**lines, **given}.items():
            counts[row, applicant] += count
            counts[row, total] += count
    return {cell.key: Decimal(counts[cell.row, cell.column]) for cell in form.tables["t3"].cells}


def _draw_cases(
    form: Form, rng: random.Random, cases: Mapping[str, list[int]]
) -> dict[str, Decimal]:
    """Draw table 4: each case ends in exactly one way."""
    outcomes, (total,) = _name_lines(form, "T4-01", "column")
    figures: dict[str, Decimal] = {}
    for row, bounds in cases.items():
        count = rng.randint(*bounds)
        ended = _share_out(rng, count, load_scales()["outcomes"], outcomes)
        for column, value in {**ended, total: count}.items():
            figures[f"t4.{row}.{column}"] = Decimal(value)
    return figures


def _name_lines(form: Form, rule: str, part: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the rows or columns on both sides of a rule's equations."""
    equation = next(equation for equation in form.equations if equation.rule == rule)
    place = 1 if part == "row" else 2
    left = tuple(cell.split(".")[place] for cell in equation.left)
    return left, tuple(cell.split(".")[place] for cell in equation.right)


def _share_out(
    rng: random.Random, count: int, weights: Mapping[str, float], lines: tuple[str, ...]
) -> dict[str, int]:
    """Spread a count over lines at random, heavier lines getting more."""
    drawn = Counter(rng.choices(lines, [weights[line] for line in lines], k=count))
    return {line: drawn[line] for line in lines}


def _count_carried(rng: random.Random, count: int, chance: float) -> int:
    return sum(rng.random() < chance for _ in range(count))
