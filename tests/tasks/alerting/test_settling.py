"""The outbox follows the lake: whatever happened between them, the next run sets it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from storage.alerts import Alert, list_alerts, mute_alert, resolve_alert
from storage.outbox import open_outbox, transaction
from tasks.alerting import settling
from tasks.alerting.content import read_corrections
from tasks.alerting.settling import settle_findings

Make: TypeAlias = Callable[..., dict[str, Any]]
Store: TypeAlias = Callable[..., Path]
OTHER = {"source_sha256": "b" * 64}


def settle(data: Path, now: datetime) -> list[Alert]:
    """Settle the alerts with the lake, and list them."""
    with open_outbox(data) as connection:
        settle_findings(connection, data, now)
        return list_alerts(connection)


def dump(data: Path) -> list[str]:
    """Give the whole outbox as text."""
    with open_outbox(data) as connection:
        return list(connection.iterdump())


def test_settling_twice_changes_nothing(
    store: Store, make_report: Make, make_finding: Make, now: datetime
) -> None:
    """The second time leaves every row as it is, at whatever time it comes."""
    data = store([make_report()], [make_finding()])
    (alert,) = settle(data, now)
    assert (alert.state, alert.subject, alert.name) == (
        "open",
        "440204-office-2022",
        "T3-02 t3.natural_person",
    )
    before = dump(data)
    settle(data, now + timedelta(days=1))
    assert dump(data) == before


@pytest.mark.parametrize("step", ["settle_alerts", "_write_sources", "_record_corrections"])
def test_a_crash_between_lake_and_outbox_is_made_good(
    store: Store,
    make_report: Make,
    make_finding: Make,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """Whatever was done of it is undone, and the next run gives what the lake says."""
    data = store([make_report()], [make_finding()])
    settle(data, now)
    changed = {"t3.closed.natural_person": "7"}
    store([make_report(**OTHER)], [make_finding(), make_finding(rule="T3-03")], changed)
    before = dump(data)

    def crash(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(settling, step, crash)
        with pytest.raises(KeyboardInterrupt):
            settle(data, now)
    assert dump(data) == before
    found = settle(data, now + timedelta(days=1))
    assert sorted(alert.state for alert in found) == ["open", "open", "resolved"]


def test_a_lost_outbox_is_settled_from_the_lake(
    store: Store, make_report: Make, make_finding: Make, now: datetime
) -> None:
    """Without the file, the same alerts are there again, by the same fingerprints."""
    data = store([make_report()], [make_finding()])
    before = settle(data, now)
    for path in data.glob("alerts.sqlite*"):
        path.unlink()
    assert settle(data, now) == before


def test_what_is_put_right_is_resolved_and_says_what_changed(
    store: Store, make_report: Make, make_finding: Make, now: datetime
) -> None:
    """The new text closes the alert; the cells and the part that changed are kept."""
    cells = {"t3.closed.natural_person": "0", "t3.granted.natural_person": "1"}
    data = store([make_report()], [make_finding()], cells, {"一、总体情况": "本年"})
    settle(data, now)
    cells["t3.closed.natural_person"] = "1"
    store([make_report(**OTHER)], [], cells, {"一、总体情况": "本年度"})
    (alert,) = settle(data, now + timedelta(days=1))
    assert (alert.state, alert.closed_at) == ("resolved", now + timedelta(days=1))
    with open_outbox(data) as connection:
        ((at, changes),) = read_corrections(connection)["440204-office-2022"]
    assert at == now + timedelta(days=1)
    assert [(one.kind, one.name, one.before, one.after) for one in changes] == [
        ("cell", "t3.closed.natural_person", "0", "1"),
        ("part", "一、总体情况", None, None),
    ]


@pytest.mark.parametrize(
    ("given", "cells", "is_new"),
    [
        pytest.param({}, {"t3.closed.natural_person": " 0 "}, False, id="read-anew"),
        pytest.param(OTHER, {"t3.closed.natural_person": "0"}, False, id="other-bytes-same-text"),
        pytest.param(OTHER, {"t3.closed.natural_person": "2"}, True, id="published-again"),
    ],
)
def test_only_another_text_in_other_bytes_is_another_source(
    store: Store,
    make_report: Make,
    make_finding: Make,
    now: datetime,
    given: dict[str, Any],
    cells: dict[str, str],
    is_new: bool,
) -> None:
    """An unchanged report keeps its alert; one published again and still wrong gets another."""
    data = store([make_report()], [make_finding()], parts={"六": "浏览次数：17"})
    (first,) = settle(data, now)
    store([make_report(**given)], [make_finding()], cells, {"六": "浏览次数：1801"})
    found = settle(data, now + timedelta(days=1))
    open_now = [alert for alert in found if alert.state == "open"]
    assert len(open_now) == 1
    assert (open_now[0].fingerprint != first.fingerprint) is is_new


def test_held_and_waived_findings_fire_for_nobody(
    store: Store, make_report: Make, make_finding: Make, now: datetime
) -> None:
    """A family that jumped mutes its findings, a waiver waives them; released, they are open."""
    findings = [
        make_finding(held="host www.a.cn"),
        make_finding(rule="T3-03", waived_for="已说明"),
        make_finding(rule="T3-04", outcome="not_evaluated", blame=None),
        make_finding(rule="T3-05", blame="reader"),
    ]
    data = store([make_report()], findings)
    told = {alert.name[:5]: (alert.state, alert.reason) for alert in settle(data, now)}
    assert told == {
        "T3-02": ("muted", "family host www.a.cn is held"),
        "T3-03": ("waived", "已说明"),
    }
    store([make_report()], [make_finding(), make_finding(rule="T3-03")])
    assert {alert.state for alert in settle(data, now)} == {"open"}


@pytest.mark.parametrize(
    ("status", "state"), [("unreadable", "muted"), ("read", "open")], ids=["lost", "read"]
)
def test_an_unreadable_table_mutes_its_equations(
    store: Store, make_report: Make, make_finding: Make, now: datetime, status: str, state: str
) -> None:
    """Where most cells of a table cannot be read, what fails in it speaks of our reading."""
    finding = make_finding()
    elsewhere = make_finding(rule="T4-01", instance="t4.review", cells=["t4.review.total"])
    data = store([make_report()], [finding, elsewhere], statuses=status)
    told = {alert.name: alert.state for alert in settle(data, now)}
    assert told == {"T3-02 t3.natural_person": state, "T4-01 t4.review": "open"}


def test_what_people_decide_holds_while_the_source_stays(
    store: Store, make_report: Make, make_finding: Make, now: datetime
) -> None:
    """Muted and resolved alerts stay so; a mute ends on its day; a new text opens a new alert."""
    data = store([make_report()], [make_finding(), make_finding(rule="T3-03")])
    first, second = settle(data, now)
    until = now + timedelta(days=5)
    with open_outbox(data) as connection, transaction(connection):
        mute_alert(connection, first.fingerprint, "在核实", "王", until)
        resolve_alert(connection, second.fingerprint, "误报", "王", now)
    _touch(data)
    states = {one.fingerprint: one.state for one in settle(data, now + timedelta(days=1))}
    assert states == {first.fingerprint: "muted", second.fingerprint: "resolved"}
    _touch(data)
    states = {one.fingerprint: one.state for one in settle(data, until)}
    assert states == {first.fingerprint: "open", second.fingerprint: "resolved"}
    changed = {"t3.closed.natural_person": "7"}
    store([make_report(**OTHER)], [make_finding(rule="T3-03")], changed)
    assert [one.state for one in settle(data, until) if one.source == "b" * 64] == ["open"]


def test_a_report_that_moves_keeps_its_alert(
    store: Store, make_report: Make, make_finding: Make, now: datetime
) -> None:
    """A region that is settled later is no other alert."""
    strayed = {"region": "unresolved"}
    data = store([make_report(**strayed)], [make_finding(**strayed)])
    (before,) = settle(data, now)
    store([make_report()], [make_finding()])
    (after,) = settle(data, now + timedelta(days=1))
    assert after == replace(before, region="CN-GD")


def _touch(data: Path) -> None:
    """Make every partition look changed."""
    with open_outbox(data) as connection:
        connection.execute("DELETE FROM partitions")
