"""The outbox: every mail kept as `<id>.eml`, its state beside it as `<id>.json`.

The sidecar is written after the mail, and is what makes it count: a mail without one was
never promised to anybody, and is composed again under the same id.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from tasks.alerting.digest import Digest


class OutboxError(Exception):
    """A state in the outbox cannot be understood; the message names the file and the remedy."""


class Mail(BaseModel):
    """The state of one mail; `sent_at` is None until a server took it.

    `failed` mails are tried again like `queued` ones, `last_error` says what stopped them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    state: Literal["queued", "sent", "failed"]
    recipient: str
    subject: str
    fingerprints: tuple[str, ...]
    attempts: int = 0
    last_error: str | None = None
    created_at: AwareDatetime
    sent_at: AwareDatetime | None = None


def queue(outbox: Path, digest: Digest) -> Mail:
    """Keep a digest in the outbox, to be sent; one that is there already stays as it is.

    Raises:
        OutboxError: its sidecar is there but cannot be understood.
        OSError: the folder cannot be written.
    """
    outbox.mkdir(parents=True, exist_ok=True)
    if (outbox / f"{digest.id}.json").exists():
        return read_mail(outbox, digest.id)
    _replace(outbox / f"{digest.id}.eml", digest.message)
    mail = Mail(
        id=digest.id,
        state="queued",
        recipient=digest.recipient,
        subject=digest.subject,
        fingerprints=digest.fingerprints,
        created_at=digest.created_at,
    )
    write_mail(outbox, mail)
    return mail


def read_mail(outbox: Path, mail_id: str) -> Mail:
    """Read the state of one mail.

    Raises:
        OutboxError: the sidecar is no state, or is that of another mail.
    """
    path = outbox / f"{mail_id}.json"
    remedy = (
        f"nothing is lost, the mail is {mail_id}.eml beside it; if it was not sent, remove the "
        "sidecar and run again, if it was, put the sidecar back from a copy"
    )
    try:
        mail = Mail.model_validate_json(path.read_bytes())
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the whole"
        raise OutboxError(
            f"{path}: expected the state of a mail, found at {place}: {fault['msg']}; {remedy}"
        ) from error
    if mail.id != mail_id:
        raise OutboxError(
            f"{path}: expected the state of this mail, found that of {mail.id}; {remedy}"
        )
    return mail


def write_mail(outbox: Path, mail: Mail) -> None:
    """Write the state of a mail in one step: a reader sees the old one or the new one."""
    _replace(outbox / f"{mail.id}.json", mail.model_dump_json(indent=2).encode())


def list_mails(outbox: Path) -> tuple[list[Mail], list[OutboxError]]:
    """List every mail, oldest first, and what could not be understood."""
    mails, problems = [], []
    for path in sorted(outbox.glob("*.json")):
        try:
            mails.append(read_mail(outbox, path.stem))
        except OutboxError as problem:
            problems.append(problem)
    return sorted(mails, key=lambda mail: (mail.created_at, mail.id)), problems


def load_mailed(outbox: Path) -> Mapping[str, frozenset[str]]:
    """Map each address to the fingerprints it was, or will be, told of.

    Mails that wait count, since they are tried again.

    Raises:
        OutboxError: some state cannot be understood, so that it is not known what was told;
            composing anew could tell it twice.
    """
    mails, problems = list_mails(outbox)
    if problems:
        raise OutboxError("\n".join(str(problem) for problem in problems))
    told: dict[str, set[str]] = {}
    for mail in mails:
        told.setdefault(mail.recipient, set()).update(mail.fingerprints)
    return {recipient: frozenset(prints) for recipient, prints in told.items()}


def _replace(path: Path, content: bytes) -> None:
    """Write beside and move into place, on the disk before it counts."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    if os.name == "posix":  # elsewhere a folder cannot be opened to be flushed
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
