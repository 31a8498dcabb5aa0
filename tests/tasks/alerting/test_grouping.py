"""Who is told what, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.alerts import Alert
from storage.mails import Told
from tasks.alerting.grouping import Group, plan_groups
from tasks.alerting.recipients import Recipient

WEEK = timedelta(days=7)
DESK = Recipient(name="desk", address="desk@example.org", regions=("CN-JX", "CN-GD"))


def make_alert(name: str, now: datetime, **given: Any) -> Alert:
    """Make an alert of a report of Jiangxi that fires."""
    facts: dict[str, Any] = {
        "fingerprint": name,
        "kind": "finding",
        "subject": f"report-{name}",
        "name": "T3-01 t3.new",
        "source": "s",
        "year": 2022,
        "region": "CN-JX",
        "publisher": "甲局",
        "title": "报告",
        "url": None,
        "severity": "error",
        "message": "",
        "state": "open",
        "reason": None,
        "decided_by": None,
        "muted_until": None,
        "opened_at": now,
        "sent_at": None,
        "closed_at": None,
    }
    return Alert(**(facts | given))


def plan(
    alerts: list[Alert],
    now: datetime,
    told: set[str] | None = None,
    recipient: Recipient = DESK,
    age: timedelta = timedelta(hours=1),
    corrected: dict[str, datetime] | None = None,
) -> list[Group]:
    """Plan for one recipient who was told of some alerts of Jiangxi a while ago."""
    before = {}
    if told is not None:
        before = {(recipient.key, "findings CN-JX"): Told(now - age, frozenset(told))}
    return plan_groups(alerts, corrected or {}, before, [recipient], now, WEEK)


def test_a_group_is_a_recipient_and_a_region(now: datetime) -> None:
    """Two regions are two mails; for those who want it, and of all regions, they are one."""
    alerts = [make_alert("a", now), make_alert("b", now, region="CN-GD")]
    assert [(one.region, one.reason) for one in plan(alerts, now)] == [
        ("CN-GD", "new"),
        ("CN-JX", "new"),
    ]
    for given in ({"group_by": "recipient"}, {"regions": "*"}):
        (one,) = plan(alerts, now, recipient=DESK.model_copy(update=given))
        assert one.region == "*"
        assert one.shown == {"a", "b"}


@pytest.mark.parametrize(
    ("firing", "told", "reason", "shown"),
    [
        pytest.param("ab", None, "new", "ab", id="first"),
        pytest.param("ab", "ab", None, "", id="the-same"),
        pytest.param("a", "ab", None, "", id="a-subset"),
        pytest.param("abc", "ab", "new", "c", id="one-more"),
        pytest.param("bc", "ab", "new", "c", id="another"),
        pytest.param("", "ab", "resolved", "", id="all-resolved"),
        pytest.param("", None, None, "", id="nothing"),
    ],
)
def test_a_group_is_told_when_what_fires_is_no_subset_of_what_was_told(
    now: datetime, firing: str, told: str | None, reason: str | None, shown: str
) -> None:
    """Or when all is resolved; what was told before is not shown again."""
    alerts = [
        make_alert(name, now, state="sent" if name in firing else "resolved") for name in "abc"
    ]
    found = plan(alerts, now, None if told is None else set(told))
    assert [(one.reason, "".join(sorted(one.shown))) for one in found] == (
        [] if reason is None else [(reason, shown)]
    )


@pytest.mark.parametrize(
    ("age", "is_told"), [(WEEK - timedelta(seconds=1), False), (WEEK, True)], ids=["early", "due"]
)
def test_what_still_stands_is_told_again_after_the_interval(
    now: datetime, age: timedelta, is_told: bool
) -> None:
    """A week by default, and then with all that still fires."""
    found = plan([make_alert("a", now), make_alert("b", now)], now, {"a", "b"}, age=age)
    assert [(one.reason, len(one.shown)) for one in found] == ([("repeated", 2)] if is_told else [])


def test_a_report_published_again_is_told_of(now: datetime) -> None:
    """Once: a correction seen before the last mail is no reason for another."""
    alerts = [make_alert("a", now, state="resolved"), make_alert("b", now)]
    early, late = now - timedelta(hours=2), now - timedelta(minutes=5)
    (found,) = plan(alerts, now, {"a", "b"}, corrected={"report-a": late})
    assert found.reason == "corrected"
    assert found.corrected == {"report-a"}
    assert found.closed == {"a"}
    assert plan(alerts, now, {"a", "b"}, corrected={"report-a": early}) == []


@pytest.mark.parametrize("state", ["muted", "waived"])
def test_what_is_set_aside_is_not_told_as_resolved(now: datetime, state: str) -> None:
    """Nobody is told that a report is in order because its alert was muted."""
    assert plan([make_alert("a", now, state=state)], now, {"a"}) == []
    by_hand = make_alert("a", now, state="resolved", decided_by="王")
    assert plan([by_hand], now, {"a"}) == []


@pytest.mark.parametrize(
    ("recipient", "alert", "is_told"),
    [
        pytest.param({"publishers": ("甲局",)}, {}, True, id="publisher"),
        pytest.param({"publishers": ("乙局",)}, {}, False, id="other-publisher"),
        pytest.param({"min_severity": "error"}, {"severity": "warning"}, False, id="mild"),
        pytest.param({"min_severity": "info"}, {"severity": "info"}, True, id="all"),
        pytest.param({}, {"region": "CN-XJ"}, False, id="other-region"),
        pytest.param({}, {"kind": "reminder", "severity": "info"}, True, id="deadline"),
        pytest.param({"deadlines": False}, {"kind": "overdue"}, False, id="no-deadlines"),
        pytest.param({}, {"kind": "jump", "region": "*"}, False, id="jump"),
        pytest.param({"is_maintainer": True}, {"kind": "jump", "region": "*"}, True, id="ours"),
        pytest.param(
            {"is_maintainer": True}, {"kind": "heartbeat", "region": "*"}, True, id="heartbeat"
        ),
    ],
)
def test_recipients_are_told_of_what_is_theirs(
    now: datetime, recipient: dict[str, Any], alert: dict[str, Any], is_told: bool
) -> None:
    """By region, publisher and severity; what is ours goes to maintainers alone."""
    reader = DESK.model_copy(update=recipient)
    assert bool(plan([make_alert("a", now, **alert)], now, recipient=reader)) is is_told
