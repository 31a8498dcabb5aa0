"""Fetch a batch of sources into the archive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from storage import archive
from storage.crawl_state import CrawlRun
from tasks.fetching.fetch import fetch_sources
from tasks.fetching.inbox import Inbox
from tasks.fetching.limits import Limits
from tasks.fetching.memory import open_memory
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source
from tasks.progress import announce
from tasks.reading.batch import Origin


@task(name="fetch", tags=["network"], retries=1, retry_delay_seconds=10, cache_policy=NO_CACHE)
def fetch_batch(
    sources: Sequence[Source], data: Path, limits: Limits, run: CrawlRun, inbox: Inbox
) -> list[Origin | Miss]:
    """Fetch every page of the sources and archive its bytes at once, by one client.

    Single addresses are tried again inside the fetching, politely; a source that fails is a
    miss. So the task itself is run again only after a fault of our own, and then goes on where
    it was, as does a run that was killed. What is in memory is bounded by the largest pages,
    not by their number.

    Raises:
        StorageError: what was fetched cannot be kept.
    """
    found: list[Origin | Miss] = []
    with open_memory(data, run, tell_time) as memory:
        for result in fetch_sources(sources, limits, tell_time, memory=memory, inbox=inbox):
            found.append(_archive(result, data) if isinstance(result, Page) else result)
            announce("fetch", 1, None)
    archive.sync()
    return found


def tell_time() -> datetime:
    """Tell the present instant in UTC."""
    return datetime.now(UTC)


def _archive(page: Page, data: Path) -> Origin:
    if page.via in (None, "inbox"):  # what came over the wire is archived before it gets here
        archive.put(data, page.content)
    return Origin(
        url=page.url,
        source=page.source,
        sha256=page.sha256,
        media_type=page.media_type,
        fetched_at=page.fetched_at,
        page=page.page,
        via=page.via,
        link_text=page.link_text,
    )
