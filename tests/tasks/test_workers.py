"""Promises of reading processes: what hangs, dies or eats all memory costs one document."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import signal
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from storage.settings import ReadLimits, load_settings
from tasks.archived import read_fetched
from tasks.reading.batch import Origin, ReadBatch, read_batch
from tasks.reading.joining import join_batches
from tasks.reading.media import tell_media_type
from tasks.sample.plan import plan_site, render_planned
from tasks.workers import Item, Read, open_workers

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
hostile_reader = import_module("hostile_reader")  # by the name that reading processes know
sys.path.remove(HERE)

SEEN_AT = datetime(2024, 1, 1, tzinfo=UTC)
LIMITS = ReadLimits(workers=2, seconds=60, memory_megabytes=1024)


def let_find_reader(patch: pytest.MonkeyPatch) -> None:
    """Let reading processes find the hostile reader."""
    known = [HERE, *filter(None, [os.environ.get("PYTHONPATH")])]
    patch.setenv("PYTHONPATH", os.pathsep.join(known))


@pytest.fixture(autouse=True)
def reader_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reading processes find the hostile reader in every test."""
    let_find_reader(monkeypatch)


@cache
def list_pages(count: int) -> tuple[bytes, ...]:
    """Render the first reports of the sample site."""
    return tuple(render_planned(planned)[0] for planned in plan_site()[:count])


def make_item(url: str, content: bytes) -> tuple[Origin, bytes]:
    """Make an item of a page as it was fetched."""
    sha256 = hashlib.sha256(content).hexdigest()
    return Origin(url, "test", sha256, tell_media_type(content), SEEN_AT), content


def make_items(words: Sequence[str], is_report: bool = False) -> list[tuple[Origin, bytes]]:
    """Make an item a word, whose address ends with it: other reports each, or mere notes."""
    pages = list_pages(len(words)) if is_report else [b"a note"] * len(words)
    return [
        make_item(f"https://a.gov.cn/{number:02}/{word}", page)
        for number, (word, page) in enumerate(zip(words, pages, strict=True))
    ]


def pack_zip(files: dict[str, bytes]) -> bytes:
    """Pack files into a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def write_drawing_in_drawings(depth: int, times: int) -> bytes:
    """Write a small PDF whose page shows a drawing many times, which shows another so often."""
    kinds = [b"/Type /Catalog /Pages 2 0 R", b"/Type /Pages /Kids [3 0 R] /Count 1"]
    kinds.append(b"/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R")
    kinds += [b""] + [b"/Type /XObject /Subtype /Form /BBox [0 0 595 842]"] * depth
    content = b"%PDF-1.7\n"
    for number, kind in enumerate(kinds, 1):
        if number in range(3, len(kinds)):
            kind += b" /Resources << /XObject << /F %d 0 R >> >>" % max(number + 1, 5)
        shown = (b"/F Do " if number < len(kinds) else b"0 0 m 9 9 l S ") * times
        stream = b"\nstream\n%s\nendstream" % shown if number > 3 else b""
        length = b" /Length %d" % len(shown) if stream else b""
        content += b"%d 0 obj\n<< %s%s >>%s\nendobj\n" % (number, kind, length, stream)
    return content + b"trailer\n<< /Root 1 0 R >>\n"


def group(items: Sequence[Item]) -> list[list[Item]]:
    """Make each item a page without attachments."""
    return [[item] for item in items]


def run(
    pieces: Sequence[Sequence[Item]], limits: ReadLimits = LIMITS, read: Read = hostile_reader.read
) -> ReadBatch:
    """Read pieces in reading processes and join what they give."""
    with open_workers(limits) as workers:
        return join_batches(list(workers.read(read, map(group, pieces))))


def tell_outcomes(batch: ReadBatch) -> dict[str, str]:
    """Map the last word of each address to its outcome, where reading came to its end there."""
    unread = batch.documents.filter(~batch.documents["outcome"].is_in(["read", "not_a_report"]))
    return {
        url.rpartition("/")[2]: outcome for url, outcome in unread["url", "outcome"].iter_rows()
    }


def is_running(process: int) -> bool:
    """Tell whether there is a process of this id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def assert_same(found: ReadBatch, expected: ReadBatch) -> None:
    """Compare every frame of two batches, order included."""
    assert_frame_equal(found.reports, expected.reports)
    assert_frame_equal(found.documents, expected.documents)
    for name, frame in expected.details.items():
        assert_frame_equal(found.details[name], frame)


