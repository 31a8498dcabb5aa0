"""The pages of one portal of the sample site: home, lists, reports, and what is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tasks.sample.plan import PlannedReport, render_attachment, render_planned
from tasks.sample.render import load_templates

SITE_FILE = Path(__file__).parent / "site.yaml"
MEDIA_TYPES = {
    ".txt": "text/plain; charset=utf-8",
    ".html": "text/html",
    ".doc": "application/msword",
    ".docx": "application/octet-stream",  # as many servers say
    ".pdf": "application/pdf",
    ".xlsx": "application/octet-stream",
}
ATTACHED_LINK = '<p><a href="{}">&#38468;&#20214;</a></p>'  # in the encoding of any page
UTF8_PAGE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path answers with; `changed_on` is its day of publication."""

    content: bytes
    media_type: str
    changed_on: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: a link, and the year under which it is filed."""

    title: str
    href: str
    day: date
    year: int


@dataclass(frozen=True, slots=True)
class Portal:
    """Everything a portal answers, by path; `reports` are those of its paths that hold one.

    `notices` are paths titled like a report that hold none, `missing` are linked and absent.
    `attachments` maps files to the pages that link to them.
    """

    resources: dict[str, Resource]
    reports: dict[str, PlannedReport]
    notices: tuple[str, ...]
    missing: tuple[str, ...]
    attachments: dict[str, str]


@cache
def load_site() -> dict[str, Any]:
    """Load `site.yaml`."""
    facts: dict[str, Any] = yaml.safe_load(SITE_FILE.read_text("utf-8"))
    return facts


def build_portal(name: str, plan: Sequence[PlannedReport]) -> Portal:
    """Lay out the portal with its share of the plan; lists show the newest entries first."""
    facts = load_site()["portals"][name]
    resources: dict[str, Resource] = {}
    reports: dict[str, PlannedReport] = {}
    attachments: dict[str, str] = {}
    entries: list[Entry] = []
    numbers = count(10241)
    for planned in (planned for planned in plan if planned.portal == name):
        content, suffix = render_planned(planned)
        spec = planned.spec
        entry = _file_entry(facts, spec.title, spec.published_on, spec.year, numbers, suffix)
        entries.append(entry)
        page = Resource(content, MEDIA_TYPES[suffix], entry.day)
        attached = _attach(planned, page, entry, facts)
        resources |= {entry.href: page} | attached
        attachments |= dict.fromkeys(attached.keys() - {entry.href}, entry.href)
        is_cover = planned.attachment is not None and planned.attachment.is_alone
        reports[next(iter(attached)) if is_cover else entry.href] = planned
    others = {
        kind: [_file_entry(facts, **other, numbers=numbers) for other in facts.get(kind, ())]
        for kind in ("others", "notices", "missing")
    }
    for kind, template in (("others", "portal_other.html"), ("notices", "portal_notice.html")):
        for entry in others[kind]:
            resources[entry.href] = _render_page(template, facts, entry.day, entry=entry)
    entries += (entry for kind in others.values() for entry in kind)
    entries.sort(key=lambda entry: (entry.day, entry.href), reverse=True)
    resources |= _render_lists(facts, entries) | _render_entrance(facts, entries[0].day)
    return Portal(
        resources=resources,
        reports=reports,
        notices=tuple(entry.href for entry in others["notices"]),
        missing=tuple(entry.href for entry in others["missing"]),
        attachments=attachments,
    )


def _attach(
    planned: PlannedReport, page: Resource, entry: Entry, facts: dict[str, Any]
) -> dict[str, Resource]:
    """Give the file attached to a report, and then the page that links to it; none without."""
    attachment = planned.attachment
    if attachment is None:
        return {}
    path = entry.href.rpartition(".")[0] + attachment.suffix
    file = Resource(render_attachment(attachment), MEDIA_TYPES[attachment.suffix], entry.day)
    if attachment.is_alone:
        cover = _render_page("portal_cover.html", facts, entry.day, entry=entry, path=path)
        return {path: file, entry.href: cover}
    end = ATTACHED_LINK.format(path).encode() + b"</body>"
    linked = replace(page, content=page.content.replace(b"</body>", end))
    return {path: file, entry.href: linked}


def _file_entry(
    facts: dict[str, Any],
    title: str,
    day: date,
    year: int,
    numbers: Iterator[int],
    suffix: str = ".html",
) -> Entry:
    """Give an entry its address in the manner of the portal's CMS."""
    number = next(numbers)
    digest = hashlib.sha256(title.encode()).hexdigest()[:32]
    path = facts["article"].format(day=day, year=year, number=number, digest=digest)
    ending = facts.get("suffix", suffix) if suffix == ".html" else suffix
    href = path + ending if path.startswith("/") else facts["column"] + path + ending
    return Entry(title, href, day, year)


def _render_lists(facts: dict[str, Any], entries: list[Entry]) -> dict[str, Resource]:
    """Render the column: one run of list pages, or a folder of them for each year."""
    column = facts["column"]
    if "years" not in facts:
        return dict(_render_run(facts, column, entries))
    years = sorted({entry.year for entry in entries}, reverse=True)
    folders = {year: column + facts["years"].format(year=year) for year in years}
    links = [{"title": year, "href": folder} for year, folder in folders.items()]
    newest = [entry for entry in entries if entry.year == years[0]]
    pages = dict(_render_run(facts, column, newest, links))
    for year, folder in folders.items():
        filed = [entry for entry in entries if entry.year == year]
        pages |= _render_run(facts, folder, filed, links)
    return pages


def _render_run(
    facts: dict[str, Any], folder: str, entries: list[Entry], years: Sequence[object] = ()
) -> Iterator[tuple[str, Resource]]:
    """Render list pages over entries; the first one answers for its folder too."""
    size = facts["per_page"]
    chunks = [entries[start : start + size] for start in range(0, len(entries), size)]
    first, further = facts["pages"]
    names = [first, *(further.format(number) for number in range(1, len(chunks)))]
    for number, (name, chunk) in enumerate(zip(names, chunks, strict=True)):
        page = _render_page(
            "portal_list.html",
            facts,
            entries[0].day,
            entries=chunk,
            years=years,
            number=number,
            count=len(chunks),
            next=names[number + 1] if number + 1 < len(names) else None,
            length=facts.get("title_length", 99),
        )
        yield folder + name, page
        if number == 0:
            yield folder, page


def _render_entrance(facts: dict[str, Any], day: date) -> dict[str, Resource]:
    """Render the home page and, where the portal has one, the page between it and the list."""
    column = {"title": load_site()["words"]["column"], "href": facts["column"]}
    gateway = facts.get("gateway")
    if gateway is None:
        return {"/": _render_page("portal_home.html", facts, day, links=[column])}
    entrance = {"title": load_site()["words"]["gateway"], "href": gateway}
    return {
        "/": _render_page("portal_home.html", facts, day, links=[entrance]),
        gateway: _render_page("portal_home.html", facts, day, links=[column]),
    }


def _render_page(template: str, facts: dict[str, Any], day: date, **words: object) -> Resource:
    page = load_templates().get_template(template).render(portal=facts, **words)
    return Resource(page.encode(), UTF8_PAGE, day)
