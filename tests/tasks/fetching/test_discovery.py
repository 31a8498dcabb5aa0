"""What discovering reports promises, on sites of each family over real connections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from tasks.fetching.fetch import fetch_sources
from tasks.fetching.limits import Limits
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source
from tests.tasks.fetching.simulator.families import FAMILIES, Site, tell_the_truth
from tests.tasks.fetching.simulator.server import Simulator, serve

LIMITS = Limits(timeout_seconds=5, tries=2, backoff_seconds=0.01, delay_seconds=0)


def discover(
    sites: Mapping[str, Site], starts: Mapping[str, str]
) -> tuple[dict[str, set[str]], dict[str, list[Miss]], Simulator]:
    """Fetch sites side by side; return paths of pages and misses by site, and the server."""
    addresses = {name: f"127.0.7.{number}" for number, name in enumerate(sites, 1)}
    with serve({addresses[name]: site for name, site in sites.items()}) as simulator:
        sources = [
            Source(name, simulator.url(addresses[name], starts[name]), "url", is_local=True)
            for name in sites
        ]
        found = list(fetch_sources(sources, LIMITS, lambda: datetime.now(UTC)))
    paths: dict[str, set[str]] = {name: set() for name in sites}
    misses: dict[str, list[Miss]] = {name: [] for name in sites}
    for item in found:
        if isinstance(item, Page):
            paths[item.source].add(item.url.removeprefix(simulator.url(addresses[item.source], "")))
        else:
            misses[item.source].append(item)
    return paths, misses, simulator


@pytest.mark.parametrize("start", ["home", "column"])
def test_every_report_is_found_and_no_other(start: str) -> None:
    """Of each family every planted report is found, nothing else, and nothing is amiss."""
    sites = {name: build(60, tell_the_truth) for name, build in FAMILIES.items()}
    starts = {name: "/" if start == "home" else site.column for name, site in sites.items()}
    paths, misses, simulator = discover(sites, starts)
    for name, site in sites.items():
        assert paths[name] == site.reports, name
    assert {name: found for name, found in misses.items() if found} == {}
    assert len({(asked.address, asked.target, asked.body) for asked in simulator.asked}) == len(
        simulator.asked
    )
