"""Reports that are due soon or overdue, of the bodies that the roster names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from storage.alerts import Firing
from tasks.alerting.firing import fingerprint

REMINDER, OVERDUE = "reminder", "overdue"


def list_deadlines(
    missing: pl.DataFrame,
    hosts: Mapping[str, str],
    down: Collection[str],
    today: date,
    remind_days: int,
) -> list[Firing]:
    """List the reports of the last year that are due within some days, or overdue.

    A body that the roster does not name, and one without a day (townships, unless the roster
    sets one), is not told of. One whose host is down is silenced: whether its report is there
    cannot be known.

    Args:
        missing: As the table: what is owed and was not found; its `host_down` is the host of
            a body that never reported, too.
        hosts: The host of each body's earlier reports, by `series`.
        down: The hosts that are down.
        today: The day, as the publishers count it.
        remind_days: How many days before its day a report is reminded of.
    """
    owed = missing.filter(
        pl.col("known_by") == "roster",
        pl.col("year") == today.year - 1,
        pl.col("due_on") <= today + timedelta(days=remind_days),
    )
    return [_make_firing(row, hosts, down, today) for row in owed.iter_rows(named=True)]


def _make_firing(
    row: Mapping[str, Any], hosts: Mapping[str, str], down: Collection[str], today: date
) -> Firing:
    series, year, due_on = row["series"], row["year"], row["due_on"]
    kind = OVERDUE if due_on < today else REMINDER
    host = row["host_down"] or hosts.get(series)
    return Firing(
        fingerprint=fingerprint(f"{series} {year}", kind, ""),
        kind=kind,
        subject=series,
        name=due_on.isoformat(),
        source="",
        year=year,
        region=row["region"],
        publisher=row["publisher"],
        title=None,
        url=None,
        severity="error" if kind == OVERDUE else "info",
        message=f"report of {year}: due on {due_on}, not found",
        silenced_by=f"host {host} is down" if host in down else None,
    )
