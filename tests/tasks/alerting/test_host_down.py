"""From a host that does not answer to who is told: reports missing on it are nobody's alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from storage.alerts import FIRING, list_alerts
from storage.outbox import open_outbox
from storage.schema import DOCUMENTS
from storage.settings import load_settings
from tasks.alert import settle
from tasks.alerting.deadlines import OVERDUE
from tasks.crawling import begin_crawl, finish_crawl
from tasks.fetch import fetch_batch
from tasks.fetching.inbox import load_inbox
from tasks.fetching.limits import choose_limits
from tasks.fetching.source import load_sources
from tasks.known import gather_known
from tasks.missing import record_missing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DOWN, OTHER = "上犹县教育局", "上犹县财政局"
SOURCES = f"""sources:
  - {{name: down, url: "http://127.0.9.77:9/", local: true, expected: [{DOWN}]}}
"""
ROSTER = f"""body,kind,since
{DOWN},department,2025
{OTHER},department,2025
"""


def test_a_host_down_mutes_its_missing_reports(tmp_path: Path) -> None:
    """Of two bodies that owe a report, the one whose host a crawl found down is not told of."""
    (tmp_path / "sources.yaml").write_text(SOURCES, "utf-8")
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    settings = load_settings(tmp_path, {})

    def list_overdue() -> set[str | None]:
        record_missing.fn(tmp_path, gather_known(settings), NOW.date())
        with open_outbox(tmp_path) as connection:
            settle(connection, settings, NOW, is_watched=False)
            return {one.publisher for one in list_alerts(connection, FIRING, (OVERDUE,))}

    assert list_overdue() == {DOWN, OTHER}
    limits = replace(choose_limits(settings), tries=1)
    sources = load_sources(tmp_path / "sources.yaml")
    crawl = begin_crawl(tmp_path, NOW)
    fetched = fetch_batch.fn(sources, tmp_path, limits, crawl, load_inbox(tmp_path / "inbox"))
    finish_crawl(tmp_path, crawl, fetched, DOCUMENTS.schema.to_frame(), NOW)
    assert [miss.outcome for miss in fetched if hasattr(miss, "outcome")] == ["unreachable"]
    assert list_overdue() == {OTHER}
