"""What a run remembers, held to what the server saw over real connections."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from warcio.archiveiterator import ArchiveIterator

from storage import archive
from storage.crawl_state import (
    Address,
    begin_run,
    count_outcomes,
    find_address,
    finish_run,
    list_hosts,
    open_state,
)
from storage.folder import StorageError
from storage.warc import locate_warc
from tasks.fetching import memory
from tasks.fetching.fetch import fetch_sources
from tasks.fetching.limits import Limits
from tasks.fetching.memory import open_memory
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source
from tests.tasks.fetching.simulator.server import Asked, Reply, Simulator, serve
from tests.tasks.fetching.simulator.shelf import Naming, Shelf, fill_shelf

LIMITS = Limits(timeout_seconds=2, tries=1, backoff_seconds=0.01, delay_seconds=0)
HOST = "127.0.9.1"


def run(
    data: Path, urls: Sequence[str], *, is_killed: bool = False, later: timedelta = timedelta()
) -> tuple[list[Page | Miss], dict[str, int]]:
    """Crawl some addresses as one run does; return what it found and its outcomes."""

    def now() -> datetime:
        return datetime.now(UTC) + later

    sources = [Source(url, url, "url", is_local=True) for url in urls]
    with open_state(data) as state:
        this = begin_run(state, now())
        with open_memory(data, this, now) as opened:
            found = list(fetch_sources(sources, LIMITS, now, memory=opened))
        if not is_killed:
            finish_run(state, this, [], now())
        return found, count_outcomes(state, this.run_id)


def take_asked(simulator: Simulator) -> list[Asked]:
    """Take what was asked since the last time, but for robots.txt."""
    asked = [ask for ask in simulator.asked if ask.path != "/robots.txt"]
    simulator.asked.clear()
    return asked


def find(data: Path, url: str) -> Address:
    """Find what the state says of an address."""
    with open_state(data) as state:
        found = find_address(state, url)
    assert found is not None
    return found


def read_records(file: BinaryIO) -> Iterator[tuple[str, str | None, str, bytes]]:
    """Read every record with warcio, digests checked: type, status, address, content."""
    for record in ArchiveIterator(file, check_digests="raise"):
        status = record.http_headers.get_statuscode() if record.http_headers else None
        content = record.content_stream().read()
        yield record.rec_type, status, record.rec_headers.get_header("WARC-Target-URI"), content


def read_warcs(data: Path) -> list[tuple[str, str | None, str, bytes]]:
    """Read every record of every file."""
    records: list[tuple[str, str | None, str, bytes]] = []
    for path in sorted((data / "warc").rglob("*.warc.gz")):
        with path.open("rb") as file:
            records += read_records(file)
    return records


@pytest.mark.parametrize("naming", ["etag", "last-modified", "none"])
def test_what_did_not_change_is_found_unchanged(naming: Naming, tmp_path: Path) -> None:
    """A second run gives the same pages; hosts that name their texts send none of them again."""
    shelf = fill_shelf(120, naming, filler="x" * 2000)
    with serve({HOST: shelf}) as simulator:
        url = simulator.url(HOST, "/zfxxgknb/")
        first, outcomes = run(tmp_path, [url])
        asked = take_asked(simulator)
        second, outcomes_again = run(tmp_path, [url])
        asked_again = take_asked(simulator)
    assert outcomes == {"fetched": 122}
    assert outcomes_again == {"unchanged": 122}
    assert {page.url: page.sha256 for page in first if isinstance(page, Page)} == {
        page.url: page.sha256 for page in second if isinstance(page, Page)
    }
    assert len(asked) == len(asked_again) == 122
    repeated = [ask for ask in asked_again if shelf(ask).status != 304]
    assert len(repeated) == (122 if naming == "none" else 0)


@pytest.mark.parametrize("naming", ["etag", "last-modified", "none"])
def test_checked_and_changed_are_two_dates(naming: Naming, tmp_path: Path) -> None:
    """A page that changed is fetched and dated anew, its old text stays; others keep their date."""
    shelf = fill_shelf(3, naming)
    with serve({HOST: shelf}) as simulator:
        url = simulator.url(HOST, "/zfxxgknb/")
        run(tmp_path, [url])
        changed, same = (simulator.url(HOST, f"/art/{n}.html") for n in (0, 1))
        before = find(tmp_path, changed), find(tmp_path, same)
        shelf.pages["/art/0.html"] += b"<p>changed</p>"
        found, outcomes = run(tmp_path, [url], later=timedelta(days=1))
    after = find(tmp_path, changed), find(tmp_path, same)
    assert outcomes == {"fetched": 1, "unchanged": 3}
    assert [state.outcome for state in after] == ["fetched", "unchanged"]
    assert after[0].changed_at is not None
    assert before[0].changed_at is not None
    assert after[0].changed_at > before[0].changed_at
    assert after[1].changed_at == before[1].changed_at
    assert after[1].checked_at > before[1].checked_at
    for state in (*before, *after):
        assert state.sha256 is not None
        archive.get(tmp_path, state.sha256)
    assert before[0].sha256 != after[0].sha256
    contents = {page.url: page.content for page in found if isinstance(page, Page)}
    assert contents[changed] == shelf.pages["/art/0.html"]


def test_a_run_that_was_killed_asks_for_nothing_again(tmp_path: Path) -> None:
    """What an unfinished run fetched comes from the archive; what failed is tried again."""
    shelf = fill_shelf(50)
    shelf.stand_ins["/art/7.html"] = lambda _: Reply(b"", 503)
    with serve({HOST: shelf}) as simulator:
        url = simulator.url(HOST, "/zfxxgknb/")
        first, _ = run(tmp_path, [url], is_killed=True)
        take_asked(simulator)
        del shelf.stand_ins["/art/7.html"]
        second, outcomes = run(tmp_path, [url])
        assert [ask.path for ask in take_asked(simulator)] == ["/art/7.html"]
        run(tmp_path, [url])
        assert len(take_asked(simulator)) == 51
    assert [item.outcome for item in first if isinstance(item, Miss)] == ["unreachable"]
    assert len({item.url for item in second if isinstance(item, Page)}) == 50
    assert outcomes == {"fetched": 51}


def test_a_run_that_ended_long_ago_is_not_gone_on_with(tmp_path: Path) -> None:
    """After two days everything is asked for again, though the run never ended."""
    with serve({HOST: fill_shelf(3)}) as simulator:
        url = simulator.url(HOST, "/zfxxgknb/")
        run(tmp_path, [url], is_killed=True)
        take_asked(simulator)
        run(tmp_path, [url], later=timedelta(days=3))
        assert len(take_asked(simulator)) == 4


def test_a_text_that_was_lost_is_fetched_in_full(tmp_path: Path) -> None:
    """Archived bytes that are missing or damaged are asked for without a condition."""
    shelf = fill_shelf(2)
    with serve({HOST: shelf}) as simulator:
        urls = [simulator.url(HOST, f"/art/{n}.html") for n in (0, 1)]
        run(tmp_path, urls)
        lost, damaged = (archive.locate(tmp_path, str(find(tmp_path, url).sha256)) for url in urls)
        lost.unlink()
        damaged.write_bytes(b"x" * damaged.stat().st_size)
        found, _ = run(tmp_path, urls)
    contents = {page.url: page.content for page in found if isinstance(page, Page)}
    assert contents == {url: shelf.pages[f"/art/{n}.html"] for n, url in enumerate(urls)}
    assert archive.get(tmp_path, str(find(tmp_path, urls[0]).sha256)) == contents[urls[0]]
    assert archive.get(tmp_path, str(find(tmp_path, urls[1]).sha256)) == contents[urls[1]]


def test_a_redirect_is_remembered_and_not_believed_blindly(tmp_path: Path) -> None:
    """The text behind a redirect is asked for by its own name, also after the target changed."""
    shelf = fill_shelf(2)
    targets = ["/art/0.html"]

    def lead(_: Asked) -> Reply:
        return Reply(b"", 302, headers=(("Location", targets[-1]),))

    shelf.stand_ins["/old.html"] = lead
    with serve({HOST: shelf}) as simulator:
        url = simulator.url(HOST, "/old.html")
        run(tmp_path, [url])
        take_asked(simulator)
        _, outcomes = run(tmp_path, [url])
        assert [shelf(ask).status for ask in take_asked(simulator)] == [302, 304]
        assert outcomes == {"moved": 1, "unchanged": 1}
        assert find(tmp_path, url).led_to == simulator.url(HOST, "/art/0.html")
        targets.append("/art/1.html")
        shelf.stand_ins["/art/1.html"] = lambda ask: (
            Reply(b"", 304) if "if-none-match" in ask.headers else Reply(shelf.pages[ask.path])
        )
        found, _ = run(tmp_path, [url])
    assert [page.content for page in found if isinstance(page, Page)] == [
        shelf.pages["/art/1.html"]
    ]


def test_every_exchange_is_kept_as_warc(tmp_path: Path) -> None:
    """Answers, failures and what did not change are records that a WARC tool reads and checks."""
    shelf = fill_shelf(5)
    shelf.stand_ins["/art/3.html"] = lambda _: Reply(b"<p>go away</p>", 412)
    shelf.stand_ins["/art/4.html"] = lambda ask: Reply(shelf.pages[ask.path], fault="cut")
    with serve({HOST: shelf}) as simulator:
        url = simulator.url(HOST, "/zfxxgknb/")
        run(tmp_path, [url])
        asked = Counter(ask.path for ask in take_asked(simulator))
        first = read_warcs(tmp_path)
        run(tmp_path, [url])
    responses = [record for record in first if record[0] == "response"]
    paths = Counter(path[len(simulator.url(HOST, "")) :] for _, _, path, _ in responses)
    assert paths == asked | Counter({"/robots.txt": 1})
    assert sum(kind == "request" for kind, *_ in first) == len(responses)
    by_path = {path[len(simulator.url(HOST, "")) :]: rest for *rest, path, _ in responses}
    contents = {path[len(simulator.url(HOST, "")) :]: content for *_, path, content in responses}
    assert contents["/art/0.html"] == shelf.pages["/art/0.html"]
    assert (by_path["/art/3.html"][1], contents["/art/3.html"]) == ("412", b"<p>go away</p>")
    assert by_path["/art/4.html"][1] == "200"
    again = read_warcs(tmp_path)[len(first) :]
    kinds = Counter((kind, status) for kind, status, *_ in again if kind != "request")
    assert kinds == {
        ("warcinfo", None): 1,
        ("revisit", "304"): 4,
        ("response", "404"): 1,
        ("response", "412"): 1,
        ("response", "200"): 1,
    }


def test_a_record_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    """What a crash left behind the last whole record of a run's files goes when it goes on."""
    from tasks.crawling import begin_crawl

    with serve({HOST: fill_shelf(5)}) as simulator:
        run(tmp_path, [simulator.url(HOST, "/zfxxgknb/")], is_killed=True)
    (path,) = (tmp_path / "warc").rglob("*.warc.gz")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:100])
    (path.parent / "127.0.9.2.warc.gz").write_bytes(whole[:50])
    resumed = begin_crawl(tmp_path, datetime.now(UTC))
    assert resumed.is_resumed
    assert [file.read_bytes() for file in (tmp_path / "warc").rglob("*.warc.gz")] == [whole]


