"""The list of sources: show it, look whether they answer, find a column, add an entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from storage.access import view_data
from storage.settings import Settings
from tasks.fetching.examine import Examination, examine_sources, propose_entry
from tasks.fetching.limits import choose_limits
from tasks.fetching.source import (
    Entry,
    SourceFile,
    load_entries,
    make_source,
    parse_source_argument,
    write_entry,
)

SHIPPED = Path(__file__).parents[1] / "tasks/fetching/sources"
_YEARS_SHOWN = 4


def find_list(settings: Settings) -> Path:
    """Find the source list: that of the settings, of the data folder, else the one we ship."""
    view_data(settings)
    path = settings.sources or settings.data / "sources.yaml"
    return path if settings.sources or path.exists() else SHIPPED


def list_entries(path: Path, region: str | None) -> list[Entry]:
    """List the entries of a source list, of a region where one is given.

    Raises:
        ValueError: the list is malformed.
    """
    return [entry for entry in load_entries(path) if region in (None, entry.region)]


def show_entries(entries: Sequence[Entry], console: Console) -> None:
    """Print entries as a table."""
    table = Table("name", "region", "family", "verified", "url")
    for entry in entries:
        verified = str(entry.verified) if entry.verified else "no"
        cells = (entry.name, entry.region or "", entry.family or "", verified, entry.url)
        table.add_row(*map(escape, cells))
    console.print(table)
    console.print(f"{len(entries)} sources")


def check_entries(entries: Sequence[Entry], settings: Settings) -> list[dict[str, Any]]:
    """Look whether sources answer, which family fits, how many reports a year they show.

    No report is fetched. `state` is `lists` (it lists reports), `empty` (it answers, but lists
    none), or the outcome of its own address.
    """
    sources = [make_source(entry) for entry in entries]
    found = examine_sources(sources, choose_limits(settings), lambda: datetime.now(UTC))
    return [describe(examination) for examination in found]


def describe(examination: Examination) -> dict[str, Any]:
    """Describe what a source showed, as JSON gives it."""
    return {
        "name": examination.source.name,
        "url": examination.source.location,
        "state": _name_state(examination),
        "column": examination.column,
        "families": list(examination.families),
        "reports": len(examination.reports),
        "years": examination.years,
        "misses": [
            {"url": miss.url, "outcome": miss.outcome, "reason": miss.reason}
            for miss in examination.misses
        ],
    }


def show_checks(checks: Sequence[dict[str, Any]], console: Console) -> None:
    """Print what sources showed as a table."""
    table = Table("name", "state", "family", "reports", "by year")
    for found in checks:
        years = list(found["years"].items())
        shown = ", ".join(f"{year}: {count}" for year, count in years[:_YEARS_SHOWN])
        shown += ", …" if len(years) > _YEARS_SHOWN else ""
        families = ", ".join(found["families"])
        cells = (found["name"], found["state"], families, str(found["reports"]), shown)
        table.add_row(*map(escape, cells))
    console.print(table)
    for found in checks:
        for miss in found["misses"]:
            console.print(escape(f"{found['name']}: {miss['url']}: {miss['reason']}"))


def probe(url: str, region: str | None, settings: Settings) -> tuple[Entry | None, Examination]:
    """Find the list of reports from an address, such as a home page, and propose its entry.

    Raises:
        ValueError: it is no http(s) address.
    """
    source = parse_source_argument(url)
    if source.kind != "url":
        raise ValueError(f"expected an http(s) address, found {url!r}")
    [found] = examine_sources([source], choose_limits(settings), lambda: datetime.now(UTC))
    proposed = propose_entry(found)
    return proposed and proposed.model_copy(update={"region": region}), found


def describe_proposal(entry: Entry, examination: Examination) -> str:
    """Write a proposed entry as YAML, with what it rests on as a comment."""
    years = ", ".join(f"{year}: {count}" for year, count in examination.years.items())
    return f"# {len(examination.reports)} reports ({years})\n{write_entry(entry)}"


def describe_schema() -> str:
    """Return the JSON schema of a source file."""
    return json.dumps(SourceFile.model_json_schema(), ensure_ascii=False, indent=2)


def _name_state(examination: Examination) -> str:
    if examination.reports:
        return "lists"
    own = [m for m in examination.misses if m.url == examination.source.location]
    outcomes = [miss.outcome for miss in own if miss.outcome != "no_reports"]
    return outcomes[0] if outcomes else "empty"
