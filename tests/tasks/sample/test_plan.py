"""The plan of the sample site."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from tasks.sample.plan import PlannedReport, plan_site, render_planned


@pytest.fixture(scope="module")
def plan() -> tuple[PlannedReport, ...]:
    """Plan the site once for all tests."""
    return plan_site(0)


def test_plan_is_as_broad_as_promised(plan: tuple[PlannedReport, ...]) -> None:
    """At least 64 reports of 6 provinces, 4 years, both forms, 3 scopes and 8 layouts."""
    specs = [planned.spec for planned in plan]
    assert len(plan) >= 64
    assert len({spec.body.region for spec in specs}) >= 6
    assert len({spec.year for spec in specs}) == 4
    assert {spec.edition for spec in specs} == {"2019", "2021"}
    assert {spec.body.scope for spec in specs} == {"government", "department", "township"}
    assert len({planned.layout for planned in plan}) == 8


def test_most_reports_are_correct_and_many_errors_occur(plan: tuple[PlannedReport, ...]) -> None:
    """More than half are sound, some all zero, and at least 9 kinds of error are planted."""
    verdicts = Counter(planned.verdict for planned in plan)
    assert verdicts["valid"] + verdicts["trivially_valid"] > len(plan) / 2
    assert verdicts["trivially_valid"] >= 5
    assert len({fault for planned in plan for fault in planned.spec.faults}) >= 9
    assert len({rule for planned in plan for rule in planned.failed_rules}) >= 9


def test_a_failed_rule_is_never_valid(plan: tuple[PlannedReport, ...]) -> None:
    """A report with a failed rule is expected to be invalid or unreadable."""
    for planned in plan:
        assert not planned.failed_rules or planned.verdict in ("invalid", "unreadable")


def test_carried_out_is_carried_into_the_next_year(plan: tuple[PlannedReport, ...]) -> None:
    """The true figures of neighbouring years of a body fit together."""
    by_body = defaultdict(list)
    for planned in plan:
        by_body[planned.spec.body.name].append(planned.spec)
    for specs in by_body.values():
        for before, after in pairwise(specs):
            assert after.year == before.year + 1
            total = before.figures["t3.carried_out.total"]
            assert after.figures["t3.carried_in.total"] == total


def test_titles_are_unique(plan: tuple[PlannedReport, ...]) -> None:
    """No two reports have the same title."""
    assert max(Counter(planned.spec.title for planned in plan).values()) == 1


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_seed_gives_a_plan(seed: int) -> None:
    """Faults find their place whatever is drawn."""
    assert len(plan_site(seed)) == len(plan_site(0))


def test_same_seed_same_bytes(plan: tuple[PlannedReport, ...]) -> None:
    """Planning and rendering twice gives the same bytes."""
    again = plan_site(0)
    assert again == plan
    assert [render_planned(p) for p in again[:12]] == [render_planned(p) for p in plan[:12]]
