"""Promises of splitting run-together digits by sums."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reading.digits import (
    BLANK,
    Balance,
    settle_rows,
    split_sums,
    split_sums_with_blank,
    split_texts,
)

ADDENDS = st.lists(st.integers(0, 99), min_size=6, max_size=6)


@settings(deadline=None)
@given(ADDENDS)
def test_the_true_split_is_always_among_those_found(addends: list[int]) -> None:
    """Whatever the figures, their own split is found; each one found spells the digits."""
    row = (*addends, sum(addends))
    digits = "".join(map(str, row))
    found = split_sums([digits], 7)
    assert found is not None
    assert row in found
    assert all("".join(map(str, split)) == digits for split in found)
    assert all(sum(split[:-1]) == split[-1] for split in found)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["0000000"], [(0,) * 7]),
        (["230", "000023"], [(23, 0, 0, 0, 0, 0, 23)]),
        (["640020470"], [(64, 0, 0, 2, 0, 4, 70)]),
        (["000000"], []),
        (["1000002"], []),
        (["00000000"], []),
        (["1x00001"], []),
    ],
)
def test_a_row_splits_as_its_sum_demands(
    tokens: list[str], expected: list[tuple[int, ...]]
) -> None:
    """Leading zeros, too few digits and sums that fail leave no split."""
    assert split_sums(tokens, 7) == expected


def test_several_groups_in_one_run_split_one_after_the_other() -> None:
    """Each group of a run ends in its own sum."""
    assert split_sums(["10203120001200000"], 5, 3) == [
        (1, 0, 2, 0, 3, 12, 0, 0, 0, 12, 0, 0, 0, 0, 0)
    ]


def test_a_blank_addend_is_a_split_of_its_own() -> None:
    """With one figure less, the total may be more than the printed figures sum to."""
    found = split_sums_with_blank(["1021015"], 7, 1)
    assert found is not None
    assert (10, 2, 1, 0, BLANK, 0, 15) not in found
    assert (10, 2, 1, BLANK, 0, 1, 5) not in found
    assert (1, 0, 2, 1, 0, BLANK, 15) in found
    assert split_sums_with_blank(["7000007"], 7, 1) == []


def test_a_search_without_end_is_given_up() -> None:
    """Digits that a hostile page repeats cost a bounded number of steps."""
    assert split_sums(["1" * 60], 7) is None


def test_balances_leave_only_splits_that_take_part_in_a_solution() -> None:
    """A split is kept if and only if the rows balance with it in every column."""
    choices = {
        "new": [(1, 12, 13), (11, 2, 13)],
        "old": [(0, 0, 0)],
        "closed": [(1, 12, 13), (5, 8, 13)],
        "later": [(0, 0, 0)],
    }
    balance = Balance(("new", "old"), ("closed", "later"))
    assert settle_rows(choices, [balance]) == {
        "new": [(1, 12, 13)],
        "old": [(0, 0, 0)],
        "closed": [(1, 12, 13)],
        "later": [(0, 0, 0)],
    }


def test_rows_that_no_assignment_balances_have_no_solution() -> None:
    """Where every choice breaks a balance, nothing is kept."""
    choices = {"a": [(1, 1)], "b": [(2, 2), (3, 3)]}
    assert settle_rows(choices, [Balance(("a",), ("b",))]) == {}


def test_balances_that_share_a_row_are_solved_together() -> None:
    """A shared row keeps only what suits all its balances."""
    choices = {"a": [(1, 0), (0, 1)], "b": [(1, 0), (0, 1), (2, 2)], "c": [(0, 1), (2, 2)]}
    balances = [Balance(("a",), ("b",)), Balance(("b",), ("c",))]
    assert settle_rows(choices, balances) == {"a": [(0, 1)], "b": [(0, 1)], "c": [(0, 1)]}


COUNT = re.compile(r"0|[1-9]\d*")


@pytest.mark.parametrize(
    ("run", "may_be_blank", "expected"),
    [
        ("000", True, {("0", "0", "0")}),
        ("008", True, {("0", "0", "8")}),
        ("303", False, {("3", "0", "3")}),
        ("898", False, {("8", "9", "8")}),
        ("69 36", False, {("6", "9", "36"), ("69", "3", "6")}),
        ("00", False, set()),
    ],
)
def test_texts_split_as_their_columns_allow(
    run: str, may_be_blank: bool, expected: set[tuple[str, ...]]
) -> None:
    """Columns take what their pattern allows; blanks in the run stay cuts."""
    assert set(split_texts(run, [COUNT] * 3, may_be_blank=may_be_blank)) == expected
