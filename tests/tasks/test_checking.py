"""Checking reports together: what one report states is used for another."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from expectations.context import Context
from expectations.form import load_form
from expectations.statement_table import STATED
from storage.schema import CELLS, COPIES, LABELS, LEGACY_ROWS, PARTS, REPORTS
from tasks.checking import Checked, check_frames
from tasks.sample.figures import draw_figures

FORM = load_form("2021")


def build(year: int, figures: dict[str, Decimal]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Build a report of a year and its cells, all of them read."""
    report: dict[str, Any] = dict.fromkeys(REPORTS.frame_schema) | {
        "report_id": f"440204-government-{year}",
        "year": year,
        "region": "CN-GD",
        "version": 1,
        "scope": "government",
        "form": "2021",
        "url": "https://www.sg.gov.cn/1.html",
        "signed_on": date(year + 1, 1, 20),
        "period_start": date(year, 1, 1),
        "period_end": date(year, 12, 31),
        "region_candidates": [],
    }
    rows = [
        (report["report_id"], year, "CN-GD", *cell.split("."), value, str(value), "read", True)
        for cell, value in figures.items()
    ]
    names = [*("report_id", "year", "region", "table", "row", "column"), "value", "text", "status"]
    cells = pl.DataFrame(
        rows,
        schema={name: CELLS.frame_schema[name] for name in [*names, "confirmed"]},
        orient="row",
    )
    missing = [name for name in CELLS.frame_schema if name not in cells.columns]
    cells = cells.with_columns(pl.lit(None, CELLS.schema[name]).alias(name) for name in missing)
    return pl.DataFrame([report], schema=REPORTS.frame_schema), cells.select(*CELLS.frame_schema)


def check(stated: pl.DataFrame | None = None, last: dict[str, Decimal] | None = None) -> Checked:
    """Check a report in which 新收 is 4 instead of 6, in its column and its total."""
    figures = dict.fromkeys((cell.key for cell in FORM.cells), Decimal(0))
    for column in ("company", "total"):
        rows = {"new": 4, "carried_in": 7, "granted": 13, "closed": 13}
        figures |= {f"t3.{row}.{column}": Decimal(value) for row, value in rows.items()}
    reports, cells = build(2023, figures)
    details = {
        "cells": cells,
        **{one.name: one.frame_schema.to_frame() for one in (LEGACY_ROWS, PARTS, LABELS, COPIES)},
        "stated": STATED.to_frame() if stated is None else stated,
    }
    others = Context()
    if last is not None:
        other_reports, other_cells = build(2022, last)
        others = Context(other_reports=other_reports, other_cells=other_cells)
    return check_frames(reports, details, others)


def test_last_year_settles_which_cells_are_wrong() -> None:
    """The carry-over of last year's stored report leaves one explanation of two."""
    doubtful = check()
    assert set(doubtful.repairs["unique"]) == {False}
    assert set(doubtful.repairs["sets"]) == {2}
    last = draw_figures(FORM, random.Random(1), "county")
    last |= {"t3.carried_out.company": Decimal(7), "t3.carried_out.total": Decimal(7)}
    settled = check(last=last).repairs
    assert set(settled["unique"]) == {True}
    assert settled.select("cell", "suggested").rows() == [
        ("t3.new.company", Decimal(6)),
        ("t3.new.total", Decimal(6)),
    ]


def test_last_year_is_a_reason() -> None:
    """Where last year's report states another figure, that one is suggested first, with why."""
    last = draw_figures(FORM, random.Random(1), "county")
    last |= {"t3.carried_out.company": Decimal(9), "t3.carried_out.total": Decimal(9)}
    first = check(last=last).repairs.filter(pl.col("rank") == 1)
    assert first["cell"].to_list() == ["t3.carried_in.company", "t3.carried_in.total"]
    assert all("上年结转" in reason for reason in first["reason"])


def test_suggestions_are_never_written_into_cells() -> None:
    """The cells that come out of checking are those that went in."""
    checked = check()
    before = dict(checked.repairs.select("cell", "reported").iter_rows())
    named = checked.cells.select(
        pl.concat_str("table", "row", "column", separator="."), "value"
    ).iter_rows()
    after = dict(named)
    assert before
    assert all(after[cell] == value for cell, value in before.items())


def test_problems_are_counted_in_the_report() -> None:
    """A report tells its failed rules, and how many problems they come down to."""
    row = check().reports.row(0, named=True)
    assert 1 <= row["problems"] < row["errors"] + row["warnings"]


GROWTH = {
    "number": [1, 2],
    "subject": ["received", "growth"],
    "quantity": [Decimal(4), Decimal(100)],
    "places": [0, 0],
    "unit": ["件", "%"],
    "noun": ["申请", "同比增长"],
    "share_of": [None, 1],
}


def test_growth_is_held_against_last_years_table() -> None:
    """A growth rate of the prose is recomputed from last year's stored report."""
    plain = {"scope": "whole", "period": "current", "sentence": "", "locator": "text[0:1]"}
    frame = pl.DataFrame(GROWTH).with_columns(
        report_id=pl.lit("440204-government-2023"),
        year=pl.lit(2023),
        region=pl.lit("CN-GD"),
        qualifiers=pl.lit([], pl.List(pl.String)),
        section=pl.lit(1),
        part_of=pl.lit(None),
        is_closed=pl.lit(value=False),
        **{name: pl.lit(value) for name, value in plain.items()},
    )
    stated = frame.select(pl.col(name).cast(dtype) for name, dtype in STATED.items())
    last = dict.fromkeys((cell.key for cell in FORM.cells), Decimal(0))

    def judge(received: int | None) -> str:
        known = None if received is None else last | {"t3.new.total": Decimal(received)}
        compared = check(stated, known).statements
        return str(compared.filter(pl.col("subject") == "growth")["outcome"][0])

    assert judge(2) == "agrees"
    assert judge(3) == "differs"
    assert judge(None) == "not_evaluated"
