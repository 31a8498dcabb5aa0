"""Send what waits in the outbox; what cannot be sent stays there with the reason."""

from __future__ import annotations

import smtplib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

from tasks.alerting.outbox import Mail, list_mails, read_mail, write_mail
from tasks.alerting.smtp import Server, close, connect, describe_error, parse_smtp_url

MAX_CONNECTIONS = 3


@dataclass(frozen=True, slots=True)
class SendSummary:
    """How many mails were sent now, how many wait, and why."""

    sent: int
    waiting: int
    errors: tuple[str, ...]


def send_outbox(
    outbox: Path, smtp_url: str | None, now: datetime, timeout_seconds: float = 30.0
) -> SendSummary:
    """Send every mail that is not marked sent, oldest first, over one connection.

    A mail is marked as soon as the server has taken it. One that is refused is marked
    `failed` with the reason and the others go on; when the server itself cannot be used, all
    that wait are marked so. Either kind is tried again by the next call. Without an address
    the mails stay as they are, and the summary says so.

    Raises:
        OSError: a state cannot be written.
    """
    mails, problems = list_mails(outbox)
    waiting = [mail for mail in mails if mail.state != "sent"]
    errors = [str(problem) for problem in problems]
    if not waiting:
        return SendSummary(0, 0, tuple(errors))
    if not smtp_url:
        errors.append(f"GOUJI_SMTP_URL is not set: {len(waiting)} mail(s) wait in {outbox}")
        return SendSummary(0, len(waiting), tuple(errors))
    try:
        server = parse_smtp_url(smtp_url)
    except ValueError as error:
        return SendSummary(0, len(waiting), (*errors, str(error)))
    sent = _send_all(outbox, waiting, server, now, timeout_seconds, errors)
    return SendSummary(sent, len(waiting) - sent, tuple(errors))


def _send_all(
    outbox: Path,
    mails: list[Mail],
    server: Server,
    now: datetime,
    timeout_seconds: float,
    errors: list[str],
) -> int:
    """Send mails over as few connections as it takes; add what went wrong to `errors`."""
    rest = deque(mails)
    sent = 0
    for _ in range(MAX_CONNECTIONS):
        try:
            connection = connect(server, timeout_seconds)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            _give_up(outbox, rest, server, describe_error(error, server), errors)
            return sent
        while rest and connection.sock is not None:
            mail = rest.popleft()
            fault = _send_one(connection, outbox, mail, server, now)
            sent += fault is None
            if fault:
                errors.append(f"{mail.id}.eml to {mail.recipient}: {fault}; it is tried again")
        close(connection)
        if not rest:
            return sent
    _give_up(outbox, rest, server, f"it broke off {MAX_CONNECTIONS} times", errors)
    return sent


def _send_one(
    connection: smtplib.SMTP, outbox: Path, mail: Mail, server: Server, now: datetime
) -> str | None:
    """Send one mail and write its new state; return what went wrong, if anything."""
    mail = read_mail(outbox, mail.id)  # another run may have sent it since
    if mail.state == "sent":
        return None
    try:
        message = (outbox / f"{mail.id}.eml").read_bytes()
        sender = message_from_bytes(message, policy=SMTP)["From"].addresses[0].addr_spec
    except (OSError, TypeError, AttributeError, IndexError) as error:
        fault = f"expected the mail beside its state, found {type(error).__name__}"
        _mark_failed(outbox, mail, fault)
        return fault
    try:
        connection.sendmail(sender, [mail.recipient], message)
    except (OSError, smtplib.SMTPException) as error:
        if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
            connection.close()  # half a dialogue: what comes next would be read as its answer
        fault = describe_error(error, server)
        _mark_failed(outbox, mail, fault)
        return fault
    done = {"state": "sent", "sent_at": now, "attempts": mail.attempts + 1, "last_error": None}
    write_mail(outbox, mail.model_copy(update=done))
    return None


def _give_up(
    outbox: Path, mails: Iterable[Mail], server: Server, reason: str, errors: list[str]
) -> None:
    """Mark all that are left; the server, not they, is the reason."""
    left = list(mails)
    for mail in left:
        _mark_failed(outbox, mail, f"{server.name}: {reason}")
    errors.append(
        f"mail server {server.name}: {reason}; {len(left)} mail(s) wait in {outbox} for the "
        "next run; check GOUJI_SMTP_URL and the server"
    )


def _mark_failed(outbox: Path, mail: Mail, reason: str) -> None:
    mail = read_mail(outbox, mail.id)
    if mail.state == "sent":
        return
    failed = {"state": "failed", "attempts": mail.attempts + 1, "last_error": reason}
    write_mail(outbox, mail.model_copy(update=failed))
