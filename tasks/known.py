"""What a run knows beside the reports it checks: documents, bodies that owe reports, hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import polars as pl

from expectations.context import ROSTER
from storage.documents import read_documents
from storage.schema import DOCUMENTS
from storage.settings import Settings
from tasks.fetching.source import is_address, load_sources
from tasks.roster import load_roster


@dataclass(frozen=True, slots=True)
class Known:
    """What rules are given beside reports and their texts.

    `documents` and `roster` as the schemas say. `hosts` are those that people named as
    sources. `withdrawn` are stored reports that go with this run.
    """

    documents: pl.DataFrame
    roster: pl.DataFrame
    hosts: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()


NOTHING_KNOWN = Known(DOCUMENTS.schema.to_frame(), ROSTER.to_frame())


def gather_known(
    settings: Settings,
    sources: Iterable[str] = (),
    documents: pl.DataFrame | None = None,
    withdrawn: frozenset[str] = frozenset(),
) -> Known:
    """Gather what is known in a data folder and in this run.

    Args:
        settings: For the data folder, the roster and the source list.
        sources: Addresses that this run was told to read.
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
    listed = [source.location for source in load_sources(path)] if path.exists() else []
    named = [*sources, *listed, *stored["source"].unique()]
    return Known(stored, load_roster(settings), list_hosts(named), withdrawn)


def list_hosts(addresses: Iterable[str]) -> tuple[str, ...]:
    """List the hosts of addresses, each once, sorted; what is no address is left out."""
    hosts = {urlsplit(address).hostname for address in addresses if is_address(address)}
    return tuple(sorted(host for host in hosts if host))
