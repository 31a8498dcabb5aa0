"""Promises of reading pages: every layout, what surrounds a figure, hostile markup."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.form import load_form
from tasks.reading.document import Document, GridCell
from tasks.reading.html import read_html
from tasks.reading.labels import index_labels
from tasks.reading.match import Matching, match_grids
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.reading.report import UnreadableError
from tasks.reading.words import fold_label
from tasks.sample.corruption import DAMAGES, damage_tables
from tasks.sample.figures import draw_figures
from tasks.sample.look import Look, draw_look, list_options
from tasks.sample.render import list_layouts, print_look, render_html, render_tables
from tasks.sample.spec import Body, Spec

OF_OTHERS = ("is_nested", "flow", "edges", "width", "merges", "empties", "gap", "page_number")
OF_FILES = ("encoding", "script", "paper", "cuts_rows", "is_closed")
OPTIONS = [
    (option, value)
    for option, values in list_options().items()
    for value in dict.fromkeys(values)
    if option not in OF_OTHERS + OF_FILES and value != "pair"  # no single figure in a cell
]
HEAD = (
    "<tr><td>项目</td><td>自然人</td><td>商业企业</td><td>科研机构</td><td>社会公益组织</td>"
    "<td>法律服务机构</td><td>其他</td><td>总计</td></tr>"
)
LABEL = "<td>一、本年新收政府信息公开申请数量</td>"
SECONDS = 5.0  # a page that takes longer is an attack that works


def make_spec(edition: str, seed: int = 5) -> Spec:
    """Draw a report of a busy city, with zeros and figures of up to six digits."""
    year = {"2021": 2022, "2019": 2019}[edition]
    return Spec(
        body=Body(
            "常州市", "常州市", "常州市人民政府", "government", "CN-JS", "320400", "prefecture"
        ),
        title=f"常州市{year}年政府信息公开工作年度报告",
        year=year,
        edition=edition,
        figures=draw_figures(load_form(edition), random.Random(seed), "prefecture"),
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 16),
        published_on=date(year + 1, 1, 18),
    )


def match_row(*values: str) -> Matching:
    """Match one row of table 3 whose cells hold the given markup."""
    cells = "".join(f"<td>{value}</td>" for value in values)
    page = f"<html><body><table>{HEAD}<tr>{LABEL}{cells}</tr></table></body></html>"
    return match_grids(read_html(page).grids, index_labels("2021"))


@pytest.mark.parametrize("edition", ["2021", "2019"])
@pytest.mark.parametrize(("option", "value"), OPTIONS, ids=str)
def test_every_layout_is_read_cell_by_cell(edition: str, option: str, value: str) -> None:
    """Each option of a look alone changes no value: all cells are read, or blank as printed."""
    spec = make_spec(edition)
    look = Look(**{option: value})  # type: ignore[arg-type]
    document = read_document(render_tables(spec, print_look(spec, look), look).encode())
    readings, problem, *_ = read_cells(document, tell_edition(document))
    zero = None if option == "zero" and value != "0" else Decimal(0)
    expected = {cell: figure or zero for cell, figure in spec.figures.items()}
    assert {reading.cell: reading.value for reading in readings} == expected
    assert problem is None


@pytest.mark.parametrize("layout", list_layouts(".html"))
def test_sample_layouts_leave_nothing_unmatched(layout: str) -> None:
    """A page with the form's tables alone has no figure in them beyond its cells."""
    spec = make_spec("2021")
    matching = match_grids(read_document(render_html(spec, layout)).grids, index_labels("2021"))
    assert len(matching.readings) == 200
    assert matching.unmatched == []


def test_rows_and_columns_of_the_publisher_are_reported() -> None:
    """Sub-totals and remarks are no cells of the form; their figures are kept as unmatched."""
    spec = make_spec("2021")
    look = Look(own_row="inside", own_column="last")
    page = render_tables(spec, print_look(spec, look), look).encode()
    matching = match_grids(read_document(page).grids, index_labels("2021"))
    texts = {text for _, text in matching.unmatched}
    assert texts == {"17", "18", "19", "20", "21", "22", "23", "3", "另有12件"}


