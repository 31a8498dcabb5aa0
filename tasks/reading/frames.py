"""From reports to frames: one row a report, one row a report and cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from expectations.statement import Statement
from expectations.statement_table import build_statements
from storage.schema import CELLS, LABELS, LEGACY_ROWS, PARTITION_SCHEMA, PARTS, REPORTS
from tasks.reading.bodies import name_series
from tasks.reading.parts import split_parts
from tasks.reading.report import UNRESOLVED, Report

URL = pl.Schema({"url": pl.String})
LEGACY_FIELDS = ("label", "unit", "value", "cumulative", "text", "locator")


@dataclass(frozen=True, slots=True)
class Reading:
    """A report and the statements of its prose, together with where its bytes came from.

    `listed_as` is the text of the link that led there, None where there was no link.
    """

    report: Report
    statements: tuple[Statement, ...]
    url: str
    sha256: str
    media_type: str
    fetched_at: datetime
    listed_as: str | None = None

    @property
    def report_id(self) -> str:
        """Name the report by division, scope, body and year: the same over re-publication."""
        report = self.report
        is_settled = report.region.region != UNRESOLVED.region
        name = report.body if is_settled else report.title or self.url
        return f"{name_series(report.region, report.scope, name or '')}-{report.year}"


def build_reports(readings: Sequence[Reading]) -> pl.DataFrame:
    """Build the reports frame, `REPORTS.frame_schema`; null is what checking and storing add."""
    schema = REPORTS.frame_schema
    rows = [_build_report_row(reading) for reading in readings]
    return pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in schema}, schema=schema, strict=True
    )


def build_details(readings: Sequence[Reading]) -> dict[str, pl.DataFrame]:
    """Build the frames with several rows a report, by name.

    `cells`, `labels`, `legacy_rows` and `parts` as the frames of the lake, `stated` as
    `STATED`, each with a further column `url`, for one report may come from several sources.
    """
    return {
        "cells": _build_cells(readings),
        "labels": _build_labels(readings),
        "legacy_rows": _build_legacy_rows(readings),
        "parts": _build_parts(readings),
        "stated": _build_stated(readings),
    }


def _build_cells(readings: Sequence[Reading]) -> pl.DataFrame:
    """Build the cells in the order of the form, column by column: there are hundreds a report."""
    schema = pl.Schema({**CELLS.frame_schema, **URL})
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for reading in readings:
        cells = reading.report.cells
        names = [cell.cell.split(".") for cell in cells]
        for name, value in _name_report(reading).items():
            columns[name].extend([value] * len(cells))
        for position, part in enumerate(("table", "row", "column")):
            columns[part].extend([name[position] for name in names])
        for attribute in ("value", "unit", "text", "status", "locator", "note", "confirmed"):
            columns[attribute].extend([getattr(cell, attribute) for cell in cells])
    return pl.DataFrame(columns, schema=schema, strict=True)


def _build_legacy_rows(readings: Sequence[Reading]) -> pl.DataFrame:
    rows = [
        {
            **_name_report(reading),
            "number": number,
            **{name: getattr(row, name) for name in LEGACY_FIELDS},
        }
        for reading in readings
        for number, row in enumerate(reading.report.legacy_rows, 1)
    ]
    return pl.DataFrame(rows, schema={**LEGACY_ROWS.frame_schema, **URL}, orient="row")


def _build_labels(readings: Sequence[Reading]) -> pl.DataFrame:
    """Build the labels that are not as the form has them, counted by table and line."""
    rows = [
        {**_name_report(reading), **label._asdict()}
        for reading in readings
        for label in reading.report.labels
    ]
    schema = {**LABELS.frame_schema, **URL}
    given = {name: dtype for name, dtype in schema.items() if name != "number"}
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("url", "table", "line")
    return (
        pl.DataFrame(rows, schema=given, orient="row").with_columns(number=number).select(*schema)
    )


def _build_parts(readings: Sequence[Reading]) -> pl.DataFrame:
    rows = [
        {
            **_name_report(reading),
            "position": position,
            "part": part.number,
            "heading": part.heading,
            "text": part.text,
        }
        for reading in readings
        for position, part in enumerate(split_parts(reading.report.text))
    ]
    return pl.DataFrame(rows, schema={**PARTS.frame_schema, **URL}, orient="row")


def _build_stated(readings: Sequence[Reading]) -> pl.DataFrame:
    frame = build_statements(
        (
            reading.report_id,
            reading.report.year,
            reading.report.region.region,
            reading.statements,
        )
        for reading in readings
    )
    urls = [reading.url for reading in readings for _ in reading.statements]
    return frame.with_columns(url=pl.Series(urls, dtype=pl.String))


def _name_report(reading: Reading) -> dict[str, Any]:
    return {
        "year": reading.report.year,
        "region": reading.report.region.region,
        "report_id": reading.report_id,
        "url": reading.url,
    }


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
        "signature": report.signature,
        "signed_on": report.signed_on,
        "published_on": report.published_on,
        "url": reading.url,
        "listed_as": reading.listed_as,
        "source_sha256": reading.sha256,
        "media_type": reading.media_type,
        "script": report.script,
        "is_picture": report.is_picture,
        "fetched_at": reading.fetched_at,
        "reason": report.problem,
    }
