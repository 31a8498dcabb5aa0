"""Which government covers a body, and which bodies owe a report."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from expectations.context import ROSTER, Context
from expectations.rules import evaluate
from expectations.territories import MISSING, derive_roster, list_missing, name_parent


@pytest.mark.parametrize(
    ("scope", "adcode", "parent"),
    [
        ("department", "440204", "440204"),
        ("township", "440204", "440204"),
        ("government", "440204", "440200"),
        ("government", "440200", "440000"),
        ("government", "440000", None),
        ("government", "310101", "310000"),
        ("government", "429004", "420000"),
        ("department", None, None),
        ("other", "440204", None),
    ],
)
def test_parent(scope: str, adcode: str | None, parent: str | None) -> None:
    """A body's report is covered by that of its own division, a government's by the next above."""
    body = pl.DataFrame(
        {"scope": [scope], "adcode": [adcode]}, schema_overrides={"adcode": pl.String}
    )
    assert body.select(name_parent()).item() == parent


def test_roster_and_missing(make: Any) -> None:
    """A body that reported before and not this year is missing, overdue after its legal day."""
    reports = pl.concat(
        [
            make.build_report("a-2021", "2021", year=2021, scope="department"),
            make.build_report("a-2022", "2021", scope="department"),
            make.build_report("b-2021", "2021", year=2021, scope="department"),
            make.build_report("c-2021", "2021", year=2021, scope="township"),
            make.build_report("d-2022", "2021", scope="government"),
        ]
    )
    roster = derive_roster(reports)
    assert roster.schema == ROSTER
    assert dict(roster.select("series", "first_year").rows()) == {
        "a": 2021,
        "b": 2021,
        "c": 2021,
        "d": 2022,
    }
    missing = list_missing(roster, reports, 2022, date(2023, 2, 1))
    assert missing.schema == MISSING
    assert missing.select("series", "due_on", "is_overdue").rows() == [
        ("b", date(2023, 1, 31), True),
        ("c", None, False),
    ]
    assert not list_missing(roster, reports, 2022, date(2023, 1, 31))["is_overdue"].any()


@pytest.mark.parametrize(
    ("bodies", "figure", "outcome", "said"),
    [
        ((0, 0), 0, "passed", None),
        ((1, 0), 0, "failed", "2/2"),
        ((0,), 0, "not_evaluated", "1/2"),
        ((1,), 0, "failed", "1/2"),
        ((1,), 5, "not_evaluated", "1/2"),
    ],
    ids=["complete", "complete, unequal", "partial", "partial, exceeding", "partial, below"],
)
def test_coverage(
    make: Any, bodies: tuple[int, ...], figure: int, outcome: str, said: str | None
) -> None:
    """A sum is compared where all bodies are there; else coverage is told, never an error."""
    cells = dict.fromkeys(make.fill("2021"), 0)
    roster = pl.DataFrame(
        [
            {"series": f"b{n}", "publisher": f"b{n}", "scope": "department", "adcode": "440200"}
            | {"first_year": 2022}
            for n in range(2)
        ],
        schema=ROSTER,
    )
    reports = [make.build_report("g-2022", "2021")] + [
        make.build_report(f"b{n}-2022", "2021", scope="department") for n in range(len(bodies))
    ]
    readings = [make.build_cells("g-2022", cells | {"t3.new.total": figure})] + [
        make.build_cells(f"b{n}-2022", cells | {"t3.new.total": count})
        for n, count in enumerate(bodies)
    ]
    evaluation = evaluate(pl.concat(reports), pl.concat(readings), Context(roster=roster))
    assert evaluation.outcomes["H-02"][0] == outcome
    found = evaluation.findings.filter(pl.col("rule") == "H-02")
    assert found.height == (said is not None)
    assert said is None or (found["severity"].item() == "info" and said in found["message"].item())


def test_bodies_stored_before_count(make: Any) -> None:
    """A government checked alone is held to the reports of its bodies that are stored."""
    government = make.build_report("g-2022", "2021")
    office = make.build_report(
        "o-2022", "2021", scope="department", publisher="韶关市人民政府办公室"
    )
    figures = make.fill("2021")
    more = make.build_cells("o-2022", figures | {"t3.granted.company": 10**6})
    evaluation = evaluate(
        government,
        make.build_cells("g-2022", figures),
        Context(other_reports=office, other_cells=more),
    )
    assert evaluation.outcomes["H-01"].to_list() == ["failed"]
    assert set(evaluation.findings["report_id"]) == {"g-2022"}
