"""Tell people: alerts brought to what is stored, mails that are due, and what waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.failing import tell_maintainers
from flows.parameters import CONFIG, DataFolder
from storage.access import hold_data, view_data
from storage.outbox import copy_outbox
from storage.settings import Settings, load_settings
from tasks.alert import Alerted, compose, settle
from tasks.alert import alert as alert_task


class AlertParameters(BaseModel):
    """What a run of `alert` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    data: DataFolder = None


@flow(
    name="alert",
    validate_parameters=True,
    on_failure=[tell_maintainers],
    on_crashed=[tell_maintainers],
)
def alert(parameters: AlertParameters = AlertParameters()) -> Alerted:  # noqa: B008
    """Send what waits, tell again what still stands, remind of days, and of runs that stay away.

    Nothing is fetched or checked. What waits for longer than its time is tried again.
    """
    settings = load_settings(parameters.data)
    with hold_data(settings):
        return alert_task(settings, datetime.now(UTC), is_watched=True)


def list_due(settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """List who would get what; the outbox stays as it is."""
    view_data(settings)
    with copy_outbox(settings.data) as connection:
        settle(connection, settings, now, is_watched=True)
        groups, mails = compose(connection, settings, now)
        return [
            {
                "recipient": mail.recipient,
                "topic": group.topic,
                "region": group.region,
                "reason": group.reason,
                "subject": mail.subject,
                "alerts": len(group.shown),
                "firing": len(group.firing),
                "bytes": len(mail.message),
            }
            for group, mail in zip(groups, mails, strict=True)
        ]


def show_due(due: list[dict[str, Any]], console: Console) -> None:
    """Print a line a mail that would be sent."""
    if not due:
        console.print("Nobody is to be told of anything now.")
        return
    columns = ("recipient", "topic", "region", "reason", "alerts", "subject")
    table = Table(*columns, box=None)
    for row in due:
        table.add_row(*(escape(str(row[name])) for name in columns))
    console.print(table)


def show_alerted(alerted: Alerted, console: Console) -> None:
    """Print what was written and sent."""
    sending = alerted.sending
    console.print(
        f"Mails: {alerted.written} written, {sending.sent} sent, {sending.waiting} waiting"
    )
    for error in sending.errors:
        console.print(f"[yellow]{escape(error)}[/]", soft_wrap=True)


if __name__ == "__main__":
    alert()
