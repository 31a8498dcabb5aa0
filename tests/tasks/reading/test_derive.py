"""Promises of filling cells that the equations determine."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.form import load_form
from tasks.reading.derive import derive_cells
from tasks.reading.report import CellReading
from tasks.sample.figures import draw_figures

FORM = load_form("2021")


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


@settings(deadline=None)
@given(st.integers(0, 50), st.sets(st.sampled_from([c.key for c in FORM.cells]), max_size=30))
def test_what_is_derived_is_what_was_lost(seed: int, lost: set[str]) -> None:
    """In a consistent report a derived cell has its true value, and table 2 is never filled."""
    readings = read_all(seed)
    filled = derive_cells(lose(readings, *lost), FORM)
    for cell in lost:
        assert filled[cell].value in (None, readings[cell].value)
        assert filled[cell].status in ("derived", "unreadable")
        assert not cell.startswith("t2") or filled[cell].value is None


@pytest.mark.parametrize("row", ["new", "granted", "closed", "carried_out"])
def test_a_lost_row_is_won_back_from_the_columns(row: str) -> None:
    """A row that is not there at all is determined by the balances of its columns."""
    readings = read_all()
    lost = [cell.key for cell in FORM.cells if cell.row == row]
    filled = derive_cells({k: v for k, v in readings.items() if k not in lost}, FORM)
    assert [filled[cell].value for cell in lost] == [readings[cell].value for cell in lost]
    assert {(filled[cell].status, filled[cell].note) for cell in lost} == {("derived", "equations")}


def test_cells_that_can_make_up_for_one_another_stay_unread() -> None:
    """Four cells at the crossings of two rows and two columns are not determined."""
    cells = [
        f"t3.{row}.{column}"
        for row in ("granted", "partly_granted")
        for column in ("natural_person", "company")
    ]
    filled = derive_cells(lose(read_all(), *cells), FORM)
    assert all(filled[cell].value is None for cell in cells)


@pytest.mark.parametrize("wrong", ["t3.granted.total", "t3.closed.natural_person"])
def test_nothing_is_derived_where_known_cells_contradict(wrong: str) -> None:
    """A failed equation anywhere in the table keeps all its cells unread."""
    readings = read_all()
    readings[wrong] = readings[wrong]._replace(value=Decimal(10_000))
    filled = derive_cells(lose(readings, "t3.new.company"), FORM)
    assert filled["t3.new.company"].status == "unreadable"


def test_a_negative_value_is_never_derived() -> None:
    """A cell that would have to be less than 0 stays unread."""
    readings = read_all()
    total = readings["t4.review.upheld"]._replace(value=Decimal(10_000))
    filled = derive_cells(lose(readings | {"t4.review.upheld": total}, "t4.review.corrected"), FORM)
    assert filled["t4.review.corrected"].value is None


def test_a_blank_cell_stays_blank() -> None:
    """What was printed empty is not filled, though the equations determine it."""
    readings = read_all()
    cell = "t4.review.total"
    readings[cell] = readings[cell]._replace(status="blank", value=None)
    assert derive_cells(readings, FORM)[cell].status == "blank"
