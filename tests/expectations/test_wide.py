"""The wide table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from expectations.form import load_form
from expectations.wide import WIDE, build_wide
from storage.schema import FIGURE, REPORTS

OTHER = ("other_not_corrected", "other_fee_unpaid", "other_other")


def spread(make: Any, form: str | None, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Build the wide row of one report."""
    report = make.build_report("a", form)
    report = report.with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in REPORTS.frame_schema.items()
        if name not in report.columns
    )
    cells = make.build_cells("a", make.fill(form) | (changes or {}) if form else {})
    wide = build_wide(report, cells)
    assert wide.schema == WIDE.frame_schema
    return wide.row(0, named=True)


def test_columns() -> None:
    """There is a decimal column for each cell of the 2021 form, and seven for other outcomes."""
    keys = {cell.key for cell in load_form("2021").cells}
    figures = {name for name, dtype in WIDE.schema.items() if dtype == FIGURE}
    assert keys < figures
    assert len(figures) == 207
    assert list(WIDE.frame_schema)[:3] == ["year", "region", "report_id"]


def test_newer_form(make: Any) -> None:
    """A report on the 2021 form keeps every figure, and other outcomes are summed."""
    figures, row = make.fill("2021"), spread(make, "2021")
    assert {key: row[key] for key in figures} == figures
    assert row["t3.other.company"] == sum(figures[f"t3.{part}.company"] for part in OTHER)


def test_older_form(make: Any) -> None:
    """A report on the 2019 form keeps tables 3 and 4 alone; its table 2 is not comparable."""
    figures, row = make.fill("2019"), spread(make, "2019")
    shared = {cell.key for cell in load_form("2021").cells} & set(figures)
    for key in shared:
        assert row[key] == (None if key.startswith("t2.") else figures[key])
    assert row["t3.other.total"] == figures["t3.other.total"]
    assert row["t3.other_other.total"] is None


@pytest.mark.parametrize("reading", [("blank", ""), ("unreadable", "x")], ids=["blank", "unread"])
def test_unread_is_null(make: Any, reading: Any) -> None:
    """A cell that was not read is null, and so is a sum that has it for a part."""
    row = spread(make, "2021", {"t3.other_other.total": reading})
    assert row["t3.other_other.total"] is None
    assert row["t3.other.total"] is None
    assert isinstance(row["t3.other.company"], Decimal)


def test_unknown_form(make: Any) -> None:
    """A report on no known edition has a row without figures."""
    row = spread(make, None)
    assert row["report_id"] == "a"
    assert {row[name] for name, dtype in WIDE.schema.items() if dtype == FIGURE} == {None}
