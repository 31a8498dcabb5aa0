"""Alerts as they are listed and shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from storage.alerts import Alert
from storage.mails import list_mails_of
from tasks.alerting.content import read_corrections

STATES = ("open", "sent", "resolved", "waived", "muted")
SHORT = 12


def describe_alert(alert: Alert) -> dict[str, Any]:
    """Describe an alert as JSON: instants as texts."""
    return {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in asdict(alert).items()
    }


def describe_history(connection: sqlite3.Connection, alert: Alert) -> dict[str, Any]:
    """Describe an alert with the mails that tell it and the changes of its report."""
    mails = [
        {
            "id": mail.id,
            "recipient": mail.recipient,
            "subject": mail.subject,
            "state": mail.state,
            "attempts": mail.attempts,
            "last_error": mail.last_error,
            "sent_at": mail.sent_at.isoformat(timespec="seconds") if mail.sent_at else None,
        }
        for mail in list_mails_of(connection, alert.fingerprint)
    ]
    corrections = [
        {"seen_at": at.isoformat(timespec="seconds"), "changes": [asdict(one) for one in changes]}
        for at, changes in read_corrections(connection).get(alert.subject, ())
    ]
    return {**describe_alert(alert), "mails": mails, "corrections": corrections}


def show_alerts(alerts: Sequence[Alert], console: Console) -> None:
    """Print a line an alert."""
    if not alerts:
        console.print("No alerts.")
        return
    table = Table("alert", "state", "severity", "region", "year", "report", "what", box=None)
    for alert in alerts:
        table.add_row(
            *(alert.fingerprint[:SHORT], alert.state, alert.severity, alert.region),
            *(str(alert.year or ""), escape(alert.title or alert.publisher or alert.subject)),
            escape(alert.message),
        )
    console.print(table)


def show_history(facts: dict[str, Any], console: Console) -> None:
    """Print every fact of an alert, its mails and what changed."""
    listed = ("mails", "corrections")
    for name, value in facts.items():
        if name not in listed and value is not None:
            console.print(f"[bold]{name}[/]: {escape(str(value))}", soft_wrap=True)
    for mail in facts["mails"]:
        said = f"{mail['state']} {mail['sent_at'] or ''} {mail['last_error'] or ''}"
        console.print(escape(f"mail {mail['id']} to {mail['recipient']}: {said}"), soft_wrap=True)
    for correction in facts["corrections"]:
        console.print(f"changed, seen at {correction['seen_at']}:")
        for change in correction["changes"]:
            said = f"  {change['kind']} {change['name']}"
            if change["kind"] != "part":
                said += f": {change['before']} to {change['after']}"
            console.print(escape(said), soft_wrap=True)
