"""What a whole second run costs where nothing changed: all of `collect`, not its fetching alone."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from prefect.testing.utilities import prefect_test_harness

from flows.collect import CollectParameters, collect
from storage.reference.gazetteer import load_gazetteer, load_provinces
from tasks.sample.render import render_html
from tasks.sample.spec import Body
from tests.plain import make_granted
from tests.tasks.fetching.simulator.server import serve
from tests.tasks.fetching.simulator.shelf import Shelf

HOSTS, YEARS = 500, range(2024, 2026)
HOSTS_A_NET = 250
PAGE_BYTES = 100_000
COLUMN = "/zfxxgknb/"
LEAST_TIMES = 3.0
MENU_ENTRY = '<li class="nav"><a href="/zwgk/col{0}/index.html" target="_blank">栏目{0}</a></li>\n'


def make_page(body: Body, year: int, requests: int) -> bytes:
    """Make a valid report, filled up to 100 KB with menus of a site."""
    page = render_html(make_granted(body, year, requests), "standard")
    count = (PAGE_BYTES - len(page)) // len(MENU_ENTRY.format(1000).encode()) + 1
    menus = "".join(MENU_ENTRY.format(1000 + requests + row) for row in range(count))
    return page.decode().replace("</body>", f"<ul>{menus}</ul></body>").encode()


def fill_host(code: str, name: str) -> Shelf:
    """Publish the reports of a county and of one of its bodies, with a column that lists them."""
    region = load_provinces()[code[:2]].region
    county = Body(name, name, f"{name}人民政府", "government", region, code, "county")
    finance = f"{name}财政局"
    bodies = (county, Body(finance, name, finance, "department", region, code, "county"))
    pages, links = {}, ""
    for number, body in enumerate(bodies):
        for year in YEARS:
            path = f"/{number}/{year}.html"
            pages[path] = make_page(body, year, int(code[2:]) + year + number)
            links += f'<a href="{path}">{body.name}{year}年政府信息公开工作年度报告</a>'
    return Shelf({**pages, COLUMN: f"<title>政府信息公开年报</title>{links}".encode()})


def publish(connection: Connection) -> None:
    """Publish so many counties, each on a host; tell their addresses, and end when told to.

    Their names are those of one division each, so that each is a body of its own.
    """
    names = {code: held[-1].name for code, held in sorted(load_gazetteer().by_code.items())}
    uses = Counter(names.values())
    counties = (
        (code, name) for code, name in names.items() if name.endswith("县") and uses[name] == 1
    )
    sites = {
        f"127.2.{number // HOSTS_A_NET}.{number % HOSTS_A_NET + 1}": fill_host(*county)
        for number, county in enumerate(islice(counties, HOSTS))
    }
    with serve(sites) as simulator:
        connection.send([simulator.url(address, COLUMN) for address in sites])
        connection.recv()


@contextmanager
def serve_apart() -> Iterator[list[str]]:
    """Run the hosts in a process of their own; give the addresses of their columns."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=publish, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


@dataclass(frozen=True)
class Taken:
    """Seconds that a run took, and CPU seconds of it and of the processes it started."""

    seconds: float
    cpu: float


def measure(sources: list[str], data: Path) -> tuple[Any, Taken]:
    """Run the main job."""
    started, cpu = time.perf_counter(), count_cpu()
    summary = collect(CollectParameters(sources=sources, data=str(data)))
    return summary, Taken(time.perf_counter() - started, count_cpu() - cpu)


def count_cpu() -> float:
    """Count the CPU seconds of this process and of those that it started and that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_a_whole_second_run_takes_a_third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing changed, nothing is read or written, and a run takes a third of the time."""
    for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES", "GOUJI_ROSTER"):
        monkeypatch.delenv(name, raising=False)
    with prefect_test_harness(server_startup_timeout=240), serve_apart() as sources:
        measure(sources[:1], tmp_path / "warm")  # what a process loads once is no part of a run
        first, taken = measure(sources, tmp_path / "data")
        again, taken_again = measure(sources, tmp_path / "data")
    count = HOSTS * 2 * len(YEARS)
    assert (first.stored.added, again.stored.kept) == (count, count)
    assert (again.stored.files, "fetched" in again.addresses) == ((), False)
    by_cpu, by_time = taken.cpu / taken_again.cpu, taken.seconds / taken_again.seconds
    print(
        f"\nbench second run: {count} pages, first {taken.seconds:.1f} s (CPU {taken.cpu:.1f} s), "
        f"again {taken_again.seconds:.1f} s (CPU {taken_again.cpu:.1f} s): {by_time:.1f} times "
        f"cheaper in time, {by_cpu:.1f} in CPU"
    )
    assert by_cpu >= LEAST_TIMES
