"""A report that is put right is looked at again, told of, and its alerts are closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from expectations.form import load_cells
from flows.alert import list_due
from flows.collect import CollectParameters, collect
from flows.watch_corrections import WatchParameters, list_watched, watch_corrections
from storage.alerts import list_alerts
from storage.mails import list_mails, read_message
from storage.outbox import open_outbox
from storage.settings import load_settings
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

pytestmark = pytest.mark.usefixtures("lake_alone")

VALID = next(one for one in plan_site() if one.verdict == "valid" and one.spec.edition == "2021")
WRONG = "t3.granted.natural_person"


class Page(BaseHTTPRequestHandler):
    """Serves one page, whatever is asked for but robots.txt."""

    content = b""

    def do_GET(self) -> None:
        """Answer with the page of now."""
        is_there = self.path == "/report.html"
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.content) if is_there else 0))
        self.end_headers()
        if is_there:
            self.wfile.write(self.content)

    def log_message(self, *given: object) -> None:
        """Keep quiet."""


@pytest.fixture
def page() -> Iterator[tuple[type[Page], str]]:
    """A page on loopback, to be changed, and its address."""
    kept = type("Kept", (Page,), {})
    server = HTTPServer(("127.0.0.1", 0), kept)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kept, f"http://127.0.0.1:{server.server_port}/report.html"
    server.shutdown()
    server.server_close()


def test_a_correction_is_told_and_closes_the_alerts(
    tmp_path: Path, page: tuple[type[Page], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page changes; the watch fetches it, mails what became of it, and closes the alerts."""
    for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES", "GOUJI_WAIVERS"):
        monkeypatch.delenv(name, raising=False)
    kept, url = page
    figures = VALID.spec.figures
    wrong = replace(VALID.spec, figures={**figures, WRONG: figures[WRONG] + 40})
    kept.content = render_html(wrong, "standard")
    data = tmp_path / "data"
    settings = load_settings(data)
    first = collect(CollectParameters(sources=[url], data=str(data)))
    assert first.counts["mails_written"] == 1
    assert list_watched(settings) == [url]
    unchanged = watch_corrections(WatchParameters(data=str(data)))
    assert unchanged is not None
    assert unchanged.counts["mails_written"] == 0
    assert list_due(settings, unchanged.finished_at) == []

    kept.content = render_html(VALID.spec, "standard")
    second = watch_corrections(WatchParameters(data=str(data)))
    assert second is not None
    assert second.verdicts == {"valid": 1}
    assert second.counts["mails_written"] == 1
    with open_outbox(data) as connection:
        alerts, mails = list_alerts(connection), list_mails(connection)
        message = message_from_bytes(read_message(connection, mails[-1].id), policy=policy.default)
    assert {alert.state for alert in alerts if alert.severity == "error"} == {"resolved"}
    assert "现已相符" in mails[-1].subject
    body = message.get_body(("plain",))
    assert body is not None
    change = f"{load_cells()[WRONG].title}：{figures[WRONG] + 40} 改为 {figures[WRONG]}"
    assert change in body.get_content()
    assert list_due(settings, second.finished_at) == []
