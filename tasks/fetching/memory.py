"""What a run remembers: it asks for what it does not have, and keeps each answer before it goes on.

An answer is used once its bytes are archived, its exchange is written as WARC, and the state
says so, in this order. So a run that is killed finds on its next start everything that it had
used, and asks for nothing of that again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from storage import archive
from storage.crawl_state import (
    Address,
    CrawlRun,
    explain_faults,
    find_address,
    open_state,
    write_answers,
)
from storage.folder import explain_os_errors
from storage.warc import append_records, locate_warc
from tasks.fetching.answer import Answer, Exchange, FetchError
from tasks.fetching.crawl import Fetch
from tasks.fetching.page import Outcome
from tasks.fetching.request import Request
from tasks.fetching.warc import begin_file, write_exchange

log = logging.getLogger(__name__)

GIVES_TEXT = ("fetched", "unchanged", "moved")
UNANSWERED = ("unreachable", "pending", "failed")  # to be asked again when the run goes on
_NOT_ASKED = "pending"
_OF_TEXT = ("etag", "last_modified", "sha256", "charset", "led_to", "tls")
_shown: ContextVar[list[Exchange]] = ContextVar("_shown")  # while this answer was sought


@dataclass(slots=True)
class _Entry:
    """What is to be kept together.

    Addresses with whether their host answered, what went over the wire for them, and a text.
    """

    addresses: Sequence[tuple[Address, bool]]
    exchanges: Sequence[Exchange]
    content: bytes | None = None
    is_kept: bool = False


@dataclass(slots=True)
class Memory:
    """The memory of one run for one thread of fetching.

    `entries` wait to be kept; what waits at the same time is kept together.
    """

    data: Path
    run: CrawlRun
    now: Callable[[], datetime]
    reader: sqlite3.Connection
    writer: sqlite3.Connection
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    entries: list[_Entry] = field(default_factory=list)


def watch(exchange: Exchange) -> None:
    """Take an exchange, to be kept with the answer that is sought while it takes place.

    Kept any earlier, it would stand twice in the archive of a run that is killed in between: its
    page is asked for again.
    """
    _shown.get().append(exchange)


@contextmanager
def open_memory(data: Path, run: CrawlRun, now: Callable[[], datetime]) -> Iterator[Memory]:
    """Open the memory of a run.

    Raises:
        StorageError: the state is damaged, or cannot be written.
    """
    with open_state(data) as reader, open_state(data) as writer:
        yield Memory(data, run, now, reader, writer)


async def ask_or_recall(memory: Memory, source: str, fetch: Fetch, request: Request) -> Answer:
    """Give the answer to a request: what this run was given before, else what the host says.

    The host is asked for what differs from the text that is archived, where it names its texts;
    where it does not, the hash tells whether the text changed.

    Args:
        memory: of this run.
        source: name of the source that leads here.
        fetch: asks the host.
        request: what to ask.

    Raises:
        FetchError: there is no answer; the state then says so.
    """
    key = name_request(request)
    known = find_address(memory.reader, key)
    if known is not None and known.run_id == memory.run.run_id:
        settled = await _recall(memory, known)
        if settled is not None:
            return settled
    bearer = _find_bearer(memory, known)
    _shown.set([])
    try:
        answer = await _ask(memory, fetch, request, bearer)
    except FetchError as error:
        await _keep_failure(memory, source, request, known, error)
        raise
    sha256 = answer.sha256
    if sha256 is None:
        sha256 = await asyncio.to_thread(_hash, answer.content)
    await _keep_answer(memory, source, request, known, answer, sha256)
    return replace(answer, is_unchanged=False, sha256=sha256)


def name_request(request: Request) -> str:
    """Name a request: its address, with a digest of the form where it posts one."""
    if request.form is None:
        return request.url
    return f"{request.url}#{hashlib.sha256(repr(request.form).encode()).hexdigest()[:16]}"


async def _ask(memory: Memory, fetch: Fetch, request: Request, bearer: Address | None) -> Answer:
    """Ask on the condition that the text differs from the one that `bearer` gave."""
    if bearer is None or not (bearer.etag or bearer.last_modified):
        return await fetch(request)
    named = replace(request, etag=bearer.etag, modified=bearer.last_modified)
    answer = await fetch(named)
    if not answer.is_unchanged:
        return answer
    if answer.url != bearer.url:
        return await fetch(request)  # it leads elsewhere now: the condition was about another text
    content = await asyncio.to_thread(_get_or_none, memory.data, bearer.sha256)
    if content is None:
        return await fetch(request)  # removed or damaged since: it is needed in full
    return replace(answer, content=content, charset=bearer.charset, sha256=bearer.sha256)


def _find_bearer(memory: Memory, known: Address | None) -> Address | None:
    """Find the address that gave the text seen last, if its bytes are still there."""
    if known is not None and known.led_to is not None:
        known = find_address(memory.reader, known.led_to)
    if known is None or known.sha256 is None or not archive.has(memory.data, known.sha256):
        return None
    return known


async def _recall(memory: Memory, known: Address) -> Answer | None:
    """Give what this run was told before, or raise it; None where it is to be asked again."""
    if known.outcome in UNANSWERED:
        return None
    if known.outcome not in GIVES_TEXT:
        raise FetchError(cast(Outcome, known.outcome), known.reason or "")
    content = await asyncio.to_thread(_get_or_none, memory.data, known.sha256)
    if content is None:
        return None
    return Answer(
        known.led_to or known.url, content, known.charset, tls=known.tls, sha256=known.sha256
    )


async def _keep_answer(
    memory: Memory,
    source: str,
    request: Request,
    known: Address | None,
    answer: Answer,
    sha256: str,
) -> None:
    """Keep a text under the address where it stood, and under the one that leads there."""
    has_moved = answer.url != request.url
    target = Request(answer.url) if has_moved else request
    before = find_address(memory.reader, name_request(target)) if has_moved else known
    is_same = before is not None and before.sha256 == sha256
    moment = _find_moment(memory, answer.url)
    here = Address(
        key=name_request(target),
        url=answer.url,
        host=urlsplit(answer.url).hostname or "",
        source=source,
        outcome="unchanged" if is_same else "fetched",
        reason=None,
        tries=_count_tries(before),
        run_id=memory.run.run_id,
        checked_at=moment,
        changed_at=before.changed_at if before is not None and is_same else moment,
        etag=answer.find_header("etag") or (before.etag if before and is_same else None),
        last_modified=answer.find_header("last-modified")
        or (before.last_modified if before and is_same else None),
        sha256=sha256,
        charset=answer.charset,
        tls=answer.tls,
    )
    addresses = [(here, True)]
    if has_moved:
        there = replace(
            here,
            key=name_request(request),
            url=request.url,
            host=urlsplit(request.url).hostname or "",
            outcome="moved",
            tries=_count_tries(known),
            etag=None,
            last_modified=None,
            led_to=answer.url,
        )
        addresses.append((there, True))
    content = None if answer.is_unchanged else answer.content
    await _keep(memory, _Entry(addresses, _shown.get(), content))


async def _keep_failure(
    memory: Memory, source: str, request: Request, known: Address | None, error: FetchError
) -> None:
    """Keep why an address gave nothing, beside what is known of the text that it gave before."""
    if error.outcome == _NOT_ASKED:
        await _keep(memory, _Entry((), _shown.get()))
        return
    moment = _find_moment(memory, request.url)
    address = Address(
        key=name_request(request),
        url=request.url,
        host=urlsplit(request.url).hostname or "",
        source=source,
        outcome=error.outcome,
        reason=error.reason,
        tries=_count_tries(known),
        run_id=memory.run.run_id,
        checked_at=moment,
        changed_at=None,
    )
    if known is not None:
        address = replace(
            address,
            **{name: getattr(known, name) for name in ("changed_at", *_OF_TEXT)},
        )
    await _keep(memory, _Entry([(address, error.outcome not in UNANSWERED)], _shown.get()))


def _find_moment(memory: Memory, url: str) -> datetime:
    """Find when an address answered; now, where it did not."""
    moments = (exchange.at for exchange in reversed(_shown.get()) if exchange.url == url)
    return next(moments, None) or memory.now()


def _count_tries(before: Address | None) -> int:
    return before.tries + 1 if before is not None and before.outcome in UNANSWERED else 1


async def _keep(memory: Memory, entry: _Entry) -> None:
    """Wait until an entry is kept; whoever comes first keeps all that waits.

    Texts come first, then exchanges, then what the state says of them.

    Raises:
        StorageError: something cannot be written.
    """
    memory.entries.append(entry)
    async with memory.lock:
        if entry.is_kept:
            return
        entries = list(memory.entries)
        await asyncio.to_thread(_write, memory, entries)
        del memory.entries[: len(entries)]
        for kept in entries:
            kept.is_kept = True


def _write(memory: Memory, entries: Sequence[_Entry]) -> None:
    with explain_os_errors(memory.data), explain_faults(memory.data):
        for entry in entries:
            if entry.content is not None:
                archive.put(memory.data, entry.content, is_synced=False)
        records: dict[str, bytearray] = {}
        for exchange in (shown for entry in entries for shown in entry.exchanges):
            host = urlsplit(exchange.url).hostname or ""
            records.setdefault(host, bytearray()).extend(_write_records(memory, exchange))
        lengths: dict[str, int] = {}
        for host, written in records.items():
            path = locate_warc(memory.data, memory.run.run_id, host)
            head = b"" if path.exists() else begin_file(host, memory.now())
            lengths[host] = append_records(path, head + bytes(written))
        addresses = [answer for entry in entries for answer in entry.addresses]
        write_answers(memory.writer, addresses, memory.run.run_id, lengths)


def _write_records(memory: Memory, exchange: Exchange) -> bytes:
    """Write an exchange; a text that is archived under its address already is referred to."""
    known = find_address(memory.writer, exchange.url) if exchange.method == "GET" else None
    if known is None or known.sha256 is None or known.changed_at is None:
        return write_exchange(exchange, None)
    is_known = exchange.status == 304 or (
        exchange.status == 200
        and exchange.is_whole
        and hashlib.sha256(exchange.content).hexdigest() == known.sha256
    )
    earlier = (known.sha256, known.url, known.changed_at) if is_known else None
    return write_exchange(exchange, earlier)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _get_or_none(data: Path, sha256: str | None) -> bytes | None:
    """Give archived bytes; None where they are missing or damaged, which makes room for them."""
    try:
        return None if sha256 is None else archive.get(data, sha256)
    except archive.ArchiveError as error:
        log.warning("%s", error)
        archive.locate(data, str(sha256)).unlink(missing_ok=True)
        return None
