"""What is stored, when it came, and how much of it is valid."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from expectations.waivers import list_remarks
from storage.access import view_data
from storage.alerts import count_alerts
from storage.documents import read_documents
from storage.lake import read_table
from storage.mails import count_mails
from storage.missing import read_missing
from storage.outbox import FILE, open_outbox
from storage.runs import list_runs
from storage.schema import FINDINGS, REPORTS, VERDICTS
from storage.settings import Settings
from tasks.policy import choose_policy

SHOWN_RUNS = 5


def describe_data(settings: Settings, now: datetime) -> dict[str, Any]:
    """Describe a data folder: reports by year, region and verdict, documents, mails, runs.

    Raises:
        StorageError: a stored file is damaged.
        WaiversError: the file of waivers is not as expected.
    """
    view_data(settings)
    data = settings.data
    policy = choose_policy(settings, (), now)
    findings = read_table(data, FINDINGS, columns=("waived_for", "held"))
    reports = read_table(data, REPORTS)
    mails, alerts = _count_outbox(data)
    documents = read_documents(data)
    return {
        "data": settings.place,
        "reports": reports.height,
        "problems": int(reports["problems"].sum()),
        "verdicts": dict(Counter(reports["verdict"].to_list())),
        "partitions": _count_partitions(reports),
        "missing": _count_missing(read_missing(data)),
        "documents": dict(Counter(documents["outcome"].to_list())),
        "findings_waived": findings["waived_for"].count(),
        "families_held": sorted(findings["held"].drop_nulls().unique()),
        "waivers_expired": list(list_remarks(policy.waivers, reports, policy.today)[0]),
        "newest_report_at": str(reports["checked_at"].max() or ""),
        "alerts": alerts,
        "mails": mails,
        "runs": [
            {
                "run_id": run.run_id,
                "started_at": run.started_at.isoformat(timespec="seconds"),
                "finished_at": run.finished_at.isoformat(timespec="seconds"),
                "flow": run.parameters.get("flow"),
                "counts": run.counts,
            }
            for run in list_runs(data)[-SHOWN_RUNS:]
        ],
    }


def show_data(facts: dict[str, Any], console: Console) -> None:
    """Print the description for a reader."""
    console.print(f"[bold]{escape(facts['data'])}[/]: {facts['reports']} reports")
    if not facts["reports"] and not facts["runs"]:
        console.print("Nothing is stored here yet. Start with: gouji collect --source …")
        return
    counted = ("year", "region", *VERDICTS, "problems")
    table = Table(*counted, "cells not read", box=None)
    for row in facts["partitions"]:
        table.add_row(*(str(row[name]) for name in (*counted, "unread")))
    console.print(table)
    for row in facts["missing"]:
        on_down = f", {row['host_down']} on hosts that are down" if row["host_down"] else ""
        console.print(
            f"Not found for {row['year']}: {row['roster']} reports of the roster, "
            f"{row['earlier_reports']} of other bodies that reported before{on_down}"
        )
    console.print(f"Documents: {_join_counts(facts['documents'])}")
    console.print(f"Alerts: {_join_counts(facts['alerts'])}")
    console.print(f"Mails: {_join_counts(facts['mails'])}")
    if facts["findings_waived"]:
        console.print(f"Findings waived: {facts['findings_waived']}")
    for family in facts["families_held"]:
        console.print(f"[yellow]Findings held: family {escape(family)}[/]")
    for expired in facts["waivers_expired"]:
        console.print(f"[yellow]{escape(expired)}[/]")
    for run in facts["runs"]:
        counts = run["counts"]
        console.print(
            f"{run['started_at']} {run['flow']}: {counts['stored_added']} new, "
            f"{counts['stored_replaced']} changed, {counts['stored_kept']} as before, "
            f"{counts['troubles']} troubles"
        )


def _count_outbox(data: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Count mails and alerts by state; a folder without an outbox stays as it is."""
    if not (data / FILE).exists():
        return {}, {}
    with open_outbox(data) as connection:
        return count_mails(connection), count_alerts(connection)


def _count_partitions(reports: pl.DataFrame) -> list[dict[str, Any]]:
    return (
        reports.group_by("year", "region")
        .agg(
            *((pl.col("verdict") == verdict).sum().alias(verdict) for verdict in VERDICTS),
            problems=pl.col("problems").sum(),
            unread=pl.col("cells_unreadable").sum(),
        )
        .sort("year", "region")
        .to_dicts()
    )


def _count_missing(missing: pl.DataFrame) -> list[dict[str, Any]]:
    is_known_by = {
        name: (pl.col("known_by") == name) & pl.col("host_down").is_null()
        for name in ("roster", "earlier_reports")
    }
    return (
        missing.group_by("year")
        .agg(
            *(is_known.sum().alias(name) for name, is_known in is_known_by.items()),
            pl.col("host_down").count(),
        )
        .sort("year")
        .to_dicts()
    )


def _join_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "none"
