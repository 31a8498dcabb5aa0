"""A report of a busy county on either edition of the form, for rendering in any format."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from expectations.form import load_form
from tasks.reading.document import Document
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.sample.figures import draw_figures
from tasks.sample.spec import Body, Spec

COUNTY = Body("固镇县", "固镇县", "固镇县政府办", "government", "CN-AH", "340323", "county")
YEARS = {"2021": 2022, "2019": 2020}


def build_spec(edition: str, seed: int = 5) -> Spec:
    """Return a faultless report of the county."""
    year = YEARS[edition]
    figures = draw_figures(load_form(edition), random.Random(seed), "county")
    period = (date(year, 1, 1), date(year, 12, 31))
    day = date(year + 1, 1, 16)
    return Spec(COUNTY, f"固镇县{year}年年度报告", year, edition, figures, period, day, day)


def read_values(document: Document, edition: str) -> dict[str, Decimal | None]:
    """Match a document against an edition; give every cell that was found."""
    readings = match_grids(document.grids, index_labels(edition)).readings
    return {name: reading.value for name, reading in readings.items()}


@pytest.fixture
def make_spec() -> Callable[..., Spec]:
    """Give the tests a maker of faultless reports."""
    return build_spec


@pytest.fixture
def match_values() -> Callable[[Document, str], dict[str, Decimal | None]]:
    """Give the tests the values of the form's cells in a document."""
    return read_values
