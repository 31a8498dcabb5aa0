"""Promises of comparing two readings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.reading.agreement import Agreement, compare_readings, tell_blame
from tasks.reading.report import CellReading, Status


def reading(status: Status, value: int | None = None) -> CellReading:
    """Give a reading of a cell."""
    return CellReading("a", status, None if value is None else Decimal(value), None, None, None)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (reading("read", 5), reading("read", 5), "agree"),
        (reading("read", 5), reading("derived", 5), "agree"),
        (reading("blank"), reading("blank"), "agree"),
        (reading("read", 5), reading("read", 6), "differ"),
        (reading("read", 0), reading("blank"), "differ"),
        (reading("read", 5), reading("unreadable"), "second_missing"),
        (reading("read", 5), None, "second_missing"),
        (reading("absent"), reading("unreadable"), "second_missing"),
        (reading("unreadable"), reading("read", 5), "first_missing"),
        (None, reading("blank"), "first_missing"),
    ],
)
def test_readings_agree_differ_or_say_nothing(
    first: CellReading | None, second: CellReading | None, expected: Agreement
) -> None:
    """Two values or two blanks agree; a blank is no 0; what was not read says nothing."""
    before = {} if first is None else {"a": first}
    after = {} if second is None else {"a": second}
    assert compare_readings(before, after) == {"a": expected}


@pytest.mark.parametrize(
    ("agreement", "expected"),
    [
        ({"a": "agree", "b": "agree"}, "publisher"),
        ({"a": "agree", "b": "differ"}, "reader"),
        ({"a": "second_missing", "b": "differ"}, "reader"),
        ({"a": "agree", "b": "second_missing"}, "unknown"),
        ({"a": "agree"}, "unknown"),
    ],
)
def test_only_two_readings_that_agree_blame_the_publisher(
    agreement: dict[str, Agreement], expected: str
) -> None:
    """One cell without a second reading leaves the blame open."""
    assert tell_blame(("a", "b"), agreement) == expected
