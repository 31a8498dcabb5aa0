"""From a source's address to its report pages: home page, columns, years, further pages."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias
from urllib.parse import urljoin, urlsplit

from tasks.fetching.answer import Answer, FetchError
from tasks.fetching.limits import Limits
from tasks.fetching.links import Rules
from tasks.fetching.lists.place import is_beyond
from tasks.fetching.page import Miss, Page
from tasks.fetching.request import Request
from tasks.fetching.source import Source
from tasks.fetching.steps import Step, Stop, go_past, take_step
from tasks.reading.media import tell_media_type

Fetch: TypeAlias = Callable[[Request], Awaitable[Answer]]
_MISSED = {"report": "", "seed": "", "attachment": "attachment: "}
Watch: TypeAlias = Callable[[Stop, Answer, Step], None]


def watch_nothing(stop: Stop, answer: Answer, step: Step) -> None:
    """Look at no step."""


async def crawl(
    source: Source,
    fetch: Fetch,
    rules: Rules,
    limits: Limits,
    now: Callable[[], datetime],
    watch: Watch = watch_nothing,
    *,
    visits_reports: bool = True,
) -> AsyncIterator[Page | Miss]:
    """Yield the report pages of a source as they come, and a miss for each failed address.

    The source's address may be a report, a list of reports or a home page. Where it is gone,
    the home page of its host is tried. What looks like no list is yielded as a page: reading
    decides whether it is a report. The files that it links to are yielded behind it, as its
    attachments. No address is looked at twice; the number of addresses and the depth are
    bounded, and a bound that was met is told.

    Args:
        source: what to look at.
        fetch: gives the answer to a request, or raises `FetchError`.
        rules: the patterns of links.
        limits: the bounds.
        now: gives the present instant in UTC.
        watch: is shown each address that answered, and what it was taken for.
        visits_reports: whether the reports that lists name are fetched too.
    """
    frontier = deque([Stop(source.location, "seed", None, 0)])
    seen = {frontier[0].request}
    looked, yielded, pages, gone = 0, 0, 0, None
    while frontier and looked < limits.pages_per_source:
        count = min(len(frontier), limits.per_host, limits.pages_per_source - looked)
        batch = [frontier.popleft() for _ in range(count)]
        looked += count
        answers = await asyncio.gather(*(_fetch_or_miss(source, fetch, stop) for stop in batch))
        for stop, answer in zip(batch, answers, strict=True):
            stops: tuple[Stop, ...] = ()
            attachments: tuple[Stop, ...] = ()
            found: Page | Miss | None
            if isinstance(answer, Miss):
                found, stops = answer, go_past(stop)
            elif answer.url != stop.url and _is_known(answer.url, seen):
                continue
            else:
                seen.add(Request(answer.url))
                step = take_step(stop, answer, rules)
                watch(stop, answer, step)
                found, stops = _make_finding(source, stop, answer, step, now), step.stops
                attachments = step.attachments if step.is_page else ()
            home = _find_home(stop, found)
            if home is not None:
                gone, found, stops = found, None, (home,)
            for following in stops:
                if following.role == "report" and not visits_reports:
                    continue
                if following.request not in seen and following.depth <= limits.depth:
                    seen.add(following.request)
                    frontier.append(following)
            if found is not None and not _is_harmless(stop, found):
                yielded += 1
                pages += isinstance(found, Page)
                yield found
            for attached in attachments:
                if attached.request not in seen and looked < limits.pages_per_source:
                    seen.add(attached.request)
                    looked += 1
                    yield await _fetch_attachment(source, fetch, attached, now)
    if isinstance(gone, Miss):
        yielded += 1
        yield _describe_move(gone, pages)
    if frontier:
        yield Miss(
            source.location,
            source.name,
            "cut_short",
            f"expected at most {limits.pages_per_source} addresses, found {len(frontier)} more; "
            "raise pages_per_source, or split the source",
        )
    elif not yielded:
        yield Miss(
            source.location,
            source.name,
            "no_reports",
            f"expected links to reports, found none on {looked} pages; give the address of the "
            "list of reports, or of a report",
        )


def _is_known(url: str, seen: set[Request]) -> bool:
    return Request(url) in seen


def _find_home(stop: Stop, found: Page | Miss | None) -> Stop | None:
    """Give the home page where the source's own address is gone: its column may have moved."""
    if stop.role != "seed" or stop.depth or not isinstance(found, Miss) or found.outcome != "gone":
        return None
    parts = urlsplit(stop.url)
    if (parts.path or "/") == "/" and not parts.query:
        return None
    return Stop(urljoin(stop.url, "/"), "seed", None, 1)


def _is_harmless(stop: Stop, found: Page | Miss) -> bool:
    """Tell whether a page of a list is missing of which the list never said that it is there."""
    is_gone = isinstance(found, Miss) and found.outcome == "gone"
    return is_gone and stop.place is not None and is_beyond(stop.place)


def _describe_move(gone: Miss, found_count: int) -> Miss:
    if not found_count:
        return gone
    return replace(
        gone,
        outcome="moved",
        reason=f"{gone.reason}; looked from the home page instead, found {found_count} pages; "
        "correct the source's address",
    )


async def _fetch_or_miss(source: Source, fetch: Fetch, stop: Stop) -> Answer | Miss:
    try:
        return await fetch(stop.request)
    except FetchError as error:
        reason = _MISSED.get(stop.role, "list of reports: ") + error.reason
        return Miss(stop.url, source.name, error.outcome, reason, stop.page)


async def _fetch_attachment(
    source: Source, fetch: Fetch, stop: Stop, now: Callable[[], datetime]
) -> Page | Miss:
    answer = await _fetch_or_miss(source, fetch, stop)
    if isinstance(answer, Miss):
        return answer
    return _make_page(source, stop, answer, tell_media_type(answer.content), now())


def _make_finding(
    source: Source, stop: Stop, answer: Answer, step: Step, now: Callable[[], datetime]
) -> Page | Miss | None:
    if step.trouble is not None:
        outcome, what = step.trouble
        reason = f"{_MISSED.get(stop.role, 'list of reports: ')}expected a page, found {what}"
        return Miss(answer.url, source.name, outcome, reason)
    return _make_page(source, stop, answer, step.media_type, now()) if step.is_page else None


def _make_page(
    source: Source, stop: Stop, answer: Answer, media_type: str, fetched_at: datetime
) -> Page:
    return Page(
        url=answer.url,
        source=source.name,
        fetched_at=fetched_at,
        sha256=answer.sha256 or hashlib.sha256(answer.content).hexdigest(),
        media_type=media_type,
        content=answer.content,
        link_text=stop.text or None,
        page=stop.page,
        via=answer.via,
    )
