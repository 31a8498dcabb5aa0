"""One step of a crawl: from an address and its answer to what it is and where to go on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tasks.fetching.answer import Answer
from tasks.fetching.links import Link, LinkKind, Rules, is_file
from tasks.fetching.lists.ask import ask
from tasks.fetching.lists.entries import read_answer
from tasks.fetching.lists.family import load_families
from tasks.fetching.lists.place import Place, fail, go_on
from tasks.fetching.page import Outcome
from tasks.fetching.request import Request
from tasks.fetching.survey import (
    Survey,
    Trouble,
    find_attachments,
    has_report_phrases,
    is_hub,
    sort_entries,
    survey_page,
)
from tasks.reading.decoding import decode
from tasks.reading.media import tell_media_type
from tasks.reading.report import UnreadableError

Role: TypeAlias = Literal["seed", "report", "column", "year", "gateway", "attachment"]

# Which links of a page are followed, by how the page itself was reached.
_FOLLOWED: dict[str, tuple[LinkKind, ...]] = {
    "gateway": ("report", "column"),
    "column": ("report", "column", "year", "next"),
    "year": ("report", "next"),
    "report": ("report", "next"),
}
_FILE_NAME = re.compile(rb"\.(?:pdf|docx?|wps|xlsx?|ofd|zip)\b", re.I)  # saves parsing most pages
_TROUBLES: dict[Trouble, tuple[Outcome, str]] = {
    "error_page": ("gone", "an error page with status 200; the page may have moved"),
    "login_page": ("blocked", "a login page; open it in a browser, save it, give it as a source"),
}


@dataclass(frozen=True, slots=True)
class Stop:
    """An address to look at: how it was reached, by which link text, over how many links.

    `place` is set where it is a further page of a list, `page` is the report page that has it
    attached.
    """

    url: str
    role: Role
    text: str | None
    depth: int
    place: Place | None = None
    page: str | None = None

    @property
    def request(self) -> Request:
        """What to ask."""
        return ask(self.place) if self.place else Request(self.url)


@dataclass(frozen=True, slots=True)
class Step:
    """What an answer is: a page to be read as a report, trouble, or a list to follow.

    `trouble` is an outcome with what was found, `stops` is where to go on, `attachments` are
    the files of the page.
    """

    is_page: bool
    media_type: str
    stops: tuple[Stop, ...] = ()
    trouble: tuple[Outcome, str] | None = None
    survey: Survey | None = None
    attachments: tuple[Stop, ...] = ()


def take_step(stop: Stop, answer: Answer, rules: Rules) -> Step:
    """Tell what an answer is, and list where to go on from it, lists before reports."""
    media_type = tell_media_type(answer.content)
    if stop.role == "attachment":
        return Step(True, media_type)
    if stop.place is not None and load_families()[stop.place.family].answer != "page":
        return _read_list(stop, stop.place, answer, media_type, rules)
    survey = survey_answer(answer, stop, media_type, rules)
    attachments = _list_attachments(stop, answer, media_type, rules)
    if survey is None:
        return Step(True, media_type, attachments=attachments)
    if survey.trouble is not None:
        return Step(False, media_type, go_past(stop), _TROUBLES[survey.trouble], survey)
    links = choose_links(stop, survey)
    stops = _follow(stop, links)
    if stop.place is not None:
        further = _go_on(stop, stop.place, [link.url for link in links])
        return Step(False, media_type, (*further, *stops), None, survey)
    pages = tuple(link for link in links if not is_file(link.url, rules))
    if is_report_page(stop, survey, links, pages):
        further = stops if survey.hub else ()
        return Step(True, media_type, further, None, survey, attachments)
    places = survey.places if is_followed_as_list(stop, survey) else ()
    begun = tuple(_enter(stop, place) for place in places)
    return Step(False, media_type, (*begun, *stops), None, survey)


def go_past(stop: Stop) -> tuple[Stop, ...]:
    """List where to go on behind an address that gave no answer."""
    following = fail(stop.place) if stop.place else None
    return (_enter(stop, following),) if following else ()


def choose_links(stop: Stop, survey: Survey) -> tuple[Link, ...]:
    """Choose the links to follow from a page, by how it was reached and what it looks like."""
    if stop.role != "seed":
        return _pick(survey, _FOLLOWED[stop.role])
    if is_followed_as_list(stop, survey):
        return _pick(survey, _FOLLOWED["column"])
    return _pick(survey, ("column",)) or _pick(survey, ("gateway", "year"))


def is_followed_as_list(stop: Stop, survey: Survey) -> bool:
    """Tell whether a page is taken for a list of reports."""
    if stop.role != "seed":
        return stop.role in ("column", "year")
    has_lists = bool(survey.places) and not _pick(survey, ("column",))
    return survey.is_list or bool(_pick(survey, ("report",))) or has_lists


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
    goes_on = bool(followed) or (bool(survey.places) and is_followed_as_list(stop, survey))
    if stop.role == "year":
        return survey.is_article or not goes_on
    if stop.role == "column":
        return survey.is_article and not goes_on
    return stop.role == "seed" and not goes_on


def survey_answer(answer: Answer, stop: Stop, media_type: str, rules: Rules) -> Survey | None:
    """Survey the page of an answer; None where it needs none.

    That is so where it is no HTML or its encoding is unknown, which is for reading to tell, and
    where it is plainly a report.
    """
    if media_type != "text/html" and stop.place is None:
        return None
    try:
        html = decode(answer.content, answer.charset)
    except UnreadableError:
        return None
    if has_report_phrases(html, rules) and not is_hub(html):
        return None  # most pages are reports: no need to look for links
    is_where_asked = answer.url == stop.url.partition("#")[0]
    return survey_page(html, stop.url if is_where_asked else answer.url, rules)


def _list_attachments(
    stop: Stop, answer: Answer, media_type: str, rules: Rules
) -> tuple[Stop, ...]:
    """List the files that a page links to; none where it is no web page or cannot be decoded."""
    if media_type != "text/html" or not _FILE_NAME.search(answer.content):
        return ()
    try:
        links = find_attachments(decode(answer.content, answer.charset), answer.url, rules)
    except UnreadableError:
        return ()
    return tuple(
        Stop(link.url, "attachment", link.text, stop.depth, page=answer.url) for link in links
    )


def _read_list(stop: Stop, place: Place, answer: Answer, media_type: str, rules: Rules) -> Step:
    try:
        text = decode(answer.content, answer.charset)
    except UnreadableError:
        return Step(False, media_type, go_past(stop))
    entries = read_answer(load_families()[place.family], text)
    links = sort_entries(entries, place.base, place.base, rules)
    chosen = tuple(link for link in links if link.kind in ("report", "year"))
    further = _go_on(stop, place, [entry.href for entry in entries])
    return Step(False, media_type, (*further, *_follow(stop, chosen)))


def _go_on(stop: Stop, place: Place, entries: Sequence[str]) -> tuple[Stop, ...]:
    following = go_on(place, entries)
    return (_enter(stop, following),) if following else ()


def _enter(stop: Stop, place: Place) -> Stop:
    return Stop(ask(place).url, "column", None, stop.depth, place)


def _follow(stop: Stop, links: Iterable[Link]) -> tuple[Stop, ...]:
    return tuple(
        Stop(
            url=link.url,
            role="column" if link.kind == "next" else link.kind,
            text=link.text,
            depth=stop.depth + (link.kind != "next"),
        )
        for link in links
    )


def _pick(survey: Survey, kinds: Sequence[LinkKind]) -> tuple[Link, ...]:
    return tuple(link for link in survey.links if link.kind in kinds)
