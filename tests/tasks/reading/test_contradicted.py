"""Promises of holding derived cells against what is printed in their row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.reading.contradicted import withdraw_contradicted
from tasks.reading.report import CellReading


def derive(text: str, *values: int | None, note: str = "ambiguous_split") -> list[CellReading]:
    """Make a row whose cells share one text; None is a cell that nothing filled."""
    return [
        CellReading(
            f"t3.granted.c{number}",
            "unreadable" if value is None else "derived",
            None if value is None else Decimal(value),
            None,
            text,
            "line[1]",
            note,
        )
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("6000017", (6, 0, 0, 0, 0, 1, 7)),
        ("6000017", (6, 0, 0, None, 0, 1, 7)),
        ("23 0 00 0 023", (23, 0, 0, 0, 0, 0, 23)),
        ("5 □ □ 5", (5, 0, 0, 0, 0, 0, 5)),
        ("１，２３４ 0 1234", (1234, 0, 1234)),
        ("9 5 0 5", (5, 0, 5)),
        ("5 5 0", (0, 5, 5)),
    ],
    ids=["run", "one-open", "blanks", "cells-lost", "full-width", "one-more", "other-order"],
)
def test_values_that_may_be_printed_so_stand(text: str, values: tuple[int | None, ...]) -> None:
    """What the digits of the row allow stays derived."""
    row = derive(text, *values)
    assert withdraw_contradicted(row) == tuple(row)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("6000017", (0, 0, 0, 0, 0, 1, 1)),
        ("6 0 0 6", (4, 0, 0, 4)),
    ],
    ids=["run", "apart"],
)
def test_values_that_were_not_printed_are_withdrawn(text: str, values: tuple[int, ...]) -> None:
    """An equation that leans on a wrong total fills no cell against the digits of its row."""
    readings = withdraw_contradicted(derive(text, *values))
    assert {(one.status, one.value, one.note) for one in readings} == {
        ("unreadable", None, "ambiguous_split")
    }


def test_one_contradiction_withdraws_the_whole_table_and_no_other() -> None:
    """Other rows filled by the same equations are no safer; splits and other tables stand."""
    wrong = derive("6000017", 0, 0, 0, 0, 0, 1, 1)
    alone = CellReading("t3.new.total", "derived", Decimal(3), None, "3?", "x", "not_a_figure")
    split = CellReading("t3.new.company", "derived", Decimal(3), None, "33", "x", "split")
    other = CellReading("t4.review.total", "derived", Decimal(3), None, "3?", "x", "not_a_figure")
    *_, first, second, third = withdraw_contradicted([*wrong, alone, split, other])
    assert first == alone._replace(status="unreadable", value=None)
    assert (second, third) == (split, other)
