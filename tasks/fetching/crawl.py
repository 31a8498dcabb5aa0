"""From a source's address to its report pages: home page, columns, years, further pages."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from tasks.fetching.client import Answer, FetchError
from tasks.fetching.limits import Limits
from tasks.fetching.links import Link, LinkKind, Rules, is_file
from tasks.fetching.page import Miss, Page
from tasks.fetching.request import Request
from tasks.fetching.source import Source
from tasks.fetching.survey import Survey, find_attachments, has_report_phrases, survey_page
from tasks.reading.decoding import decode
from tasks.reading.media import tell_media_type
from tasks.reading.report import UnreadableError

Fetch: TypeAlias = Callable[[Request], Awaitable[Answer]]
Role: TypeAlias = Literal["seed", "report", "column", "year", "gateway", "attachment"]

# Which links of a page are followed, by how the page itself was reached.
_FOLLOWED: dict[str, tuple[LinkKind, ...]] = {
    "gateway": ("report", "column"),
    "column": ("report", "column", "year", "next"),
    "year": ("report", "next"),
    "report": ("report", "next"),
}
_MISSED = {"report": "", "seed": "", "attachment": "attachment: "}
_FILE_NAME = re.compile(rb"\.(?:pdf|docx?|wps|xlsx?|ofd|zip)\b", re.I)  # saves parsing most pages


@dataclass(frozen=True, slots=True)
class Stop:
    """An address to look at: how it was reached, by which link text, over how many links.

    `page` is the report page that has it attached.
    """

    url: str
    role: Role
    text: str | None
    depth: int
    page: str | None = None


async def crawl(
    source: Source, fetch: Fetch, rules: Rules, limits: Limits, now: Callable[[], datetime]
) -> AsyncIterator[Page | Miss]:
    """Yield the report pages of a source as they come, and a miss for each failed address.

    The source's address may be a report, a list of reports or a home page. What looks like no
    list is yielded as a page: reading decides whether it is a report. The files that it links
    to are yielded behind it, as its attachments. No address is looked at twice; the number of
    addresses and the depth are bounded, and a bound that was met is told.
    """
    frontier = deque([Stop(source.location, "seed", None, 0)])
    seen = {source.location}
    looked, yielded = 0, 0
    while frontier and looked < limits.pages_per_source:
        count = min(len(frontier), limits.per_host, limits.pages_per_source - looked)
        batch = [frontier.popleft() for _ in range(count)]
        looked += count
        answers = await asyncio.gather(*(_fetch_or_miss(source, fetch, stop) for stop in batch))
        for stop, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Miss):
                yielded += 1
                yield answer
                continue
            if answer.url != stop.url and answer.url in seen:
                continue
            seen.add(answer.url)
            media_type = tell_media_type(answer.content)
            survey = survey_answer(answer, media_type, rules)
            followed = choose_links(stop, survey) if survey else ()
            pages = tuple(link for link in followed if not is_file(link.url, rules))
            if survey is None or is_report_page(stop, survey, followed, pages):
                yielded += 1
                yield _make_page(source, stop, answer, media_type, now())
                for link in list_attachments(answer, media_type, rules):
                    if link.url not in seen and looked < limits.pages_per_source:
                        seen.add(link.url)
                        looked += 1
                        attachment = Stop(link.url, "attachment", link.text, stop.depth, answer.url)
                        yield await _fetch_attachment(source, fetch, attachment, now)
                continue
            for link in followed:
                depth = stop.depth + (link.kind != "next")
                if link.url not in seen and depth <= limits.depth:
                    seen.add(link.url)
                    role: Role = "column" if link.kind == "next" else link.kind
                    frontier.append(Stop(link.url, role, link.text, depth))
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


def choose_links(stop: Stop, survey: Survey) -> tuple[Link, ...]:
    """Choose the links to follow from a page, by how it was reached and what it looks like."""
    if stop.role != "seed":
        return _pick(survey, _FOLLOWED[stop.role])
    if survey.is_list or _pick(survey, ("report",)):
        return _pick(survey, _FOLLOWED["column"])
    return _pick(survey, ("column",)) or _pick(survey, ("gateway", "year"))


def is_report_page(
    stop: Stop, survey: Survey, followed: tuple[Link, ...], pages: tuple[Link, ...]
) -> bool:
    """Tell whether a page is to be read as a report, rather than as a list of them.

    `pages` are those of its links that lead to no files: a page that is titled as a report, or
    reached as one, and leads to files alone has them attached.
    """
    if survey.is_report:
        return True
    if stop.role == "report" or (stop.role == "seed" and survey.is_titled):
        return survey.is_article or not pages
    if stop.role == "year":
        return survey.is_article or not followed
    if stop.role == "column":
        return survey.is_article and not followed
    return stop.role == "seed" and not followed


def _pick(survey: Survey, kinds: tuple[LinkKind, ...]) -> tuple[Link, ...]:
    return tuple(link for link in survey.links if link.kind in kinds)


def survey_answer(answer: Answer, media_type: str, rules: Rules) -> Survey | None:
    """Survey the page of an answer; None where it needs none.

    That is so where it is no HTML or its encoding is unknown, which is for reading to tell, and
    where it is plainly a report.
    """
    if media_type != "text/html":
        return None
    try:
        html = decode(answer.content, answer.charset)
    except UnreadableError:
        return None
    if has_report_phrases(html, rules):  # most pages are reports: no need to look for links
        return None
    return survey_page(html, answer.url, rules)


def list_attachments(answer: Answer, media_type: str, rules: Rules) -> tuple[Link, ...]:
    """List the files that a page links to; none where it is no web page or cannot be decoded."""
    if media_type != "text/html" or not _FILE_NAME.search(answer.content):
        return ()
    try:
        return find_attachments(decode(answer.content, answer.charset), answer.url, rules)
    except UnreadableError:
        return ()


async def _fetch_or_miss(source: Source, fetch: Fetch, stop: Stop) -> Answer | Miss:
    try:
        return await fetch(Request(stop.url))
    except FetchError as error:
        what = _MISSED.get(stop.role, "list of reports: ")
        return Miss(stop.url, source.name, error.outcome, what + error.reason, stop.page)


async def _fetch_attachment(
    source: Source, fetch: Fetch, stop: Stop, now: Callable[[], datetime]
) -> Page | Miss:
    answer = await _fetch_or_miss(source, fetch, stop)
    if isinstance(answer, Miss):
        return answer
    return _make_page(source, stop, answer, tell_media_type(answer.content), now())


def _make_page(
    source: Source, stop: Stop, answer: Answer, media_type: str, fetched_at: datetime
) -> Page:
    return Page(
        url=answer.url,
        source=source.name,
        fetched_at=fetched_at,
        sha256=hashlib.sha256(answer.content).hexdigest(),
        media_type=media_type,
        content=answer.content,
        link_text=stop.text or None,
        page=stop.page,
    )
