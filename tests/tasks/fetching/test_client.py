"""What fetching one address promises, against a real server that misbehaves."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import TypeAlias

import httpx
import pytest

from tasks.fetching.answer import Answer, FetchError
from tasks.fetching.client import fetch, open_client
from tasks.fetching.limits import Limits
from tasks.fetching.politeness import Hosts, find_host
from tasks.fetching.request import Request

PAGE = b"<html><body><p>report</p></body></html>"
PATIENCE_SECONDS = 0.4  # of silence, where silence is what is tested
Respond: TypeAlias = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """A running site: answers by path, and the requests seen as (time, path)."""

    url: str = ""
    routes: dict[str, bytes | Respond] = field(default_factory=dict)
    seen: list[tuple[float, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def count(self, path: str) -> int:
        """Count the requests for a path."""
        return sum(1 for _, seen in self.seen if seen == path)


@pytest.fixture
def site() -> Iterator[Site]:
    """A site on 127.0.0.1 that answers 404 until told otherwise."""
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.seen.append((time.monotonic(), self.path))
            found.headers.append(dict(self.headers))
            route = found.routes.get(self.path, answer(b"<h1>404</h1>", status=404))
            (answer(route) if isinstance(route, bytes) else route)(self)

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def limits() -> Limits:
    """Limits with waits short enough for tests."""
    return Limits(
        max_bytes=200_000,
        timeout_seconds=10.0,
        total_seconds=20.0,
        backoff_seconds=0.01,
        retry_after_seconds=2.0,
    )


def answer(body: bytes = PAGE, status: int = 200, **headers: str | None) -> Respond:
    """Make a route that sends one whole answer."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        stated = {"Content_Length": str(len(body)), **headers}
        handler.send_response(status)
        for name, value in stated.items():
            if value is not None:
                handler.send_header(name.replace("_", "-"), value)
        if stated["Content_Length"] != str(len(body)):
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        try:
            handler.wfile.write(body)
        except OSError:
            handler.close_connection = True

    return respond


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Drop the connection with a reset."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.close_connection = True


