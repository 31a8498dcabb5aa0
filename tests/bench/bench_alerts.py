"""What telling people costs: 10,000 findings to 300 recipients, built and sent."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiosmtpd.controller import Controller

from expectations.form import load_form
from storage.mails import queue_mails
from storage.outbox import open_outbox, transaction
from storage.schema import CELLS, FINDINGS, REPORTS, list_tables
from storage.settings import load_settings
from storage.store import store_reports
from tasks.alert import compose, settle
from tasks.alerting.send import Sending, send_outbox
from tasks.alerting.words import load_provinces

FINDINGS_COUNT, RECIPIENTS_COUNT, EACH = 10_000, 300, 2
NOW = datetime(2026, 2, 3, 2, tzinfo=UTC)
MOST_SECONDS = (10, 60)


class Mailbox:
    """Counts what it is given."""

    count = 0

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take a mail."""
        self.count += 1
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """A real SMTP server on loopback and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, f"smtp://127.0.0.1:{port}"
    server.stop()


def fill(data: Path) -> None:
    """Store reports of all provinces with two failed equations each, and name the recipients."""
    regions = [region for region in load_provinces() if region.startswith("CN-")]
    form = load_form("2021")
    equations = [one for one in form.equations if one.rule in ("T3-01", "T3-02")][:EACH]
    reports, findings = [], []
    for number in range(FINDINGS_COUNT // EACH):
        place = {"report_id": f"r{number}", "year": 2024, "region": regions[number % len(regions)]}
        row: dict[str, Any] = dict.fromkeys(REPORTS.frame_schema)
        row |= {name: 0 for name, kind in REPORTS.schema.items() if kind == pl.Int32} | place
        row |= {
            "title": f"某县第{number}局2024年政府信息公开工作年度报告",
            "publisher": f"某县第{number}局",
            "scope": "department",
            "region_candidates": [],
            "form": "2021",
            "url": f"https://www.example.test/{number}.html",
            "source_sha256": "a" * 64,
            "media_type": "text/html",
            "fetched_at": NOW,
            "checked_at": NOW,
            "verdict": "invalid",
        }
        reports.append(row)
        findings += [
            {
                **place,
                "rule": one.rule,
                "instance": one.instance,
                "severity": "error",
                "outcome": "failed",
                "blame": "publisher",
                "cells": list(one.cells),
                "expected": "7",
                "reported": "5",
                "message": "表三 一、本年新收·总计：应为 7，填报 5",
                "description": "The columns sum to the total",
            }
            for one in equations
        ]
    frames = {table: table.frame_schema.to_frame() for table in list_tables()}
    frames[REPORTS] = pl.DataFrame(reports, schema=REPORTS.frame_schema)
    frames[FINDINGS] = pl.DataFrame(findings, schema=FINDINGS.frame_schema)
    cells = pl.DataFrame(
        [cell.key.split(".") for cell in form.cells],
        schema=["table", "row", "column"],
        orient="row",
    )
    frames[CELLS] = (
        frames[REPORTS]
        .select("year", "region", "report_id")
        .join(cells, how="cross")
        .with_columns(text=pl.lit("5"), status=pl.lit("read"), confirmed=pl.lit(True, pl.Boolean))
        .match_to_schema(CELLS.frame_schema, missing_columns="insert")
    )
    store_reports(data, frames, NOW)
    lines = ["recipients:"]
    for number in range(RECIPIENTS_COUNT):
        theirs = '"*"' if number % 30 == 0 else f"[{regions[number % len(regions)]}]"
        lines.append(f"  - {{name: n{number}, address: n{number}@example.org, regions: {theirs}}}")
    (data / "recipients.yaml").write_text("\n".join(lines), "utf-8")


@pytest.mark.bench
def test_ten_thousand_findings_reach_three_hundred_recipients(
    tmp_path: Path, mailbox: tuple[Mailbox, str]
) -> None:
    """Built in under 10 s, sent to loopback in under 60 s; seconds of CPU of both ends."""
    fill(tmp_path)
    settings = load_settings(tmp_path, {})
    with open_outbox(tmp_path) as connection:
        started = time.process_time()
        settle(connection, settings, NOW, is_watched=False)
        settled = time.process_time()
        groups, mails = compose(connection, settings, NOW)
        with transaction(connection):
            queue_mails(connection, mails, NOW)
        built = time.process_time()
        summary = send_outbox(tmp_path, Sending(connection, {}, NOW), mailbox[1])
        sent = time.process_time()
    size = sum(len(mail.message) for mail in mails) / 1e6
    print(
        f"\n{FINDINGS_COUNT} findings, {len(mails)} mails of {size:.0f} MB: settled in "
        f"{settled - started:.1f} s, built in {built - settled:.1f} s, sent in "
        f"{sent - built:.1f} s"
    )
    assert summary.sent == mailbox[0].count == len(groups) == RECIPIENTS_COUNT
    assert built - started < MOST_SECONDS[0]
    assert sent - built < MOST_SECONDS[1]
