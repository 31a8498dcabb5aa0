"""What reading in several processes gives, and the memory that a process takes."""

from __future__ import annotations

import hashlib
import io
import os
import statistics
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from storage import archive
from storage.settings import ReadLimits
from tasks.archived import read_archived
from tasks.read import GROUPS_A_PIECE
from tasks.reading.batch import Origin
from tasks.reading.joining import join_batches
from tasks.reading.media import tell_media_type
from tasks.sample.office import render_docx, render_xlsx
from tasks.sample.pdf import render_pdf
from tasks.sample.plan import plan_site
from tasks.sample.render import list_layouts, render_html
from tasks.sample.spec import Spec
from tasks.sample.word97 import render_doc
from tasks.workers import Workers, open_workers

PAGE_BYTES = 100_000
PAGES = 600
LEAST_TIMES = 1.8
MOST_MEGABYTES = 600
ROUNDS = 5
QUIET = 0.9  # of the cores, for the clock to be judged
MENU_ENTRY = '<li class="nav"><a href="/zwgk/col{0}/index.html" target="_blank">栏目{0}</a></li>\n'
SEEN_AT = datetime(2024, 1, 1, tzinfo=UTC)


def keep(data: Path, url: str, content: bytes) -> Origin:
    """Archive a page."""
    sha256 = archive.put(data, content)
    return Origin(url, "bench", sha256, tell_media_type(content), SEEN_AT)


def make_pages(data: Path, count: int) -> list[Origin]:
    """Archive reports filled up to 100 KB with menus of a site, no two alike."""
    pages = []
    planned = [planned for planned in plan_site() if planned.layout in list_layouts(".html")]
    for number in range(count):
        page = render_html(planned[number % len(planned)].spec, "word").decode()
        entry = MENU_ENTRY.format(1000)
        missing = (PAGE_BYTES - len(page.encode())) // len(entry.encode()) + 1
        menus = "".join(MENU_ENTRY.format(1000 + number + row) for row in range(missing))
        content = page.replace("</body>", f"<ul>{menus}</ul></body>").encode()
        pages.append(keep(data, f"https://a.gov.cn/{number}.html", content))
    return pages


def cut(pages: list[Origin]) -> list[list[list[Origin]]]:
    """Cut pages into pieces as a run does; each is a group of its own."""
    groups = [[page] for page in pages]
    starts = range(0, len(groups), GROUPS_A_PIECE)
    return [groups[start : start + GROUPS_A_PIECE] for start in starts]


def warm(workers: Workers, data: Path, pages: list[Origin], count: int) -> None:
    """Have every process of the pool read something, so that its start is not measured."""
    pieces = [[[page]] for page in pages[: 8 * count]]
    list(workers.read(partial(read_archived, data), pieces))


@dataclass(frozen=True)
class Taken:
    """Seconds that reading took, and CPU seconds of each process and of their starter."""

    seconds: float
    processes: tuple[float, ...]
    starter: float

    @property
    def busiest(self) -> float:
        """Seconds it takes on cores that nobody else uses: two of them carry the starter too."""
        count = len(self.processes)
        shared = sum(self.processes) + (self.starter if count == os.cpu_count() else 0)
        return max(*self.processes, shared / count)

    @property
    def share(self) -> float:
        """What part of its cores the machine gave."""
        return sum(self.processes) / len(self.processes) / self.seconds


def measure(workers: Workers, data: Path, pages: list[Origin]) -> Taken:
    """Read the pages and tell what it took."""
    before = list(map(read_cpu, workers.processes))
    started, cpu = time.perf_counter(), time.process_time()
    batches = list(workers.read(partial(read_archived, data), cut(pages)))
    seconds, starter = time.perf_counter() - started, time.process_time() - cpu
    assert sum(batch.reports.height for batch in batches) == PAGES
    after = map(read_cpu, workers.processes)
    processes = tuple(then - now for now, then in zip(before, after, strict=True))
    return Taken(seconds, processes, starter)


