"""Promises of making one reading out of two."""

from __future__ import annotations

from decimal import Decimal

import pytest

from expectations.form import load_form
from tasks.reading.report import CellReading
from tasks.reading.settle import settle_readings

FORM = load_form("2021")
NAME = "t3.new.natural_person"


def read(value: int | None, status: str = "read", note: str | None = None) -> CellReading:
    """Make a reading of the cell."""
    printed = Decimal(value) if value is not None else None
    return CellReading(NAME, status, printed, "件", str(value), "x", note)  # type: ignore[arg-type]


def settle(first: CellReading | None, second: CellReading | None) -> CellReading:
    """Settle two readings of one cell."""
    cells = settle_readings({NAME: first} if first else {}, {NAME: second} if second else {}, FORM)
    return next(cell for cell in cells if cell.cell == NAME)


def test_what_both_readings_give_is_confirmed() -> None:
    """Two readings that agree make a confirmed cell, a blank one too."""
    assert settle(read(3), read(3)) == read(3)._replace(confirmed=True)
    assert settle(read(None, "blank"), read(None, "blank")).confirmed


def test_what_they_read_differently_is_no_value() -> None:
    """A cell read as 3 and as 8 is unreadable, and both readings are kept."""
    cell = settle(read(3), read(8))
    assert (cell.status, cell.value, cell.text, cell.note) == (
        "unreadable",
        None,
        "3",
        "readings_differ:8",
    )


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (read(3), None, "read"),
        (None, read(3), "read"),
        (read(3), read(None, "unreadable"), "read"),
        (read(None, "unreadable", "row_count:6"), read(3), "unreadable"),
        (None, None, "absent"),
    ],
    ids=["first-alone", "second-alone", "second-unread", "first-unread", "none"],
)
def test_one_reading_alone_is_never_confirmed(
    first: CellReading | None, second: CellReading | None, status: str
) -> None:
    """What one reading alone found stands unconfirmed; a row that lost a cell stays unread."""
    cell = settle(first, second)
    assert (cell.status, cell.confirmed) == (status, False)


def test_a_cell_that_cannot_be_made_out_is_derived_and_says_why_it_was_not_read() -> None:
    """The equations fill an unreadable cell; its note on what was printed stays."""
    readings = {
        cell.key: CellReading(cell.key, "read", Decimal(0), cell.unit, "0", "x")
        for cell in FORM.cells
    }
    readings[NAME] = CellReading(NAME, "unreadable", None, None, "O", "x", "not_a_figure")
    cell = next(c for c in settle_readings(readings, {}, FORM) if c.cell == NAME)
    assert (cell.status, cell.value) == ("derived", Decimal(0))
    assert (cell.text, cell.note) == ("O", "not_a_figure")


def test_what_is_not_printed_is_not_made_up() -> None:
    """An absent cell stays absent, even where the equations would give it a value."""
    readings = {
        cell.key: CellReading(cell.key, "read", Decimal(0), cell.unit, "0", "x")
        for cell in FORM.cells
        if cell.key != NAME
    }
    cell = next(c for c in settle_readings(readings, {}, FORM) if c.cell == NAME)
    assert (cell.status, cell.value) == ("absent", None)


def settle_table_4(**printed: CellReading | int) -> dict[str, CellReading]:
    """Settle a row of table 4 of zeros; other cells as given, the second reading for `second`."""
    row = "t4.review."
    first = {
        f"{row}{column}": CellReading(f"{row}{column}", "read", Decimal(0), "件", "0", "x")
        for column in ("upheld", "corrected", "other", "pending", "total")
    }
    first[f"{row}upheld"] = first[f"{row}upheld"]._replace(
        status="unreadable", value=None, text="l", note="not_a_figure"
    )
    total = printed.get("total", 7)
    assert isinstance(total, int)
    first[f"{row}total"] = first[f"{row}total"]._replace(value=Decimal(total))
    second = printed.get("second")
    seen = {f"{row}upheld": second} if isinstance(second, CellReading) else {}
    return {cell.cell: cell for cell in settle_readings(first, seen, FORM)}


def test_a_value_that_nothing_checks_is_kept_in_the_note() -> None:
    """A cell of one equation is not derived: a wrong total would never be noticed."""
    cell = settle_table_4()["t4.review.upheld"]
    assert (cell.status, cell.value) == ("unreadable", None)
    assert cell.note == "not_a_figure; equation_gives:7"


@pytest.mark.parametrize(("value", "status"), [(7, "derived"), (8, "unreadable")])
def test_a_value_that_the_second_reading_saw_is_checked(value: int, status: str) -> None:
    """One equation suffices where a reading found that very value in the cell."""
    cell = settle_table_4(second=read(value))["t4.review.upheld"]
    assert (cell.status, cell.value) == (status, Decimal(7) if status == "derived" else None)


@pytest.mark.parametrize(
    ("text", "status"),
    [("175 345", "unreadable"), ("175\u3000345", "unreadable"), ("175,345", "read")],
)
def test_two_figures_are_not_taken_for_one_where_no_grid_tells(text: str, status: str) -> None:
    """A figure with a blank inside that only the stream found may be two cells'."""
    alone = CellReading(NAME, "read", Decimal(175345), "件", text, "x", "grouped")
    cell = settle(None, alone)
    assert cell.status == status
    assert cell.text == text
    if status == "unreadable":
        assert cell.note == "grouping_possible"
