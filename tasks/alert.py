"""Bring the outbox to what the lake says, compose what is due, and send what waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations.earlier import name_series
from expectations.jumps import Jump
from storage.alerts import Alert, list_alerts, settle_alerts
from storage.crawl_state import list_down
from storage.failures import read_failures
from storage.folder import prepare_folder
from storage.lake import read_table
from storage.mails import NewMail, list_mails, queue_mails, read_message, read_told
from storage.missing import read_missing
from storage.outbox import open_outbox, transaction
from storage.runs import last_success
from storage.schema import REPORTS
from storage.settings import Settings
from tasks.alerting.compose import compose_mails
from tasks.alerting.content import read_content, read_corrections
from tasks.alerting.deadlines import OVERDUE, REMINDER, list_deadlines
from tasks.alerting.grouping import TOPICS, Group, plan_groups
from tasks.alerting.ours import (
    FAILURE,
    HEARTBEAT,
    JUMP,
    list_failures,
    list_heartbeat,
    list_jumps,
)
from tasks.alerting.recipients import Recipient, load_recipients
from tasks.alerting.render import BEIJING
from tasks.alerting.send import Sending, SendSummary, send_outbox
from tasks.alerting.settling import settle_findings
from tasks.held import read_held

OUTBOX = "outbox"  # copies of the mails, to look at
EVERY_TOPIC = frozenset(TOPICS.values())
DEFAULT_RECIPIENT = "stewards@localhost"  # where no recipients are configured


@dataclass(frozen=True, slots=True)
class Alerted:
    """How many mails were written in this run, and what became of all that waited."""

    written: int
    sending: SendSummary


@task(name="alert", tags=["smtp"], cache_policy=NO_CACHE)
def alert(
    settings: Settings,
    now: datetime,
    is_watched: bool = False,
) -> Alerted:
    """Settle the alerts with the lake, queue what each group is due, and send all that waits.

    What is waived, held or muted is not mailed; of families that are held the maintainers are
    told. A mail that cannot be sent stays in the outbox. The caller holds the lock of the run.

    Args:
        settings: Of the deployment.
        now: The present instant.
        is_watched: Whether maintainers are told if no run succeeded for long; not from within
            a run, which may be the one.
    """
    with open_outbox(settings.data) as connection:
        settle(connection, settings, now, is_watched)
        mails = list(compose(connection, settings, now)[1])
        with transaction(connection):
            queue_mails(connection, mails, now)
    return Alerted(len(mails), send(settings, now))


@task(name="send", tags=["smtp"], cache_policy=NO_CACHE)
def send(settings: Settings, now: datetime) -> SendSummary:
    """Send what waits, as a step of its own."""
    return send_waiting(settings, now)


def send_waiting(settings: Settings, now: datetime) -> SendSummary:
    """Send what waits; without a mail server, write copies to look at to `<data>/outbox`."""
    with open_outbox(settings.data) as connection:
        if not settings.smtp_url:
            write_copies(connection, settings.data / OUTBOX)
        channels = {
            one.key: one.channel for one in choose_recipients(settings) if one.channel is not None
        }
        return send_outbox(settings.data, Sending(connection, channels, now), settings.smtp_url)


def settle(
    connection: sqlite3.Connection,
    settings: Settings,
    now: datetime,
    is_watched: bool,
) -> None:
    """Bring all alerts to what fires now; a second call changes nothing."""
    data, times = settings.data, settings.alerts
    settle_findings(connection, data, now)
    today = now.astimezone(BEIJING).date()
    deadlines = list_deadlines(
        read_missing(data), _list_hosts(data), list_down(data), today, times.remind_days
    )
    last = _read_last_run(data)
    longest = timedelta(days=times.heartbeat_days)
    silent = list_heartbeat(last, now, longest) if is_watched else []
    with transaction(connection):
        settle_alerts(connection, (REMINDER, OVERDUE), deadlines, now)
        settle_alerts(connection, (JUMP,), list_jumps(read_held(data)), now)
        settle_alerts(connection, (HEARTBEAT,), silent, now)
        settle_alerts(connection, (FAILURE,), list_failures(read_failures(data)), now)


def compose(
    connection: sqlite3.Connection,
    settings: Settings,
    now: datetime,
    topics: Collection[str] = EVERY_TOPIC,
) -> tuple[list[Group], list[NewMail]]:
    """Compose the mails of the groups of some topics that are due; nothing is written."""
    alerts: list[Alert] = [
        alert for alert in list_alerts(connection) if TOPICS[alert.kind] in topics
    ]
    told = {key: one for key, one in read_told(connection).items() if key[1].split()[0] in topics}
    corrected = {
        report_id: max(at for at, _ in listed)
        for report_id, listed in read_corrections(connection).items()
    }
    groups = plan_groups(
        alerts,
        corrected,
        told,
        choose_recipients(settings),
        now,
        timedelta(days=settings.alerts.repeat_days),
    )
    jumps: tuple[Jump, ...] = read_held(settings.data)
    last = _read_last_run(settings.data)
    content = read_content(connection, settings.data, groups, alerts, jumps, last)
    return groups, list(compose_mails(groups, content, settings.sender, now))


def choose_recipients(settings: Settings) -> tuple[Recipient, ...]:
    """Load the recipients: GOUJI_RECIPIENTS, else `recipients.yaml` in the data folder.

    Raises:
        RecipientsError: the file is not as expected.
    """
    beside = settings.data / "recipients.yaml"
    path = settings.recipients or (beside if beside.exists() else None)
    return load_recipients(path, DEFAULT_RECIPIENT)


def write_copies(connection: sqlite3.Connection, folder: Path) -> None:
    """Write a copy of each mail that waits as `<id>.eml`; the outbox does not depend on them."""
    waiting = [mail for mail in list_mails(connection, ("queued", "failed")) if not mail.is_channel]
    if waiting:
        prepare_folder(folder)
    for mail in waiting:
        path = folder / f"{mail.id}.eml"
        if not path.exists():
            path.write_bytes(read_message(connection, mail.id))


def _list_hosts(data: Path) -> dict[str, str]:
    """Map each body to the host of its newest report."""
    host = pl.col("url").str.extract(r"^https?://(?:[^/@]*@)?([^/:?#]+)").str.to_lowercase()
    rows = (
        read_table(data, REPORTS)
        .select(name_series().alias("series"), "year", host=host)
        .drop_nulls("host")
        .sort("year")
    )
    return {row[0]: row[1] for row in rows.select("series", "host").iter_rows()}


def _read_last_run(data: Path) -> datetime | None:
    record = last_success(data)
    return record.finished_at if record else None
