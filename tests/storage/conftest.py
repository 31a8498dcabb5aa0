"""Made-up rows for the storage tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from storage.schema import (
    CELLS,
    FIGURE,
    FINDINGS,
    LEGACY_ROWS,
    REPORTS,
    Table,
    list_tables,
)

MakeFrames = Callable[..., dict[Table, pl.DataFrame]]


@pytest.fixture(name="make_frames")
def provide_make_frames() -> MakeFrames:
    """Give the tests `make_frames`, which they cannot import from here."""
    return make_frames


def make_frames(
    places: Sequence[tuple[str, int, str]],
    cells: int = 3,
    sha: str = "a",
    value: str = "1.5",
    failed: Sequence[str] = (),
) -> dict[Table, pl.DataFrame]:
    """Make the frames of reports at (report_id, year, region); the `failed` have a finding."""
    reports = [
        {
            "year": year,
            "region": region,
            "report_id": report_id,
            "version": 0,
            "title": f"{report_id} 年度报告",
            "scope": "government",
            "region_candidates": ["360724", "440204"] if region == "unresolved" else [],
            "signed_on": date(year + 1, 1, 18),
            "url": f"https://example.test/{report_id}",
            "source_sha256": sha,
            "media_type": "text/html",
            "fetched_at": datetime(2026, 1, 1, tzinfo=UTC),
            "checked_at": datetime(1970, 1, 1, tzinfo=UTC),
            "verdict": "invalid" if report_id in failed else "valid",
            **dict.fromkeys(("errors", "warnings", "problems", "not_evaluated", "cells_read"), 0),
            **dict.fromkeys(("cells_blank", "cells_unreadable", "cells_derived"), 0),
        }
        for report_id, year, region in places
    ]
    place = pl.DataFrame(
        places, schema={"report_id": pl.String, "year": pl.Int32, "region": pl.String}, orient="row"
    )
    number = pl.int_range(pl.len()).over("report_id")
    cell_rows = (
        place.join(pl.DataFrame({"position": range(cells)}), how="cross")
        .with_columns(
            table=pl.lit("t3"),
            row="row_" + pl.col("position").cast(pl.String),
            column=pl.lit("total"),
            value=pl.when(number != 1).then(pl.lit(value).cast(FIGURE)),
            text=pl.when(number != 1).then(pl.lit(value)),
            status=pl.when(number == 1).then(pl.lit("blank")).otherwise(pl.lit("read")),
            confirmed=pl.lit(value=True),
        )
        .match_to_schema(CELLS.frame_schema, missing_columns="insert", extra_columns="ignore")
    )
    findings = [
        {
            "year": year,
            "region": region,
            "report_id": report_id,
            "rule": "T3-02",
            "instance": "natural_person",
            "severity": "error",
            "outcome": "failed",
            "blame": "unknown",
            "cells": ["t3.closed.total", "t3.granted.total"],
            "expected": "1",
            "reported": "0",
            "message": "表三（七）总计·自然人：应为 1，填报 0",
            "description": "The total is the sum of the outcomes.",
        }
        for report_id, year, region in places
        if report_id in failed
    ]
    legacy_rows = [
        {"year": year, "region": region, "report_id": report_id, "number": 1, "label": "收到申请数"}
        | {"text": "1", "locator": "line[1]"}
        for report_id, year, region in places
    ]
    return {
        **{table: _fill(table, place) for table in list_tables()},
        REPORTS: _frame(REPORTS, reports),
        CELLS: cell_rows,
        FINDINGS: _frame(FINDINGS, findings),
        LEGACY_ROWS: _frame(LEGACY_ROWS, legacy_rows),
    }


def _fill(table: Table, place: pl.DataFrame) -> pl.DataFrame:
    """Give each report one row of a table, of some value of each type."""
    values = {
        pl.String: "a",
        pl.Int32: 1,
        pl.Boolean: True,
        FIGURE: 1,
        pl.List(pl.String): [],
        pl.List(pl.UInt32): [],
    }
    others = {name: dtype for name, dtype in table.frame_schema.items() if name not in place}
    return place.with_columns(
        pl.lit(values.get(dtype), dtype).alias(name) for name, dtype in others.items()
    ).select(table.frame_schema.names())


def _frame(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = table.frame_schema.names()
    return pl.DataFrame(
        [{name: row.get(name) for name in names} for row in rows], schema=table.frame_schema
    )
