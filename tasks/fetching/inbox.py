"""Files put into the inbox by hand: each stands in for an address that gives us nothing.

`index.csv` of the folder names them, one a line: `url,file`, the file by its path within the
folder.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from tasks.fetching.answer import Answer, FetchError
from tasks.fetching.files import read_file
from tasks.fetching.limits import Limits
from tasks.fetching.page import Miss, Page
from tasks.fetching.request import Request
from tasks.fetching.source import is_address

INDEX = "index.csv"
SOURCE = "inbox"  # of files that no source led to
_COLUMNS = ["url", "file"]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The files by the address that they stand in for, and the addresses a run asked for."""

    files: dict[str, Path] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


def load_inbox(folder: Path) -> Inbox:
    """Load the index of an inbox; empty where there is none.

    Raises:
        ValueError: a line is no address and file of the folder; the message names it.
    """
    index = folder / INDEX
    if not index.exists():
        return Inbox()
    files: dict[str, Path] = {}
    try:
        text = index.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{index}: expected a table in UTF-8, found other bytes at {error.start}; save it as "
            "CSV in UTF-8"
        ) from error
    rows = csv.reader(io.StringIO(text, newline=""))
    head = next(rows, [])
    if head != _COLUMNS:
        raise ValueError(f"{index}: expected the first line url,file, found {','.join(head)!r}")
    for row in rows:
        if row:
            url, path = _read_row(folder, row, f"{index} line {rows.line_num}")
            files[url] = path
    return Inbox(files)


def _read_row(folder: Path, row: list[str], where: str) -> tuple[str, Path]:
    if len(row) != len(_COLUMNS) or not is_address(row[0].strip()):
        raise ValueError(
            f"{where}: expected an address and a file such as https://www.example.gov.cn/a.html,"
            f"a.html, found {','.join(row)!r}; put an address with a comma in quotes"
        )
    path = (folder / row[1].strip()).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise ValueError(
            f"{where}: expected a file within {folder}, found none named {row[1]!r}; "
            "put it there or take the line out"
        )
    return row[0].strip(), path


async def fetch_or_stand_in(
    inbox: Inbox,
    limits: Limits,
    now: Callable[[], datetime],
    fetch: Callable[[Request], Awaitable[Answer]],
    request: Request,
) -> Answer:
    """Ask, and where there is no answer give the file that stands in for it.

    The web outranks a file: one that is no longer needed is left alone.

    Raises:
        FetchError: there is neither.
    """
    inbox.asked.add(request.url)
    try:
        return await fetch(request)
    except FetchError as error:
        path = None if error.outcome == "pending" else inbox.files.get(request.url)
        page = None if path is None else read_file(path, SOURCE, limits, now)
        if not isinstance(page, Page):
            raise
        return Answer(request.url, page.content, None, is_stand_in=True)


def read_rest(inbox: Inbox, limits: Limits, now: Callable[[], datetime]) -> Iterator[Page | Miss]:
    """Yield the files for addresses to which no source led, each as a page of its own."""
    for url, path in inbox.files.items():
        if url not in inbox.asked:
            found = read_file(path, SOURCE, limits, now)
            if isinstance(found, Page):
                yield replace(found, url=url, via="inbox")
            else:
                yield replace(found, url=url)
