"""Promises on whose error a contradiction is, in every format."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from expectations.form import load_form
from storage.reference.gazetteer import load_gazetteer
from storage.schema import COPIES
from tasks.checking import check_frames
from tasks.reading import read
from tasks.reading.frames import Reading, build_details, build_reports
from tasks.reading.labels import LabelIndex
from tasks.reading.report import CellReading
from tasks.reading.stream import match_stream
from tasks.sample.figures import draw_figures
from tasks.sample.formats import FORMATS, render_report
from tasks.sample.render import load_look, print_look
from tasks.sample.spec import Body, Spec

BODY = Body("固镇县", "固镇县", "固镇县人民政府办公室", "government", "CN-AH", "340323", "county")
TOTAL, ADDEND = "t4.review.total", "t4.review.upheld"
WHEN = datetime(2023, 2, 1, tzinfo=UTC)


def render(name: str) -> bytes:
    """Render a report whose total of reviews is wrong by 40."""
    figures = draw_figures(load_form("2021"), random.Random(1), "prefecture")
    spec = Spec(
        body=BODY,
        title="固镇县2022年政府信息公开工作年度报告",
        year=2022,
        edition="2021",
        figures=figures | {TOTAL: figures[TOTAL] + 40},
        period=(date(2022, 1, 1), date(2022, 12, 31)),
        signed_on=date(2023, 1, 16),
        published_on=date(2023, 1, 18),
    )
    # Text of one cell a line has no table to read but the stream: nothing confirms it.
    look = load_look("tabs" if name == "text" else "standard")
    return render_report(name, [(spec, print_look(spec, look))], look)


def list_blames(content: bytes) -> tuple[set[str], dict[str, CellReading]]:
    """Give the blame of the failed sum of table 4, and all cells by name."""
    report = read.read_report(content, load_gazetteer())
    readings = [Reading(report, (), "file", "0" * 64, "", WHEN)]
    details = {**build_details(readings), "copies": COPIES.frame_schema.to_frame()}
    checked = check_frames(build_reports(readings), details)
    blames = {
        finding["blame"]
        for finding in checked.findings.iter_rows(named=True)
        if finding["rule"] == "T4-01" and finding["outcome"] == "failed"
    }
    return blames, {cell.cell: cell for cell in report.cells}


@pytest.mark.parametrize("name", FORMATS)
def test_an_error_that_both_readings_print_is_the_publishers(name: str) -> None:
    """A wrong total is read twice alike, whatever the format: the publisher is to blame."""
    blames, cells = list_blames(render(name))
    assert blames == {"publisher"}
    unconfirmed = {cell for cell, one in cells.items() if not one.confirmed}
    assert not any(cell.startswith(("t3", "t4")) for cell in unconfirmed)
    assert len(unconfirmed) <= (3 if name == "pdf" else 0)  # lines of cells set at their middle


@pytest.mark.parametrize("name", FORMATS)
def test_an_error_that_only_one_reading_sees_is_nobodys(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the second reading has nothing of the row, nobody is blamed."""

    def lose(text: str, index: LabelIndex) -> dict[str, CellReading]:
        readings = match_stream(text, index)
        return {cell: one for cell, one in readings.items() if not cell.startswith("t4.review.")}

    monkeypatch.setattr(read, "match_stream", lose)
    blames, cells = list_blames(render(name))
    assert blames == {"unknown"}
    assert cells[TOTAL].status == "read" and not cells[TOTAL].confirmed


@pytest.mark.parametrize("name", FORMATS)
def test_where_the_readings_differ_no_publisher_is_blamed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell read as two figures is unreadable, keeps both, and fails no equation."""

    def misread(text: str, index: LabelIndex) -> dict[str, CellReading]:
        readings = match_stream(text, index)
        other = readings[ADDEND]
        return readings | {ADDEND: other._replace(value=Decimal(7777), text="7777")}

    monkeypatch.setattr(read, "match_stream", misread)
    blames, cells = list_blames(render(name))
    assert blames == set()
    cell = cells[ADDEND]
    assert (cell.status, cell.value) == ("unreadable", None)
    assert (cell.note or "").startswith("readings_differ:7777")
    assert cell.text not in (None, "7777")
