"""What is promised where a host misbehaves: each fault ends as its outcome, over real sockets."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tasks.fetching.fetch import fetch_sources
from tasks.fetching.limits import Limits
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source
from tasks.reading.decoding import decode
from tests.tasks.fetching.simulator.server import HTML, Asked, Reply, Simulator, serve

ADDRESS = "127.0.9.1"
LIMITS = Limits(
    max_bytes=300_000,
    timeout_seconds=10,
    total_seconds=30,
    tries=2,
    backoff_seconds=0.01,
    retry_after_seconds=2,
    pages_per_source=50,
)
REPORT = "<html><title>某县2022年政府信息公开工作年度报告</title><p>本年度报告</p><p>第二十条第</p>"
WALL = b"<html><script>$_ts=window['$_ts'];if(!$_ts)$_ts={};</script><body></body></html>"
COOKIE_WALL = b"<script>document.cookie='a='+f(9);location.href=location.pathname</script>"
LOST = "<html><title>提示信息</title><p>您访问的页面不存在或已删除</p></html>".encode()
LOGIN = "<html><title>用户登录</title>用户名<input>密码<input type=password></html>".encode()
NO_ROBOTS = Reply(b"none", 404)


def pack(content: bytes, wbits: int) -> bytes:
    """Compress with zlib in one of its wrappings."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return packer.compress(content) + packer.flush()


def packed(content: bytes, encoding: str) -> Reply:
    """Make a reply that says it is compressed."""
    return Reply(content, headers=(*HTML, ("Content-Encoding", encoding)))


def redirect(where: str) -> Reply:
    """Make a redirect."""
    return Reply(b"", 302, (("Location", where),))


def fetch_one(
    routes: Mapping[str, Reply], limits: Limits = LIMITS
) -> tuple[list[Page | Miss], Simulator]:
    """Fetch the source /a of a host with these paths; others are not found."""

    def respond(asked: Asked) -> Reply:
        return routes.get(asked.path, NO_ROBOTS)

    with serve({ADDRESS: respond}) as simulator:
        source = Source("x", simulator.url(ADDRESS, "/a"), "url", is_local=True)
        found = list(fetch_sources([source], limits, lambda: datetime.now(UTC)))
    return found, simulator


BOMB = bytes(30_000_000)


@pytest.mark.parametrize(
    ("reply", "outcome", "found", "requests"),
    [
        pytest.param(
            Reply(b"", 503, (("Retry-After", "1"),)), "unreachable", "503 .*in 1 s", 2, id="503"
        ),
        pytest.param(
            Reply(b"", 503, (("Retry-After", "999"),)), "unreachable", "in 999 s", 1, id="503-long"
        ),
        pytest.param(
            Reply(REPORT.encode(), fault="reset"), "unreachable", "found: ", 2, id="reset"
        ),
        pytest.param(
            Reply(REPORT.encode(), fault="cut"), "unreachable", "peer closed", 2, id="cut"
        ),
        pytest.param(
            Reply(REPORT.encode(), fault="stall"), "unreachable", "silence", 2, id="stall"
        ),
        pytest.param(redirect("/a"), "unreachable", "at most 5 redirects", 6, id="redirect-loop"),
        pytest.param(
            redirect("http://127.0.9.2/a"), "unreachable", "a redirect to", 1, id="redirect-away"
        ),
        pytest.param(
            redirect("http://127.0.9.1:25/a"), "unreachable", "a redirect to", 1, id="redirect-port"
        ),
        pytest.param(
            redirect("http://u@127.0.9.1/"), "unreachable", "a redirect to", 1, id="redirect-user"
        ),
        pytest.param(Reply(WALL, 412), "blocked", "412 .*script wall.*inbox", 1, id="412-wall"),
        pytest.param(Reply(b"", 412), "blocked", "412 .*inbox", 1, id="412"),
        pytest.param(Reply(COOKIE_WALL, 521), "blocked", "521 .*inbox", 1, id="521"),
        pytest.param(Reply(WALL, 202), "blocked", "202 .*script wall", 1, id="202-wall"),
        pytest.param(Reply(COOKIE_WALL), "blocked", "script wall", 1, id="200-wall"),
        pytest.param(Reply(LOST), "gone", "error page with status 200", 1, id="soft-404"),
        pytest.param(Reply(LOGIN), "blocked", "a login page", 1, id="login"),
        pytest.param(
            packed(gzip.compress(BOMB), "gzip"), "too_large", "GOUJI_MAX_BYTES", 1, id="gzip-bomb"
        ),
        pytest.param(
            packed(pack(BOMB, 15), "deflate"), "too_large", "found more", 1, id="deflate-bomb"
        ),
        pytest.param(
            packed(b"\x1b\x00", "br"), "unreachable", "content-encoding 'br'", 1, id="brotli"
        ),
        pytest.param(
            packed(gzip.compress(gzip.compress(BOMB)), "gzip, gzip"),
            "unreachable",
            "content-encoding 'gzip, gzip'",
            1,
            id="packed-twice",
        ),
        pytest.param(
            packed(gzip.compress(REPORT.encode() * 9)[:-9], "gzip"),
            "unreachable",
            "end missing",
            2,
            id="gzip-cut",
        ),
        pytest.param(Reply(b""), "empty", "0 bytes", 1, id="empty"),
    ],
)
def test_a_fault_ends_as_its_outcome(reply: Reply, outcome: str, found: str, requests: int) -> None:
    """A fault is a miss of its own word and reason, and is asked for again only if it may pass."""
    is_silent = reply.fault == "stall"
    limits = replace(LIMITS, timeout_seconds=0.5) if is_silent else LIMITS
    misses, simulator = fetch_one({"/a": reply}, limits)
    (miss,) = (found for found in misses if found.url == simulator.url(ADDRESS, "/a"))
    assert isinstance(miss, Miss)
    assert miss.outcome == outcome
    assert re.search(rf"expected .*{found}", miss.reason)
    assert sum(asked.path == "/a" for asked in simulator.asked) == requests


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        pytest.param(Reply(REPORT.encode("gb18030"), headers=()), REPORT, id="gb18030-undeclared"),
        pytest.param(
            Reply(
                REPORT.encode("gb18030"), headers=(("Content-Type", "text/html; charset=utf-8"),)
            ),
            REPORT,
            id="gb18030-misdeclared",
        ),
        pytest.param(
            Reply(REPORT.encode(), headers=(("Content-Type", "image/png"),)), REPORT, id="type"
        ),
        pytest.param(
            packed(pack(REPORT.encode(), -15), "deflate"), REPORT, id="deflate-without-header"
        ),
        pytest.param(packed(pack(REPORT.encode(), 15), "deflate"), REPORT, id="deflate"),
    ],
)
def test_a_page_that_is_sent_oddly_is_read(reply: Reply, text: str) -> None:
    """A wrong content type, encoding or packing costs nothing: the bytes are believed."""
    (page,), _ = fetch_one({"/a": reply})
    assert isinstance(page, Page)
    assert page.media_type == "text/html"
    assert decode(page.content) == text


