"""What files and folders as sources promise."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.fetching.files import read_files
from tasks.fetching.limits import Limits
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source, parse_source_argument

LIMITS = Limits(max_bytes=1000)
NOW = datetime(2026, 1, 31, 2, tzinfo=UTC)


def read(source: Source) -> list[Page | Miss]:
    """Read a source with a clock that stands still."""
    return list(read_files(source, LIMITS, lambda: NOW))


def test_a_folder_gives_its_files_in_order(tmp_path: Path) -> None:
    """Every file below a folder comes once, sorted, hidden ones left out, its type told."""
    for name in ("b/2.html", "a.txt", ".hidden", ".git/x", "b/1.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"<p>x</p>" if name.endswith("html") else b"text")
    pages = read(parse_source_argument(str(tmp_path)))
    assert [page.url for page in pages] == [
        str(tmp_path / name) for name in ("a.txt", "b/1.txt", "b/2.html")
    ]
    assert pages[2] == Page(
        url=str(tmp_path / "b/2.html"),
        source=str(tmp_path),
        fetched_at=NOW,
        sha256=hashlib.sha256(b"<p>x</p>").hexdigest(),
        media_type="text/html",
        content=b"<p>x</p>",
    )


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    """A file of 200 MB is refused by the limit that the message names, without reading it."""
    path = tmp_path / "large.html"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    (miss,) = read(parse_source_argument(str(path)))
    assert isinstance(miss, Miss)
    assert miss.outcome == "too_large"
    assert "at most 1,000 bytes (the limit GOUJI_MAX_BYTES), found 209,715,200" in miss.reason


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    (tmp_path / "a.txt").write_bytes(b"x" * 1000)
    (page,) = read(parse_source_argument(str(tmp_path)))
    assert isinstance(page, Page)


def test_an_empty_file_is_a_miss(tmp_path: Path) -> None:
    """A file without a byte is told as empty."""
    (tmp_path / "a.html").touch()
    (miss,) = read(parse_source_argument(str(tmp_path)))
    assert isinstance(miss, Miss)
    assert (miss.outcome, miss.url) == ("empty", str(tmp_path / "a.html"))


def test_an_empty_folder_is_a_miss(tmp_path: Path) -> None:
    """A folder without a file is told, not passed over."""
    (miss,) = read(parse_source_argument(str(tmp_path)))
    assert isinstance(miss, Miss)
    assert miss.outcome == "no_reports"


@pytest.mark.parametrize("kind", ["pipe", "dangling"])
def test_what_is_no_file_is_a_miss(tmp_path: Path, kind: str) -> None:
    """A pipe is not waited for and a dangling link not fatal; the other files still come."""
    if kind == "pipe":
        os.mkfifo(tmp_path / "a")
    else:
        (tmp_path / "a").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.txt").write_bytes(b"text")
    miss, page = read(parse_source_argument(str(tmp_path)))
    assert isinstance(miss, Miss)
    assert miss.outcome == "unreadable_file"
    assert isinstance(page, Page)


def test_a_closed_file_is_a_miss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file we may not open is told with the system's reason."""
    (tmp_path / "a.txt").write_bytes(b"text")

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    (miss,) = read(parse_source_argument(str(tmp_path)))
    assert isinstance(miss, Miss)
    assert miss.outcome == "unreadable_file"
    assert "Permission denied" in miss.reason


def test_a_name_that_is_no_utf8_is_valid_text(tmp_path: Path) -> None:
    """A file named in GBK is read, under a path that can be stored as text."""
    folder = os.fsencode(tmp_path)
    with open(folder + b"/" + "年报.txt".encode("gbk"), "wb") as file:  # noqa: PTH123 - bytes path
        file.write(b"text")
    (page,) = read(parse_source_argument(str(tmp_path)))
    assert page.url.encode()
