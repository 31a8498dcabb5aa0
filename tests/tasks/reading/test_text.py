"""Promises of reading flattened text: every flow is read whole, what may be shifted is not."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from expectations.form import load_form
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.reading.report import CellReading
from tasks.sample.figures import draw_figures
from tasks.sample.formats import render_page
from tasks.sample.look import Look
from tasks.sample.render import print_look
from tasks.sample.spec import Body, Spec

BODY = Body("固镇县", "固镇县", "固镇县人民政府", "government", "CN-AH", "340323", "county")
FLOWS = ("lines", "blank_lines", "tabs", "pipes", "closed", "blanks", "one_line")
EDGES, MERGES = ("both", "leading", "closing", "none"), ("lost", "empty", "repeated")
ROWS = [
    Look(flow="rows", edges=edges, merges=merges, width=width)
    for edges, merges, width in itertools.product(EDGES, MERGES, ("ten", "nine"))
]
LOOKS = [*(Look(flow=flow) for flow in FLOWS), *ROWS]


def make_spec(edition: str) -> Spec:
    """Draw a consistent report of a busy body."""
    year = {"2021": 2022, "2019": 2019}[edition]
    return Spec(
        body=BODY,
        title=f"固镇县{year}年政府信息公开工作年度报告",
        year=year,
        edition=edition,
        figures=draw_figures(load_form(edition), random.Random(11), "prefecture"),
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 16),
        published_on=date(year + 1, 1, 18),
    )


def print_text(spec: Spec, look: Look) -> str:
    """Print a report as flattened text."""
    return render_page("text", [(spec, print_look(spec, look))], look)


def read(text: str) -> dict[str, CellReading]:
    """Read the cells of a text by name."""
    document = read_document(text.encode())
    return {cell.cell: cell for cell in read_cells(document, tell_edition(document))[0]}


@pytest.mark.parametrize("edition", ["2021", "2019"])
@pytest.mark.parametrize(
    "look", LOOKS, ids=lambda look: f"{look.flow}-{look.edges}-{look.merges}-{look.width}"
)
def test_every_flow_is_read_cell_by_cell(look: Look, edition: str) -> None:
    """However a text sets its cells apart, each cell is read with its figure."""
    spec = make_spec(edition)
    readings = read(print_text(spec, look))
    assert {cell: reading.value for cell, reading in readings.items()} == spec.figures
    assert {reading.status for reading in readings.values()} == {"read"}


def test_a_text_without_separators_is_derived() -> None:
    """Where cells ran together the equations split nearly all, and no cell counts as read."""
    spec = make_spec("2021")
    readings = read(print_text(spec, Look(flow="together")))
    derived = [cell for cell in readings.values() if cell.status == "derived"]
    assert len(derived) > 180
    assert all(cell.value == spec.figures[cell.cell] for cell in derived)
    assert not any(cell.status == "read" for cell in readings.values() if cell.cell[:2] != "t2")


@pytest.mark.parametrize("flow", ["tabs", "lines"])
def test_a_figure_at_the_very_end_may_be_cut_off(flow: str) -> None:
    """The last figure before the end of a text counts only if its row adds up."""
    spec = replace(make_spec("2021"), overrides={"t3.granted.total": "98765"})
    text = print_text(spec, Look(flow=flow))
    end = text.index("98765")
    assert read(text[: end + 5] + "\n")["t3.granted.total"].value == Decimal(98765)
    assert read(text[: end + 3])["t3.granted.total"].status != "read"


def test_a_page_number_in_the_place_of_a_lost_cell_shifts_nothing() -> None:
    """Where blank cells leave no trace, a row with the right number of lines must add up."""
    spec = make_spec("2021")
    row = [cell for cell in spec.figures if cell.startswith("t3.denied_internal_affairs.")]
    texts = dict(zip(row, ["", "1", "0", "0", "0", "0", "6"], strict=True))
    texts["t3.granted.company"] = ""
    look = Look(flow="lines", empties="lost", page_number="bare")
    readings = read(print_text(replace(spec, overrides=texts), look))
    assert not any(readings[cell].status == "read" for cell in row)


@pytest.mark.parametrize(
    "text", ["1 234 5 678 1 1 1 1 6 916", "１ ２３４ ５ ６７８ １ １ １ １ ６ ９１６"]
)
def test_a_blank_that_sets_thousands_apart_sets_no_cells_apart(text: str) -> None:
    """Where blanks cut figures up, three pieces of another row are no proof of three cells."""
    lines = print_text(make_spec("2021"), Look(flow="blanks")).split("\n")
    places = {line.split(" ")[0]: place for place, line in enumerate(lines)}
    lines[places["行政规范性文件"]] = "行政规范性文件 1 2 34"
    assert read("\n".join(lines))["t2.normative_documents.in_force"].value == Decimal(34)
    label = next(label for label in places if label.startswith("一、本年新收"))
    lines[places[label]] = f"{label} {text}"
    readings = read("\n".join(lines))
    assert readings["t2.normative_documents.in_force"].status != "read"
    assert readings["t3.new.natural_person"].status != "read"
