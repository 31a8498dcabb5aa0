"""What looking at sources, and the lists of them, promise."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.fetching.examine import examine_sources, propose_entry
from tasks.fetching.limits import Limits
from tasks.fetching.lists.family import load_families
from tasks.fetching.source import Entry, Source, add_entry, load_entries, load_sources
from tests.tasks.fetching.simulator.families import FAMILIES, html, tell_the_truth
from tests.tasks.fetching.simulator.server import serve

LIMITS = Limits(timeout_seconds=5, tries=1, delay_seconds=0)
SHIPPED = Path(__file__).resolve().parents[3] / "tasks/fetching/sources"
COUNT = 48


def test_a_column_is_found_from_a_home_page_without_fetching_a_report() -> None:
    """Of each family the column, the family and the reports by year are told."""
    sites = {name: build(COUNT, tell_the_truth) for name, build in FAMILIES.items()}
    addresses = {name: f"127.0.8.{number}" for number, name in enumerate(sites, 1)}
    with serve({addresses[name]: site for name, site in sites.items()}) as simulator:
        sources = [
            Source(name, simulator.url(addresses[name]), "url", is_local=True) for name in sites
        ]
        found = examine_sources(sources, LIMITS, lambda: datetime.now(UTC))
    for examination in found:
        name = examination.source.name
        entry = propose_entry(examination)
        assert entry is not None
        assert entry.url == simulator.url(addresses[name], sites[name].column), name
        assert entry.family == name
        assert len(examination.reports) == COUNT, name
        assert examination.misses == []
        if name != "hanweb_annual":
            assert sum(examination.years.values()) == COUNT
            assert examination.years["2008"] == 3
    asked = {asked.path for asked in simulator.asked}
    reports = {
        path for name, site in sites.items() if name != "hanweb_annual" for path in site.reports
    }
    assert not asked & reports


def test_a_site_without_reports_proposes_nothing() -> None:
    """A site that lists no reports is told with its reason."""
    with serve({"127.0.8.1": lambda _: html('<a href="/news/">新闻</a>')}) as simulator:
        source = Source("x", simulator.url("127.0.8.1"), "url", is_local=True)
        [found] = examine_sources([source], LIMITS, lambda: datetime.now(UTC))
    assert propose_entry(found) is None


def test_an_entry_is_added_and_the_list_stays_as_it_was(tmp_path: Path) -> None:
    """Adding keeps comments and other entries, refuses a name twice and leaves the file alone."""
    file = tmp_path / "sources.yaml"
    file.write_text("sources:\n  # first\n  - {name: a, url: 'https://a.gov.cn/'}\n", "utf-8")
    add_entry(file, Entry(name="某县", url="https://b.gov.cn/", region="CN-JX"))
    assert "# first" in file.read_text("utf-8")
    assert [source.name for source in load_sources(file)] == ["a", "某县"]
    before = file.read_bytes()
    with pytest.raises(ValueError, match="expected a new name, found '某县'"):
        add_entry(file, Entry(name="某县", url="https://c.gov.cn/"))
    assert file.read_bytes() == before


def test_a_file_of_another_layout_is_not_broken(tmp_path: Path) -> None:
    """Where an entry cannot be appended safely, the file is left alone and the entry is shown."""
    file = tmp_path / "sources.yaml"
    file.write_text("sources: [{name: a, url: 'https://a.gov.cn/'}]\n", "utf-8")
    with pytest.raises(ValueError, match="add the entry by hand"):
        add_entry(file, Entry(name="b", url="https://b.gov.cn/"))
    assert [source.name for source in load_sources(file)] == ["a"]


def test_the_starting_list_has_every_province_and_family() -> None:
    """Each of the 31 provinces and each family is there; nothing is called verified."""
    entries = load_entries(SHIPPED)
    regions = {entry.region for entry in entries} - {"CN"}
    assert len(regions) == 31
    assert {entry.family for entry in entries if entry.family} == {*load_families(), "generic"}
    assert all(entry.verified is None and not entry.local for entry in entries)
