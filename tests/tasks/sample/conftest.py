"""A report of a busy county on either edition of the form."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

import pytest

from expectations.form import load_form
from tasks.sample.figures import draw_figures
from tasks.sample.spec import Body, Spec

COUNTY = Body(
    name="固镇县",
    place="固镇县",
    publisher="固镇县人民政府办公室",
    scope="government",
    region="CN-AH",
    adcode="340323",
    scale="county",
)
YEARS = {"2021": 2022, "2019": 2019}


def build_spec(edition: str, seed: int = 11, scale: str = "county") -> Spec:
    """Return a faultless report of the county."""
    year = YEARS[edition]
    return Spec(
        body=COUNTY,
        title=f"固镇县{year}年政府信息公开工作年度报告",
        year=year,
        edition=edition,
        figures=draw_figures(load_form(edition), random.Random(seed), scale),
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 16),
        published_on=date(year + 1, 1, 18),
    )


@pytest.fixture
def make_spec() -> Callable[..., Spec]:
    """Give the tests a maker of faultless reports."""
    return build_spec