@pytest.fixture(scope="module")
def hostile_run() -> tuple[list[list[tuple[Origin, bytes]]], ReadBatch]:
    """Read reports with every hostile kind among them; give the pieces and what came of them."""
    with pytest.MonkeyPatch.context() as patch:
        let_find_reader(patch)
        items = make_items(
            ["a", "kill", "b", "c", "crash", "leave", "d", "gorge", "hang", "e"], True
        )
        pieces = [items[:4], items[4:6], items[6:]]
        return pieces, run(pieces, ReadLimits(2, 6, 600))


def test_each_hostile_document_costs_itself(hostile_run: Any) -> None:
    """Three that end their process, one that eats all memory and one that hangs: five rows."""
    _, found = hostile_run
    assert tell_outcomes(found) == {
        "kill": "reader_died",
        "crash": "reader_died",
        "leave": "reader_died",
        "gorge": "memory_limit",
        "hang": "time_limit",
    }


def test_the_others_are_read_as_if_no_hostile_one_were_there(hostile_run: Any) -> None:
    """Reports, cells and documents are those of a serial reading without the hostile ones."""
    pieces, found = hostile_run
    items = [item for piece in pieces for item in piece]
    others = [item for item in items if item[0].url.rpartition("/")[2] in "abcde"]
    kept = found.documents.filter(found.documents["outcome"] == "read")
    assert_same(ReadBatch(found.reports, kept, found.details), join_batches([read_batch(others)]))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("kill", "SIGKILL"),
        ("crash", "SIGSEGV"),
        ("leave", "status 3"),
        ("gorge", "600 MB (GOUJI_READ_MEMORY_MB)"),
        ("hang", "6 s (GOUJI_READ_SECONDS)"),
    ],
)
def test_the_reason_says_what_happened(hostile_run: Any, word: str, said: str) -> None:
    """It names the signal or the limit, and the setting that raises it."""
    _, found = hostile_run
    (reason,) = found.documents.filter(found.documents["url"].str.ends_with(word))["reason"]
    assert said in reason


def test_without_the_limit_the_same_document_is_read() -> None:
    """It is the limit that refuses it: with more memory allowed nothing is refused."""
    found = run([make_items(["a", "gorge"])], ReadLimits(1, 60, 8192))
    assert tell_outcomes(found) == {}


def test_a_real_page_over_the_limit_of_memory_is_refused() -> None:
    """A page of a million cells costs itself, not the report beside it."""
    wide = "<table>" + ("<tr>" + "<td>1</td>" * 1000 + "</tr>") * 1000
    page = make_item("https://a.gov.cn/wide", wide.encode())
    limits = ReadLimits(1, 60, 400)
    found = run([[*make_items(["a"]), page]], limits, read_fetched)
    assert tell_outcomes(found)["wide"] == "memory_limit"
    assert found.documents.height == 2


@pytest.mark.slow
def test_a_pdf_that_unfolds_over_the_limit_is_refused() -> None:
    """A kilobyte that draws a million lines costs itself, not the report beside it."""
    content = write_drawing_in_drawings(6, 10)
    assert len(content) < 2_000
    page = make_item("https://a.gov.cn/drawings.pdf", content)
    found = run([[*make_items(["a"]), page]], ReadLimits(1, 60, 400), read_fetched)
    # The library ends its process where it gets no more memory.
    assert tell_outcomes(found) == {"drawings.pdf": "reader_died"}


@pytest.mark.slow
def test_a_real_page_over_the_limit_of_time_is_refused() -> None:
    """A page that takes seconds is given up after one, once the process is warm."""
    wide = "<table>" + ("<tr>" + "<td>1</td>" * 1000 + "</tr>") * 4000
    page = make_item("https://a.gov.cn/wide", wide.encode())
    found = run([[*make_items(["a"]), page]], ReadLimits(1, 3, 8192), read_fetched)
    assert tell_outcomes(found) == {"wide": "time_limit"}


