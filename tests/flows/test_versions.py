"""A page that changes between runs: read again, its old version kept, and what differs recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.collect import CollectParameters, collect
from flows.hosts import describe_hosts
from flows.summary import RunSummary
from flows.verify import verify
from storage import archive
from storage.lake import read_table
from storage.parquet import write_file
from storage.schema import CELL_CHANGES, CELLS, FINDINGS, REPORTS
from storage.settings import load_settings
from tasks.sample.render import render_html
from tasks.sample.spec import Body
from tasks.verifying import Verification
from tests.plain import COUNTY, FINANCE, make_granted
from tests.tasks.fetching.simulator.server import serve
from tests.tasks.fetching.simulator.shelf import Shelf

pytestmark = pytest.mark.usefixtures("lake_alone")

HOST = "127.0.9.11"


def write_page(body: Body, year: int, requests: int) -> bytes:
    """Write a report of natural persons' requests, all granted."""
    return render_html(make_granted(body, year, requests), "standard")


@dataclass(frozen=True)
class Two:
    """Two runs over a site, one of whose reports changed in between."""

    data: Path
    first: RunSummary
    second: RunSummary


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Collect, change one figure of one report, and collect again."""
    data = tmp_path_factory.mktemp("data")
    names = {"/a.html": COUNTY, "/b.html": FINANCE, "/c.html": COUNTY}
    years = {"/a.html": 2022, "/b.html": 2022, "/c.html": 2023}
    pages = {path: write_page(body, years[path], 3) for path, body in names.items()}
    links = "".join(
        f'<a href="{path}">{body.name}{years[path]}年政府信息公开工作年度报告</a>'
        for path, body in names.items()
    )
    pages["/zfxxgknb/"] = f"<title>政府信息公开年报</title>{links}".encode()
    shelf = Shelf(pages)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES"):
            patch.delenv(name, raising=False)
        with serve({HOST: shelf}) as simulator:
            parameters = CollectParameters(
                sources=[simulator.url(HOST, "/zfxxgknb/")], data=str(data)
            )
            first = collect(parameters)
            shelf.pages["/a.html"] = write_page(COUNTY, 2022, 5)
            yield Two(data, first, collect(parameters))


def run_verify(data: Path) -> list[Verification]:
    """Verify everything that is stored."""
    return list(verify(load_settings(str(data)), (), None, datetime.now(UTC)))


def test_the_run_says_what_changed(two: Two) -> None:
    """One address changed, the others are unchanged; one report is replaced, next year's judged."""
    assert two.first.addresses == {"fetched": 4}
    assert two.second.addresses == {"fetched": 1, "unchanged": 3}
    assert two.second.counts["addresses_unchanged"] == 3
    stored = two.second.stored
    assert (stored.replaced, stored.rechecked, stored.kept) == (1, 1, 1)


def test_the_old_version_is_kept(two: Two) -> None:
    """The report has a second version with its date; the bytes of both are in the archive."""
    reports = read_table(two.data, REPORTS)
    changed = reports.filter(pl.col("version") == 2)
    assert changed["url"].str.ends_with("/a.html").to_list() == [True]
    assert changed["changed_at"].null_count() == 0
    assert {path.name for path in (two.data / "archive").rglob("*") if path.is_file()} >= {
        hashlib.sha256(write_page(COUNTY, 2022, requests)).hexdigest() for requests in (3, 5)
    }


def test_the_cells_that_differ_are_recorded(two: Two) -> None:
    """Every changed cell has both figures, and no other cell is named."""
    changes = read_table(two.data, CELL_CHANGES)
    assert changes.height == 6
    assert set(changes["row"]) == {"new", "granted", "closed"}
    assert (set(changes["old_value"]), set(changes["value"])) == ({Decimal(3)}, {Decimal(5)})


def test_what_changed_is_told_with_the_next_report(two: Two) -> None:
    """The report of the year after says that last year's text was replaced (Y-11)."""
    told = read_table(two.data, FINDINGS).filter(pl.col("rule") == "Y-11")
    assert told.filter(pl.col("outcome") == "failed")["year"].to_list() == [2023]


