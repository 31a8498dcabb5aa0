"""What fetching many sources side by side promises."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tasks.fetching.answer import Answer
from tasks.fetching.fetch import fetch_sources
from tasks.fetching.limits import Limits
from tasks.fetching.links import Rules
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source, parse_source_argument
from tasks.fetching.steps import Step, Stop, take_step

REPORT = "<h1>{}</h1><p>本年度报告</p><table><tr><td>第二十条第（一）项</td></tr></table>"
LIMITS = Limits(timeout_seconds=2, tries=2, backoff_seconds=0.01, delay_seconds=0)
Respond = Callable[[httpx.Request], httpx.Response]


def now() -> datetime:
    """Return an instant that stands still."""
    return datetime(2026, 1, 31, tzinfo=UTC)


def respond_with_a_report(request: httpx.Request) -> httpx.Response:
    """Answer any address with a report."""
    page = REPORT.format(request.url).encode()
    return httpx.Response(200, stream=httpx.ByteStream(page))


def test_files_and_a_real_site_come_together(tmp_path: Path) -> None:
    """A folder, a site on loopback and a dead port give their pages and one miss."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("报告", encoding="utf-8")
    (tmp_path / "web").mkdir()
    links = "".join(f"<a href={i}.html>{2010 + i}年政府信息公开年报</a>" for i in range(9))
    (tmp_path / "web" / "index.html").write_text(links, encoding="utf-8")
    for i in range(8):
        (tmp_path / "web" / f"{i}.html").write_text(REPORT.format(i), encoding="utf-8")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    handler = partial(Quiet, directory=str(tmp_path / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        arguments = [
            str(tmp_path / "files"),
            f"http://127.0.0.1:{server.server_address[1]}/",
            f"http://127.0.0.1:{free.getsockname()[1]}/",
        ]
        sources = [parse_source_argument(argument) for argument in arguments]
        found = list(fetch_sources(sources, LIMITS, now))
        server.shutdown()
    pages = [item for item in found if isinstance(item, Page)]
    misses = {item.outcome: item for item in found if isinstance(item, Miss)}
    assert next(page.url for page in pages) == str(tmp_path / "files" / "a.txt")
    assert sorted(page.source for page in pages) == sorted([arguments[0], *[arguments[1]] * 8])
    assert set(misses) == {"gone", "unreachable"}
    assert misses["unreachable"].source == arguments[2]


def test_a_listed_source_on_loopback_is_refused() -> None:
    """A source of a file that is not marked local may not point to loopback."""
    (miss,) = fetch_sources([Source("x", "http://127.0.0.1:9/", "url")], LIMITS, now)
    assert isinstance(miss, Miss)
    assert miss.outcome == "refused_address"


def test_our_own_fault_costs_one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """When our code fails on a page, its source is a miss that says so; the others come."""

    def fail(stop: Stop, answer: Answer, rules: Rules) -> Step:
        if "/bad" in answer.url:
            raise RuntimeError("a fault")
        return take_step(stop, answer, rules)

    monkeypatch.setattr("tasks.fetching.crawl.take_step", fail)
    sources = [Source(x, f"http://93.184.216.34/{x}", "url") for x in ("bad", "good")]
    found = list(fetch_sources(sources, LIMITS, now, httpx.MockTransport(respond_with_a_report)))
    assert {(item.source, type(item).__name__) for item in found} == {
        ("bad", "Miss"),
        ("good", "Page"),
    }
    assert [item.outcome for item in found if isinstance(item, Miss)] == ["failed"]


def test_results_wait_for_the_caller() -> None:
    """While the caller does not take results, only a bounded number is fetched."""
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return respond_with_a_report(request)

    sources = [Source(str(i), f"http://93.184.216.34/{i}", "url") for i in range(200)]
    narrow = replace(LIMITS, sources_at_once=10)
    found = fetch_sources(sources, narrow, now, httpx.MockTransport(respond))
    next(found)
    while len(asked) < narrow.sources_at_once:  # a loaded machine takes its time
        time.sleep(0.01)
    time.sleep(0.3)
    assert 10 <= len(asked) <= 16 + narrow.sources_at_once + 1
    rest = list(found)
    assert (len(rest), {type(item) for item in rest}) == (199, {Page})


def test_closing_early_ends_the_network() -> None:
    """A caller that stops early leaves no thread behind."""
    sources = [Source(str(i), f"http://93.184.216.34/{i}", "url") for i in range(100)]
    found = fetch_sources(sources, LIMITS, now, httpx.MockTransport(respond_with_a_report))
    next(found)
    found.close()  # type: ignore[attr-defined] # it is a generator
    assert "fetching" not in {thread.name for thread in threading.enumerate()}
