"""A crawl that is killed at random instants, again and again, loses nothing and repeats nothing."""

from __future__ import annotations

import hashlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from storage.crawl_state import FILE
from tests.tasks.fetching.simulator.server import Asked, Reply, Simulator, serve
from tests.tasks.fetching.simulator.shelf import fill_shelf

CRAWLER = Path(__file__).with_name("crawler.py")
HOST = "127.0.9.7"
SECONDS_A_PAGE = 0.02


def list_stored(data: Path) -> dict[str, str]:
    """List the addresses whose text the state says is archived, with its sha256."""
    if not (data / FILE).exists():
        return {}
    with sqlite3.connect(data / FILE) as state:
        rows = state.execute(
            "SELECT url, sha256 FROM addresses WHERE outcome IN ('fetched', 'unchanged')"
        ).fetchall()
    state.close()
    return dict(rows)


def kill_at_random(
    data: Path, simulator: Simulator, url: str, kills: int, longest: float, seed: int
) -> Iterator[tuple[set[str], list[Asked]]]:
    """Start the crawl and kill it, then let it end.

    Yields what was stored before each start, and what that process asked for.
    """
    draw = random.Random(seed)
    for number in range(kills + 1):
        stored = set(list_stored(data))
        begun = len(simulator.asked)
        process = subprocess.Popen([sys.executable, str(CRAWLER), str(data), url])
        if number < kills:
            while len(simulator.asked) == begun and process.poll() is None:
                time.sleep(0.002)
            time.sleep(draw.uniform(0, longest))
            process.send_signal(signal.SIGKILL)
            process.wait()
        else:
            assert process.wait(timeout=280) == 0
        yield stored, simulator.asked[begun:]


def check_archive(data: Path, stored: dict[str, str]) -> Counter[str]:
    """Check every archived file by its name and every WARC record by its digest; count texts."""
    kept = {path.name for path in (data / "archive").rglob("*") if path.is_file()}
    whole = {name for name in kept if not name.startswith(".")}
    for name in whole:
        content = (data / "archive" / name[:2] / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == name
    assert set(stored.values()) <= whole
    texts: Counter[str] = Counter()
    for path in (data / "warc").rglob("*.warc.gz"):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, check_digests="raise"):
                content = record.content_stream().read()
                if record.rec_type == "response" and record.http_headers.get_statuscode() == "200":
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    assert stored[url] == hashlib.sha256(content).hexdigest()
                    texts[url] += 1
    return texts


@pytest.mark.parametrize(
    ("pages", "kills", "longest"),
    [
        pytest.param(120, 3, 0.5, id="small"),
        pytest.param(2000, 50, 0.7, id="large", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_a_crawl_killed_at_random_ends_whole(
    pages: int, kills: int, longest: float, tmp_path: Path
) -> None:
    """No page that was stored is asked for again, every page comes once, the archive is whole."""
    shelf = fill_shelf(pages)

    def respond(asked: Asked) -> Reply:
        reply = shelf(asked)
        return Reply(reply.body, reply.status, reply.headers, delay_seconds=SECONDS_A_PAGE)

    seed = 20260131
    cuts = 0
    with serve({HOST: respond}) as simulator:
        url = simulator.url(HOST, "/zfxxgknb/")
        for stored, asked in kill_at_random(tmp_path, simulator, url, kills, longest, seed):
            again = stored & {simulator.url(HOST, ask.target) for ask in asked}
            assert again == set(), seed
            cuts += bool(stored) and len(stored) < pages
    lists = -(-pages // 100)
    stored_now = list_stored(tmp_path)
    assert len(stored_now) == pages + lists
    assert cuts > kills / 2, "expected kills in the middle of the crawl"
    texts = check_archive(tmp_path, stored_now)
    assert texts == Counter(dict.fromkeys(stored_now, 1))
