"""Figures of sample reports."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.form import load_form
from tasks.sample.figures import draw_figures, load_scales

EDITIONS = ("2021", "2019")
SCALES = tuple(load_scales()["scales"])


@settings(deadline=None, max_examples=60)
@given(edition=st.sampled_from(EDITIONS), scale=st.sampled_from(SCALES), seed=st.integers(0, 10**9))
def test_every_equation_holds(edition: str, scale: str, seed: int) -> None:
    """Whatever is drawn, each equation of the edition holds and each cell has a fit figure."""
    form = load_form(edition)
    figures = draw_figures(form, random.Random(seed), scale)
    assert list(figures) == [cell.key for cell in form.cells]
    for equation in form.equations:
        left = sum(figures[cell] for cell in equation.left)
        assert left == sum(figures[cell] for cell in equation.right), equation.instance
    for cell in form.cells:
        assert cell.kind == "change" or figures[cell.key] >= 0
        assert cell.kind == "amount" or figures[cell.key] == int(figures[cell.key])


@pytest.mark.parametrize("edition", EDITIONS)
def test_zero_scale_draws_zeros(edition: str) -> None:
    """A body that had nothing to report has 0 in every cell."""
    assert set(draw_figures(load_form(edition), random.Random(1), "zero").values()) == {Decimal(0)}


@pytest.mark.parametrize("edition", EDITIONS)
def test_carried_in_is_taken_over(edition: str) -> None:
    """What the year before carried out stands in the second row, by applicant and in total."""
    carried = dict.fromkeys(
        ("company", "research_institute", "nonprofit", "legal_service", "other_organisation"), 0
    )
    figures = draw_figures(
        load_form(edition),
        random.Random(1),
        "township",
        {**carried, "natural_person": 7, "company": 2},
    )
    assert figures["t3.carried_in.natural_person"] == 7
    assert figures["t3.carried_in.company"] == 2
    assert figures["t3.carried_in.total"] == 9


def test_busier_bodies_have_more() -> None:
    """Governments have more applications than departments, these more than townships."""
    form = load_form("2021")
    means = [
        sum(draw_figures(form, random.Random(seed), scale)["t3.new.total"] for seed in range(40))
        for scale in ("township", "department", "county", "prefecture")
    ]
    assert means == sorted(set(means))


def test_same_seed_same_figures() -> None:
    """The same seed gives the same figures."""
    form = load_form("2019")
    assert draw_figures(form, random.Random(5), "county") == draw_figures(
        form, random.Random(5), "county"
    )
