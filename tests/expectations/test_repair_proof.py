"""How often the wrong cells are found, over random consistent tables with errors put in."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise

import pytest

from expectations.explain import explain
from expectations.form import load_form
from tasks.sample.figures import draw_figures

Figures = dict[str, int]
Spoil = Callable[[Figures, random.Random], Figures]

FEW, MANY = 300, 10_000
EDITIONS = ("2021", "2019")
SCALES = ("township", "department", "county", "prefecture")
COLUMNS = (
    *("natural_person", "company", "research_institute", "nonprofit"),
    *("legal_service", "other_organisation"),
)
BALANCE = ("new", "carried_in", "closed", "carried_out")


@cache
def list_cells(edition: str) -> tuple[str, ...]:
    """List the cells of table 3 of an edition."""
    return tuple(cell.key for cell in load_form(edition).tables["t3"].cells)


@cache
def draw_tables(count: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Draw consistent tables of both editions and all scales, as figures in order of cells."""
    rng = random.Random(20)
    tables = []
    for number in range(count):
        edition = EDITIONS[number % 2]
        figures = draw_figures(load_form(edition), rng, rng.choice(SCALES))
        tables.append((edition, tuple(int(figures[cell]) for cell in list_cells(edition))))
    return tuple(tables)


def mistype(figure: int, rng: random.Random) -> int:
    """Turn a figure into another, as in typing, copying or counting."""
    while True:
        digits = list(str(figure))
        place = rng.randrange(len(digits))
        slip = rng.choice(("change", "drop", "add", "turn", "miscount", "zero"))
        if slip == "change":
            digits[place] = rng.choice("0123456789")
        elif slip == "drop":
            digits[place : place + 1] = []
        elif slip == "add":
            digits.insert(place, rng.choice("0123456789"))
        elif slip == "turn":
            digits[place : place + 2] = digits[place : place + 2][::-1]
        elif slip == "miscount":
            digits = list(str(max(0, figure + rng.choice((-3, -2, -1, 1, 2, 3)))))
        else:
            digits = ["0"]
        if digits and int("".join(digits)) != figure:
            return int("".join(digits))


def spoil_any(count: int) -> Spoil:
    """Mistype some cells, half of them chosen from those that are not 0."""

    def spoil(table: Figures, rng: random.Random) -> Figures:
        filled = [cell for cell, figure in table.items() if figure] or list(table)
        wrong: Figures = {}
        while len(wrong) < count:
            cell = rng.choice(filled if rng.random() < 0.5 else list(table))
            wrong[cell] = mistype(table[cell], rng)
        return wrong

    return spoil


def spoil_with_total(rows: tuple[str, ...] | None, total_of: str) -> Spoil:
    """Mistype a cell and carry it into its total.

    It is a result, unless `rows` are given, and of an applicant of whom there are applications.
    """

    def spoil(table: Figures, rng: random.Random) -> Figures:
        results = [cell.split(".")[1] for cell in table if cell.endswith(".total")]
        row = rng.choice(rows or [row for row in results if row not in BALANCE])
        busy = [column for column in COLUMNS if table[f"t3.new.{column}"]]
        column = rng.choice(busy or COLUMNS)
        total = f"t3.{row}.total" if total_of == "row" else f"t3.closed.{column}"
        cell = f"t3.{row}.{column}"
        figure = mistype(table[cell], rng)
        return {cell: figure, total: table[total] + figure - table[cell]}

    return spoil


def slip_sideways(table: Figures, rng: random.Random) -> Figures:
    """Swap a figure with that of the next applicant."""
    pairs = [
        (f"t3.{row}.{one}", f"t3.{row}.{other}")
        for row in dict.fromkeys(cell.split(".")[1] for cell in table)
        for one, other in pairwise(COLUMNS)
    ]
    return swap(table, pairs, rng)


def slip_down(table: Figures, rng: random.Random) -> Figures:
    """Swap a total with that of the next result."""
    rows = dict.fromkeys(cell.split(".")[1] for cell in table)
    results = [row for row in rows if row not in BALANCE]
    pairs = [(f"t3.{one}.total", f"t3.{other}.total") for one, other in pairwise(results)]
    return swap(table, pairs, rng)


def swap(table: Figures, pairs: list[tuple[str, str]], rng: random.Random) -> Figures:
    """Swap the figures of one of these pairs that differ; nothing if all are equal."""
    differing = [(one, other) for one, other in pairs if table[one] != table[other]]
    if not differing:
        return {}
    one, other = rng.choice(differing)
    return {one: table[other], other: table[one]}


