"""What fetching costs beside a bare loop of its HTTP library, on loopback with a server beside."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.synchronize import Event

import httpx
import pytest

from tasks.fetching.fetch import fetch_sources
from tasks.fetching.limits import Limits
from tasks.fetching.page import Page
from tasks.fetching.source import Source
from tests.bench.peak import measure_peak

HOSTS, PAGES_PER_HOST, AT_ONCE, ROUNDS = 500, 12, 50, 3
MANY_HOSTS, MANY_PAGES = 3000, 17  # 51,000 pages
PAGE_BYTES, SMALL_BYTES = 100_000, 2_000
LEAST_SHARE = 0.6
MOST_MEGABYTES = 500
NATION_PAGES, NATION_HOSTS, NATION_RATE = 150_000, 3_000, 1.0
_TITLE = "某县{}年政府信息公开工作年度报告"
_ROW = "<tr><td>本年新收政府信息公开申请数量</td><td>12</td></tr>"


def make_page(size: int) -> bytes:
    """Make a report of so many bytes."""
    head = f"<title>{_TITLE.format(2022)}</title><p>本年度报告</p><p>第二十条第</p><table>"
    rows = _ROW * (size // len(_ROW.encode()) + 1)
    return (head + rows).encode()[: size - 8].decode(errors="ignore").encode().ljust(size)


def write_answer(status: str, body: bytes) -> bytes:
    """Write a whole response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def serve_forever(port: int, pages: int, size: int, ready: Event) -> None:
    """Serve every loopback address: a list of reports at /, no robots.txt, else a report."""
    links = (f"<a href=/r/{n}.html>{_TITLE.format(2000 + n)}</a>" for n in range(pages))
    fixed = {
        b"/": write_answer("200 OK", "".join(links).encode()),
        b"/robots.txt": write_answer("404 Not Found", b""),
    }
    page = write_answer("200 OK", make_page(size))

    class Connection(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport, self.received = transport, b""

        def data_received(self, data: bytes) -> None:
            self.received += data
            while b"\r\n\r\n" in self.received:
                head, _, self.received = self.received.partition(b"\r\n\r\n")
                self.transport.write(fixed.get(head.split(b" ", 2)[1], page))

    async def run() -> None:
        listening = socket.create_server(("", port), backlog=4096)
        await asyncio.get_running_loop().create_server(Connection, sock=listening)
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def serve(pages: int, size: int) -> Iterator[int]:
    """Run the server in a process of its own; give its port."""
    with socket.create_server(("", 0)) as free:
        port: int = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=serve_forever, args=(port, pages, size, ready), daemon=True)
    process.start()
    try:
        assert ready.wait(60)
        yield port
    finally:
        process.terminate()
        process.join()


def name_hosts(count: int) -> list[str]:
    """Name so many loopback addresses."""
    return [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count)]


def fetch_barely(port: int) -> int:
    """Fetch what a crawl asks for with the library alone, each host's one after another."""
    paths = ["/robots.txt", "/", *(f"/r/{number}.html" for number in range(PAGES_PER_HOST))]
    urls = iter([f"http://{host}:{port}{path}" for host in name_hosts(HOSTS) for path in paths])

    async def work(client: httpx.AsyncClient) -> int:
        return sum([len((await client.get(url)).content) == PAGE_BYTES for url in urls])

    async def run() -> int:
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        async with httpx.AsyncClient(limits=limits, trust_env=False) as client:
            return sum(await asyncio.gather(*(work(client) for _ in range(AT_ONCE))))

    return asyncio.run(run())


def fetch_wholly(port: int, hosts: int = HOSTS) -> int:
    """Crawl the hosts: robots.txt, list, and each report that it names."""
    sources = [
        Source(host, f"http://{host}:{port}/", "url", is_local=True) for host in name_hosts(hosts)
    ]
    limits = Limits(sources_at_once=AT_ONCE)
    found = fetch_sources(sources, limits, lambda: datetime.now(UTC))
    return sum(isinstance(item, Page) for item in found)


def clock(fetch: Callable[[int], int], port: int) -> tuple[float, float]:
    """Return the pages a second of a fetching, and its CPU seconds a page."""
    started, cpu = time.perf_counter(), time.process_time()
    count = fetch(port)
    assert count == HOSTS * PAGES_PER_HOST
    return count / (time.perf_counter() - started), (time.process_time() - cpu) / count


@pytest.mark.bench
def test_a_crawl_reaches_60_percent_of_a_bare_loop() -> None:
    """Pages of 100 KB over 500 hosts: finding, checking and judging them costs under 40 percent."""
    with serve(PAGES_PER_HOST, PAGE_BYTES) as port:
        fetch_wholly(port, 20)
        rounds = [(clock(fetch_barely, port), clock(fetch_wholly, port)) for _ in range(ROUNDS)]
    share = statistics.median(ours[0] / bare[0] for bare, ours in rounds)
    cpu_share = statistics.median(bare[1] / ours[1] for bare, ours in rounds)
    rate = statistics.median(ours[0] for _, ours in rounds)
    cost = statistics.median(ours[1] for _, ours in rounds)
    waves = NATION_HOSTS / AT_ONCE
    waiting = waves * NATION_PAGES / NATION_HOSTS / NATION_RATE
    print(
        f"\nbench fetching: {rate:.0f} pages/s, {share:.0%} of a bare loop; "
        f"CPU {cost * 1e3:.2f} ms a page, at {cpu_share:.0%} of its rate"
        f"\nbench fetching: {NATION_PAGES:,} pages of {NATION_HOSTS:,} hosts at {NATION_RATE:g}/s "
        f"and host, {AT_ONCE} hosts at once: {waiting / 60:.0f} min of turns, "
        f"{NATION_PAGES * cost / 60:.0f} min of CPU within them"
    )
    assert share >= LEAST_SHARE
    assert cpu_share >= LEAST_SHARE


def measure_memory(port: int, answer: multiprocessing.SimpleQueue[tuple[int, float]]) -> None:
    """Crawl many hosts; answer with pages found and the most megabytes held."""
    count = fetch_wholly(port, MANY_HOSTS)
    answer.put((count, measure_peak()))


@pytest.mark.bench
def test_3000_hosts_take_under_500_megabytes() -> None:
    """A crawl of 51,000 addresses on 3,000 hosts stays within bounds of memory."""
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    with serve(MANY_PAGES, SMALL_BYTES) as port:
        process = context.Process(target=measure_memory, args=(port, answer))
        process.start()
        process.join(280)
    assert process.exitcode == 0
    count, megabytes = answer.get()
    print(f"\nbench fetching: {count:,} pages of {MANY_HOSTS:,} hosts: {megabytes:.0f} MB at most")
    assert count == MANY_HOSTS * MANY_PAGES
    assert megabytes < MOST_MEGABYTES
