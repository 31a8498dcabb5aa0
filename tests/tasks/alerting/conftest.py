"""Frames as the lake gives them, built by hand: a few real-looking reports and findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pytest

from storage.alerts import list_alerts, settle_alerts
from storage.mails import NewMail, Told
from storage.outbox import open_outbox, transaction
from storage.schema import CELLS, FINDINGS, PARTS, REPAIRS, REPORTS, list_tables
from storage.store import store_reports
from tasks.alerting.cards import list_repairs
from tasks.alerting.compose import compose_mails
from tasks.alerting.content import Content
from tasks.alerting.firing import FINDING, join_findings, list_firing
from tasks.alerting.grouping import plan_groups
from tasks.alerting.recipients import Recipient

Row: TypeAlias = dict[str, Any]
MakeRow: TypeAlias = Callable[..., Row]
Store: TypeAlias = Callable[..., Path]
Compose: TypeAlias = Callable[..., list[NewMail]]


@pytest.fixture
def now() -> datetime:
    """A fixed instant: 10:00 in Beijing."""
    return datetime(2026, 2, 3, 2, 0, tzinfo=UTC)


@pytest.fixture
def everyone() -> Recipient:
    """A recipient of all regions and severities."""
    return Recipient(name="值班", address="desk@example.org", regions="*", min_severity="info")


@pytest.fixture
def make_report() -> MakeRow:
    """Build one row of `reports`; 浈江区 unless told otherwise."""

    def make(**given: Any) -> Row:
        row: Row = dict.fromkeys(REPORTS.frame_schema)
        counts = {name: 0 for name, kind in REPORTS.schema.items() if kind == pl.Int32}
        row |= counts | {
            "report_id": "440204-office-2022",
            "version": 1,
            "title": "浈江区人民政府办公室2022年政府信息公开工作年度报告",
            "publisher": "韶关市浈江区人民政府办公室",
            "scope": "department",
            "region_name": "广东省韶关市浈江区",
            "prefecture": "韶关市",
            "form": "2019",
            "url": "https://www.sgzj.gov.cn/zwgk/content/post_2374611.html",
            "source_sha256": "a" * 64,
            "region_candidates": [],
            "media_type": "text/html",
            "fetched_at": datetime(2026, 1, 1, tzinfo=UTC),
            "checked_at": datetime(2026, 1, 1, tzinfo=UTC),
            "verdict": "invalid",
            "year": 2022,
            "region": "CN-GD",
        }
        return row | given

    return make


@pytest.fixture
def make_finding() -> MakeRow:
    """Build one row of `findings`; the sum of 浈江区's results unless told otherwise."""

    def make(**given: Any) -> Row:
        row: Row = {
            "report_id": "440204-office-2022",
            "rule": "T3-02",
            "instance": "t3.natural_person",
            "severity": "error",
            "outcome": "failed",
            "blame": "publisher",
            "cells": ["t3.granted.natural_person", "t3.closed.natural_person"],
            "expected": "1",
            "reported": "0",
            "difference": Decimal("-1"),
            "message": "表三（七）总计·自然人：应为 1，填报 0",
            "description": "The results of a column sum to its total",
            "year": 2022,
            "region": "CN-GD",
        }
        return row | given

    return make


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Store reports, findings, cells and parts of the text in the lake of `tmp_path`.

    `cells` maps a cell to what is printed, `parts` a heading to its text; of every report.
    """

    def put(
        reports: list[Row],
        findings: Sequence[Row] = (),
        cells: Mapping[str, str] | None = None,
        parts: Mapping[str, str] | None = None,
        statuses: str = "read",
    ) -> Path:
        frames = {table: table.frame_schema.to_frame() for table in list_tables()}
        frames[REPORTS] = pl.DataFrame(reports, schema=REPORTS.frame_schema)
        frames[FINDINGS] = pl.DataFrame(list(findings), schema=FINDINGS.frame_schema)
        places = [{name: row[name] for name in ("report_id", "year", "region")} for row in reports]
        printed = (cells or {"t3.closed.natural_person": "0"}).items()
        cell_rows = [
            {
                **place,
                **dict(zip(("table", "row", "column"), cell.split("."), strict=True)),
                "text": text,
                "status": statuses,
                "confirmed": True,
            }
            for place in places
            for cell, text in printed
        ]
        frames[CELLS] = pl.DataFrame(cell_rows, schema=CELLS.frame_schema)
        part_rows = [
            {**place, "position": number, "part": number, "heading": heading, "text": text}
            for place in places
            for number, (heading, text) in enumerate((parts or {"一、总体情况": "无"}).items(), 1)
        ]
        frames[PARTS] = pl.DataFrame(part_rows, schema=PARTS.frame_schema)
        store_reports(tmp_path, frames, datetime(2026, 2, 1, tzinfo=UTC))
        return tmp_path

    return put


@pytest.fixture
def compose(everyone: Recipient, now: datetime, tmp_path: Path) -> Compose:
    """Compose mails from rows, through an outbox; for one who sees everything unless told so.

    `told` maps a recipient's key to the fingerprints they were told of an hour before,
    `printed` maps a report to what stands in its cells.
    """
    numbers = count()

    def make(
        reports: list[Row], findings: list[Row], repairs: Sequence[Row] = (), **given: Any
    ) -> list[NewMail]:
        frames = {
            "reports": pl.DataFrame(reports, schema=REPORTS.frame_schema),
            "findings": pl.DataFrame(findings, schema=FINDINGS.frame_schema),
            "repairs": pl.DataFrame(repairs, schema=REPAIRS.frame_schema),
        }
        moment = given.get("now", now)
        sources = dict(frames["reports"].select("report_id", "source_sha256").iter_rows())
        joined = join_findings(**frames, sources=sources)
        silenced = joined.with_columns(silenced=pl.lit(None, pl.String))
        with open_outbox(tmp_path / f"outbox-{next(numbers)}") as connection:
            with transaction(connection):
                settle_alerts(connection, (FINDING,), list_firing(silenced, sources), moment)
            alerts = list_alerts(connection)
        told = {
            (key, topic): Told(moment - timedelta(hours=1), frozenset(prints))
            for key, prints in given.get("told", {}).items()
            for topic in ("findings *", *(f"findings {row['region']}" for row in reports))
        }
        groups = plan_groups(
            alerts, {}, told, given.get("recipients", [everyone]), moment, timedelta(days=7)
        )
        rows: dict[str, list[Row]] = {}
        for row in joined.iter_rows(named=True):
            rows.setdefault(row["fingerprint"], []).append(row)
        content = Content(
            alerts={alert.fingerprint: alert for alert in alerts},
            rows=rows,
            repairs=list_repairs(frames["repairs"]),
            reports=frames["reports"],
            findings=frames["findings"],
            changes={},
            jumps=(),
            last_run=None,
            _printed=given.get("printed", {}),
        )
        return list(
            compose_mails(groups, content, given.get("sender", "gouji@example.org"), moment)
        )

    return make