STUBS: dict[str, Callable[[str], str]] = {
    "meta-refresh": lambda url: (
        f'<html><head><meta http-equiv="Refresh" content="0; url={url}"></head></html>'
    ),
    "href": lambda url: f'<html><script>window.location.href = "{url}";</script></html>',
    "replace": lambda url: f"<script>location.replace('{url}')</script>",
    "onload": lambda url: f"<html><body onload=\"location='{url}'\"></body></html>",
}


@pytest.mark.parametrize("name", STUBS)
def test_a_page_that_sends_on_is_followed(name: str) -> None:
    """Meta refresh and simple script redirects lead to the page, whose address is the last."""
    (page,), simulator = fetch_one(
        {"/a": Reply(STUBS[name]("/b/c.html").encode()), "/b/c.html": Reply(REPORT.encode())}
    )
    assert isinstance(page, Page)
    assert page.url == simulator.url(ADDRESS, "/b/c.html")


@pytest.mark.parametrize("name", STUBS)
def test_a_page_that_sends_away_or_in_circles_is_not(name: str) -> None:
    """Pages that send to another site, or to each other, end in a miss, within bounds."""
    (miss,), _ = fetch_one({"/a": Reply(STUBS[name]("http://127.0.9.2/").encode())})
    assert isinstance(miss, Miss)
    assert "a redirect to 'http://127.0.9.2/'" in miss.reason
    (miss,), simulator = fetch_one(
        {"/a": Reply(STUBS[name]("/b").encode()), "/b": Reply(STUBS[name]("/a").encode())}
    )
    assert isinstance(miss, Miss)
    assert "at most 5 redirects" in miss.reason
    assert len(simulator.asked) == 1 + 6


def test_an_error_page_that_sends_home_is_gone() -> None:
    """A page that says that something is missing is believed, wherever it sends its reader."""
    stub = LOST.decode().replace("<p>", '<meta http-equiv=refresh content="3;url=/"><p>')
    home, column = fetch_one({"/a": Reply(stub.encode()), "/": Reply(REPORT.encode())})[0]
    assert isinstance(home, Page)
    assert isinstance(column, Miss)
    assert column.outcome == "moved"
    assert "an error page with status 200" in column.reason


