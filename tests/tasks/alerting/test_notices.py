"""Deadlines, families that jumped, runs that do not come: what fires, and how it is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from expectations.jumps import Jump
from storage.alerts import list_alerts, settle_alerts
from storage.outbox import open_outbox, transaction
from storage.schema import MISSING
from tasks.alerting.deadlines import OVERDUE, REMINDER, list_deadlines
from tasks.alerting.notices import render_deadlines, render_heartbeat, render_jumps
from tasks.alerting.ours import list_heartbeat, list_jumps
from tasks.alerting.words import Language

JUMP = Jump("host www.a.gov.cn", 15, 30, 10, 200, 1e-9)


def make_missing(**given: object) -> pl.DataFrame:
    """Make the list with one department that owes its report of 2025."""
    row = {
        "series": "360724-department-1",
        "year": 2025,
        "region": "CN-JX",
        "publisher": "上犹县财政局",
        "scope": "department",
        "adcode": "360724",
        "due_on": date(2026, 1, 31),
        "known_by": "roster",
    }
    return pl.DataFrame([row | given], schema=MISSING.schema)


@pytest.mark.parametrize(
    ("today", "kind"),
    [
        pytest.param(date(2026, 1, 16), None, id="early"),
        pytest.param(date(2026, 1, 17), REMINDER, id="two-weeks-before"),
        pytest.param(date(2026, 1, 31), REMINDER, id="the-day"),
        pytest.param(date(2026, 2, 1), OVERDUE, id="the-day-after"),
    ],
)
def test_a_body_is_reminded_before_its_day_and_told_of_after(today: date, kind: str | None) -> None:
    """The reminder and the alert are two: the second is new to who was told the first."""
    found = list_deadlines(make_missing(), {}, (), today, 14)
    assert [one.kind for one in found] == ([] if kind is None else [kind])
    both = [list_deadlines(make_missing(), {}, (), date(2026, month, 1), 60) for month in (1, 2)]
    assert len({one.fingerprint for found in both for one in found}) == 2


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"due_on": None, "scope": "township"}, id="no-day"),
        pytest.param({"known_by": "earlier_reports"}, id="not-in-the-roster"),
        pytest.param({"year": 2019, "due_on": date(2020, 1, 31)}, id="years-ago"),
    ],
)
def test_nobody_is_told_of_what_no_law_or_roster_demands_now(given: dict[str, object]) -> None:
    """Townships without a day, bodies that are only supposed to report, and years gone by."""
    assert list_deadlines(make_missing(**given), {}, (), date(2026, 2, 10), 14) == []


@pytest.mark.parametrize(("down", "is_quiet"), [("www.sy.gov.cn", True), ("www.b.cn", False)])
def test_a_host_that_is_down_silences_its_missing_reports(down: str, is_quiet: bool) -> None:
    """Whether the report is there cannot be known."""
    hosts = {"360724-department-1": "www.sy.gov.cn"}
    (found,) = list_deadlines(make_missing(), hosts, {down}, date(2026, 2, 10), 14)
    assert (found.silenced_by == f"host {down} is down") is is_quiet


@pytest.mark.parametrize("language", ["zh", "en"])
def test_deadlines_are_told_by_body_with_their_days(
    tmp_path_factory: pytest.TempPathFactory, language: Language
) -> None:
    """Hostile names stay text; the mail counts what is overdue and what is due."""
    now = datetime(2026, 2, 10, 2, tzinfo=UTC)
    name = "</table><script>alert(1)</script>\r\nBcc: x@example.org"
    soon = make_missing(series="b", due_on=date(2026, 2, 12), publisher=name)
    firing = list_deadlines(pl.concat([make_missing(), soon]), {}, (), now.date(), 14)
    with open_outbox(tmp_path_factory.mktemp("data")) as connection:
        with transaction(connection):
            settle_alerts(connection, (REMINDER, OVERDUE), firing, now)
        alerts = list_alerts(connection)
    rendering, (sheet,) = render_deadlines(alerts, (), False, language, now)
    assert "1" in rendering.subject
    assert "\n" not in rendering.subject
    assert "<script>" not in rendering.html
    for said in ("上犹县财政局", "2026-01-31", "10", "2"):
        assert said in rendering.text
    assert sheet.content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_maintainers_are_told_of_families_that_jumped(language: Language) -> None:
    """The mail names every family, its counts, and how to go on."""
    rendering, attachments = render_jumps([JUMP], language)
    for said in (JUMP.family, "15", "30", "10", "200", "--accept"):
        assert said in rendering.text
    assert len(attachments) == 1
    assert list_jumps([JUMP])[0].fingerprint == list_jumps([JUMP])[0].fingerprint
    later = Jump(JUMP.family, 16, 30, 10, 230, 1e-9)
    assert list_jumps([later])[0].fingerprint != list_jumps([JUMP])[0].fingerprint


@pytest.mark.parametrize(
    ("age", "is_silent"),
    [(None, True), (timedelta(days=8), False), (timedelta(days=8, seconds=1), True)],
    ids=["never", "in-time", "late"],
)
def test_a_run_that_stays_away_is_an_alert(
    now: datetime, age: timedelta | None, is_silent: bool
) -> None:
    """After the days that are set, and where none ever succeeded."""
    last = None if age is None else now - age
    firing = list_heartbeat(last, now, timedelta(days=8))
    assert bool(firing) is is_silent
    for language in ("zh", "en"):
        rendering = render_heartbeat(is_silent, last, language, now)
        assert ("8" in rendering.subject) is (is_silent and age is not None)
        assert "None" not in rendering.text
