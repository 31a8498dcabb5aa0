"""One mail a run and recipient: what is new to them, composed into a message."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import polars as pl

from tasks.alerting.cards import count_unread, list_alerts, list_repairs, make_cards
from tasks.alerting.recipients import ADDRESS, Recipient
from tasks.alerting.render import BEIJING, Rendering, render_digest
from tasks.alerting.sheet import write_sheet
from tasks.alerting.words import fold_text, load_texts


@dataclass(frozen=True, slots=True)
class Digest:
    """A composed mail. `id` follows from recipient and findings, `message` is RFC 5322 bytes."""

    id: str
    recipient: str
    subject: str
    fingerprints: tuple[str, ...]
    report_count: int
    message: bytes
    created_at: datetime


def compose_digests(
    reports: pl.DataFrame,
    findings: pl.DataFrame,
    repairs: pl.DataFrame,
    recipients: Sequence[Recipient],
    mailed: Mapping[str, frozenset[str]],
    now: datetime,
    sender: str,
) -> list[Digest]:
    """Compose one digest for each recipient to whom some failed finding is new.

    `reports`, `findings` and `repairs` have the columns of the lake's tables with `year` and
    `region`.
    `mailed` maps an address to the fingerprints it was already told of. `sender` is an
    address, with or without a name. Findings of blame `reader` are never among the cards.

    Raises:
        ValueError: the sender is no address, or a finding has no report.
    """
    alerts = list_alerts(reports, findings, repairs)
    explained = list_repairs(repairs)
    digests = []
    for recipient in recipients:
        cards = make_cards(alerts, recipient, mailed.get(recipient.address, frozenset()), explained)
        if not cards:
            continue
        unread = count_unread(reports, findings, recipient)
        rendering = render_digest(cards, unread, recipient, now)
        prints = tuple(sorted(line.fingerprint for card in cards for line in card.lines))
        mail_id = hashlib.sha256("\n".join([recipient.address, *prints]).encode()).hexdigest()[:24]
        sheet = write_sheet(cards, load_texts(recipient.language), recipient.language)
        digests.append(
            Digest(
                id=mail_id,
                recipient=recipient.address,
                subject=rendering.subject,
                fingerprints=prints,
                report_count=len(cards),
                message=build_message(mail_id, sender, recipient, rendering, sheet, now),
                created_at=now,
            )
        )
    return digests


def build_message(
    mail_id: str,
    sender: str,
    recipient: Recipient,
    rendering: Rendering,
    sheet: bytes,
    now: datetime,
) -> bytes:
    """Build the message: plain text, HTML, CSV; all base64, so that no server changes a byte.

    The `Message-ID` follows from `mail_id` alone: a mail sent again after a crash is known
    to the receiver as the same.

    Raises:
        ValueError: `sender` is no address.
    """
    name, address = parseaddr(sender)
    if fold_text(sender) != sender or not ADDRESS.fullmatch(address):
        raise ValueError(
            f"sender of mails: expected an address such as gouji@example.org, found {sender!r}; "
            "set GOUJI_SENDER"
        )
    texts = load_texts(recipient.language)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name or texts["sender_name"], addr_spec=address)
    message["To"] = Address(recipient.name, addr_spec=recipient.address)
    message["Subject"] = rendering.subject
    message["Date"] = format_datetime(now.astimezone(BEIJING))
    message["Message-ID"] = f"<{mail_id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = texts["language"]
    message.set_content(rendering.text, cte="base64")
    message.add_alternative(rendering.html, subtype="html", cte="base64")
    message.add_attachment(
        sheet,
        maintype="text",
        subtype="csv",
        filename=texts["attachment"].format(date=now.astimezone(BEIJING).strftime("%Y%m%d")),
        params={"charset": "utf-8"},
    )
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{mail_id}_{number}")
    return message.as_bytes()
