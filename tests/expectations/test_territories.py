"""Which government covers a body, and which bodies owe a report."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from expectations.context import DOWN, ROSTER, Context
from expectations.rules import evaluate
from expectations.territories import derive_roster, list_missing, name_parent
from storage.schema import MISSING


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
    """A body that reported before, or that the roster has, is missing with its legal day."""
    reports = pl.concat(
        [
            make.build_report("a-2021", "2021", year=2021, scope="department"),
            make.build_report("a-2022", "2021", scope="department"),
            make.build_report("b-2021", "2021", year=2021, scope="department"),
            make.build_report("c-2021", "2021", year=2021, scope="township"),
            make.build_report("d-2022", "2021", scope="government"),
            make.build_report("e-2021", "2021", year=2021, region="unresolved", adcode=None),
        ]
    )
    derived = derive_roster(reports)
    assert derived.schema == ROSTER
    assert dict(derived.select("series", "first_year").rows()) == {
        "a": 2021,
        "b": 2021,
        "c": 2021,
        "d": 2022,
    }
    named = {"region": "CN-GD", "first_year": 2022, "publisher": "某机关"}
    roster = pl.DataFrame(
        [
            {**named, "series": "g", "scope": "government"},
            {**named, "series": "t", "scope": "township", "due": "01-15"},
            {**named, "series": "s", "scope": "township", "adcode": "350581"},
            {**named, "series": "old", "scope": "department", "last_year": 2021},
        ],
        schema=ROSTER,
    )
    missing = list_missing(roster, reports, 2022)
    assert missing.schema == MISSING.schema
    assert missing.select("series", "due_on", "known_by").rows() == [
        ("b", date(2023, 1, 31), "earlier_reports"),
        ("c", None, "earlier_reports"),
        ("g", date(2023, 3, 31), "roster"),
        ("s", date(2023, 1, 31), "roster"),
        ("t", date(2023, 1, 15), "roster"),
    ]


def test_what_stands_on_a_host_that_is_down_says_so(make: Any) -> None:
    """A missing report of a body whose host does not answer is listed with that host."""
    roster = pl.DataFrame(
        [
            {"series": name, "region": "CN", "scope": "department", "first_year": 2022}
            for name in ("a", "b")
        ],
        schema=ROSTER,
    )
    down = pl.DataFrame([("a", "www.example.gov.cn")], schema=DOWN, orient="row")
    missing = list_missing(roster, make.build_report("c-2022", None, year=2022), 2022, down)
    told = dict(missing.select("series", "host_down").iter_rows())
    assert (told["a"], told["b"]) == ("www.example.gov.cn", None)


def test_until_2018_every_body_has_the_same_day(make: Any) -> None:
    """Before the law of 2019 departments, too, had until the end of March."""
    roster = pl.DataFrame(
        [{"series": "a", "region": "CN", "scope": "department", "first_year": 2018}],
        schema=ROSTER,
    )
    days = list_missing(roster, make.build_report("b-2018", None, year=2018), 2019)
    assert days.filter(pl.col("series") == "a")["due_on"].to_list() == [
        date(2019, 3, 31),
        date(2020, 1, 31),
    ]


@pytest.mark.parametrize(
    ("listed", "outcome", "said"),
    [
        (0, "not_applicable", None),
        (1, "passed", None),
        (2, "failed", "应有 2 个机关公布，已找到 1 个"),
    ],
    ids=["no roster", "complete", "one missing"],
)
def test_missing_bodies_are_told(make: Any, listed: int, outcome: str, said: str | None) -> None:
    """Without a roster of its territory a government is not judged; with one, all must be there."""
    roster = pl.DataFrame(
        [
            {"series": f"b{n}", "publisher": f"b{n}", "scope": "department", "adcode": "440200"}
            | {"first_year": 2022}
            for n in range(listed)
        ],
        schema=ROSTER,
    )
    reports = pl.concat(
        [
            make.build_report("g-2022", "2021"),
            make.build_report("b0-2022", "2021", scope="department"),
        ]
    )
    cells = pl.concat([make.build_cells(name, make.fill("2021")) for name in reports["report_id"]])
    evaluation = evaluate(reports, cells, Context(roster=roster))
    assert evaluation.outcomes["H-05"].to_list() == [outcome, "not_applicable"]
    messages = evaluation.findings.filter(pl.col("rule") == "H-05")["message"].to_list()
    assert bool(messages) == (said is not None)
    assert said is None or said in messages[0]
    is_down = pl.when(pl.col("series") == "b1").then(pl.lit("www.example.gov.cn"))
    during = evaluate(reports, cells, Context(roster=roster.with_columns(host_down=is_down)))
    expected = "not_evaluated" if outcome == "failed" else outcome
    assert during.outcomes["H-05"].to_list()[0] == expected


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
