"""Promises about findings that people set aside, and families that jump, over whole runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.check import CheckParameters, check
from flows.collect import CollectParameters, collect
from flows.status import describe_data
from storage.lake import read_table
from storage.schema import FINDINGS, REPORTS
from storage.settings import load_settings
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

pytestmark = pytest.mark.usefixtures("lake_alone")

INVALID = next(p for p in plan_site() if p.verdict == "invalid" and p.spec.edition == "2021")
Write = Callable[..., Path]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one invalid report in it."""
    for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES", "GOUJI_WAIVERS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/report.html").write_bytes(render_html(INVALID.spec, "standard"))
    return tmp_path / "data"


def run(data: Path) -> dict[str, int]:
    """Collect the report, and give the counts of the run."""
    sources = [str(data.parent / "in")]
    return collect(CollectParameters(sources=sources, data=str(data))).counts


def write_waivers(data: Path, until: str) -> None:
    """Waive every failed rule of the report until a day."""
    failed = read_table(data, FINDINGS).filter(outcome="failed")
    lines = ["waivers:"] + [
        f"  - {{report: {report}, rule: {rule}, reason: 已说明, who: 王科长, until: {until}}}"
        for report, rule in failed.select("report_id", "rule").unique().rows()
    ]
    (data / "waivers.yaml").write_text("\n".join(lines), "utf-8")


def test_waived_findings_stay_and_are_not_mailed(data: Path) -> None:
    """A waiver empties the counts and the mail, not the table; once expired it does neither."""
    probe = data.parent / "probe"
    sources = [str(data.parent / "in")]
    collect(CollectParameters(sources=sources, data=str(probe), send_alerts=False))
    data.mkdir()
    write_waivers(probe, "2999-01-01")
    (probe / "waivers.yaml").rename(data / "waivers.yaml")
    waived = run(data)
    assert waived["findings_waived"] > 0
    assert (waived["findings_failed"], waived["mails_written"]) == (0, 0)
    stored = read_table(data, FINDINGS).filter(outcome="failed")
    assert stored.height == waived["findings_waived"] == stored["waived_by"].count()
    assert read_table(data, REPORTS)["verdict"].to_list() == ["valid"]
    now = datetime.now(UTC)
    assert describe_data(load_settings(data), now)["findings_waived"] == stored.height

    write_waivers(data, str(now.date() - timedelta(days=2)))
    expired = run(data)
    assert (expired["findings_waived"], expired["waivers_expired"] > 0) == (0, True)
    assert expired["findings_failed"] == waived["findings_waived"]
    assert expired["mails_written"] == 1
    assert read_table(data, REPORTS)["verdict"].to_list() == ["invalid"]
    told = describe_data(load_settings(data), now)
    assert "expired on" in told["waivers_expired"][0]


def test_a_family_that_jumps_is_held_until_it_was_looked_at(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its findings are unknown and not mailed, also in the next run; accepted, they are told."""
    monkeypatch.setattr("expectations.jumps.LEAST_NOW", 1)
    monkeypatch.setattr("expectations.jumps.LEAST_BEFORE", 1)
    monkeypatch.setattr("expectations.jumps.MOST_CHANCE", 1.1)
    page = data.parent / "in/report.html"
    valid = next(p for p in plan_site() if p.verdict == "valid" and p.spec.edition == "2021")
    page.rename(data.parent / "report.html")
    (data.parent / "in/valid.html").write_bytes(render_html(valid.spec, "standard"))
    assert run(data)["findings_held"] == 0
    (data.parent / "report.html").rename(page)
    first, second = run(data), run(data)
    for held in (first, second):
        assert held["findings_held"] == held["findings_failed"] > 0
        assert held["troubles"] == 1
    assert (first["mails_written"], second["mails_written"]) == (1, 0)  # the maintainers', once
    family = "layout text/html 2021"
    assert set(read_table(data, FINDINGS).filter(outcome="failed")["held"]) == {family}
    assert describe_data(load_settings(data), datetime.now(UTC))["families_held"] == [family]

    accepted = check(CheckParameters(data=str(data), accepted=[family]))
    assert (accepted.counts["findings_held"], accepted.troubles) == (0, ())
    after = run(data)
    assert (after["findings_held"], after["mails_written"]) == (0, 2)  # and the jump is settled
    assert read_table(data, FINDINGS).filter(pl.col("held").is_not_null()).is_empty()