def stall(handler: BaseHTTPRequestHandler) -> None:
    """Send half a body and fall silent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"<html>")
    handler.wfile.flush()
    time.sleep(8 * PATIENCE_SECONDS)
    handler.close_connection = True


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then, never falling silent for long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    try:
        for _ in range(99):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass
    handler.close_connection = True


def ask(url: str, limits: Limits, *, may_be_local: bool = True) -> Answer:
    """Fetch one address in a run of its own."""

    async def run() -> Answer:
        async with open_client(limits) as client:
            return await fetch(client, Hosts(limits), Request(url), may_be_local=may_be_local)

    return asyncio.run(run())


def test_an_answer_has_its_bytes_and_charset(site: Site, limits: Limits) -> None:
    """A page comes with its bytes as sent and the charset its header states."""
    site.routes["/a"] = answer(Content_Type="text/html; charset=GB2312")
    assert ask(f"{site.url}/a", limits) == Answer(f"{site.url}/a", PAGE, "gb2312")


def test_we_say_who_we_are(site: Site, limits: Limits) -> None:
    """Each request names the program and a contact."""
    site.routes["/a"] = PAGE
    ask(f"{site.url}/a", limits)
    assert "gouji/" in site.headers[0]["User-Agent"]
    assert "contact" in site.headers[0]["User-Agent"]


@pytest.mark.parametrize(
    ("status", "outcome", "requests"),
    [
        pytest.param(400, "unreachable", 1, id="bad-request"),
        pytest.param(403, "blocked", 1, id="forbidden"),
        pytest.param(404, "gone", 1, id="not-found"),
        pytest.param(410, "gone", 1, id="gone"),
        pytest.param(412, "blocked", 1, id="script-wall"),
        pytest.param(500, "unreachable", 1, id="server-error"),
        pytest.param(503, "unreachable", 3, id="unavailable"),
        pytest.param(521, "blocked", 1, id="wall"),
    ],
)
def test_a_status_has_its_outcome(
    site: Site, limits: Limits, status: int, outcome: str, requests: int
) -> None:
    """A status is told by a stable word and by its number; only passing trouble is retried."""
    site.routes["/a"] = answer(status=status)
    with pytest.raises(FetchError, match=f"expected HTTP status 200, found {status}") as caught:
        ask(f"{site.url}/a", limits)
    assert caught.value.outcome == outcome
    assert site.count("/a") == requests


@pytest.mark.parametrize(
    ("route", "reason"),
    [
        pytest.param(reset, "expected a whole answer", id="reset"),
        pytest.param(answer(PAGE, Content_Length="500"), "peer closed connection", id="truncated"),
        pytest.param(stall, f"within {PATIENCE_SECONDS} s, found silence", id="stalled"),
        pytest.param(
            answer(gzip.compress(PAGE * 50)[:-9], Content_Encoding="gzip"),
            "end missing",
            id="truncated-gzip",
        ),
        pytest.param(answer(PAGE, Content_Encoding="gzip"), "found damage", id="damaged-gzip"),
    ],
)
def test_an_answer_that_breaks_off_is_tried_again(
    site: Site, limits: Limits, route: Respond, reason: str
) -> None:
    """A broken answer is never taken for a page, and is tried as often as allowed."""
    site.routes["/a"] = route
    patience = PATIENCE_SECONDS if route is stall else limits.timeout_seconds
    with pytest.raises(FetchError, match=reason) as caught:
        ask(f"{site.url}/a", replace(limits, tries=2, timeout_seconds=patience))
    assert caught.value.outcome == "unreachable"
    assert "2 tries" in caught.value.reason
    assert site.count("/a") == 2


def test_a_slow_answer_meets_the_total_limit(site: Site, limits: Limits) -> None:
    """A host that sends a byte at a time cannot hold us longer than the total limit."""
    site.routes["/a"] = drip
    start = time.monotonic()
    with pytest.raises(FetchError, match=r"expected a whole answer within 1\.5 s"):
        ask(f"{site.url}/a", replace(limits, total_seconds=1.5, tries=1))
    assert time.monotonic() - start < 6


def test_retry_after_is_waited_for(site: Site, limits: Limits) -> None:
    """After 503 with Retry-After the next request comes no earlier than asked, and succeeds."""

    def recover(handler: BaseHTTPRequestHandler) -> None:
        again = site.count("/a") > 1
        answer(status=200 if again else 503, Retry_After=None if again else "1")(handler)

    site.routes["/a"] = recover
    assert ask(f"{site.url}/a", limits).content == PAGE
    first, second = (moment for moment, path in site.seen if path == "/a")
    assert second - first >= 1.0


def test_a_long_retry_after_is_not_waited_for(site: Site, limits: Limits) -> None:
    """A host that asks for a longer wait than allowed is given up, and the miss says so."""
    site.routes["/a"] = answer(status=503, Retry_After="3600")
    with pytest.raises(FetchError, match="to be asked again in 3600 s"):
        ask(f"{site.url}/a", limits)
    assert site.count("/a") == 1


def test_a_refused_connection_is_unreachable(limits: Limits) -> None:
    """A port nobody listens on is told as such."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FetchError, match="expected a connection, found") as caught:
        ask(f"http://127.0.0.1:{port}/", limits)
    assert caught.value.outcome == "unreachable"


@pytest.mark.parametrize(
    "route",
    [
        pytest.param(answer(bytes(200_001)), id="stated"),
        pytest.param(answer(bytes(200_001), Content_Length=None), id="not-stated"),
        pytest.param(answer(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip"), id="bomb"),
    ],
)
def test_too_large_a_body_is_refused(site: Site, limits: Limits, route: Respond) -> None:
    """More bytes than the limit, stated, sent or inflated, are refused by its name, once."""
    site.routes["/a"] = route
    with pytest.raises(FetchError, match=r"200,000 bytes \(the limit GOUJI_MAX_BYTES\)") as caught:
        ask(f"{site.url}/a", limits)
    assert caught.value.outcome == "too_large"
    assert site.count("/a") == 1


def test_a_body_at_the_limit_is_read(site: Site, limits: Limits) -> None:
    """The limit itself is allowed, compressed or not."""
    body = PAGE.ljust(limits.max_bytes)
    site.routes["/plain"] = answer(body)
    site.routes["/gzip"] = answer(gzip.compress(body), Content_Encoding="gzip")
    assert ask(f"{site.url}/plain", limits).content == body
    assert ask(f"{site.url}/gzip", limits).content == body


def test_an_empty_body_is_empty(site: Site, limits: Limits) -> None:
    """An answer without a byte is no page."""
    site.routes["/a"] = b""
    with pytest.raises(FetchError, match="0 bytes") as caught:
        ask(f"{site.url}/a", limits)
    assert caught.value.outcome == "empty"


def test_a_redirect_on_the_site_is_followed(site: Site, limits: Limits) -> None:
    """The answer's address is where the page stands in the end."""
    site.routes["/a"] = answer(b"", 302, Location="b/../c?x=1#top")
    site.routes["/c?x=1"] = PAGE
    assert ask(f"{site.url}/a", limits).url == f"{site.url}/c?x=1"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        pytest.param("/a", "at most 5 redirects", id="loop"),
        pytest.param("http://127.0.0.2/a", "a redirect to 'http://127.0.0.2/a", id="other-site"),
        pytest.param("ftp://127.0.0.1/a", "a redirect to 'ftp", id="other-scheme"),
        pytest.param("http://u:p@127.0.0.1/", "a redirect to 'http", id="user-name"),
    ],
)
def test_other_redirects_are_not(site: Site, limits: Limits, location: str, reason: str) -> None:
    """A loop, another site and another scheme end in a miss that names them."""
    site.routes["/a"] = answer(b"", 302, Location=location)
    with pytest.raises(FetchError, match=reason):
        ask(f"{site.url}/a", limits)
    assert site.count("/a") <= limits.redirects + 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/",
        "http://[::1]:9/",
        "http://[::ffff:127.0.0.1]:9/",
    ],
)
def test_private_addresses_are_refused(limits: Limits, url: str) -> None:
    """Without leave, no request goes to loopback or a private network."""
    with pytest.raises(FetchError, match="on the open internet") as caught:
        ask(url, limits, may_be_local=False)
    assert caught.value.outcome == "refused_address"


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(("127.0.0.1",), id="private"),
        pytest.param(("93.184.216.34", "127.0.0.1"), id="public-and-private"),
    ],
)
def test_a_name_that_leads_to_a_private_address_is_refused(
    site: Site, limits: Limits, monkeypatch: pytest.MonkeyPatch, found: tuple[str, ...]
) -> None:
    """No request is sent where one of the addresses of a name is private."""

    async def look_up(name: str, port: int) -> tuple[str, ...]:
        return found

    monkeypatch.setattr("tasks.fetching.transport.look_up", look_up)
    with pytest.raises(FetchError, match="on the open internet") as caught:
        ask(site.url.replace("127.0.0.1", "www.example.gov.cn"), limits, may_be_local=False)
    assert caught.value.outcome == "refused_address"
    assert site.seen == []


