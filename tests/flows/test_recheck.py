"""What is stored is judged again when the report it is held to changes, in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

import tasks.check
from flows.check import CheckParameters, check
from flows.collect import CollectParameters, collect
from flows.rules import list_rules
from flows.summary import RunSummary
from storage.lake import read_table
from storage.missing import read_missing
from storage.schema import FINDINGS, REPORTS
from tasks.checking import Checked, check_frames
from tasks.sample.render import render_html
from tasks.sample.spec import Body
from tests.plain import COUNTY, FINANCE, make_spec

pytestmark = pytest.mark.usefixtures("lake_alone")

YEARS = (2022, 2023)
ROSTER = """body,kind,since
上犹县财政局,department,2022
上犹县教育局,department,2023
"""


@dataclass
class Desk:
    """A folder of reports and a data folder; `not_run` gathers what each check did not run."""

    folder: Path
    data: Path
    not_run: list[dict[str, tuple[str, ...]]] = field(default_factory=list)

    def publish(self, body: Body, year: int, **rows: int) -> Path:
        """Publish a report of natural persons' requests; rows of table 3 not given are 0."""
        path = self.folder / f"{body.name}{year}.html"
        path.write_bytes(render_html(make_spec(body, year, rows), "standard"))
        return path

    def collect(self, *paths: Path | str) -> RunSummary:
        """Run the main job on some of the reports."""
        return collect(CollectParameters(data=str(self.data), sources=[str(one) for one in paths]))

    def list_failed(self, year: int) -> set[str]:
        """List the rules that the stored reports of a year fail."""
        findings = read_table(self.data, FINDINGS, [year])
        return set(findings.filter(pl.col("outcome") == "failed")["rule"])

    def read_marks(self, year: int) -> dict[Path, tuple[int, bytes]]:
        """Read the files of a year with their times of change."""
        paths = (self.data / "lake").glob(f"*/year={year}/*/*.parquet")
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Give a desk, and note on it the rules that no check runs."""
    for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES", "GOUJI_ROSTER"):
        monkeypatch.delenv(name, raising=False)
    desk = Desk(tmp_path / "reports", tmp_path / "data")
    desk.folder.mkdir()
    desk.data.mkdir()

    def note_and_check(*given: Any) -> Checked:
        checked = check_frames(*given)
        desk.not_run.append(checked.evaluation.not_run)
        return checked

    monkeypatch.setattr(tasks.check, "check_frames", note_and_check)
    return desk


def test_either_year_is_judged_anew(desk: Desk) -> None:
    """Last year corrected alone changes this year's findings and files; and the reverse."""
    first = desk.publish(COUNTY, 2022, new=3, granted=1, closed=1, carried_out=2)
    second = desk.publish(COUNTY, 2023, new=1, carried_in=2, granted=3, closed=3)
    desk.collect(first, second)
    assert desk.list_failed(2023).isdisjoint({"Y-01", "Y-02", "Y-11"})

    desk.publish(COUNTY, 2022, new=4, granted=1, closed=1, carried_out=3)
    summary = desk.collect(first)
    assert {"Y-01", "Y-02", "Y-11"} <= desk.list_failed(2023)
    assert any("findings/year=2023" in file for file in summary.stored.files)
    assert (summary.stored.replaced, summary.stored.rechecked) == (1, 1)
    versions = read_table(desk.data, REPORTS).sort("year")["version"].to_list()
    assert versions == [2, 1]

    marks = desk.read_marks(2022)
    desk.publish(COUNTY, 2023, new=1, carried_in=3, granted=4, closed=4)
    desk.collect(second)
    assert desk.list_failed(2023).isdisjoint({"Y-01", "Y-02"})
    assert "Y-11" in desk.list_failed(2023)
    assert desk.read_marks(2022) == marks

    marks = desk.read_marks(2023)
    checked = check(CheckParameters(data=str(desk.data)))
    assert checked.stored.files == ()
    assert desk.read_marks(2023) == marks


