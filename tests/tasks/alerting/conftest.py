"""Frames as the lake gives them, built by hand: a few real-looking reports and findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import polars as pl
import pytest

from storage.schema import FINDINGS, REPAIRS, REPORTS
from tasks.alerting.digest import Digest, compose_digests
from tasks.alerting.recipients import Recipient

Row: TypeAlias = dict[str, Any]
MakeRow: TypeAlias = Callable[..., Row]
Compose: TypeAlias = Callable[..., list[Digest]]


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
def compose(everyone: Recipient, now: datetime) -> Compose:
    """Compose digests from rows; for a recipient of everything unless told otherwise."""

    def make(
        reports: list[Row], findings: list[Row], repairs: Sequence[Row] = (), **given: Any
    ) -> list[Digest]:
        options: dict[str, Any] = {
            "recipients": [everyone],
            "mailed": {},
            "now": now,
            "sender": "gouji@example.org",
        }
        return compose_digests(
            pl.DataFrame(reports, schema=REPORTS.frame_schema),
            pl.DataFrame(findings, schema=FINDINGS.frame_schema),
            pl.DataFrame(repairs, schema=REPAIRS.frame_schema),
            **(options | given),
        )

    return make
