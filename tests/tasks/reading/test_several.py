"""Promises on pages with more than one report."""

from __future__ import annotations

import random
import re
from datetime import date

import pytest

from expectations.form import load_form
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.reading.report import CellReading, UnreadableError
from tasks.sample.figures import draw_figures
from tasks.sample.render import render_html, render_text
from tasks.sample.spec import Body, Spec, print_figures

BODY = Body("固镇县", "固镇县", "固镇县人民政府办公室", "government", "CN-AH", "340323", "county")
HALVES = re.compile(r"(?s)^(?P<head>.*?)(?P<part>四、[^<]*(?:<[^>]*>)*[^<]*行政复议.*)$")


def plan(seed: int, year: int = 2022) -> Spec:
    """Plan a report with figures of its own in every cell that is bound by no equation."""
    return Spec(
        body=BODY,
        title=f"固镇县{year}年政府信息公开工作年度报告",
        year=year,
        edition="2021",
        figures=draw_figures(load_form("2021"), random.Random(seed), "prefecture"),
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 16),
        published_on=date(year + 1, 1, 18),
    )


def read(page: str) -> tuple[CellReading, ...]:
    """Read the cells of a page."""
    document = read_document(page.encode())
    return read_cells(document, tell_edition(document))[0]


def cut(page: str, after: str) -> str:
    """Cut a page short before the row that begins with some words."""
    assert page.count(after) == 1
    rest = page[: page.index(after)]
    return rest[: rest.rindex("<tr")] + "</table>" if "<tr" in rest else rest.rstrip(" \t|")


def untitle(page: str) -> str:
    """Take the title away, so that nothing but the tables tells."""
    return page.replace("固镇县2022年政府信息公开工作年度报告", "")


def render(spec: Spec, layout: str) -> str:
    """Render a page, or the text of one."""
    rendered = render_html(spec, layout) if layout == "standard" else render_text(spec, layout)
    return rendered.decode()


@pytest.mark.parametrize("row", ["二、上年结转", "（一）予以公开", "四、结转下年度"])
@pytest.mark.parametrize("layout", ["standard", "tabs"])
def test_a_report_cut_short_takes_no_figure_of_the_next(row: str, layout: str) -> None:
    """Where the first report lost its end, no cell is read with the second one's figure."""
    first, second = plan(1), plan(2)
    page = cut(render(first, layout), row) + untitle(render(second, layout))
    try:
        cells = read(page)
    except UnreadableError as error:
        assert error.code == "several_reports"
        return
    printed = print_figures(first)
    assert [c for c in cells if c.status == "read" and c.text != printed[c.cell]] == []
    assert any(cell.note == "printed_twice" for cell in cells)


@pytest.mark.parametrize("year", [2021, 2022])
def test_a_report_that_is_only_begun_takes_the_place_of_none(year: int) -> None:
    """A second report that breaks off after some rows leaves the first as it is, or unread."""
    first, second = plan(1), plan(2, year)
    page = render(first, "standard") + untitle(cut(render(second, "standard"), "（二）部分公开"))
    try:
        cells = read(page)
    except UnreadableError as error:
        assert error.code == "several_reports"
        return
    printed = print_figures(first)
    assert [c for c in cells if c.status == "read" and c.text != printed[c.cell]] == []


def test_another_title_between_the_tables_is_refused() -> None:
    """Half a report and the other half of another year's are none, though nothing comes twice."""
    first, second = render(plan(1), "standard"), render(plan(2, 2021), "standard")
    head, tail = HALVES.match(first), HALVES.match(second)
    assert head and tail
    title = "<p>固镇县2021年政府信息公开工作年度报告</p>"
    with pytest.raises(UnreadableError, match="2021年政府信息公开工作年度报告 between"):
        read(head["head"] + title + tail["part"])
    assert (
        len(read(head["head"] + "<p>详见2021年政府信息公开工作年度报告</p>" + head["part"])) == 200
    )


def test_the_same_report_twice_is_read_once() -> None:
    """A copy of the tables for print or mobile takes nothing away."""
    page = render(plan(1), "standard")
    assert {cell.status for cell in read(page + page)} == {"read"}


def test_a_title_in_a_list_of_links_is_no_second_report() -> None:
    """Titles of other years beside the tables are links."""
    page = render(plan(1), "standard")
    links = "<ul><li>固镇县2020年政府信息公开工作年度报告</li></ul>"
    assert {cell.status for cell in read(links + page + links)} == {"read"}
