"""Tell maintainers, and nobody else, that a run failed on our side."""

from __future__ import annotations

import hashlib
import smtplib
import sqlite3
from datetime import datetime

from storage.alerts import settle_alerts
from storage.failures import Failure, note_failure, read_failures
from storage.folder import StorageError
from storage.mails import queue_mails
from storage.outbox import open_outbox, transaction
from storage.settings import Settings
from tasks.alert import choose_recipients, compose, send_waiting
from tasks.alerting.channels import notify
from tasks.alerting.compose import build_chat
from tasks.alerting.grouping import FAILURES
from tasks.alerting.message import build_body, build_head
from tasks.alerting.notices import render_failures
from tasks.alerting.ours import FAILURE, list_failures
from tasks.alerting.recipients import Recipient
from tasks.alerting.smtp import close, connect, describe_error, parse_smtp_url

TIMEOUT_SECONDS = 30.0


def tell_failure(settings: Settings, failure: Failure, now: datetime) -> tuple[str, ...]:
    """Note that a run failed, and mail the maintainers why; give what went wrong with that.

    The mail goes through the outbox, so that it is told once while the reasons stay the same.

    Raises:
        StorageError: the folder or outbox cannot be written, as on a full disk; nobody was told.
    """
    data = settings.data
    try:
        note_failure(data, failure)
        with open_outbox(data) as connection:
            with transaction(connection):
                firing = list_failures(read_failures(data))
                settle_alerts(connection, (FAILURE,), firing, now)
            mails = list(compose(connection, settings, now, (FAILURES,))[1])
            with transaction(connection):
                queue_mails(connection, mails, now)
        return send_waiting(settings, now).errors
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{data}: expected an outbox that can be written: {error}") from error


def tell_directly(settings: Settings, failure: Failure, now: datetime) -> tuple[str, ...]:
    """Mail the maintainers past the outbox why a run failed; give what went wrong with that."""
    maintainers = [one for one in choose_recipients(settings) if one.is_maintainer]
    said = (_send_directly(one, settings, failure, now) for one in maintainers)
    return tuple(fault for fault in said if fault)


def _send_directly(
    recipient: Recipient, settings: Settings, failure: Failure, now: datetime
) -> str | None:
    """Send one maintainer the mail past the outbox; give what went wrong."""
    reasons = "\n".join(failure.reasons)
    rendering = render_failures([(failure.flow, reasons)], recipient.language)
    if recipient.channel is not None:
        return notify(recipient.channel, build_chat(rendering))
    if not settings.smtp_url:
        return f"GOUJI_SMTP_URL is not set: {recipient.key} was not told of: {reasons}"
    told = f"{recipient.key}\n{failure.flow}\n{reasons}\n{now:%Y-%m-%d}"
    mail_id = hashlib.sha256(told.encode()).hexdigest()[:24]
    head = build_head(mail_id, settings.sender, recipient, rendering.subject, now)
    server = parse_smtp_url(settings.smtp_url)
    try:
        connection = connect(server, TIMEOUT_SECONDS)
        connection.sendmail(settings.sender, [recipient.key], head + build_body(rendering, ()))
        close(connection)
    except (OSError, smtplib.SMTPException) as error:
        return f"mail server {server.name}: {describe_error(error, server)}"
    return None
