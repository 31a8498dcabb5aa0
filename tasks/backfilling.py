"""What a backfill would collect, piece by piece, and what that costs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from storage.crawl_state import count_pages, has_state, open_state
from storage.runs import FAILED, RunRecord, list_runs
from tasks.fetching.limits import Limits
from tasks.fetching.politeness import choose_delay
from tasks.fetching.source import Source


@dataclass(frozen=True, slots=True)
class Piece:
    """The sources of one region, collected in one run.

    `pages` are the addresses known of them, on so many `hosts`; `unknown` counts the sources
    that were never asked, of which nothing is known. `seconds` is the least time that the pages
    take at the rate allowed. `is_done` where a run collected the very same lately.
    """

    region: str | None
    sources: tuple[str, ...]
    unknown: int
    hosts: int
    pages: int
    seconds: float
    is_done: bool = False


def plan_pieces(
    sources: Sequence[Source], regions: Collection[str], data: Path, limits: Limits
) -> list[Piece]:
    """Part the sources by region, and estimate each part from what crawling remembers.

    Sources without a region are a piece of their own, left out where regions are asked for.

    Raises:
        StorageError: the state of crawling is damaged.
    """
    known = _count_pages(data)
    parts: dict[str | None, list[Source]] = {}
    for source in sources:
        if not regions or source.region in regions:
            parts.setdefault(source.region, []).append(source)
    ordered = sorted(parts.items(), key=lambda part: part[0] or "")
    return [_estimate(region, part, known, limits) for region, part in ordered]


def is_collected(data: Path, asked: dict[str, object], since: datetime) -> bool:
    """Tell whether a run that did not fail collected the same since then.

    `asked` are parameters of `collect`, as its record has them.

    Raises:
        StorageError: the record of a run is damaged.
    """
    return any(_is_same(run, asked) and run.started_at >= since for run in list_runs(data))


def add_seconds(pieces: Iterable[Piece]) -> timedelta:
    """Add the times of the pieces that are still to be collected."""
    return timedelta(seconds=sum(piece.seconds for piece in pieces if not piece.is_done))


def _is_same(run: RunRecord, asked: dict[str, object]) -> bool:
    told = run.parameters
    return (
        told.get("flow") == "collect"
        and not run.counts.get(FAILED)
        and all(told.get(name) == value for name, value in asked.items())
    )


def _count_pages(data: Path) -> dict[str, dict[str, int]]:
    if not has_state(data):
        return {}
    with open_state(data) as state:
        return count_pages(state)


def _estimate(
    region: str | None, sources: Sequence[Source], known: dict[str, dict[str, int]], limits: Limits
) -> Piece:
    pages: dict[str, int] = {}
    for source in sources:
        for host, count in known.get(source.name, {}).items():
            pages[host] = pages.get(host, 0) + count
    times = [count * choose_delay(limits, host) for host, count in pages.items()]
    return Piece(
        region=region,
        sources=tuple(source.name for source in sources),
        unknown=sum(source.name not in known for source in sources),
        hosts=len(pages),
        pages=sum(pages.values()),
        # Hosts are asked side by side: the longest one decides, or how many go at once.
        seconds=max([*times, sum(times) / limits.sources_at_once]) if times else 0.0,
    )