def measure(
    count: int,
    spoil: Spoil,
    *,
    knows_last_year: bool = False,
    editions: tuple[str, ...] = EDITIONS,
) -> Counter[str]:
    """Spoil each table and explain it; count what became of the truth, and print it."""
    rng, counts = random.Random(7), Counter[str]()
    for edition, figures in draw_tables(count):
        if edition not in editions:
            continue
        table = dict(zip(list_cells(edition), figures, strict=True))
        wrong = spoil(table, rng)
        if not wrong:
            continue
        stated: Mapping[str, Figures] = {}
        if knows_last_year:
            stated = {"last_year": recall_last_year(table)}
        truth = {cell: table[cell] for cell in wrong}
        counts.update(judge(table | wrong, edition, stated, truth))
    shares = ", ".join(f"{name} {counts[name]} ({share(counts, name):.2%})" for name in TOLD)
    sys.stdout.write(f"\n{counts['all']} tables of {'/'.join(editions)}: {shares}\n")
    return counts


def recall_last_year(table: Figures) -> Figures:
    """Give the row that last year's report states: what it carried over is carried in."""
    return {cell: figure for cell, figure in table.items() if ".carried_in." in cell}


TOLD = ("listed", "first", "unique and right", "unique and wrong", "fewer")


def judge(
    spoilt: Figures, edition: str, stated: Mapping[str, Figures], truth: Figures
) -> Iterator[str]:
    """Name what is true of the explanation of one table.

    `fewer`: fewer cells than are wrong give a table that adds up. The figures are then those
    of that table with so many wrong cells: nothing in them tells which of the two it was.
    """
    (explanation,) = explain(spoilt, load_form(edition), stated)
    sets = [
        {change.cell: change.suggested for change in repair.changes}
        for repair in explanation.repairs
    ]
    yield "all"
    if truth in sets:
        yield "listed"
    if truth == sets[0]:
        yield "first"
    if explanation.size < len(truth):
        assert explain(spoilt | sets[0], load_form(edition)) == ()
        yield "fewer"
    if explanation.is_unique:
        yield "unique and right" if sets == [truth] else "unique and wrong"


def share(counts: Counter[str], name: str) -> float:
    """Give a count as a share of all tables."""
    return counts[name] / counts["all"]


SIZES = pytest.mark.parametrize(
    "count",
    [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=pytest.mark.slow)],
)


@SIZES
def test_one_wrong_cell_is_always_found(count: int) -> None:
    """One wrong cell is named alone, with the right figure, in every table."""
    assert share(measure(count, spoil_any(1)), "unique and right") == 1


@SIZES
@pytest.mark.parametrize("edition", EDITIONS)
def test_two_wrong_cells_are_nearly_always_found(count: int, edition: str) -> None:
    """Two wrong cells are always listed, alone in 98.8 of 100 tables, never others alone.

    In the other tables both are wrong by the same amount, so that the two other corners of
    their rectangle explain the same: the equations leave it open.
    """
    counts = measure(2 * count, spoil_any(2), editions=(edition,))
    assert share(counts, "listed") == 1
    # A few hundred tables tell the share to 1 in 100 only.
    assert share(counts, "unique and right") > (0.987 if count == MANY else 0.975)
    assert counts["unique and wrong"] == 0


@SIZES
def test_three_wrong_cells_are_mostly_found(count: int) -> None:
    """Three wrong cells are listed always, unless fewer explain the same figures as well.

    Then alone is a wrong set called unique: the figures are those of another table that adds
    up, with fewer wrong cells.
    """
    counts = measure(count, spoil_any(3))
    assert counts["listed"] + counts["fewer"] == counts["all"]
    assert counts["unique and wrong"] <= counts["fewer"]
    assert share(counts, "fewer") < (0.003 if count == MANY else 0.01)
    # A few hundred tables tell the share to 3 in 100 only.
    assert share(counts, "unique and right") > (0.95 if count == MANY else 0.92)


CORRELATED = {
    "result and its row's total": (spoil_with_total(None, "row"), 0.5, 0.55),
    "result and its column's total": (spoil_with_total(None, "column"), 1, 1),
    "received and its total": (spoil_with_total(("new",), "row"), 0, 0.8),
    "carried over and its total": (spoil_with_total(("carried_out",), "row"), 0, 0.1),
    "slipped into the next column": (slip_sideways, 0.45, 0.8),
    "totals of two results swapped": (slip_down, 0.15, 0.4),
}


@SIZES
@pytest.mark.parametrize(("spoil", "alone", "first"), CORRELATED.values(), ids=CORRELATED.keys())
def test_errors_that_hang_together_are_always_listed(
    spoil: Spoil, alone: float, first: float, count: int
) -> None:
    """Two errors of which one follows from the other are listed, and nothing else is said alone."""
    counts = measure(count, spoil)
    assert share(counts, "listed") == 1
    assert counts["unique and wrong"] == 0
    assert share(counts, "unique and right") >= alone
    assert share(counts, "first") >= first


@SIZES
def test_last_year_settles_what_was_received(count: int) -> None:
    """With last year's report known, 新收 wrong with its total is named alone in over 40 %."""
    spoil = spoil_with_total(("new",), "row")
    counts = measure(count, spoil, knows_last_year=True)
    assert share(counts, "listed") == 1
    assert counts["unique and wrong"] == 0
    assert share(counts, "unique and right") > 0.4
