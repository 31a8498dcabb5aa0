"""Alerts in the outbox: settle them with what fires now, list them, and what people decide."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

State: TypeAlias = Literal["open", "sent", "resolved", "waived", "muted"]
FIRING = ("open", "sent")


@dataclass(frozen=True, slots=True)
class Firing:
    """Something that is wrong now.

    `subject` is the report, body, family or run it is about, `name` the rule with its instance
    or the cells of the one repair, `source` the sha256 of the bytes in which it was first
    found. `waived_for` and `silenced_by` say why nobody is told of it, if so.
    """

    fingerprint: str
    kind: str
    subject: str
    name: str
    source: str
    year: int | None
    region: str
    publisher: str | None
    title: str | None
    url: str | None
    severity: str
    message: str
    waived_for: str | None = None
    silenced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A row of the outbox; instants are UTC, null where it did not happen.

    `reason` says why it is waived, muted or resolved; `decided_by` is null unless a person
    muted or resolved it.
    """

    fingerprint: str
    kind: str
    subject: str
    name: str
    source: str
    year: int | None
    region: str
    publisher: str | None
    title: str | None
    url: str | None
    severity: str
    message: str
    state: State
    reason: str | None
    decided_by: str | None
    muted_until: datetime | None
    opened_at: datetime
    sent_at: datetime | None
    closed_at: datetime | None

    @property
    def is_firing(self) -> bool:
        """Whether recipients are told of it."""
        return self.state in FIRING


def settle_alerts(
    connection: sqlite3.Connection,
    kinds: Collection[str],
    firing: Sequence[Firing],
    now: datetime,
    partitions: Collection[tuple[int, str]] | None = None,
) -> None:
    """Bring the alerts of some kinds to what fires now; in a transaction of the caller.

    What is new is opened, what fires no more is resolved, what fires again is opened again.
    What a person muted or resolved stays so while it fires in the same source. Called twice
    with the same arguments it changes nothing the second time.

    Args:
        connection: The outbox, in a transaction.
        kinds: The kinds that `firing` has all alerts of.
        firing: What fires, each fingerprint once.
        now: The instant that changes are dated with.
        partitions: Years and regions that `firing` is of; None: of all.
    """
    places = ",".join("?" * len(kinds))
    query = f"SELECT * FROM alerts WHERE kind IN ({places})"  # noqa: S608 (question marks alone)
    stored = {row["fingerprint"]: row for row in connection.execute(query, tuple(kinds))}
    known = {one.fingerprint for one in firing}
    stamp = write_instant(now)
    new, changed = [], []
    for one in firing:
        row = stored.get(one.fingerprint)
        fields = (one.region, one.publisher, one.title, one.url, one.severity, one.message)
        state, reason = _settle_state(row, one, stamp)
        if row is None:
            facts = (one.kind, one.subject, one.name, one.source, one.year)
            new.append((one.fingerprint, *facts, *fields, state, reason, stamp))
            continue
        before = (*(row[name] for name in _FIELDS), row["state"], row["reason"])
        if before != (*fields, state, reason):
            is_kept = state in (row["state"], "resolved")
            decided = (row["decided_by"], row["muted_until"]) if is_kept else (None, None)
            closed = row["closed_at"] if state == "resolved" else None
            changed.append((*fields, state, reason, *decided, closed, one.fingerprint))
    gone = [
        ("no longer found", stamp, fingerprint)
        for fingerprint, row in stored.items()
        if fingerprint not in known
        and row["state"] != "resolved"
        and (partitions is None or (row["year"], row["region"]) in partitions)
    ]
    connection.executemany(_INSERT, new)
    connection.executemany(_UPDATE, changed)
    connection.executemany(_RESOLVE, gone)


def list_alerts(
    connection: sqlite3.Connection,
    states: Collection[str] = (),
    kinds: Collection[str] = (),
    subjects: Collection[str] = (),
) -> list[Alert]:
    """List the alerts of some states, kinds and subjects (none given: of all), oldest first."""
    rows = connection.execute("SELECT * FROM alerts ORDER BY opened_at, fingerprint")
    return [
        _make_alert(row)
        for row in rows
        if (not states or row["state"] in states)
        and (not kinds or row["kind"] in kinds)
        and (not subjects or row["subject"] in subjects)
    ]


def count_alerts(connection: sqlite3.Connection) -> dict[str, int]:
    """Count the alerts by state."""
    rows = connection.execute("SELECT state, count(*) FROM alerts GROUP BY state")
    return {row[0]: row[1] for row in rows}


def find_alerts(connection: sqlite3.Connection, beginning: str) -> list[Alert]:
    """Find the alerts whose fingerprint begins so, or that are about this very subject."""
    rows = connection.execute(
        "SELECT * FROM alerts WHERE substr(fingerprint, 1, ?) = ? OR subject = ? "
        "ORDER BY opened_at, fingerprint",
        (len(beginning), beginning, beginning),
    )
    return [_make_alert(row) for row in rows]


def mute_alert(
    connection: sqlite3.Connection,
    fingerprint: str,
    reason: str,
    who: str,
    until: datetime | None,
) -> None:
    """Let nobody be told of an alert until an instant, or for as long as its source stays."""
    with_until = None if until is None else write_instant(until)
    connection.execute(
        "UPDATE alerts SET state = 'muted', reason = ?, decided_by = ?, muted_until = ?, "
        "closed_at = NULL WHERE fingerprint = ?",
        (reason, who, with_until, fingerprint),
    )


def resolve_alert(
    connection: sqlite3.Connection, fingerprint: str, reason: str, who: str, now: datetime
) -> None:
    """Close an alert for as long as its source stays."""
    connection.execute(
        "UPDATE alerts SET state = 'resolved', reason = ?, decided_by = ?, muted_until = NULL, "
        "closed_at = ? WHERE fingerprint = ?",
        (reason, who, write_instant(now), fingerprint),
    )


def write_instant(instant: datetime) -> str:
    """Write an instant so that the order of texts is that of time."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def read_instant(text: str | None) -> datetime | None:
    """Read an instant that `write_instant` wrote."""
    return None if text is None else datetime.fromisoformat(text)


_FIELDS = ("region", "publisher", "title", "url", "severity", "message")
_INSERT = """INSERT INTO alerts (fingerprint, kind, subject, name, source, year, region, publisher,
    title, url, severity, message, state, reason, opened_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_UPDATE = """UPDATE alerts SET region = ?, publisher = ?, title = ?, url = ?, severity = ?,
    message = ?, state = ?, reason = ?, decided_by = ?, muted_until = ?, closed_at = ?
    WHERE fingerprint = ?"""
_RESOLVE = """UPDATE alerts SET state = 'resolved', reason = ?, decided_by = NULL,
    muted_until = NULL, closed_at = ? WHERE fingerprint = ?"""


def _settle_state(row: sqlite3.Row | None, one: Firing, now: str) -> tuple[str, str | None]:
    """Tell the state of what fires, and why nobody is told of it, if so."""
    if row is not None and row["decided_by"] is not None:
        is_over = row["muted_until"] is not None and row["muted_until"] <= now
        if not is_over:
            return row["state"], row["reason"]
    if one.waived_for is not None:
        return "waived", one.waived_for
    if one.silenced_by is not None:
        return "muted", one.silenced_by
    return ("sent" if row is not None and row["sent_at"] else "open"), None


def _make_alert(row: sqlite3.Row) -> Alert:
    facts = dict(row)
    for name in ("muted_until", "opened_at", "sent_at", "closed_at"):
        facts[name] = read_instant(facts[name])
    return Alert(**facts)