def test_a_host_that_gives_no_answer_is_down_until_it_does(tmp_path: Path) -> None:
    """Whether a host answers is remembered, with since when; what is gone there is no outage."""
    shelf = fill_shelf(2)
    whole = Shelf(dict(shelf.pages))
    with serve({HOST: shelf}) as simulator:
        urls = [simulator.url(HOST, f"/art/{n}.html") for n in (0, 1, 2)]
        states: list[Any] = []
        for day, is_up in enumerate([True, False, False, True]):
            shelf.stand_ins = (
                {} if is_up else dict.fromkeys(whole.pages, lambda _: Reply(fault="reset"))
            )
            if not is_up:
                shelf.stand_ins["/art/2.html"] = lambda _: Reply(fault="reset")
            run(tmp_path, urls, later=timedelta(days=day))
            with open_state(tmp_path) as state:
                states += list_hosts(state)
    assert [state.is_up for state in states] == [True, False, False, True]
    assert states[0].outcomes == {"fetched": 2, "gone": 2}  # one of them is the home page
    assert states[1].outcomes == {"unreachable": 3, "gone": 1}
    assert states[1].since == states[2].since < states[3].since
    assert "expected" in states[1].reason
    assert find(tmp_path, urls[0]).outcome == "unchanged"
    assert find(tmp_path, urls[0]).tries == 3