@pytest.mark.parametrize(
    ("markup", "status", "value"),
    [
        ("<span>1</span><span>2</span>", "read", 12),
        ("<font>1<b>2</b></font>", "read", 12),
        ("<p align=center>12<br></p><p>&nbsp;</p>", "read", 12),
        ("1<!-- 9 -->2", "read", 12),
        ("12<span style='display:none'>7</span>", "read", 12),
        ("12<sup>1</sup>", "unreadable", None),
        ("<del>1</del>2", "unreadable", None),
        ("1<br>2", "unreadable", None),
        ("1<BR/>2", "unreadable", None),
        ("<p>1</p><p>2</p>", "unreadable", None),
        ("<center>1</center>2", "unreadable", None),
        ("1\n2", "unreadable", None),
        ("<img src=5.png>", "unreadable", None),
        ("<input value=12>", "unreadable", None),
        ("<script>12</script>", "blank", None),
        ("&nbsp;&#8203;", "blank", None),
        ("９" * 3_000_000, "unreadable", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_markup_inside_a_cell_never_changes_its_figure(
    markup: str, status: str, value: int | None
) -> None:
    """What a screen shows as one figure is read, what it shows apart or as a picture is not."""
    reading = match_row("5", markup, "0", "0", "0", "0", "9").readings["t3.new.company"]
    assert (reading.status, reading.value) == (status, value)


@pytest.mark.parametrize(
    "ending",
    ["", "</sp", "</span>", "</span></td", "</div></body></html>"],
    ids=["figure", "tag", "inner end", "half end", "page around it"],
)
def test_the_cell_in_which_a_file_ends_is_not_read(ending: str) -> None:
    """A figure may have lost its last digits there; the cells before it stand."""
    page = f"<div><table>{HEAD}<tr>{LABEL}" + "<td>1</td>" * 6 + f"<td><span>12{ending}"
    matching = match_grids(read_html(page).grids, index_labels("2021"))
    assert matching.readings["t3.new.natural_person"].value == 1
    assert matching.readings["t3.new.total"].status == "unreadable"


def test_a_figure_merged_over_rows_belongs_to_none() -> None:
    """One printed figure beside two rows is neither row's own."""
    rows = f"<tr>{LABEL}<td rowspan=2>4</td>" + "<td>0</td>" * 6 + "</tr>"
    rows += "<tr><td>二、上年结转政府信息公开申请数量</td>" + "<td>1</td>" * 6 + "</tr>"
    matching = match_grids(read_html(f"<table>{HEAD}{rows}</table>").grids, index_labels("2021"))
    for row in ("new", "carried_in"):
        assert matching.readings[f"t3.{row}.natural_person"].note == "merged_rows"
    assert matching.readings["t3.carried_in.company"].value == 1


def list_figures(document: Document) -> Iterator[GridCell]:
    """List the printed cells with a digit that are no label, heading or header of the form."""
    index = index_labels(tell_edition(document) or "2021")
    for cell in {cell for grid in document.grids for row in grid.rows for cell in row}:
        text = fold_label(cell.text)
        known = index.find_line(text) or index.is_group(text) or text in index.headers
        if any(c.isdigit() for c in text) and not known and text not in index.headings:
            yield cell


@pytest.mark.parametrize("damage", ["none", *DAMAGES])
def test_every_figure_of_the_tables_lands_somewhere_once(damage: str) -> None:
    """Each printed figure is in one cell, or unmatched, or in a row that could not be read."""
    rng = random.Random(damage)
    for _ in range(12):
        spec, look = make_spec(rng.choice(["2021", "2019"]), rng.randrange(99)), draw_look(rng)
        look = replace(look, template="standard.html")
        tables = print_look(spec, look)
        tables = damage_tables(tables, damage, rng) if damage in DAMAGES else tables
        document = read_document(render_tables(spec, tables, look).encode())
        matching = match_grids(document.grids, index_labels(spec.edition))
        spoiled = [r for r in matching.readings.values() if r.status == "unreadable"]
        landed = Counter(r.locator for r in matching.readings.values() if r.status == "read")
        landed.update(locator for locator, _ in matching.unmatched)
        for cell in list_figures(document):
            table = cell.locator.split("/")[0]
            quoted = any(
                cell.text in (reading.text or "") and table in (reading.locator or "")
                for reading in spoiled
            )
            assert landed[cell.locator] == 1 or (not landed[cell.locator] and quoted), cell


def test_a_table_with_one_cell_a_row_is_running_text() -> None:
    """A page laid out in a table without tables inside keeps its prose."""
    page = (
        "<table><tr><td>某县2022年政府信息公开工作年度报告</td></tr><tr><td>正文</td></tr></table>"
    )
    document = read_html(page)
    assert document.grids == ()
    assert document.text == "某县2022年政府信息公开工作年度报告\n正文"


@pytest.mark.parametrize(
    "markup",
    ["<div>" * 200_000, "<div>x" * 6_000 + "</div>" * 6_000, "<font size=1>" * 200_000],
    ids=["unclosed", "closed", "formatting"],
)
def test_a_page_nested_too_deep_is_refused(markup: str) -> None:
    """The parser's time grows with the square of the nesting: the message says what was found."""
    with pytest.raises(UnreadableError, match=r"at most 5000 elements .* found more at byte"):
        read_html(markup)


@pytest.mark.parametrize(
    "markup",
    [
        "<p>text" * 50_000,
        "<ul>" + "<li>item<br><img src=x>" * 50_000 + "</ul>",
        f"<svg>{'<path d=M0/>' * 9_000}</svg>",
        "<div><span>x</span></div>" * 20_000,
        "<!DOCTYPE html></b></i></div>" * 9_000,
    ],
    ids=["paragraphs", "items", "drawing", "siblings", "stray ends"],
)
def test_a_long_page_is_not_taken_for_a_deep_one(markup: str) -> None:
    """Many elements one after the other are read, closed or not."""
    assert read_html(markup).grids == ()


@pytest.mark.parametrize(
    "markup",
    [
        "<table><tr><td>1<td>2</table>" * 10_000,
        "<table><tr>" + f"<td colspan={'9' * 1_000_000}>1<td>2</table>",
        "<table>" + "<tr><td rowspan=65534 colspan=1000>1<td rowspan=99>2" * 20_000,
        "<table><tr>" + "<td rowspan=60>自然人" * 50_000 + "<tr><td>1" * 60,
        "<table>" + f"<tr>{'<td>总计</td><td>x1</td>' * 50}" * 1_000,
        f"<table>{HEAD}" + f"<tr>{LABEL}<td>1" * 20_000,
        "<table><tr><td>" * 4_000,
        "<table><tr><td colspan=²>1<td rowspan=-5>2<td colspan=1e9>3",
        "<td" * 100_000,
        "<" * 1_000_000,
    ],
    ids=["tables", "colspan", "rowspans", "header", "headers", "rows", "nested", "odd", "td", "<"],
)
def test_a_hostile_table_costs_seconds_at_most(markup: str) -> None:
    """Thousands of tables, rows and spans are read or refused in bounded time."""
    started = time.process_time()
    with suppress(UnreadableError):
        match_grids(read_html(markup).grids, index_labels("2021"))
    assert time.process_time() - started < SECONDS


PIECES = (
    "<td>",
    "</td>",
    "</tr>",
    "<table>",
    "</table>",
    "<td colspan=9>",
    "<tr rowspan=²>",
    "<!--",
    "]]>",
    "&#0;",
    "\x00",
    "�",
    "７",
    "-",
    "<p>",
    "<svg>",
    "<template>",
    "总计",
)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_only_a_named_reason_escapes_a_mutated_page(data: st.DataObject) -> None:
    """Whatever is cut out of a page or put into it, reading gives cells or a reason."""
    look = draw_look(random.Random(data.draw(st.integers(0, 50))))
    spec = make_spec(data.draw(st.sampled_from(["2021", "2019"])))
    page = render_tables(spec, print_look(spec, look), look)
    places = st.integers(0, len(page))
    for _ in range(data.draw(st.integers(1, 8))):
        start, length = data.draw(places), data.draw(st.integers(0, 400))
        piece = data.draw(st.sampled_from(PIECES) | st.text(max_size=9))
        page = page[:start] + piece + page[start + length :]
    content = page.encode(data.draw(st.sampled_from(["utf-8", "gb18030"])), "replace")
    with suppress(UnreadableError):
        document = read_document(content)
        read_cells(document, tell_edition(document))
