"""A mail as bytes: headers, plain text, HTML and what is attached."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from tasks.alerting.grouping import Group
from tasks.alerting.recipients import ADDRESS, Recipient
from tasks.alerting.render import BEIJING, Rendering
from tasks.alerting.words import fold_text, load_texts


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text that is attached; `kind` is the subtype, `csv` or `html`."""

    name: str
    kind: str
    content: bytes


def name_mail(group: Group) -> str:
    """Name a mail by what it tells to whom, after what: composed again, it has the same name."""
    parts = [group.recipient.key, group.key, group.reason, *sorted(group.shown)]
    parts += ["closed", *sorted(group.closed), "corrected", *sorted(group.corrected)]
    parts.append(group.told_at.isoformat() if group.told_at else "first")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def parse_sender(sender: str) -> Address:
    """Parse the address that mails are from; without a name of its own its name is empty.

    Raises:
        ValueError: it is no address.
    """
    name, address = parseaddr(sender)
    if fold_text(sender) != sender or not ADDRESS.fullmatch(address):
        raise ValueError(
            f"sender of mails: expected an address such as gouji@example.org, found {sender!r}; "
            "set GOUJI_SENDER"
        )
    return Address(name, addr_spec=address)


def build_head(
    mail_id: str, sender: str, recipient: Recipient, subject: str, now: datetime
) -> bytes:
    """Build the headers that a recipient's mail has before its body.

    The `Message-ID` follows from `mail_id` alone: a mail sent again after a crash is known
    to the receiver as the same.

    Raises:
        ValueError: `sender` is no address.
    """
    given = parse_sender(sender)
    texts = load_texts(recipient.language)
    head = EmailMessage(policy=SMTP)
    head["From"] = Address(given.display_name or texts["sender_name"], addr_spec=given.addr_spec)
    head["To"] = Address(recipient.name, addr_spec=recipient.key)
    head["Subject"] = subject
    head["Date"] = format_datetime(now.astimezone(BEIJING))
    head["Message-ID"] = f"<{mail_id}@{given.domain}>"
    head["Auto-Submitted"] = "auto-generated"
    head["X-Auto-Response-Suppress"] = "All"
    head["Content-Language"] = texts["language"]
    return head.as_bytes().removesuffix(b"\r\n")  # the blank line comes after the body's headers


def build_body(rendering: Rendering, attachments: Sequence[Attachment]) -> bytes:
    """Build what follows: plain text, HTML, attachments; all base64, so that no byte is changed.

    It begins with headers of its own, and is the same for the same content.
    """
    body = EmailMessage(policy=SMTP)
    body.set_content(rendering.text, cte="base64")
    body.add_alternative(rendering.html, subtype="html", cte="base64")
    for one in attachments:
        body.add_attachment(
            one.content,
            maintype="text",
            subtype=one.kind,
            filename=one.name,
            params={"charset": "utf-8"},
        )
    name = hashlib.sha256(rendering.html.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in body.walk() if part.is_multipart()):
        part.set_boundary(f"=_{name}_{number}")
    return body.as_bytes()
