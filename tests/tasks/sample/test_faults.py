"""Errors planted in sample reports."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from tasks.sample.faults import judge_faults, list_failed_rules, load_faults, plant_fault
from tasks.sample.grids import print_tables
from tasks.sample.spec import Spec, print_figures

EDITIONS = ("2021", "2019")
BLANKS = {"", "/"}
MakeSpec = Callable[..., Spec]


def read_figure(text: str) -> Decimal | None:
    """Read a printed figure; None where it is blank or cannot be told."""
    folded = text.removesuffix("元").removesuffix("件").replace(" ", "")
    return None if folded in BLANKS or folded.isalpha() else Decimal(folded)


def find_broken_rules(spec: Spec) -> set[str]:
    """Find by the equations, the printed texts, rows and dates what is wrong in a report."""
    figures = {cell: read_figure(text) for cell, text in print_figures(spec).items()}
    tables = print_tables(spec)
    rows = [row for part in tables["t3"] for row in part[3:]]
    counts = {sum(slot.is_figure for slot in row) for row in rows}
    broken = set()
    for equation in spec.form.equations:
        left, right = ([figures[cell] for cell in side] for side in (equation.left, equation.right))
        if None not in left + right:
            known = [sum(side, Decimal(0)) for side in (filter(None, left), filter(None, right))]
            if known[0] != known[1]:
                broken.add(equation.rule)
        elif right == [None] and any(left):
            broken.add("C-03")
    for cell in spec.form.cells:
        figure = figures[cell.key]
        if cell.kind == "count" and figure is not None and figure % 1:
            broken.add("C-01")
    if counts != {7}:
        broken.add("T3-09")
    if len(rows) != len(spec.form.tables["t3"].blocks[0].rows):
        broken.add({"2021": "S-13", "2019": "S-14"}[spec.edition])
    if not all(tables.values()):
        broken.add("S-06")
    if spec.signed_on <= date(spec.year, 12, 31):
        broken.add("P-05")
    if {day.year for day in spec.period} != {spec.year}:
        broken |= {"P-06", "P-07"}
    return broken


@pytest.mark.parametrize("edition", EDITIONS)
def test_faultless_report_breaks_nothing(make_spec: MakeSpec, edition: str) -> None:
    """Without a fault nothing is broken, so what is found below comes from the fault."""
    assert find_broken_rules(make_spec(edition)) == set()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", [name for name in load_faults() if name != "old_form"])
def test_fault_breaks_what_it_says(make_spec: MakeSpec, name: str, edition: str, seed: int) -> None:
    """A planted fault breaks the rules it declares and no others, and leaves the figures true."""
    spec = make_spec(edition, seed)
    planted = plant_fault(spec, name, random.Random(seed))
    assert planted.faults == (name,)
    assert planted.figures == spec.figures
    assert find_broken_rules(planted) == list_failed_rules([name], edition)
    assert planted != spec


def test_old_form_needs_the_old_edition(make_spec: MakeSpec) -> None:
    """The old form is planted by printing it; on the new one the fault is refused."""
    assert plant_fault(make_spec("2019"), "old_form", random.Random(0)).faults == ("old_form",)
    with pytest.raises(ValueError, match="expected form 2019, found 2021"):
        plant_fault(make_spec("2021"), "old_form", random.Random(0))


@pytest.mark.parametrize(
    "name", ["closed_row_zero", "cell_mistyped", "total_transposed", "totals_blank", "split_number"]
)
def test_fault_that_could_not_show_is_refused(make_spec: MakeSpec, name: str) -> None:
    """An all-zero report gives these faults no place, and the message says so."""
    with pytest.raises(ValueError, match=f"{name}: no figure in .* shows it"):
        plant_fault(make_spec("2021", scale="zero"), name, random.Random(0))


def test_several_faults_add_up(make_spec: MakeSpec) -> None:
    """Faults planted one after the other break the rules of all of them."""
    spec = make_spec("2021")
    for name in ("closed_row_zero", "signed_early"):
        spec = plant_fault(spec, name, random.Random(0))
    assert find_broken_rules(spec) == {"T3-02", "T3-03", "P-05"}
    assert list_failed_rules(spec.faults, "2021") == {"T3-02", "T3-03", "P-05"}


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        ((), None),
        (("full_width", "slashes"), None),
        (("letters",), "unreadable"),
        (("letters", "signed_early"), "invalid"),
    ],
    ids=["none", "harmless", "unreadable", "worst"],
)
def test_verdict_is_the_worst(names: tuple[str, ...], verdict: str | None) -> None:
    """The worst of several faults decides the verdict; harmless ones give none."""
    assert judge_faults(names) == verdict
