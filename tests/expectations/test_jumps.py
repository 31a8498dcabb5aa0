"""Families whose failures jump: told from drift, small numbers and a first run; then held."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import polars as pl
import pytest

from expectations.jumps import (
    Jump,
    count_families,
    find_jumps,
    hold_findings,
    list_failing,
    list_families,
    tell_chance,
)
from storage.schema import FINDINGS

HOST = "host www.a.gov.cn"


def build(
    count: int, failing: int, host: str = "www.a.gov.cn"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Build so many reports of a host, of which so many fail: both frames."""
    names = [f"{host}-{number}" for number in range(count)]
    reports = pl.DataFrame(
        {
            "report_id": names,
            "url": [f"https://{host}/{number}.html" for number in range(count)],
            "media_type": "text/html",
            "form": "2021",
        },
        schema_overrides={"report_id": pl.String, "url": pl.String},
    )
    return reports, reports.select("report_id").head(failing)


def find(now: tuple[int, int], before: tuple[int, int], *accepted: str) -> list[str]:
    """Name the families that jump, from (reports, failing) now and before."""
    jumps = find_jumps(count_families(*build(*now)), count_families(*build(*before)), (), accepted)
    return [jump.family for jump in jumps]


@pytest.mark.parametrize(
    ("now", "before", "jumps"),
    [
        ((30, 15), (200, 10), True),
        ((10, 10), (20, 2), True),
        ((30, 15), (0, 0), False),
        ((9, 9), (200, 0), False),
        ((30, 30), (19, 0), False),
        ((1000, 80), (1000, 50), False),
        ((30, 3), (200, 10), False),
        ((30, 30), (200, 190), False),
        ((200, 10), (30, 15), False),
    ],
    ids=[
        "half instead of a twentieth",
        "all instead of a tenth",
        "first run",
        "few now",
        "few before",
        "drift over many reports",
        "chance",
        "bad before as well",
        "better now",
    ],
)
def test_jumps(now: tuple[int, int], before: tuple[int, int], jumps: bool) -> None:
    """A rise that is large, sure and over enough reports is a jump; nothing else is."""
    assert find(now, before) == ([HOST, "layout text/html 2021"] if jumps else [])


def test_a_gradual_rise_never_jumps() -> None:
    """Year for year two points more failures, up to a third, hold no findings."""
    rates = range(2, 34, 2)
    for before, now in pairwise(rates):
        assert find((1000, 10 * now), (1000, 10 * before)) == []


@pytest.mark.parametrize(
    ("now", "accepted", "stays"),
    [
        ((30, 15), (), True),
        ((5, 0), (), True),
        ((0, 0), (), True),
        ((30, 2), (), False),
        ((30, 15), (HOST,), False),
    ],
    ids=["as bad", "too few to tell", "none", "as before", "accepted"],
)
def test_a_held_family_stays_held(
    now: tuple[int, int], accepted: tuple[str, ...], stays: bool
) -> None:
    """Failures that are stored meanwhile are no measure; enough good reports, or a look, are."""
    jump = Jump(HOST, 15, 30, 10, 200, 1e-9)
    counts = count_families(*build(*now))
    found = find_jumps(counts, count_families(*build(30, 15)), [jump], accepted)
    assert (HOST in [one.family for one in found]) == stays
    assert all(one.reports_before == 200 for one in found if one.family == HOST)


def test_an_accepted_family_does_not_jump() -> None:
    """What was looked at is not held; the other family of the same reports is."""
    assert find((30, 15), (200, 10), HOST) == ["layout text/html 2021"]


def test_one_host_among_many() -> None:
    """The jump of one host holds that host; the others and the layout they share stay."""
    calm = [build(40, 2, f"www.{letter}.gov.cn") for letter in "bcdefghij"]
    now = [build(20, 15), *calm]
    before = [build(60, 3), *calm]
    reports, failing = (pl.concat(parts) for parts in zip(*now, strict=True))
    past, past_failing = (pl.concat(parts) for parts in zip(*before, strict=True))
    jumps = find_jumps(count_families(reports, failing), count_families(past, past_failing))
    assert [jump.family for jump in jumps] == [HOST]


@pytest.mark.parametrize(("failing", "reports", "failing_before", "before"), [(3, 5, 2, 9)])
def test_the_chance_is_that_of_fishers_test(
    failing: int, reports: int, failing_before: int, before: int
) -> None:
    """The chance is the share of all ways to spread the failures, counted out."""
    failures, total = failing + failing_before, reports + before
    ways = sum(
        comb(failures, number) * comb(total - failures, reports - number)
        for number in range(failing, min(failures, reports) + 1)
    )
    chance = tell_chance(failing, reports, failing_before, before)
    assert chance == pytest.approx(ways / comb(total, reports))
    assert tell_chance(0, 5, 0, 9) == pytest.approx(1)


def test_families() -> None:
    """A report has its host and its layout; a file has no host, an unknown edition no layout."""
    rows = [
        ("a", "https://user@WWW.A.gov.cn:8080/x?y", "text/html", "2021"),
        ("b", "/srv/in/b.pdf", "application/pdf", "2021"),
        ("c", "http://b.cn", "text/html", None),
    ]
    reports = pl.DataFrame(rows, schema=["report_id", "url", "media_type", "form"], orient="row")
    assert list_families(reports).rows() == [
        ("a", HOST),
        ("a", "layout text/html 2021"),
        ("b", "layout application/pdf 2021"),
        ("c", "host b.cn"),
    ]


def build_findings(*rows: dict[str, object]) -> pl.DataFrame:
    """Build findings of `a` with what is given."""
    usual = {"report_id": "a", "outcome": "failed", "severity": "error", "blame": "publisher"}
    return pl.DataFrame([usual | row for row in rows], schema=FINDINGS.frame_schema)


@pytest.mark.parametrize(
    ("row", "fails"),
    [
        ({}, True),
        ({"blame": None}, True),
        ({"blame": "reader"}, False),
        ({"severity": "warning"}, False),
        ({"outcome": "not_evaluated", "blame": None}, False),
        ({"waived_for": "x"}, False),
    ],
    ids=str,
)
def test_what_makes_a_report_fail(row: dict[str, object], fails: bool) -> None:
    """Errors do, unless they are our reading's or waived; a null blame counts as unknown."""
    assert list_failing(build_findings(row)).height == fails


def test_findings_are_held() -> None:
    """Failed findings of the family become unknown and held; nobody else's, and not for ever."""
    findings = build_findings(
        {"rule": "T3-01"},
        {"rule": "T3-02", "blame": "reader"},
        {"rule": "T3-03", "outcome": "not_evaluated", "blame": None},
        {"rule": "T3-01", "report_id": "b"},
    )
    families = pl.DataFrame({"report_id": ["a", "a", "b"], "family": [HOST, "x", "x"]})
    jump = Jump(HOST, 10, 10, 2, 20, 1e-6)
    held = hold_findings(findings, families, [jump])
    assert held.select("blame", "held").rows() == [
        ("unknown", HOST),
        ("reader", None),
        (None, None),
        ("publisher", None),
    ]
    assert hold_findings(held, families, [])["held"].null_count() == 4
    assert "--accept 'host www.a.gov.cn'" in jump.message