def test_what_robots_forbids_is_not_asked_for() -> None:
    """A robots.txt is asked for once, before all else, and obeyed."""
    forbids = Reply(b"User-agent: *\nDisallow: /a\n")
    (miss,), simulator = fetch_one({"/robots.txt": forbids, "/a": Reply(REPORT.encode())})
    assert isinstance(miss, Miss)
    assert miss.outcome == "refused_by_robots"
    assert re.search(r"expected .*robots.txt allows, found it forbidden .*inbox", miss.reason)
    assert [asked.path for asked in simulator.asked] == ["/robots.txt"]


@pytest.mark.parametrize(
    "robots",
    [
        pytest.param(Reply(b"", 404), id="404"),
        pytest.param(Reply(b"", 403), id="403"),
        pytest.param(Reply(WALL, 412), id="412"),
        pytest.param(Reply(b""), id="empty"),
        pytest.param(Reply(LOST), id="error-page"),
        pytest.param(Reply(b"User-agent: other\nDisallow: /\n"), id="of-others"),
        pytest.param(redirect("http://127.0.9.2/"), id="redirect-away"),
        pytest.param(redirect("/robots.txt"), id="redirect-loop"),
        pytest.param(Reply(bytes(range(256)) * 40), id="no-text"),
    ],
)
def test_a_host_without_robots_allows_everything(robots: Reply) -> None:
    """Where there is no robots.txt, or none that speaks of us, the page is read (RFC 9309)."""
    (page,), _ = fetch_one({"/robots.txt": robots, "/a": Reply(REPORT.encode())})
    assert isinstance(page, Page)


@pytest.mark.parametrize(
    ("robots", "found"),
    [
        pytest.param(Reply(b"", 500), "500 .*robots.txt, without which nothing", id="500"),
        pytest.param(Reply(b"", 503), "503 .*robots.txt, without which nothing", id="503"),
        pytest.param(Reply(b"x", fault="reset"), "found: ", id="reset"),
    ],
)
def test_a_host_that_cannot_tell_its_robots_is_not_asked(robots: Reply, found: str) -> None:
    """While a host fails to say what it forbids, nothing is asked of it (RFC 9309)."""
    (miss,), simulator = fetch_one({"/robots.txt": robots, "/a": Reply(REPORT.encode())})
    assert isinstance(miss, Miss)
    assert miss.outcome == "unreachable"
    assert re.search(rf"expected .*{found}", miss.reason)
    assert {asked.path for asked in simulator.asked} == {"/robots.txt"}


def test_too_long_a_crawl_delay_is_a_refusal() -> None:
    """A host that wants hours between requests is left alone, not asked more often."""
    slow = Reply(b"User-agent: *\nCrawl-delay: 7200\n")
    (miss,), simulator = fetch_one({"/robots.txt": slow, "/a": Reply(REPORT.encode())})
    assert isinstance(miss, Miss)
    assert miss.outcome == "refused_by_robots"
    assert "7200 s" in miss.reason
    assert len(simulator.asked) == 1


def test_headers_and_addresses_of_a_page_inject_nothing() -> None:
    """A link with line breaks or a user name in it is never asked for, nor part of a header."""
    title = "2022年政府信息公开工作年度报告"
    listed = "".join(
        f'<a href="{href}">{title}</a>'
        for href in (
            "/r&#13;&#10;X-Injected:1",
            "http://user:word@127.0.9.1/r",
            "//127.0.9.1@127.0.9.2/r",
            "/good?a=1&#10;b",
            "/fine.html",
        )
    )
    found, simulator = fetch_one(
        {"/a": Reply(f"<title>x</title>{listed}".encode()), "/fine.html": Reply(REPORT.encode())}
    )
    assert [item.url for item in found if isinstance(item, Page)] == [
        simulator.url(ADDRESS, "/fine.html")
    ]
    assert not [asked for asked in simulator.asked if "x-injected" in asked.headers]
    assert all("\r" not in asked.target for asked in simulator.asked)


def test_a_host_that_is_down_is_not_asked() -> None:
    """After enough addresses in a row that gave nothing, a host is left alone, and that is told."""
    limits = replace(LIMITS, tries=1, failures_per_host=2, sources_at_once=1)

    def respond(asked: Asked) -> Reply:
        return NO_ROBOTS if asked.path == "/robots.txt" else Reply(b"", fault="reset")

    with serve({ADDRESS: respond}) as simulator:
        sources = [
            Source(name, simulator.url(ADDRESS, f"/{name}"), "url", is_local=True)
            for name in ("a", "b", "c")
        ]
        first = list(fetch_sources(sources, limits, lambda: datetime.now(UTC)))
    assert [item.outcome for item in first if isinstance(item, Miss)] == ["unreachable"] * 3
    assert len(simulator.asked) == 3
    assert isinstance(first[2], Miss)
    assert "did not ask" in first[2].reason
