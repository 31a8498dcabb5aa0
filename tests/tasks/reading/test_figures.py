"""Promises of the reading of figures."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.form import Cell, load_form
from tasks.reading.figures import read_figure

CELLS = {cell.key: cell for edition in ("2019", "2021") for cell in load_form(edition).cells}
COUNT = CELLS["t3.new.total"]
FEES = CELLS["t2.fees.amount"]
CHANGE = CELLS["t2.licences.items_change"]
PROCUREMENT = CELLS["t2.procurement.amount"]


@pytest.mark.parametrize(
    ("text", "cell", "value", "unit", "note"),
    [
        ("0", COUNT, "0", "件", None),
        (" 16 ", COUNT, "16", "件", None),
        ("１２", COUNT, "12", "件", "full_width"),
        ("3 001", COUNT, "3001", "件", "grouped"),
        ("1,234", COUNT, "1234", "件", "grouped"),
        ("１２，３４５", COUNT, "12345", "件", "grouped"),
        ("12件", COUNT, "12", "件", "unit"),
        ("-3", COUNT, "-3", "件", None),
        ("零", COUNT, "0", "件", "word"),
        ("+1036", CHANGE, "1036", "项", None),
        ("减3", CHANGE, "-3", "项", None),
        ("增加2项", CHANGE, "2", "项", "unit"),
        ("746.844", FEES, "746.844", "万元", None),
        ("24252.311082", FEES, "24252.311082", "万元", None),
        ("5000元", FEES, "0.5", "万元", "unit"),
        ("251000元", PROCUREMENT, "251000", "元", "unit"),
        ("160.5964万元", PROCUREMENT, "1605964", "元", "unit"),
        ("251000", PROCUREMENT, "251000", None, None),
        ("12\u200b34", COUNT, "1234", "件", None),
    ],
    ids=str,
)
def test_a_figure_is_read_with_its_unit(
    text: str, cell: Cell, value: str, unit: str | None, note: str | None
) -> None:
    """What is plainly a figure is read, and what was set right is noted."""
    figure = read_figure(text, cell)
    assert (figure.status, figure.value, figure.unit, figure.note) == (
        "read",
        Decimal(value),
        unit,
        note,
    )


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "/", "-", "—", "——", "无", "／"])
def test_an_empty_cell_is_blank_and_not_zero(text: str) -> None:
    """A cell that is empty or struck out is blank and has no value."""
    figure = read_figure(text, COUNT)
    assert (figure.status, figure.value) == ("blank", None)


@pytest.mark.parametrize(
    "text",
    [
        "1\n2",
        "007",
        "00",
        "1 2",
        "12 34",
        "1O",
        "l6",
        "3件5",
        "12345678901234",
        "1.2345678",
        "1.234,5",
        "约3",
        "见附件",
        "12元",
        "十二",
        "1,23",
        "\ufffd",
        "12①",
        "12²",
        "½",
        "\u0661\u0662",
        "12\ufffc",
    ],
)
def test_a_doubtful_text_is_unreadable(text: str) -> None:
    """What may be several cells, a misread digit or prose never becomes a number."""
    figure = read_figure(text, COUNT)
    assert (figure.status, figure.value) == ("unreadable", None)
    assert figure.note


@pytest.mark.parametrize(
    "text", ["2笔/984361元", "2笔（984361元）", "3件5件", "12/34", "2笔\n984361元"]
)
@pytest.mark.parametrize("cell", [COUNT, PROCUREMENT], ids=["count", "amount"])
def test_two_figures_in_one_cell_are_told_apart_from_words(text: str, cell: Cell) -> None:
    """A number of items printed with their price is no figure of either column."""
    figure = read_figure(text, cell)
    assert (figure.status, figure.value) == ("unreadable", None)
    assert figure.note in ("several_figures", "line_break")


def test_an_amount_under_a_header_without_unit_has_no_unit() -> None:
    """Where neither header nor cell prints a unit, the unit is unknown, not assumed."""
    figure = read_figure("316441", FEES, unit_known=False)
    assert (figure.value, figure.unit) == (Decimal(316441), None)
    assert read_figure("5000元", FEES, unit_known=False).unit == "万元"


@given(st.text(alphabet="0123456789 ,.,，。/-—件元万O\n\t", max_size=12))
def test_a_value_is_made_of_the_printed_digits_alone(text: str) -> None:
    """Whatever is printed, a count's value consists of its digits in their order."""
    figure = read_figure(text, COUNT)
    assert (figure.value is None) == (figure.status != "read")
    if figure.value is not None:
        printed = "".join(character for character in text if character.isdigit())
        digits = f"{abs(figure.value):f}".replace(".", "")
        assert digits.lstrip("0") == printed.lstrip("0")
