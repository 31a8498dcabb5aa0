"""What a run knows beside the reports it checks: documents, bodies that owe reports, hosts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import polars as pl

from expectations.context import DOWN, ROSTER
from expectations.earlier import name_series
from storage.crawl_state import list_down
from storage.documents import read_documents
from storage.lake import read_table
from storage.schema import DOCUMENTS, REPORTS
from storage.settings import Settings
from tasks.fetching.source import Source, is_address, load_sources
from tasks.roster import load_roster


@dataclass(frozen=True, slots=True)
class Known:
    """What rules are given beside reports and their texts.

    `documents` and `roster` as the schemas say. `hosts` are those that people named as
    sources. `withdrawn` are stored reports that go with this run. `down` (`DOWN`) names the
    bodies whose host does not answer.
    """

    documents: pl.DataFrame
    roster: pl.DataFrame
    hosts: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    down: pl.DataFrame = field(default_factory=DOWN.to_frame)


NOTHING_KNOWN = Known(DOCUMENTS.schema.to_frame(), ROSTER.to_frame())


def gather_known(
    settings: Settings,
    sources: Sequence[Source] = (),
    documents: pl.DataFrame | None = None,
    withdrawn: frozenset[str] = frozenset(),
) -> Known:
    """Gather what is known in a data folder and in this run.

    Args:
        settings: For the data folder, the roster and the source list.
        sources: What this run was told to read.
        documents: What this run looked at; it outranks what is stored of the same address.
        withdrawn: Stored reports that go with this run.

    Raises:
        RosterError: the roster is not as expected.
        ValueError: the source list is not as expected.
    """
    stored = read_documents(settings.data)
    if documents is not None:
        stored = pl.concat([documents, stored.join(documents, on="url", how="anti")])
    path = settings.sources or settings.data / "sources.yaml"
    listed = (*sources, *(load_sources(path) if path.exists() else ()))
    hosts = list_hosts([*(source.location for source in listed), *stored["source"].unique()])
    roster = load_roster(settings)
    reports = read_table(settings.data, REPORTS, columns=("report_id", "year", "url"))
    down = name_hosts_down(reports, roster, listed, list_down(settings.data))
    roster = roster.drop("host_down").join(down, on="series", how="left", maintain_order="left")
    return Known(stored, roster.select(ROSTER.names()), hosts, withdrawn, down)


def name_hosts_down(
    reports: pl.DataFrame,
    roster: pl.DataFrame,
    sources: Iterable[Source],
    down: Collection[str],
) -> pl.DataFrame:
    """Name the bodies whose reports stand on a host that is down.

    A body's host is that of its newest report; of a body without any, that of the source whose
    entry expects it.

    Args:
        reports: `report_id`, `year`, `url` of what is stored.
        roster: `series` and `publisher` of the bodies that owe reports.
        sources: the sources.
        down: names of hosts.

    Returns:
        As `DOWN`.
    """
    if not down:
        return DOWN.to_frame()
    newest = reports.sort("year").select(name_series().alias("series"), "url")
    hosts = {series: urlsplit(url).hostname for series, url in newest.iter_rows()}
    expected = {
        body: urlsplit(source.location).hostname for source in sources for body in source.expected
    }
    for series, publisher in roster.select("series", "publisher").iter_rows():
        hosts.setdefault(series, expected.get(publisher))
    rows = [(series, host) for series, host in hosts.items() if host in down]
    return pl.DataFrame(rows, schema=DOWN, orient="row")


def list_hosts(addresses: Iterable[str]) -> tuple[str, ...]:
    """List the hosts of addresses, each once, sorted; what is no address is left out."""
    hosts = {urlsplit(address).hostname for address in addresses if is_address(address)}
    return tuple(sorted(host for host in hosts if host))
