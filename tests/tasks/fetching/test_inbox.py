"""What files that stand in for addresses promise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.fetching.fetch import fetch_sources
from tasks.fetching.inbox import load_inbox
from tasks.fetching.limits import Limits
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source
from tests.tasks.fetching.simulator.server import Reply, Simulator, serve

ADDRESS = "127.0.11.1"
LIMITS = Limits(timeout_seconds=2, tries=1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
REPORT = "<title>{}2022年政府信息公开工作年度报告</title><p>本年度报告</p><p>第二十条第</p>"
LIST = "".join(f'<a href="/{name}">{name}2022年政府信息公开工作年度报告</a>' for name in "甲乙")
WALL = Reply(b"", 412)


def fill(folder: Path, lines: Mapping[str, str], head: str = "url,file") -> None:
    """Put an index and its files, each with its own name as content, into a folder."""
    written = [head, *(f"{url},{name}" for url, name in lines.items())]
    (folder / "index.csv").write_text("\n".join(written), encoding="utf-8")
    for name in lines.values():
        (folder / name).write_text(REPORT.format(name), encoding="utf-8")


def fetch_all(
    routes: Mapping[str, Reply], inbox: Path, names: Mapping[str, str]
) -> tuple[list[Page | Miss], Simulator]:
    """Fetch the source / of a host, with files that stand in for some of its paths."""
    with serve({ADDRESS: lambda asked: routes.get(asked.path, Reply(b"", 404))}) as simulator:
        fill(inbox, {simulator.url(ADDRESS, path): name for path, name in names.items()})
        source = Source("x", simulator.url(ADDRESS), "url", is_local=True)
        found = fetch_sources([source], LIMITS, lambda: NOW, inbox=load_inbox(inbox))
        return list(found), simulator


def test_a_file_stands_in_for_a_report_behind_a_wall(tmp_path: Path) -> None:
    """A blocked address gives the file in its place, marked, and is asked for all the same."""
    routes = {"/": Reply(LIST.encode()), "/%E7%94%B2": WALL, "/%E4%B9%99": Reply(REPORT.encode())}
    found, simulator = fetch_all(routes, tmp_path, {"/甲": "a.html"})
    pages = {page.via: page for page in found if isinstance(page, Page)}
    assert len(found) == 2
    assert set(pages) == {"inbox", "http"}
    assert pages["inbox"].url == simulator.url(ADDRESS, "/甲")
    assert pages["inbox"].content == REPORT.format("a.html").encode()
    assert pages["inbox"].fetched_at == NOW
    assert "/%E7%94%B2" in [asked.path for asked in simulator.asked]


def test_a_list_behind_a_wall_is_followed_from_its_file(tmp_path: Path) -> None:
    """Where a file stands in for a list, the reports that it names are found."""
    routes = {"/": WALL, "/%E7%94%B2": Reply(REPORT.encode()), "/%E4%B9%99": Reply(b"", 404)}
    with serve({ADDRESS: lambda asked: routes.get(asked.path, Reply(b"", 404))}) as simulator:
        fill(tmp_path, {simulator.url(ADDRESS): "list.html"})
        (tmp_path / "list.html").write_text(LIST, encoding="utf-8")
        source = Source("x", simulator.url(ADDRESS), "url", is_local=True)
        inbox = load_inbox(tmp_path)
        found = list(fetch_sources([source], LIMITS, lambda: NOW, inbox=inbox))
    assert [item.url for item in found if isinstance(item, Page)] == [simulator.url(ADDRESS, "/甲")]
    assert [item.outcome for item in found if isinstance(item, Miss)] == ["gone"]


def test_the_web_outranks_a_file(tmp_path: Path) -> None:
    """Once an address answers again, its file is left alone."""
    found, _ = fetch_all({"/": Reply(REPORT.encode())}, tmp_path, {"/": "a.html"})
    (page,) = found
    assert isinstance(page, Page)
    assert (page.via, page.content) == ("http", REPORT.encode())


def test_a_file_to_which_no_source_leads_is_read_too(tmp_path: Path) -> None:
    """A file for an address that is listed nowhere is a page of its own, under that address."""
    found, simulator = fetch_all({"/": Reply(REPORT.encode())}, tmp_path, {"/hidden": "h.html"})
    page = found[-1]
    assert isinstance(page, Page)
    assert (page.url, page.source) == (simulator.url(ADDRESS, "/hidden"), "inbox")
    assert page.via == "inbox"


def test_no_inbox_is_an_empty_one(tmp_path: Path) -> None:
    """Nobody has to make an inbox."""
    assert load_inbox(tmp_path / "none").files == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("address,file\n", "first line url,file, found 'address,file'"),
        ("url,file\nwww.example.gov.cn,a.html\n", "line 2: expected an address and a file"),
        ("url,file\nhttp://a.gov.cn/?a=1,2,a.html\n", "put an address with a comma in quotes"),
        ("url,file\n\nhttp://a.gov.cn/,none.html\n", "line 3: expected a file within"),
        ("url,file\nhttp://a.gov.cn/,../a.html\n", "line 2: expected a file within"),
        ("url,file\nhttp://a.gov.cn/,/etc/hostname\n", "line 2: expected a file within"),
    ],
    ids=["head", "address", "comma", "no-file", "outside", "elsewhere"],
)
def test_a_line_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    """An index with a mistake is refused by line, with what to do, before anything is asked."""
    (tmp_path / "in").mkdir()
    (tmp_path / "a.html").write_text("x", encoding="utf-8")
    (tmp_path / "in" / "index.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=expected):
        load_inbox(tmp_path / "in")


def test_an_index_as_a_spreadsheet_saves_it_is_told(tmp_path: Path) -> None:
    """A file in another encoding than UTF-8 is named, with what to do."""
    (tmp_path / "index.csv").write_bytes("url,file\nhttps://a.gov.cn/,年报.html\n".encode("gbk"))
    with pytest.raises(ValueError, match=r"index\.csv: expected a table in UTF-8.*save it as CSV"):
        load_inbox(tmp_path)
