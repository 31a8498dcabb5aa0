"""Both readings of the cells of a finding are kept with it."""

from __future__ import annotations

import polars as pl
import pytest

from expectations.readings import add_readings

CELLS = ["t4.review.upheld", "t4.review.total"]
DIFFER = "readings_differ:"
ONE, OTHER = "t4.review.upheld", "t4.review.total"


def add(outcome: str, notes: list[str | None], confirmed: list[bool]) -> pl.DataFrame:
    """Add the readings of two cells, 3 and 5 by the first, to a finding and one without cells."""
    findings = pl.DataFrame(
        {"report_id": ["r", "r"], "outcome": [outcome] * 2, "cells": [[OTHER, ONE], []]},
        schema_overrides={"cells": pl.List(pl.String)},
    )
    cells = pl.DataFrame(
        {
            "report_id": ["r", "r"],
            "table": ["t4"] * 2,
            "row": ["review"] * 2,
            "column": ["upheld", "total"],
            "text": ["3", "5"],
            "note": notes,
            "confirmed": confirmed,
        },
        schema_overrides={"note": pl.String},
    )
    return add_readings(findings, cells)


@pytest.mark.parametrize(
    ("outcome", "notes", "confirmed", "second"),
    [
        ("failed", [None, None], [True, True], ["5", "3"]),
        ("failed", [None, None], [True, False], [None, "3"]),
        ("not_evaluated", [None, f"{DIFFER}53"], [True, False], ["53", "3"]),
        (
            "not_evaluated",
            ["readings_differ:5\n3; equation_gives:2", None],
            [False, True],
            ["5", "5\n3"],
        ),
        ("not_evaluated", [None, "not_a_figure"], [True, False], None),
    ],
    ids=["alike", "once", "differing", "with a due value", "unread"],
)
def test_both_readings_stand_in_the_order_of_the_cells(
    outcome: str, notes: list[str | None], confirmed: list[bool], second: list[str | None] | None
) -> None:
    """What either reading gives is kept; nothing where a rule met a cell that is merely unread."""
    found = add(outcome, notes, confirmed)
    assert found["second_reading"].to_list() == [second, None]
    assert found["first_reading"].to_list() == [["5", "3"] if second else None, None]
    assert found.columns[:3] == ["report_id", "outcome", "cells"]