def test_a_name_is_connected_where_it_was_looked_up(
    site: Site, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection goes to the address that was checked: a name cannot change in between."""
    asked: list[str] = []

    async def look_up(name: str, port: int) -> tuple[str, ...]:
        asked.append(name)
        return ("127.0.0.1",)

    monkeypatch.setattr("tasks.fetching.transport.look_up", look_up)
    site.routes["/a"] = PAGE
    url = site.url.replace("127.0.0.1", "no-such-name.invalid") + "/a"
    assert ask(url, limits).content == PAGE
    assert asked == ["no-such-name.invalid"]  # robots.txt and the page share a connection


def mock_run(
    limits: Limits, urls: list[str], respond: Callable[[httpx.Request], httpx.Response]
) -> tuple[Hosts, list[Answer | BaseException]]:
    """Fetch addresses at once through a mocked transport."""
    hosts = Hosts(limits)

    async def run() -> list[Answer | BaseException]:
        async with open_client(limits, httpx.MockTransport(respond)) as client:
            jobs = (fetch(client, hosts, Request(url)) for url in urls)
            return await asyncio.gather(*jobs, return_exceptions=True)

    return hosts, asyncio.run(run())


def test_a_remote_host_sees_no_more_than_its_rate(limits: Limits) -> None:
    """Requests to one host keep the least delay between them; another host does not wait."""
    seen: list[tuple[str, float]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/robots.txt":
            seen.append((request.url.host, time.monotonic()))
        return httpx.Response(200, stream=httpx.ByteStream(PAGE))

    urls = [f"http://93.184.216.34/{number}" for number in range(4)] + ["http://8.8.8.8/"]
    delay, start = 0.6, time.monotonic()
    _, results = mock_run(replace(limits, delay_seconds=delay), urls, respond)
    assert all(isinstance(result, Answer) for result in results)
    moments = [moment for host, moment in seen if host == "93.184.216.34"]
    assert len(moments) == 4
    for number, moment in enumerate(moments):
        assert moment - start >= number * delay
    # A busy machine may make one late and the next punctual.
    assert all(after - before >= delay / 2 for before, after in pairwise(moments))
    assert seen[-1][0] == "93.184.216.34"


def test_a_host_that_is_down_is_left_alone(limits: Limits) -> None:
    """After enough addresses in a row without an answer, a host is not asked any more."""
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise httpx.ConnectError("refused")

    tight = replace(limits, delay_seconds=0, tries=1, failures_per_host=3, per_host=1)
    urls = [f"http://93.184.216.34/{number}" for number in range(9)]
    hosts, results = mock_run(tight, urls, respond)
    assert len(asked) == 3
    assert "3 addresses in a row" in str(results[-1])
    assert find_host(hosts, urls[0]).failures == 3
