"""From reports to frames: one row a report, one row a report and cell."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from storage.schema import CELLS, LEGACY_ROWS, PARTITION_SCHEMA, REPORTS
from tasks.reading.report import Report

LEGACY_FIELDS = ("label", "unit", "value", "cumulative", "text", "locator")


@dataclass(frozen=True, slots=True)
class Reading:
    """A report together with where its bytes came from."""

    report: Report
    url: str
    sha256: str
    media_type: str
    fetched_at: datetime

    @property
    def report_id(self) -> str:
        """Name the report by division, scope, body and year: the same over re-publication."""
        report = self.report
        place = report.region.adcode or report.region.region
        name = report.body if report.region.adcode else report.title or self.url
        body = hashlib.blake2s((name or "").encode(), digest_size=4).hexdigest()
        return f"{place}-{report.scope}-{body}-{report.year}"


def build_reports(readings: Sequence[Reading]) -> pl.DataFrame:
    """Build the reports frame, `REPORTS.frame_schema`; null is what checking and storing add."""
    schema = REPORTS.frame_schema
    rows = [_build_report_row(reading) for reading in readings]
    return pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in schema}, schema=schema, strict=True
    )


def build_cells(readings: Sequence[Reading]) -> pl.DataFrame:
    """Build the cells frame, `CELLS.frame_schema`, in the order of the form."""
    columns: dict[str, list[Any]] = {name: [] for name in CELLS.frame_schema}
    for reading in readings:
        cells = reading.report.cells
        names = [cell.cell.split(".") for cell in cells]
        columns["year"].extend([reading.report.year] * len(cells))
        columns["region"].extend([reading.report.region.region] * len(cells))
        columns["report_id"].extend([reading.report_id] * len(cells))
        for position, part in enumerate(("table", "row", "column")):
            columns[part].extend([name[position] for name in names])
        for attribute in ("value", "unit", "text", "status", "locator", "note", "confirmed"):
            columns[attribute].extend([getattr(cell, attribute) for cell in cells])
    return pl.DataFrame(columns, schema=CELLS.frame_schema, strict=True)


def build_legacy_rows(readings: Sequence[Reading]) -> pl.DataFrame:
    """Build the frame of the tables before 2019, `LEGACY_ROWS.frame_schema`."""
    rows = [
        {
            "year": reading.report.year,
            "region": reading.report.region.region,
            "report_id": reading.report_id,
            "number": number,
            **{name: getattr(row, name) for name in LEGACY_FIELDS},
        }
        for reading in readings
        for number, row in enumerate(reading.report.legacy_rows, 1)
    ]
    return pl.DataFrame(rows, schema=LEGACY_ROWS.frame_schema, orient="row")


def _build_report_row(reading: Reading) -> dict[str, Any]:
    report = reading.report
    return {
        **dict(zip(PARTITION_SCHEMA, (report.year, report.region.region), strict=True)),
        "report_id": reading.report_id,
        "title": report.title,
        "publisher": report.publisher,
        "scope": report.scope,
        "adcode": report.region.adcode,
        "region_name": report.region.name,
        "region_candidates": list(report.region.candidates),
        "prefecture": report.region.prefecture,
        "county": report.region.county,
        "township": report.region.township,
        "form": report.form,
        "period_start": report.period_start,
        "period_end": report.period_end,
        "signed_on": report.signed_on,
        "published_on": report.published_on,
        "url": reading.url,
        "source_sha256": reading.sha256,
        "media_type": reading.media_type,
        "fetched_at": reading.fetched_at,
        "reason": report.problem,
    }