def test_tries_are_counted_until_it_answers(tmp_path: Path) -> None:
    """An address that gives no answer keeps its text and counts its tries."""
    shelf = fill_shelf(1)
    with serve({HOST: shelf}) as simulator:
        url = simulator.url(HOST, "/art/0.html")
        run(tmp_path, [url])
        sha256 = find(tmp_path, url).sha256
        shelf.stand_ins["/art/0.html"] = lambda _: Reply(fault="reset")
        for _ in range(3):
            run(tmp_path, [url])
    found = find(tmp_path, url)
    assert (found.outcome, found.tries, found.sha256) == ("unreachable", 3, sha256)


def test_what_cannot_be_kept_ends_the_run(tmp_path: Path) -> None:
    """Where the archive cannot be written, the run ends with a message, not with misses."""
    (tmp_path / "archive").write_text("in the way")
    with (
        serve({HOST: fill_shelf(5)}) as simulator,
        pytest.raises(StorageError, match="expected a folder, found a file in the way"),
    ):
        run(tmp_path, [simulator.url(HOST, "/zfxxgknb/")])


def test_an_archive_cut_back_holds_no_text_that_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an answer is not known to the state, it is not in what a kill would leave either."""
    seen: list[int] = []

    def look(content: bytes) -> str:
        time.sleep(0.01)  # others answer, and are kept, meanwhile
        with open_state(tmp_path) as state:
            state.execute("BEGIN")  # both are of one instant
            known = {url for (url,) in state.execute("SELECT url FROM addresses")}
            lengths = state.execute("SELECT run_id, host, bytes FROM warcs").fetchall()
        for run_id, host, length in lengths:
            whole = locate_warc(tmp_path, run_id, host).read_bytes()[:length]
            kept = {url for kind, _, url, _ in read_records(BytesIO(whole)) if kind == "response"}
            assert {url for url in kept if not url.endswith("/robots.txt")} <= known
            seen.append(len(kept))
        return hashlib.sha256(content).hexdigest()

    monkeypatch.setattr(memory, "_hash", look)
    with serve({HOST: fill_shelf(40)}) as simulator:
        run(tmp_path, [simulator.url(HOST, "/zfxxgknb/")])
    assert max(seen) > 20
