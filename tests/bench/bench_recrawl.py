"""What a second crawl costs where nothing changed, and what remembering takes in memory.

This is fetching alone; `bench_second_run` has a whole run. Of a page that did not change only
its body is saved: how much time that is at most, the HTTP library shows by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.crawl_state import Address, count_outcomes, finish_run, open_state, write_answers
from tasks.crawling import begin_crawl
from tasks.fetching.fetch import fetch_sources
from tasks.fetching.limits import Limits
from tasks.fetching.memory import open_memory
from tasks.fetching.page import Page
from tasks.fetching.source import Source
from tests.bench.peak import measure_peak

HOSTS, PAGES_PER_HOST, AT_ONCE, ROUNDS = 100, 10, 50, 3
MANY_HOSTS, MANY_ADDRESSES = 3000, 50_000
PAGE_BYTES, SMALL_BYTES = 100_000, 2_000
LEAST_BYTES = 10
MOST_MEGABYTES = 500
_TITLE = "某县{}年政府信息公开工作年度报告"


def make_page(name: str, size: int) -> bytes:
    """Make a report of so many bytes, like no other."""
    head = f"<title>{_TITLE.format(2022)}</title><p>本年度报告</p><p>第二十条第</p><table>"
    rows = (f"<tr><td>新收申请</td><td>{name} {number}</td></tr>" for number in range(size // 30))
    return (head + "".join(rows)).encode()[: size - 8].decode(errors="ignore").encode().ljust(size)


def serve_forever(port: int, pages: int, size: int, sent: Synchronized[int], ready: Event) -> None:
    """Serve every loopback address: a list at /, else a report; 304 to whom names the text."""
    links = (f"<a href=/r/{n}.html>{_TITLE.format(2000 + n)}</a>" for n in range(pages))
    listed = "".join(links).encode()
    template = make_page("@" * 24, size)

    def answer(head: bytes) -> bytes:
        path = head.split(b" ", 2)[1]
        if path == b"/robots.txt":
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        host = head.partition(b"\r\nhost: ")[2] or head.partition(b"\r\nHost: ")[2]
        name = (host.partition(b":")[0] + path).ljust(24, b"-")[:24]
        tag = b'"' + hashlib.sha1(name).hexdigest().encode() + b'"'  # noqa: S324 (a name)
        if tag in head:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + tag + b"\r\n\r\n"
        body = listed if path == b"/" else template.replace(b"@" * 24, name)
        stated = b"ETag: " + tag + b"\r\nContent-Length: " + str(len(body)).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + stated + b"\r\n\r\n" + body

    class Connection(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport, self.received = transport, b""

        def data_received(self, data: bytes) -> None:
            self.received += data
            while b"\r\n\r\n" in self.received:
                head, _, self.received = self.received.partition(b"\r\n\r\n")
                answered = answer(head)
                sent.value += len(answered)
                self.transport.write(answered)

    async def run() -> None:
        listening = socket.create_server(("", port), backlog=4096)
        await asyncio.get_running_loop().create_server(Connection, sock=listening)
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def serve(pages: int, size: int) -> Iterator[tuple[int, Any]]:
    """Run the server in a process of its own; give its port, and how many bytes it has sent."""
    with socket.create_server(("", 0)) as free:
        port: int = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    ready, sent = context.Event(), context.Value("q", 0)
    process = context.Process(
        target=serve_forever, args=(port, pages, size, sent, ready), daemon=True
    )
    process.start()
    try:
        assert ready.wait(60)
        yield port, sent
    finally:
        process.terminate()
        process.join()


def crawl(data: Path, port: int, hosts: int) -> tuple[dict[str, int], float, float]:
    """Crawl so many hosts as one run; return its outcomes, its seconds, and those of its CPU."""

    def now() -> datetime:
        return datetime.now(UTC)

    names = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(hosts)]
    sources = [Source(name, f"http://{name}:{port}/", "url", is_local=True) for name in names]
    limits = Limits(sources_at_once=AT_ONCE)
    started, cpu = time.perf_counter(), time.process_time()
    run = begin_crawl(data, now())
    with open_memory(data, run, now) as memory:
        found = fetch_sources(sources, limits, now, memory=memory)
        pages = sum(isinstance(item, Page) for item in found)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    with open_state(data) as state:
        finish_run(state, run, [], now())
        outcomes = count_outcomes(state, run.run_id)
    assert pages == sum(outcomes.values()) - hosts, "expected every report and every list once"
    return outcomes, seconds, cpu


def fetch_barely(port: int, tags: dict[str, str]) -> float:
    """Fetch every report with the library alone, by what `tags` name it; return its CPU seconds.

    `tags` are filled with what names the reports now.
    """
    paths = [f"/r/{number}.html" for number in range(PAGES_PER_HOST)]
    hosts = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(HOSTS)]
    urls = iter([f"http://{host}:{port}{path}" for host in hosts for path in paths])

    async def work(client: httpx.AsyncClient) -> None:
        for url in urls:
            named = {"If-None-Match": tags[url]} if url in tags else {}
            response = await client.get(url, headers=named)
            assert response.status_code == (304 if named else 200)
            tags[url] = response.headers["etag"]

    async def run() -> None:
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        async with httpx.AsyncClient(limits=limits, trust_env=False) as client:
            await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))

    cpu = time.process_time()
    asyncio.run(run())
    return time.process_time() - cpu


@pytest.mark.bench
def test_a_second_run_is_cheap(tmp_path: Path) -> None:
    """Where nothing changed, a run costs a tenth of the bytes at most; its time is measured."""
    count = HOSTS * (PAGES_PER_HOST + 1)
    times, bytes_of, cpus, bare = [], [], [], []
    for number in range(ROUNDS):
        with serve(PAGES_PER_HOST, PAGE_BYTES) as (port, sent):
            outcomes, seconds, cpu = crawl(tmp_path / str(number), port, HOSTS)
            assert outcomes == {"fetched": count}
            first = sent.value
            again, seconds_again, cpu_again = crawl(tmp_path / str(number), port, HOSTS)
            assert again == {"unchanged": count}
            times.append(seconds / seconds_again)
            cpus.append(cpu / cpu_again)
            bytes_of.append(first / (sent.value - first))
            tags: dict[str, str] = {}
            bare.append(fetch_barely(port, tags) / fetch_barely(port, tags))
        print(
            f"\nbench recrawl: first {count / seconds:.0f} pages/s, CPU {cpu / count * 1e3:.2f} ms;"
            f" again {count / seconds_again:.0f} pages/s, CPU {cpu_again / count * 1e3:.2f} ms"
        )
    by_time, by_bytes = statistics.median(times), statistics.median(bytes_of)
    by_library = statistics.median(bare)
    print(
        f"bench recrawl: {by_bytes:.0f} times cheaper in bytes, {by_time:.1f} in time, "
        f"{statistics.median(cpus):.1f} in CPU; the HTTP library alone {by_library:.1f}"
    )
    assert by_bytes >= LEAST_BYTES


def measure_memory(
    data: Path, port: int, answer: multiprocessing.SimpleQueue[tuple[int, float]]
) -> None:
    """Crawl many hosts beside a large state; answer with addresses and the most megabytes."""
    outcomes, *_ = crawl(data, port, MANY_HOSTS)
    megabytes = measure_peak()
    answer.put((sum(outcomes.values()), megabytes))


@pytest.mark.bench
def test_a_large_state_takes_under_500_megabytes(tmp_path: Path) -> None:
    """With 3,000 hosts and 50,000 addresses in the state, a crawl stays within bounds of memory."""
    moment = datetime.now(UTC)
    known = [
        (
            Address(
                f"http://h{n % MANY_HOSTS}.cn/{n}",
                f"http://h{n % MANY_HOSTS}.cn/{n}",
                f"h{n % MANY_HOSTS}.cn",
                "s",
                "fetched",
                None,
                1,
                "r",
                moment,
                moment,
                f'"{n}"',
                None,
                f"{n:064x}",
            ),
            True,
        )
        for n in range(MANY_ADDRESSES)
    ]
    with open_state(tmp_path) as state:
        write_answers(state, known, "r", {})
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    with serve(1, SMALL_BYTES) as (port, _):
        process = context.Process(target=measure_memory, args=(tmp_path, port, answer))
        process.start()
        process.join(280)
    assert process.exitcode == 0
    count, megabytes = answer.get()
    print(
        f"\nbench recrawl: {count:,} addresses of {MANY_HOSTS:,} hosts: {megabytes:.0f} MB at most"
    )
    assert count == 2 * MANY_HOSTS
    assert megabytes < MOST_MEGABYTES