def test_both_years_corrected_in_one_run(desk: Desk) -> None:
    """A report knows in the very run that last year's, read with it, has changed."""
    paths = [
        desk.publish(COUNTY, year, new=year, granted=year, closed=year) for year in (2022, 2023)
    ]
    desk.collect(*paths)
    desk.publish(COUNTY, 2022, new=5, granted=5, closed=5)
    desk.publish(COUNTY, 2023, new=6, granted=6, closed=6)
    desk.collect(*paths)
    assert "Y-11" in desk.list_failed(2023)
    assert check(CheckParameters(data=str(desk.data))).stored.files == ()


def test_a_government_is_held_to_its_bodies_as_they_come(desk: Desk) -> None:
    """The roster's coverage is told, the sum compared once all are there; nothing is an error."""
    (desk.data / "roster.csv").write_text(ROSTER, "utf-8")
    own = desk.publish(COUNTY, 2022, new=3, granted=3, closed=3)
    desk.collect(own)
    assert {"H-05"} <= desk.list_failed(2022)
    said = read_table(desk.data, FINDINGS).filter(pl.col("rule") == "H-02")
    assert said["outcome"].to_list() == ["not_evaluated"]
    assert "0/1" in said["message"].item()

    summary = desk.collect(desk.publish(FINANCE, 2022, new=2, granted=2, closed=2))
    assert "H-05" not in desk.list_failed(2022)
    told = read_table(desk.data, FINDINGS).filter(pl.col("rule") == "H-02")
    assert told["outcome"].to_list() == ["failed"]
    assert told["severity"].to_list() == ["info"]
    assert "1/1" in told["message"].item()
    missing = read_missing(desk.data).filter(pl.col("known_by") == "roster")
    owed = set(missing.select("publisher", "year").rows())
    assert ("上犹县财政局", 2023) in owed and ("上犹县教育局", 2023) in owed
    assert ("上犹县财政局", 2022) not in owed
    overdue = missing.filter(pl.col("due_on") < summary.started_at.date()).height
    assert summary.overdue == overdue > 0


def test_every_rule_is_run_by_every_check(desk: Desk) -> None:
    """What `gouji rules` says is run, collect and check run; only those with a reason are not."""
    path = desk.publish(COUNTY, 2022, new=3, granted=3, closed=3)
    desk.collect(path)
    check(CheckParameters(data=str(desk.data)))
    check(CheckParameters(data=str(desk.data), read_again=True))
    assert desk.not_run == [{}, {}, {}]
    assert {rule["rule"] for rule in list_rules() if not rule["implemented"]} == {
        *("N-15", "X-04", "Y-10"),
    }


def test_a_report_that_is_gone_is_told(desk: Desk) -> None:
    """An address that gave a stored report and is gone is a finding on that report (P-10).

    One that gives no answer today is no finding: the rule is not evaluated.
    """
    path = desk.publish(COUNTY, 2022, new=3, granted=3, closed=3)
    with serve(desk.folder) as address:
        url = f"{address}/{quote(path.name)}"
        desk.collect(url)
        assert desk.list_failed(2022).isdisjoint({"P-10", "P-14"})
        path.unlink()
        desk.collect(url)
        assert "P-10" in desk.list_failed(2022)
    summary = desk.collect(url)
    told = read_table(desk.data, FINDINGS).filter(pl.col("rule") == "P-10")
    assert told["outcome"].to_list() == ["not_evaluated"]
    assert summary.stored.withdrawn == 0


def test_the_year_of_the_list_is_kept(desk: Desk) -> None:
    """A list that names another year than the report is told (P-07), and when checked again."""
    path = desk.publish(COUNTY, 2022, new=3, granted=3, closed=3)
    listed = "上犹县2021年政府信息公开工作年度报告"
    page = f'<html><body><ul><li><a href="{quote(path.name)}">{listed}</a></li></ul></body></html>'
    (desk.folder / "list.html").write_text(page, "utf-8")
    with serve(desk.folder) as address:
        desk.collect(f"{address}/list.html")
    assert read_table(desk.data, REPORTS)["listed_as"].to_list() == [listed]
    assert "P-07" in desk.list_failed(2022)
    checked = check(CheckParameters(data=str(desk.data)))
    again = check(CheckParameters(data=str(desk.data), read_again=True))
    assert (checked.stored.files, again.stored.files) == ((), ())


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP on loopback; give its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
