"""The verdict on a report, and the counts beside it."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from expectations.form import load_form
from expectations.problems import number_problems
from expectations.repair import repair_reports
from expectations.rules import evaluate
from expectations.verdict import add_verdicts
from storage.schema import REPORTS, VERDICTS

ABSENT, BLANK, UNREADABLE = ("absent", None), ("blank", "/"), ("unreadable", "若干")
CLOSED = "t3.closed.total"
ZEROS = dict.fromkeys((cell.key for cell in load_form("2021").cells), 0)
TABLE_4 = dict.fromkeys((cell.key for cell in load_form("2021").tables["t4"].cells), ABSENT)


def judge(make: Any, changes: dict[str, Any], form: str | None = "2021", **facts: Any) -> Any:
    """Evaluate one report with some of its cells changed, and give its row with the verdict."""
    report = make.build_report("a", form, **facts)
    cells = make.build_cells("a", make.fill("2021") | changes if form else {})
    return add(report, cells).row(0, named=True)


def add(report: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Evaluate a report, explain what failed, and add its verdict."""
    findings = evaluate(report, cells).findings
    return add_verdicts(
        report, cells, number_problems(findings, repair_reports(report, cells, findings))
    )


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "valid"),
        (ZEROS, "trivially_valid"),
        ({CLOSED: 10**6}, "invalid"),
        ({"t2.fees.amount": BLANK}, "valid"),
        ({"t2.fees.amount": UNREADABLE}, "unreadable"),
        ({"t2.fees.amount": ABSENT}, "unreadable"),
        (ZEROS | {"t2.fees.amount": UNREADABLE}, "unreadable"),
        ({CLOSED: 10**6, "t2.fees.amount": UNREADABLE}, "invalid"),
        ({CLOSED: 10**6, **TABLE_4}, "unreadable"),
    ],
    ids=[
        "right",
        "all zero",
        "equation fails",
        "blank",
        "unreadable cell",
        "absent cell",
        "zero but for an unreadable cell",
        "error and unreadable cell",
        "error and missing table",
    ],
)
def test_verdict(make: Any, changes: dict[str, Any], verdict: str) -> None:
    """A report has the first verdict that holds: no table, an error, an unread cell, all zero."""
    assert judge(make, changes)["verdict"] == verdict


def test_unknown_form_is_unreadable(make: Any) -> None:
    """A report on no known edition is unreadable, with the missing tables as errors."""
    row = judge(make, {}, form=None)
    assert (row["verdict"], row["errors"], row["cells_read"]) == ("unreadable", 3, 0)


def test_counts(make: Any) -> None:
    """Findings are counted by severity and outcome, cells by status."""
    changes = {"t2.fees.amount": BLANK, "t4.review.upheld": UNREADABLE, "t4.review.other": ABSENT}
    row = judge(make, changes, signed_on=date(2024, 1, 1))
    # T4-01 of 复议, C-01 for the unreadable and for the absent cell, C-02 of table 4, and of
    # the fees, their unit and their size.
    assert (row["errors"], row["warnings"], row["not_evaluated"]) == (1, 2, 6)
    cells = [row[f"cells_{status}"] for status in ("read", "blank", "unreadable", "derived")]
    assert cells == [197, 1, 1, 0]


def test_verdicts_are_as_declared(make: Any) -> None:
    """The columns are those of the reports table, never null, and replace what was there."""
    report = make.build_report("a", "2021").with_columns(verdict=pl.lit("invalid"))
    cells = make.build_cells("a", make.fill("2021"))
    once = add(report, cells)
    twice = add(once, cells)
    assert once.equals(twice)
    added = [name for name in REPORTS.schema if name in VERDICT_COLUMNS]
    assert {name: once.schema[name] for name in added} == {
        name: REPORTS.schema[name] for name in added
    }
    assert once.select(added).null_count().sum_horizontal().item() == 0
    assert once["verdict"].item() in VERDICTS


VERDICT_COLUMNS = {
    *("verdict", "errors", "warnings", "not_evaluated"),
    *(f"cells_{status}" for status in ("read", "blank", "unreadable", "derived")),
}
