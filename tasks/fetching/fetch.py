"""Fetch many sources side by side and hand over each page as it comes."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import httpx

from storage.folder import StorageError
from tasks.fetching.answer import watch_nothing
from tasks.fetching.client import fetch, open_client
from tasks.fetching.crawl import Fetch, crawl
from tasks.fetching.files import read_files
from tasks.fetching.inbox import Inbox, fetch_or_stand_in, read_rest
from tasks.fetching.limits import Limits
from tasks.fetching.links import load_rules
from tasks.fetching.memory import Memory, ask_or_recall, watch
from tasks.fetching.page import Miss, Page
from tasks.fetching.politeness import Hosts
from tasks.fetching.source import Source

log = logging.getLogger(__name__)

_READY_AT_MOST = 16
# Waking the other thread for each result costs as much as a quarter of fetching it.
_BATCH = 8
_BATCH_SECONDS = 0.02


def fetch_sources(
    sources: Iterable[Source],
    limits: Limits,
    now: Callable[[], datetime],
    transport: httpx.AsyncBaseTransport | None = None,
    memory: Memory | None = None,
    inbox: Inbox | None = None,
) -> Iterator[Page | Miss]:
    """Yield every page and miss of the sources: files first, then addresses as they come.

    The network runs in a thread of its own with at most 16 results ready, so that memory stays
    bounded while the caller works; closing the iterator ends it. Trouble with one address,
    host or source is a miss and never ends the run.

    Args:
        sources: what to look at; those that share a host share its politeness.
        limits: bounds of the run.
        now: gives the present instant in UTC.
        transport: stands in for the network in tests.
        memory: what earlier runs were told, and where answers are kept; None: nothing is.
        inbox: files that stand in for addresses that give nothing; those to which no source
            leads come last.

    Raises:
        StorageError: answers cannot be kept.
    """
    listed = tuple(sources)
    for source in listed:
        if source.kind != "url":
            yield from read_files(source, limits, now)
    addresses = [source for source in listed if source.kind == "url"]
    if addresses:
        yield from _stream(addresses, _Work(limits, now, transport, memory, inbox))
    if inbox is not None:
        yield from read_rest(inbox, limits, now)


@dataclass(frozen=True, slots=True)
class _Work:
    """What all sources of a run share.

    Results are `waiting` until a batch of them is `ready`; `room` bounds their number.
    """

    limits: Limits
    now: Callable[[], datetime]
    transport: httpx.AsyncBaseTransport | None
    memory: Memory | None
    inbox: Inbox | None
    waiting: list[Page | Miss] = field(default_factory=list)
    ready: queue.SimpleQueue[list[Page | Miss] | None] = field(default_factory=queue.SimpleQueue)
    room: asyncio.Semaphore = field(default_factory=partial(asyncio.Semaphore, _READY_AT_MOST))


def _stream(sources: list[Source], work: _Work) -> Iterator[Page | Miss]:
    ready, room = work.ready, work.room
    loop = asyncio.new_event_loop()
    task = loop.create_task(_crawl_all(sources, work))
    thread = threading.Thread(target=_drive, args=(loop, task, ready), name="fetching", daemon=True)
    thread.start()
    taken = 0
    try:
        while (batch := ready.get()) is not None:
            for found in batch:
                yield found
                taken += 1
                if taken % _BATCH == 0:
                    with suppress(RuntimeError):  # the loop has ended, so nobody waits for room
                        loop.call_soon_threadsafe(_release, room)
    finally:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
    try:
        task.result()
    except ExceptionGroup as group:
        raise group.exceptions[0] from group


def _release(room: asyncio.Semaphore) -> None:
    for _ in range(_BATCH):
        room.release()


async def _hand_over(work: _Work, found: Page | Miss) -> None:
    """Give a result to the other thread, together with others that come within an instant."""
    await work.room.acquire()
    work.waiting.append(found)
    if len(work.waiting) == _BATCH:
        _flush(work)
    elif len(work.waiting) == 1:
        asyncio.get_running_loop().call_later(_BATCH_SECONDS, _flush, work)


def _flush(work: _Work) -> None:
    if work.waiting:
        work.ready.put(work.waiting.copy())
        work.waiting.clear()


def _drive(
    loop: asyncio.AbstractEventLoop,
    task: asyncio.Task[None],
    ready: queue.SimpleQueue[list[Page | Miss] | None],
) -> None:
    """Run the loop to the task's end; what the task raised stays with it for the caller."""
    try:
        loop.run_until_complete(asyncio.wait([task]))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
        ready.put(None)


async def _crawl_all(sources: list[Source], work: _Work) -> None:
    slots = asyncio.Semaphore(work.limits.sources_at_once)
    hosts = Hosts(work.limits, watch=watch if work.memory else watch_nothing, now=work.now)
    try:
        async with open_client(work.limits, work.transport) as client, asyncio.TaskGroup() as group:
            for source in sources:
                group.create_task(_crawl_one(source, client, hosts, work, slots))
    finally:
        _flush(work)


async def _crawl_one(
    source: Source,
    client: httpx.AsyncClient,
    hosts: Hosts,
    work: _Work,
    slots: asyncio.Semaphore,
) -> None:
    ask: Fetch = partial(
        fetch,
        client,
        hosts,
        may_be_local=source.is_local,
        may_be_unverified=source.allows_unverified_tls,
    )
    if work.memory is not None:
        ask = partial(ask_or_recall, work.memory, source.name, ask)
    if work.inbox is not None:
        ask = partial(fetch_or_stand_in, work.inbox, work.limits, work.now, ask)
    async with slots:
        try:
            async for found in crawl(source, ask, load_rules(), work.limits, work.now):
                await _hand_over(work, found)
        except StorageError:
            raise
        except Exception as error:
            log.exception("source %s failed", source.name)
            reason = (
                f"expected no fault of our own, found {type(error).__name__}: {error}; report it"
            )
            await _hand_over(work, Miss(source.location, source.name, "failed", reason))
