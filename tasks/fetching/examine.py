"""Look at sources without fetching reports: do they answer, what do they list, by which family."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import httpx

from tasks.fetching.answer import Answer
from tasks.fetching.client import fetch, open_client
from tasks.fetching.crawl import crawl
from tasks.fetching.limits import Limits
from tasks.fetching.links import load_rules
from tasks.fetching.lists.detect import GENERIC
from tasks.fetching.page import Miss
from tasks.fetching.politeness import Hosts
from tasks.fetching.source import Entry, Source
from tasks.fetching.steps import Step, Stop

_YEAR = re.compile(r"20[0-3]\d")
_FOLLOWED = ("report", "year")


@dataclass(slots=True)
class Examination:
    """What a source showed.

    Attributes:
        source: what was looked at.
        column: address of the first page that lists reports, None where none does.
        heading: title of the source's own page; empty where it has none.
        families: content systems of its lists; `generic` where it is none of those known.
        reports: text of each link to a report, by address.
        misses: addresses that gave nothing.
    """

    source: Source
    column: str | None = None
    heading: str = ""
    families: dict[str, None] = field(default_factory=dict)
    reports: dict[str, str] = field(default_factory=dict)
    misses: list[Miss] = field(default_factory=list)

    @property
    def years(self) -> dict[str, int]:
        """How many reports it shows by year, the newest first; `?` where no year is named."""
        found = ((_YEAR.search(text) or _YEAR.search(url)) for url, text in self.reports.items())
        counts = Counter(match[0] if match else "?" for match in found)
        return dict(sorted(counts.items(), reverse=True))

    def note(self, stop: Stop, answer: Answer, step: Step) -> None:
        """Take down what an answer was taken for."""
        if step.survey is not None and stop.role == "seed":
            self.heading = self.heading or step.survey.heading
        listed = [further for further in step.stops if further.role == "report"]
        further = [place.place.family for place in step.stops if place.place is not None]
        own = [stop.place.family] if stop.place else []
        if step.survey is not None and step.survey.hub is not None:
            own.append(step.survey.hub)
        for family in (*further, *own, *([] if own or not listed else [GENERIC])):
            self.families[family] = None
        if self.column is None and (further or any(s.role in _FOLLOWED for s in step.stops)):
            self.column = answer.url
        survey = step.survey
        is_likely = survey is None or survey.is_report or survey.is_titled or stop.role != "seed"
        if step.is_page and is_likely:
            self.reports.setdefault(answer.url, stop.text or "")
        for found in listed:
            self.reports.setdefault(found.url, found.text or "")


def examine_sources(
    sources: Sequence[Source],
    limits: Limits,
    now: Callable[[], datetime],
    transport: httpx.AsyncBaseTransport | None = None,
) -> list[Examination]:
    """Look at sources side by side; no report that a list names is fetched."""
    return asyncio.run(_examine_all(sources, limits, now, transport))


def propose_entry(examination: Examination) -> Entry | None:
    """Propose the entry of a source that lists reports; None where it lists none."""
    if examination.column is None:
        return None
    families = [family for family in examination.families if family != GENERIC] or [GENERIC]
    return Entry(
        name=examination.heading or examination.source.name,
        url=examination.column,
        family=families[0],
        local=False,
    )


async def _examine_all(
    sources: Sequence[Source],
    limits: Limits,
    now: Callable[[], datetime],
    transport: httpx.AsyncBaseTransport | None,
) -> list[Examination]:
    hosts, slots = Hosts(limits, now=now), asyncio.Semaphore(limits.sources_at_once)
    async with open_client(limits, transport) as client:
        looks = (_examine(source, client, hosts, now, slots) for source in sources)
        return await asyncio.gather(*looks)


async def _examine(
    source: Source,
    client: httpx.AsyncClient,
    hosts: Hosts,
    now: Callable[[], datetime],
    slots: asyncio.Semaphore,
) -> Examination:
    examination = Examination(source)
    ask = partial(
        fetch,
        client,
        hosts,
        may_be_local=source.is_local,
        may_be_unverified=source.allows_unverified_tls,
    )
    found = crawl(
        source, ask, load_rules(), hosts.limits, now, examination.note, visits_reports=False
    )
    async with slots:
        examination.misses = [item async for item in found if isinstance(item, Miss)]
    if examination.reports:
        examination.misses = [miss for miss in examination.misses if miss.outcome != "no_reports"]
    families = examination.families
    if len(families) > 1:
        families.pop(GENERIC, None)
    return examination
