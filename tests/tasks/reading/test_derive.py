"""Promises of finding what the equations leave for cells that were not read."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.form import load_form
from tasks.reading.derive import Due, find_due
from tasks.reading.report import CellReading
from tasks.sample.figures import draw_figures

FORM = load_form("2021")
T3 = [cell.key for cell in FORM.cells if cell.table == "t3"]


def read_all(seed: int = 0) -> dict[str, CellReading]:
    """Give every cell of a consistent report a reading."""
    figures = draw_figures(FORM, random.Random(seed), "county")
    return {
        key: CellReading(key, "read", value, "件", str(value), None)
        for key, value in figures.items()
    }


def lose(readings: dict[str, CellReading], *cells: str) -> dict[str, CellReading]:
    """Make cells unreadable."""
    return readings | {
        cell: readings[cell]._replace(status="unreadable", value=None) for cell in cells
    }


def set_value(readings: dict[str, CellReading], cell: str, value: int) -> dict[str, CellReading]:
    """Print another figure in a cell."""
    return readings | {cell: readings[cell]._replace(value=Decimal(value))}


@settings(deadline=None)
@given(st.integers(0, 50), st.sets(st.sampled_from([c.key for c in FORM.cells]), max_size=30))
def test_what_is_due_is_what_was_lost(seed: int, lost: set[str]) -> None:
    """In a consistent report a lost cell is due its true value, and table 2 never any."""
    readings = read_all(seed)
    due = find_due(lose(readings, *lost), FORM)
    assert set(due) <= lost
    assert all(due[cell].value == readings[cell].value for cell in due)
    assert not any(cell.startswith("t2") for cell in due)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 20),
    st.sets(st.sampled_from(T3), min_size=1, max_size=12),
    st.sampled_from(T3),
    st.integers(1, 40),
)
def test_no_checked_value_hangs_on_a_single_wrong_figure(
    seed: int, lost: set[str], wrong: str, off: int
) -> None:
    """Whatever one figure of the table the publisher got wrong, no false value is checked."""
    readings = read_all(seed)
    true = dict(readings)
    if wrong not in lost:
        readings = set_value(readings, wrong, int(readings[wrong].value or 0) + off)
    due = find_due(lose(readings, *lost), FORM)
    assert all(due[cell].value == true[cell].value for cell in due if due[cell].is_checked)


@pytest.mark.parametrize("row", ["new", "granted", "closed", "carried_out"])
def test_a_lost_row_is_won_back_from_the_columns(row: str) -> None:
    """A row that is not there is due from its columns' balances, and its own sum checks it."""
    readings = read_all()
    lost = [cell.key for cell in FORM.cells if cell.row == row]
    due = find_due({k: v for k, v in readings.items() if k not in lost}, FORM)
    assert due == {cell: Due(readings[cell].value or Decimal(0), is_checked=True) for cell in lost}


def test_a_cell_in_one_equation_is_due_but_not_checked() -> None:
    """A wrong total of the publisher's moves the one cell it determines: nothing checks that."""
    readings = set_value(read_all(), "t4.review.total", 10_000)
    due = find_due(lose(readings, "t4.review.upheld"), FORM)
    assert not due["t4.review.upheld"].is_checked
    assert due["t4.review.upheld"].value != readings["t4.review.upheld"].value


def test_cells_that_can_make_up_for_one_another_stay_open() -> None:
    """Four cells at the crossings of two rows and two columns are not determined."""
    cells = [
        f"t3.{row}.{column}"
        for row in ("granted", "partly_granted")
        for column in ("natural_person", "company")
    ]
    assert find_due(lose(read_all(), *cells), FORM) == {}


@pytest.mark.parametrize("wrong", ["t3.granted.total", "t3.closed.natural_person"])
def test_nothing_is_due_where_known_cells_contradict(wrong: str) -> None:
    """A failed equation anywhere in the table leaves all its cells open."""
    readings = set_value(read_all(), wrong, 10_000)
    assert find_due(lose(readings, "t3.new.company"), FORM) == {}


def test_a_negative_value_is_never_due() -> None:
    """A cell that would have to be less than 0 stays open."""
    readings = set_value(read_all(), "t4.review.upheld", 10_000)
    assert find_due(lose(readings, "t4.review.corrected"), FORM) == {}


def test_what_stands_between_two_blank_cells_is_open() -> None:
    """A blank cell is no 0: where one stands in the same equation, nothing is due."""
    readings = read_all()
    blank = readings["t4.review.total"]._replace(status="blank", value=None)
    readings = lose(readings | {"t4.review.total": blank}, "t4.review.upheld")
    assert find_due(readings, FORM) == {}