def read_cpu(process: int) -> float:
    """Read the CPU seconds that a process has taken, in hundredths."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two processes need two cores")
@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="CPU time is told by /proc")
def test_two_processes_read_nearly_twice_as_fast_as_one(tmp_path: Path) -> None:
    """Pages of 100 KB are read at least 1.8 times as fast.

    By the clock, the best round of each, where the machine gives both cores; else by the CPU
    time that each core needs, the median of the rounds.
    """
    pages = make_pages(tmp_path, PAGES)
    rounds: dict[int, list[Taken]] = {1: [], 2: []}
    with (
        open_workers(ReadLimits(1, 120, 2048)) as one,
        open_workers(ReadLimits(2, 120, 2048)) as two,
    ):
        pools = {1: one, 2: two}
        for count, workers in pools.items():
            warm(workers, tmp_path, pages, count)
        for _ in range(ROUNDS):
            for count, workers in pools.items():
                rounds[count].append(measure(workers, tmp_path, pages))
    alone, pair = (min(taken, key=lambda each: each.seconds) for taken in rounds.values())
    by_clock = alone.seconds / pair.seconds
    by_cpu = statistics.median(
        each.busiest / both.busiest for each, both in zip(*rounds.values(), strict=True)
    )
    is_quiet = min(alone.share, pair.share) >= QUIET
    print(
        f"\nbench workers: {PAGES} pages of {PAGE_BYTES} bytes; by the clock one process "
        f"{PAGES / alone.seconds:.0f} pages/s, two {PAGES / pair.seconds:.0f}, ratio "
        f"{by_clock:.2f} with {alone.share:.0%} and {pair.share:.0%} of the cores; by CPU time "
        f"ratio {by_cpu:.2f}; "
        f"the starter took {pair.starter / PAGES * 1e3:.2f} ms a page"
    )
    assert (by_clock if is_quiet else by_cpu) >= LEAST_TIMES


def make_mixture(data: Path, specs: list[Spec]) -> Iterator[Origin]:
    """Archive reports in every format that is read without recognition, and hostile files."""
    wide = "<table>" + ("<tr>" + "<td>1</td>" * 500 + "</tr>") * 500
    hostile = {
        "deep.html": b"<table><tr><td>" * 50_000,
        "wide.html": wide.encode(),
        "many.html": "<table><tr><td>总计</td><td>1</td></tr></table>".encode() * 10_000,
        "bomb.zip": _pack({"a.txt": b"0" * 100_000_000}),
        "digits.txt": "一、本年新收政府信息公开申请数量".encode() + b"1234567890" * 100_000,
        "cut.pdf": render_pdf(specs[0])[:20_000],
        "noise": hashlib.sha256(b"").digest() * 100_000,
    }
    for name, content in hostile.items():
        yield keep(data, f"https://a.gov.cn/{name}", content)
    for number, spec in enumerate(specs):
        for suffix, content in (
            ("html", render_html(spec, "word")),
            ("docx", render_docx(spec)),
            ("doc", render_doc(spec)),
            ("xlsx", render_xlsx(spec)),
            ("pdf", render_pdf(spec)),
        ):
            yield keep(data, f"https://a.gov.cn/{number}.{suffix}", content)


def _pack(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archived:
        for name, content in files.items():
            archived.writestr(name, content)
    return packed.getvalue()


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the peak is told by /proc")
def test_a_process_takes_little_memory(tmp_path: Path) -> None:
    """Over all formats but scans, hostile files among them, a process stays under 600 MB."""
    specs = [planned.spec for planned in islice(plan_site(), 30)]
    shared = Path(__file__).resolve().parents[2].parent / "shared/reports"
    pages = list(make_mixture(tmp_path, specs))
    pages += [keep(tmp_path, path.name, path.read_bytes()) for path in sorted(shared.glob("*"))]
    pieces = cut(pages)
    with open_workers(ReadLimits(1, 120, 8192)) as workers:
        batch = join_batches(list(workers.read(partial(read_archived, tmp_path), pieces)))
        (process,) = workers.processes
        status = Path(f"/proc/{process}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    outcomes = batch.documents["outcome"].value_counts(sort=True).rows()
    print(f"\nbench memory: {len(pages)} files, peak {peak / 1024:.0f} MB; {dict(outcomes)}")
    assert not {"time_limit", "memory_limit", "reader_died"} & set(batch.documents["outcome"])
    assert peak / 1024 <= MOST_MEGABYTES
