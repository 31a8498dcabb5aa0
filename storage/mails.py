"""Mails in the outbox: what was told to whom, what waits, and when it is tried again."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from storage.alerts import read_instant, write_instant

FIRST_WAIT = timedelta(minutes=5)  # after the second failure; after the first the next run tries
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """The last mail of a group: when it was composed, and what fired then."""

    at: datetime
    fingerprints: frozenset[str]


@dataclass(frozen=True, slots=True)
class NewMail:
    """A composed mail of one group.

    `fingerprints` are the alerts that it tells, `firing` all that fire in the group. `head` and
    `body` together are what is sent: RFC 5322 bytes, or for a channel its text; mails that have
    the body alike share it.
    """

    id: str
    recipient: str
    topic: str
    is_channel: bool
    subject: str
    head: bytes
    body: bytes
    fingerprints: tuple[str, ...]
    firing: frozenset[str]

    @property
    def message(self) -> bytes:
        """What is sent."""
        return self.head + self.body


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail and what became of it; `sent_at` is None until a server took it."""

    id: str
    recipient: str
    is_channel: bool
    subject: str
    state: Literal["queued", "failed", "sent"]
    attempts: int
    next_try_at: datetime
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


def queue_mails(connection: sqlite3.Connection, mails: Sequence[NewMail], now: datetime) -> None:
    """Keep mails to be sent, and what their groups were told; in a transaction of the caller."""
    stamp = write_instant(now)
    bodies = {mail.body: hashlib.sha256(mail.body).hexdigest() for mail in mails}
    connection.executemany(
        "INSERT OR IGNORE INTO bodies VALUES (?, ?)",
        [(name, zlib.compress(body, 1)) for body, name in bodies.items()],
    )
    for mail in mails:
        key = (mail.recipient, mail.topic)
        connection.execute(
            "INSERT OR IGNORE INTO mails (id, recipient, channel, subject, head, body, state, "
            "next_try_at, created_at) VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
            (
                *(mail.id, mail.recipient, mail.is_channel, mail.subject),
                *(zlib.compress(mail.head, 1), bodies[mail.body], stamp, stamp),
            ),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO mail_alerts VALUES (?, ?)",
            [(mail.id, fingerprint) for fingerprint in mail.fingerprints],
        )
        connection.execute("INSERT OR REPLACE INTO groups VALUES (?, ?, ?)", (*key, stamp))
        connection.execute("DELETE FROM told WHERE recipient = ? AND topic = ?", key)
        connection.executemany(
            "INSERT INTO told VALUES (?, ?, ?)", [(*key, one) for one in sorted(mail.firing)]
        )


def read_told(connection: sqlite3.Connection) -> dict[tuple[str, str], Told]:
    """Read the last mail of every group, by recipient and topic."""
    prints: dict[tuple[str, str], set[str]] = {}
    for row in connection.execute("SELECT recipient, topic, fingerprint FROM told"):
        prints.setdefault((row[0], row[1]), set()).add(row[2])
    found = {}
    for row in connection.execute("SELECT recipient, topic, told_at FROM groups"):
        key = (row[0], row[1])
        found[key] = Told(datetime.fromisoformat(row[2]), frozenset(prints.get(key, ())))
    return found


def list_mails(connection: sqlite3.Connection, states: Collection[str] = ()) -> list[Mail]:
    """List the mails of some states (none given: of all), oldest first."""
    rows = connection.execute(
        "SELECT id, recipient, channel, subject, state, attempts, next_try_at, last_error, "
        "created_at, sent_at FROM mails ORDER BY created_at, id"
    )
    return [_make_mail(row) for row in rows if not states or row["state"] in states]


def count_mails(connection: sqlite3.Connection) -> dict[str, int]:
    """Count the mails by state."""
    rows = connection.execute("SELECT state, count(*) FROM mails GROUP BY state")
    return {row[0]: row[1] for row in rows}


def read_message(connection: sqlite3.Connection, mail_id: str) -> bytes:
    """Read what is sent of a mail that is there."""
    row = connection.execute(
        "SELECT head, content FROM mails JOIN bodies ON bodies.id = body WHERE mails.id = ?",
        (mail_id,),
    ).fetchone()
    return zlib.decompress(row[0]) + zlib.decompress(row[1])


def list_mails_of(connection: sqlite3.Connection, fingerprint: str) -> list[Mail]:
    """List the mails that tell an alert, oldest first."""
    rows = connection.execute(
        "SELECT id, recipient, channel, subject, state, attempts, next_try_at, last_error, "
        "created_at, sent_at FROM mails JOIN mail_alerts ON mail = id WHERE fingerprint = ? "
        "ORDER BY created_at, id",
        (fingerprint,),
    )
    return [_make_mail(row) for row in rows]


def mark_sent(connection: sqlite3.Connection, mail_id: str, now: datetime) -> None:
    """Note that a server took a mail: its alerts were told; in a transaction of the caller."""
    stamp = write_instant(now)
    connection.execute(
        "UPDATE mails SET state = 'sent', sent_at = ?, attempts = attempts + 1, last_error = NULL "
        "WHERE id = ?",
        (stamp, mail_id),
    )
    connection.execute(
        "UPDATE alerts SET sent_at = coalesce(sent_at, ?), "
        "state = CASE state WHEN 'open' THEN 'sent' ELSE state END "
        "WHERE fingerprint IN (SELECT fingerprint FROM mail_alerts WHERE mail = ?)",
        (stamp, mail_id),
    )


def mark_failed(connection: sqlite3.Connection, mail: Mail, reason: str, now: datetime) -> None:
    """Note why a mail was not taken, and when it is tried again; a sent one stays sent."""
    connection.execute(
        "UPDATE mails SET state = 'failed', attempts = ?, next_try_at = ?, last_error = ? "
        "WHERE id = ? AND state != 'sent'",
        (
            *(mail.attempts + 1, write_instant(now + tell_wait(mail.attempts + 1))),
            *(reason, mail.id),
        ),
    )


def forget_told(connection: sqlite3.Connection, fingerprint: str) -> None:
    """Let an alert be told again, in a new mail, to all who were told of it."""
    connection.execute("DELETE FROM told WHERE fingerprint = ?", (fingerprint,))


def tell_wait(failures: int) -> timedelta:
    """Tell how long a mail waits after so many failures: 0, 5, 10, 20 minutes, up to a day."""
    if failures < 2:
        return timedelta(0)
    doublings = min(failures - 2, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def _make_mail(row: sqlite3.Row) -> Mail:
    return Mail(
        id=row["id"],
        recipient=row["recipient"],
        is_channel=bool(row["channel"]),
        subject=row["subject"],
        state=row["state"],
        attempts=row["attempts"],
        next_try_at=datetime.fromisoformat(row["next_try_at"]),
        last_error=row["last_error"],
        created_at=datetime.fromisoformat(row["created_at"]),
        sent_at=read_instant(row["sent_at"]),
    )
