"""Promises of reading the archive again: told before it is stored, and without the network."""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest
from prefect.settings import PREFECT_API_URL

from flows.collect import CollectParameters
from flows.collect_region import CollectRegionParameters, choose_parameters
from flows.parameters import REGIONS
from flows.read_again import ReadAgainParameters, Reread, read_again
from storage.checksums import SUMS, hash_file, print_sums, read_sums
from storage.lake import Partition, locate_file, read_rows, read_table
from storage.parquet import read_run_id, write_file
from storage.schema import CELL_CHANGES, CELLS, REPORTS
from tasks.fetching.source import load_sources
from tasks.rereading import choose_archived
from tasks.stored import list_archived

HISTORY = ("cell_changes", "report_versions")


@dataclass(frozen=True)
class Again:
    """An archive that is read again, of which one stored figure was read otherwise.

    `refused` are the addresses that were to be connected to meanwhile.
    """

    data: Path
    cell: dict[str, Any]
    before: dict[Path, bytes]
    damaged: dict[Path, bytes]
    told: Reread
    after_told: dict[Path, bytes]
    stored: Reread
    after_stored: dict[Path, bytes]
    refused: list[Any]


@pytest.fixture(scope="module")
def again(sample_runs: Any, tmp_path_factory: pytest.TempPathFactory) -> Again:
    """Put one figure otherwise into a copy of the sample lake; tell, then store what differs."""
    data = tmp_path_factory.mktemp("again") / "data"
    shutil.copytree(sample_runs.folder, data)
    before = read_lake(data)
    place = Partition(*read_table(data, REPORTS).select("year", "region").row(0))
    cells = read_rows(data, CELLS, place)
    row = cells.with_row_index().filter(pl.col("status") == "read").row(0, named=True)
    is_it = pl.int_range(pl.len()) == row["index"]
    wrong = pl.when(is_it).then(pl.col("value") + 1).otherwise("value").cast(cells["value"].dtype)
    path = data / locate_file(CELLS, place)
    write_file(path, CELLS, cells.with_columns(value=wrong), read_run_id(path, CELLS))
    sums = read_sums(data) | {locate_file(CELLS, place): hash_file(path)}
    (data / SUMS).write_bytes(print_sums(sums))
    damaged = read_lake(data)
    refused: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        refuse_network(patch, refused)
        told = read_again(ReadAgainParameters(data=str(data), region=place.region))
        after_told = read_lake(data)
        stored = read_again(ReadAgainParameters(data=str(data), publish=True))
    return Again(data, row, before, damaged, told, after_told, stored, read_lake(data), refused)


def refuse_network(patch: pytest.MonkeyPatch, refused: list[Any]) -> None:
    """Refuse every connection but those to the Prefect server; note the refused ones."""
    connect, server = socket.socket.connect, urlsplit(PREFECT_API_URL.value() or "").port

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[1] != server:
            refused.append(address)
            raise OSError(f"no network here: {address}")
        connect(self, address)

    patch.setattr(socket.socket, "connect", refuse)


def read_lake(folder: Path) -> dict[Path, bytes]:
    """Read every file of the lake, but for what runs replaced."""
    lake = folder / "lake"
    files = {path.relative_to(lake): path for path in sorted(lake.rglob("*.parquet"))}
    return {name: path.read_bytes() for name, path in files.items() if name.parts[0] not in HISTORY}


def test_what_differs_is_told_before_it_is_stored(again: Again) -> None:
    """Told are the cell with both figures and its report; nothing is stored until published."""
    assert again.told.summary is None
    (change,) = again.told.foreseen.cells.iter_rows(named=True)
    assert [change[name] for name in CELLS.key] == [again.cell[name] for name in CELLS.key]
    assert (change["old_value"], change["value"]) == (again.cell["value"] + 1, again.cell["value"])
    assert again.told.foreseen.reports["what"].to_list() == ["changed"]
    assert again.after_told == again.damaged != again.before
    assert again.cell["report_id"] in again.told.cells_file.read_text("utf-8-sig")


def test_published_it_is_what_the_reader_reads(again: Again) -> None:
    """Stored, every table is as a run of this reader leaves it, and the change is recorded."""
    assert again.stored.foreseen.counts["cells_changed"] == 1
    assert again.stored.summary is not None
    assert again.stored.summary.troubles == ()
    assert again.after_stored == again.before
    (kept,) = read_table(again.data, CELL_CHANGES).iter_rows(named=True)
    assert (kept["cause"], kept["value"]) == ("new_reader", again.cell["value"])


def test_no_host_is_asked(again: Again) -> None:
    """Reading again connects to nothing, and would have noticed: the network was refused."""
    assert again.refused == []
    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="no network"):
        refuse_network(patch, [])
        socket.create_connection(("127.0.0.1", 9), timeout=1)


def test_regions_together_are_the_archive(again: Again) -> None:
    """Read region by region, no page is left out; a region has the pages of its reports alone."""
    every = {origin.url for origin in list_archived(again.data)}
    chosen = {
        region: {origin.url for origin in choose_archived(again.data, None, region)}
        for region in REGIONS
    }
    assert set().union(*chosen.values()) == every
    reports = read_table(again.data, REPORTS)
    for region in set(reports["region"]):
        given = set(reports.filter(pl.col("region") == region)["url"])
        assert {url.partition("!/")[0] for url in given} <= chosen[region]
        others = set(reports.filter(pl.col("region") != region)["url"])
        assert chosen[region].isdisjoint(others)


def test_a_region_is_collected_as_everything_is(again: Again) -> None:
    """A region's run is `collect` on its sources; a region without any is refused."""
    told = CollectRegionParameters(region="CN-GD", year=2022, data=str(again.data))
    listed = load_sources(again.data / "sources.yaml")
    for region, stated in (("CN-GD", "CN-GD"), ("unresolved", None)):
        names = [source.name for source in listed if source.region == stated]
        assert choose_parameters(told.model_copy(update={"region": region})) == CollectParameters(
            sources=names, year=2022, data=str(again.data), send_alerts=False
        )
        assert 0 < len(names) < len(listed)
    with pytest.raises(ValueError, match="sources of the list"):
        choose_parameters(told.model_copy(update={"region": "CN-XZ"}))
    with pytest.raises(ValueError, match="ISO 3166-2"):
        CollectRegionParameters(region="CN-XX")