def test_what_was_read_before_is_not_held_against_a_document() -> None:
    """A document that fails in company is read once more alone, in a new process."""
    found = run([make_items(["litter", "victim", "c"])], ReadLimits(1, 60, 1024))
    assert tell_outcomes(found) == {}
    assert found.documents.height == 3


def test_a_file_in_an_archive_costs_itself() -> None:
    """The other files of the archive, and what stands beside it, are read."""
    packed = pack_zip({"a": b"a note", "kill": b"a note", "b": b"a note"})
    found = run([[make_item("https://a.gov.cn/1.zip", packed), *make_items(["c"])]])
    assert tell_outcomes(found) == {"1.zip": "archive", "kill": "reader_died"}
    assert found.documents.height == 5


def test_an_archive_of_hostile_files_is_given_up() -> None:
    """After three of its files the rest is not opened: an archive cannot hold up a run."""
    files = {f"{number}/kill": b"a note" for number in range(9)}
    found = run([[make_item("https://a.gov.cn/1.zip", pack_zip(files))]])
    assert tell_outcomes(found) == {"1.zip": "reader_died"}


def test_any_number_of_processes_gives_the_same() -> None:
    """Reports, cells and documents come in the same order, with a hostile one among them."""
    items = make_items(["a", "b", "c", "kill", "d", "e", "f"], True)
    pieces = [items[start : start + 2] for start in range(0, 7, 2)]
    one, three = (run(pieces, ReadLimits(workers, 60, 1024)) for workers in (1, 3))
    assert tell_outcomes(one) == {"kill": "reader_died"}
    assert_same(three, one)


def test_a_broken_world_stops_the_run() -> None:
    """What is no fault of a document is raised where it was asked for."""
    with pytest.raises(ValueError, match="the archive is gone"):
        run([make_items(["a"])], read=hostile_reader.fail)


def test_a_process_that_cannot_start_is_told() -> None:
    """A limit under which nothing can be read is an error, not a finding on every document."""
    with pytest.raises(RuntimeError, match="GOUJI_READ_MEMORY_MB"):
        run([make_items(["a"])], ReadLimits(1, 60, 1))


def test_an_idle_process_that_ends_is_replaced() -> None:
    """What ends between two pieces costs nothing."""
    with open_workers(LIMITS) as workers:
        list(workers.read(hostile_reader.read, [group(make_items(["a"]))]))
        for process in workers.processes:
            os.kill(process, signal.SIGKILL)
        batch = join_batches(list(workers.read(hostile_reader.read, [group(make_items(["b"]))])))
    assert tell_outcomes(batch) == {}


def test_no_process_is_left(capfd: pytest.CaptureFixture[str]) -> None:
    """When the context ends, so do the processes, busy or not; nor do they print."""
    with open_workers(LIMITS) as workers:
        batches = workers.read(
            hostile_reader.read, [group(make_items([word])) for word in ("a", "hang")]
        )
        next(batches)
        started = workers.processes
        assert started and all(map(is_running, started))
    assert workers.processes == ()
    assert not any(map(is_running, started))
    assert capfd.readouterr().out == ""


def test_logs_of_the_processes_are_logs_of_the_starter(caplog: pytest.LogCaptureFixture) -> None:
    """A warning of a reader is seen where the run is seen."""
    with caplog.at_level(logging.INFO, "tasks.hostile"):
        run([make_items(["log"])])
    assert "seen by the starter" in caplog.messages


@pytest.mark.parametrize("name", ["GOUJI_WORKERS", "GOUJI_READ_SECONDS", "GOUJI_READ_MEMORY_MB"])
def test_the_limits_are_settings(name: str) -> None:
    """Each is taken from the environment; what is no number is refused by name."""
    limits = load_settings(environment={name: "7"}).reading
    assert 7 in (limits.workers, limits.seconds, limits.memory_megabytes)
    with pytest.raises(ValueError, match=name):
        load_settings(environment={name: "none"})
