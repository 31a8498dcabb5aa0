"""Promises on whose error a failed rule is."""

from __future__ import annotations

import polars as pl
import pytest

from expectations.blame import settle_blame

CELLS = ["t4.review.upheld", "t4.review.total"]


def blame(confirmed: list[bool], outcome: str = "failed", before: str | None = "unknown") -> str:
    """Settle the blame of one finding over two cells."""
    findings = pl.DataFrame(
        {
            "report_id": ["r", "s"],
            "outcome": [outcome] * 2,
            "blame": [before] * 2,
            "cells": [CELLS, []],
        },
        schema_overrides={"cells": pl.List(pl.String), "blame": pl.String},
    )
    cells = pl.DataFrame(
        {
            "report_id": ["r"] * 2,
            "table": ["t4"] * 2,
            "row": ["review"] * 2,
            "column": ["upheld", "total"],
            "confirmed": confirmed,
        }
    )
    settled = settle_blame(findings, cells)
    assert settled["blame"][1] == before, "a finding over no cell stays as it was"
    return str(settled["blame"][0])


@pytest.mark.parametrize(
    ("confirmed", "outcome", "before", "after"),
    [
        ([True, True], "failed", "unknown", "publisher"),
        ([True, False], "failed", "unknown", "unknown"),
        ([True, True], "failed", "reader", "reader"),
        ([True, True], "not_evaluated", None, "None"),
    ],
)
def test_the_publisher_is_blamed_only_for_what_two_readings_confirm(
    confirmed: list[bool], outcome: str, before: str | None, after: str
) -> None:
    """One cell that only one reading gives, and nobody is blamed."""
    assert blame(confirmed, outcome, before) == after
