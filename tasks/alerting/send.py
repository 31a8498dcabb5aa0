"""Send what waits in the outbox; what cannot be sent stays there, with why and a later time."""

from __future__ import annotations

import smtplib
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

from storage.locks import hold_lock
from storage.mails import Mail, list_mails, mark_failed, mark_sent, read_message
from storage.outbox import transaction
from tasks.alerting.channels import notify
from tasks.alerting.smtp import Server, close, connect, describe_error, parse_smtp_url

MAX_CONNECTIONS = 3
WAITS_SECONDS = (1.0, 4.0)  # before a server that did not answer is asked again
LOCK = Path("locks/send.lock")  # two senders at once would send a mail twice


@dataclass(frozen=True, slots=True)
class SendSummary:
    """How many mails were sent now, how many wait, and why."""

    sent: int
    waiting: int
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sending:
    """The way mails go: the outbox, the addresses of channels by recipient, and the clock."""

    connection: sqlite3.Connection
    channels: dict[str, str]
    now: datetime
    timeout_seconds: float = 30.0
    sleep: Callable[[float], object] = time.sleep


def send_outbox(
    data: Path, sending: Sending, smtp_url: str | None, lock_seconds: float = 600
) -> SendSummary:
    """Send every mail whose time has come, oldest first, over one connection.

    A mail is marked as soon as the server has taken it. One that is refused is marked `failed`
    with the reason and the time to try it again, and the others go on; a server that does not
    answer is asked three times. Without an address the mails stay as they are, and the summary
    says so.

    Raises:
        StorageError: another sender holds the lock for more than `lock_seconds`.
        sqlite3.DatabaseError: a state cannot be written.
    """
    with hold_lock(data / LOCK, lock_seconds):
        waiting = list_mails(sending.connection, ("queued", "failed"))
        due = [mail for mail in waiting if mail.next_try_at <= sending.now]
        errors: list[str] = []
        sent = _send_to_channels([mail for mail in due if mail.is_channel], sending, errors)
        letters = [mail for mail in due if not mail.is_channel]
        if letters and not smtp_url:
            errors.append(
                f"GOUJI_SMTP_URL is not set: {len(letters)} mail(s) wait in {data}/outbox"
            )
        elif letters and smtp_url:
            try:
                server = parse_smtp_url(smtp_url)
            except ValueError as error:
                errors.append(str(error))
            else:
                sent += _send_all(letters, server, sending, errors)
        return SendSummary(sent, len(waiting) - sent, tuple(errors))


def _send_all(mails: list[Mail], server: Server, sending: Sending, errors: list[str]) -> int:
    """Send mails over as few connections as it takes; add what went wrong to `errors`."""
    rest = deque(mails)
    sent = 0
    for _ in range(MAX_CONNECTIONS):
        connection = _connect(server, sending)
        if isinstance(connection, str):
            _give_up(rest, server, connection, sending, errors)
            return sent
        while rest and connection.sock is not None:
            mail = rest.popleft()
            fault = _send_one(connection, mail, server, sending)
            sent += fault is None
            if fault:
                errors.append(f"mail {mail.id} to {mail.recipient}: {fault}; it is tried again")
        close(connection)
        if not rest:
            return sent
    _give_up(rest, server, f"it broke off {MAX_CONNECTIONS} times", sending, errors)
    return sent


def _connect(server: Server, sending: Sending) -> smtplib.SMTP | str:
    """Open a session, asking a server that does not answer again; else say what went wrong."""
    for wait in (*WAITS_SECONDS, None):
        try:
            return connect(server, sending.timeout_seconds)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            is_final = isinstance(error, smtplib.SMTPResponseException | UnicodeError)
            if wait is None or is_final:
                return describe_error(error, server)
            sending.sleep(wait)
    raise AssertionError("the last try returns")


def _send_one(connection: smtplib.SMTP, mail: Mail, server: Server, sending: Sending) -> str | None:
    """Send one mail and write its new state; return what went wrong, if anything."""
    message = read_message(sending.connection, mail.id)
    try:
        sender = message_from_bytes(message, policy=SMTP)["From"].addresses[0].addr_spec
        connection.sendmail(sender, [mail.recipient], message)
    except (OSError, smtplib.SMTPException) as error:
        if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
            connection.close()  # half a dialogue: what comes next would be read as its answer
        fault = describe_error(error, server)
        _mark_failed([mail], fault, sending)
        return fault
    with transaction(sending.connection):
        mark_sent(sending.connection, mail.id, sending.now)
    return None


def _send_to_channels(mails: Iterable[Mail], sending: Sending, errors: list[str]) -> int:
    sent = 0
    for mail in mails:
        url = sending.channels.get(mail.recipient)
        fault = (
            notify(url, read_message(sending.connection, mail.id))
            if url
            else "expected it among the recipients, found it is not there any more"
        )
        if fault:
            _mark_failed([mail], fault, sending)
            errors.append(f"message {mail.id} to {mail.recipient}: {fault}; it is tried again")
            continue
        with transaction(sending.connection):
            mark_sent(sending.connection, mail.id, sending.now)
        sent += 1
    return sent


def _give_up(
    mails: Iterable[Mail], server: Server, reason: str, sending: Sending, errors: list[str]
) -> None:
    """Mark all that are left; the server, not they, is the reason."""
    left = list(mails)
    _mark_failed(left, f"{server.name}: {reason}", sending)
    errors.append(
        f"mail server {server.name}: {reason}; {len(left)} mail(s) wait for the next run; "
        "check GOUJI_SMTP_URL and the server"
    )


def _mark_failed(mails: Iterable[Mail], reason: str, sending: Sending) -> None:
    with transaction(sending.connection):
        for mail in mails:
            mark_failed(sending.connection, mail, reason, sending.now)