def test_hosts_are_shown(two: Two) -> None:
    """The host is up, with its addresses by outcome."""
    (host,) = describe_hosts(load_settings(str(two.data)))
    assert (host["host"], host["state"]) == (HOST, "up")
    assert host["addresses"] == {"fetched": 1, "unchanged": 3}


def run_command(*arguments: str) -> Result:
    """Run `gouji` in this process."""
    return CliRunner().invoke(app, arguments)


def test_archived_bytes_give_the_same_again(two: Two) -> None:
    """Every report, read and checked again offline by `gouji verify`, comes out as it is stored."""
    done = run_command("verify", "--data", str(two.data), "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.exit_code, len(found)) == (0, 3)
    for each in found:
        assert (each["is_same"], each["differences"], each["trouble"]) == (True, [], None)
        assert each["reader_then"] == each["reader_now"]
        assert each["rules_then"] == each["rules_now"]
    name = found[0]["report_id"]
    shown = run_command("verify", name, "--data", str(two.data))
    assert (shown.exit_code, shown.stdout.split()[:2]) == (0, ["same", name])


def test_a_report_that_is_not_stored_is_not_verified(two: Two) -> None:
    """`gouji verify` of a name that nothing stored has says so; its exit status is 2."""
    done = run_command("verify", "nothing-2022", "--data", str(two.data))
    assert done.exit_code == 2
    assert "'nothing-2022'" in done.output


def test_the_command_shows_hosts(two: Two, tmp_path: Path) -> None:
    """`gouji status --hosts` shows each host with its state and addresses, also as JSON."""
    (host,) = json.loads(run_command("status", "--hosts", "--data", str(two.data), "--json").stdout)
    assert (host["host"], host["state"], host["reason"]) == (HOST, "up", None)
    shown = run_command("status", "--hosts", "--data", str(two.data))
    assert shown.exit_code == 0
    assert "1 hosts, 0 down" in shown.stdout
    assert {HOST, "up", "fetched,", "3", "unchanged"} <= set(shown.stdout.split())
    none = run_command("status", "--hosts", "--data", str(tmp_path))
    assert (none.exit_code, "No host was asked yet" in none.stdout) == (0, True)


def test_what_differs_is_named(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stored cell that the bytes do not give is named with both values; so is a newer reader."""
    path = two.data / "lake/cells/year=2023/region=CN-JX/part.parquet"
    kept = path.read_bytes()
    cells = read_table(two.data, CELLS, [2023], ["CN-JX"]).drop("year", "region")
    is_one = (pl.col("row") == "granted") & (pl.col("column") == "natural_person")
    altered = pl.when(is_one).then(pl.lit(4)).otherwise("value").cast(CELLS.schema["value"])
    write_file(path, CELLS, cells.with_columns(value=altered))
    monkeypatch.setattr("tasks.verifying.name_reader", lambda: "another")
    try:
        found = {each.url[-6:]: each for each in run_verify(two.data)}
        done = run_command("verify", found["c.html"].report_id, "--data", str(two.data))
    finally:
        path.write_bytes(kept)
    assert done.exit_code == 1
    assert "1 differences" in done.stdout and "reader: " in done.stdout
    assert "cell t3.granted.natural_person: stored value 4" in done.stdout
    (difference,) = found["c.html"].differences
    assert (difference.kind, difference.name) == ("cell", "t3.granted.natural_person")
    assert "value 4" in str(difference.stored)
    assert "value 3" in str(difference.derived)
    assert found["c.html"].reader_then != found["c.html"].reader_now == "another"
    assert found["b.html"].differences == ()


def test_damaged_bytes_are_told(two: Two) -> None:
    """Where the archive is damaged, the report cannot be verified, and the others are."""
    (report,) = (each for each in run_verify(two.data) if each.url.endswith("b.html"))
    path = archive.locate(two.data, report.sha256)
    kept = path.read_bytes()
    path.write_bytes(kept[:-1])
    try:
        found = {each.url[-6:]: each for each in run_verify(two.data)}
    finally:
        path.write_bytes(kept)
    assert "is damaged" in str(found["b.html"].trouble)
    assert found["a.html"] == replace(found["a.html"], trouble=None, differences=())
