"""Promises of the second reading: the plain stream, cut by the labels of the form."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from expectations.form import load_form
from tasks.reading.html import read_html
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.reading.report import CellReading
from tasks.reading.stream import flatten, match_stream
from tasks.sample.figures import draw_figures
from tasks.sample.grids import Rows, fill_slots
from tasks.sample.render import compose_parts, list_layouts, render_html
from tasks.sample.spec import Body, RowFault, Spec, print_figures

REPORTS = Path(__file__).resolve().parents[3].parent / "shared/reports"
BODY = Body("某县", "某县", "某县人民政府办公室", "government", "CN-JX", "360724", "county")
EDITIONS = {"2019": 2020, "2021": 2023}
NEW = "一、本年新收政府信息公开申请数量"


def plan(edition: str, scale: str = "county", seed: int = 0) -> Spec:
    """Plan a report with random figures that satisfy every equation."""
    year = EDITIONS[edition]
    return Spec(
        body=BODY,
        title=f"某县{year}年政府信息公开工作年度报告",
        year=year,
        edition=edition,
        figures=draw_figures(load_form(edition), random.Random(seed), scale),
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 20),
        published_on=date(year + 1, 1, 20),
    )


def line_up(rows: Rows) -> list[list[str]]:
    """List the texts of each row, cells merged from above left out."""
    return [[slot.text for slot in row] for row in rows]


def widen(rows: Rows) -> list[list[str]]:
    """List the texts of each row with empty cells where merged cells reach."""
    _, filled = fill_slots(rows)
    return [
        [
            text
            for slot in row
            for text in ([slot.text, *[""] * (slot.column_span - 1)] if slot else [""])
        ]
        for row in filled
    ]


def tab(rows: Rows) -> str:
    """Write a cell a line, each after a tab, rows apart by empty lines."""
    return "".join("".join(f"\t{text}\n" for text in row) + "\n" for row in line_up(rows))


def pipe(rows: Rows) -> str:
    """Write rows between pipes, merged cells as empty ones."""
    return "".join(f"| {' | '.join(row)} |\n" for row in widen(rows))


LAYOUTS: dict[str, Callable[[Rows], str]] = {
    "tabs": tab,
    "tab_separated_rows": lambda rows: "".join("\t".join(row) + "\n" for row in line_up(rows)),
    "lines": lambda rows: "".join(f"{text}\n" for row in line_up(rows) for text in row),
    "blank_lines": lambda rows: "".join(f"{text}\n\n" for row in line_up(rows) for text in row),
    "pipe_rows_padded": pipe,
    "pipe_rows": lambda rows: "".join(f"| {' | '.join(row)} |\n" for row in line_up(rows)),
    "pipes_between": lambda rows: "".join(" | ".join(row) + "\n" for row in line_up(rows)),
    "closing_pipes": lambda rows: "".join(f"{text} |\n" for row in line_up(rows) for text in row),
    "rows_of_blanks": lambda rows: "".join(" ".join(row) + "\n" for row in line_up(rows)),
    "one_line": lambda rows: " ".join(" ".join(row) for row in line_up(rows)) + " ",
    "run_together": lambda rows: "".join("".join(row) for row in line_up(rows)),
}
SEPARATED = [name for name in LAYOUTS if name != "run_together"]


def write(spec: Spec, layout: str) -> str:
    """Flatten a report into a layout."""
    return "".join(
        LAYOUTS[layout](part.rows)
        if part.rows is not None
        else part.text + ("" if layout in ("one_line", "run_together") else "\n")
        for part in compose_parts(spec, "standard")
    )


def read(text: str, edition: str = "2021") -> dict[str, CellReading]:
    """Read a stream of an edition."""
    return match_stream(text, index_labels(edition))


def count_wrong(spec: Spec, readings: dict[str, CellReading]) -> int:
    """Count the cells whose value is not the printed one; a blank one has none."""
    printed = print_figures(spec)
    return sum(
        reading.value is not None
        and (not printed[cell] or reading.value != Decimal(printed[cell].rstrip("元")))
        for cell, reading in readings.items()
    )


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("layout", SEPARATED)
def test_every_separated_layout_gives_every_figure(layout: str, edition: str) -> None:
    """Whatever sets the cells apart, each is read with the figure printed in it."""
    spec = plan(edition, "prefecture")
    readings = read(write(spec, layout), edition)
    assert {reading.status for reading in readings.values()} == {"read"}
    assert len(readings) == len(spec.form.cells)
    assert count_wrong(spec, readings) == 0


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fault", ["short", "long", "dropped"])
def test_a_broken_row_never_shifts_a_figure(layout: str, fault: RowFault) -> None:
    """A row with a figure lost or printed twice is not read, its neighbours keep theirs."""
    for seed, row in enumerate(("granted", "rejected_repeat", "closed", "other_other")):
        spec = replace(plan("2021", seed=seed), row_faults={row: fault})
        readings = read(write(spec, layout))
        assert not any(
            reading.status in ("read", "derived")
            for cell, reading in readings.items()
            if cell.startswith(f"t3.{row}.")
        )
        assert count_wrong(spec, readings) == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_blank_cell_takes_no_other_figure(layout: str) -> None:
    """Where blank cells leave no trace, the row is unreadable; where they do, it is read."""
    for seed in range(5):
        spec = plan("2021", seed=seed)
        cells = random.Random(seed).sample([cell.key for cell in spec.form.cells], 8)
        spec = replace(spec, overrides=dict.fromkeys(cells, ""))
        readings = read(write(spec, layout))
        assert count_wrong(spec, readings) == 0
        if layout in ("tabs", "pipe_rows"):
            assert [readings[cell].status for cell in cells].count("blank") >= 6


@pytest.mark.parametrize("layout", list_layouts(".html"))
@pytest.mark.parametrize("edition", EDITIONS)
def test_both_readings_of_a_page_agree(layout: str, edition: str) -> None:
    """The flattened page gives every cell the status and value that its grids give."""
    document = read_document(render_html(plan(edition), layout))
    first = match_grids(document.grids, index_labels(edition)).readings
    second = read(flatten(document), edition)
    assert outcomes(second) == outcomes(first)


def outcomes(readings: dict[str, CellReading]) -> dict[str, tuple[str, Decimal | None]]:
    """Map each cell to its status and value."""
    return {cell: (reading.status, reading.value) for cell, reading in readings.items()}


@pytest.mark.parametrize(
    "name",
    [
        "000_9e678f4fbfe67a94.txt",
        "001_b59b729ba7c2a485.txt",
        "002_7eb68c448bcdd812.txt",
        "shanghai_office_2019.html",
    ],
)
def test_both_readings_of_real_reports_agree(name: str) -> None:
    """Blanks, padding and broken labels of real reports lead both readings to the same."""
    document = read_document(load(name))
    edition = tell_edition(document) or ""
    first = match_grids(document.grids, index_labels(edition)).readings
    assert outcomes(read(flatten(document), edition)) == outcomes(first)


def load(name: str) -> bytes:
    """Load a real report, or skip."""
    if not (REPORTS / name).exists():
        pytest.skip(f"the real report {name} is not in {REPORTS}")
    return (REPORTS / name).read_bytes()


HEAD = "自然人\n法人或其他组织\n总计\n商业企业\n科研机构\n社会公益组织\n法律服务机构\n其他\n"


def test_figures_are_read_in_the_order_of_their_headers() -> None:
    """A table that prints its total first is read by its header."""
    head = "总计\n自然人\n商业企业\n科研机构\n社会公益组织\n法律服务机构\n其他\n"
    readings = read(f"申请人情况\n{head}{NEW}\n21\n1\n2\n3\n4\n5\n6\n二、上年结转")
    assert readings["t3.new.total"].value == 21
    assert readings["t3.new.other_organisation"].value == 6


@pytest.mark.parametrize(
    "head",
    ["", HEAD.replace("科研机构", "甲"), HEAD.replace("科研机构\n", ""), f"{HEAD}备注\n"],
    ids=["none", "unknown", "missing", "extra"],
)
def test_without_a_known_header_no_figure_is_read(head: str) -> None:
    """Columns that cannot be told are never guessed."""
    readings = read(f"申请人情况\n{head}{NEW}\n1\n2\n3\n4\n5\n6\n21\n二、上年结转")
    assert all(reading.value is None for reading in readings.values())


@pytest.mark.parametrize(
    "tail",
    ["2022年我局共收费", "万余元", "的"],
)
def test_figures_glued_to_prose_are_not_read(tail: str) -> None:
    """What follows the last row may be part of its figure."""
    readings = read(f"第二十条第（八）项信息内容本年收费金额（单位：万元）行政事业性收费5{tail}")
    assert readings["t2.fees.amount"].status == "unreadable"


def test_a_lost_number_of_a_label_is_not_taken_for_a_figure() -> None:
    """Digits glued before a label whose own number is gone may be that number."""
    head = f"申请人情况{HEAD}".replace("\n", "")
    text = (
        f"{head}（五）不予处理1.信访举报投诉类申请1000001" + "2重复申请" + "0000000四、结转下年度"
    )
    readings = read(text)
    assert readings["t3.rejected_petition.total"].status == "unreadable"


def test_two_tables_with_other_figures_are_not_mixed() -> None:
    """A row printed twice with other figures is unreadable, with the same ones it is read."""
    row = f"{NEW}\n1\n0\n0\n0\n0\n0\n1\n"
    other = row.replace("1\n0", "2\n0").replace("0\n1", "0\n2")
    once, twice = f"申请人情况\n{HEAD}{row}", f"申请人情况\n{HEAD}{row}申请人情况\n{HEAD}"
    assert read(once + once)["t3.new.total"].value == 1
    assert read(twice + other)["t3.new.total"].note == "printed_twice"


def test_prose_that_speaks_of_rows_is_no_table() -> None:
    """The words of the form in running text give no cells."""
    text = "本年新收政府信息公开申请16件，予以公开 8 件，其他 2 件；规章 3 件，行政许可 12\n"
    assert read(text) == {}


def test_labels_may_be_broken_anywhere() -> None:
    """Blanks, line breaks, full-width digits and quotes inside labels do not lose a row."""
    text = f"申请人情况\n{HEAD}（三）不予\u2002公开\n３．危及三安全\n一稳定\n1\n0\n0\n0\n0\n0\n1\n"
    readings = read(text + "4、保护第三方 合法权益\n0\n0\n0\n0\n0\n0\n0\n")
    assert readings["t3.denied_security_stability.total"].value == 1
    assert readings["t3.denied_third_party.total"].value == 0


def test_a_page_without_tables_gives_nothing() -> None:
    """An empty page has no cells."""
    assert read(flatten(read_html("<p>无</p>"))) == {}


@pytest.mark.parametrize("layout", SEPARATED)
def test_a_header_word_inside_a_mistyped_label_ends_no_table(layout: str) -> None:
    """A row whose label lost characters is not found; all rows below it are read as before.

    The row above it stays unread where the number of the lost label may be its last figure.
    """
    spec = plan("2021", "prefecture")
    text = write(spec, layout).replace("2.其他法律行政法规禁止公开", "2.其他法律规定紧止公开")
    readings = read(text)
    lost = {f"t3.denied_other_law.{column}" for column in spec.form.tables["t3"].blocks[0].columns}
    assert {cell.key for cell in spec.form.cells} - set(readings) == lost
    unread = {cell.split(".")[1] for cell, one in readings.items() if one.status != "read"}
    assert unread == ({"denied_state_secret"} if layout == "one_line" else set())
    assert count_wrong(spec, readings) == 0


def test_a_header_that_comes_again_is_read_anew() -> None:
    """A second table's own order of columns counts for its rows, none from the table above."""
    head = "总计\n自然人\n商业企业\n科研机构\n社会公益组织\n法律服务机构\n其他\n"
    above = f"申请人情况\n{HEAD}{NEW}\n1\n2\n3\n4\n5\n6\n21\n"
    readings = read(f"{above}\n{head}二、上年结转政府信息公开申请数量\n21\n1\n2\n3\n4\n5\n6\n")
    assert [readings[f"t3.{row}.total"].value for row in ("new", "carried_in")] == [21, 21]


def test_both_readings_confirm_a_pdf_whose_labels_are_mistyped() -> None:
    """Every figure that the grids of the real PDF give is confirmed by its lines."""
    document = read_document(load("hongze_2023.pdf"))
    cells, *_ = read_cells(document, tell_edition(document))
    assert sum(cell.confirmed for cell in cells) == 179
    assert {cell.note for cell in cells if not cell.confirmed} == {"rows_in_one"}
