"""The outbox, `<data>/alerts.sqlite`: what fires, what was told to whom, and mails to be sent.

It follows from the lake: `partitions` remembers which files the alerts were last settled from,
in the same transaction, so that after a crash between lake and outbox the next run settles what
is left. What people decided (muted, resolved) and what was sent stands here alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.folder import StorageError, prepare_folder

FILE = "alerts.sqlite"
WAIT_SECONDS = 60
VERSION = 1
_SCHEMA = """
CREATE TABLE alerts (
    fingerprint TEXT PRIMARY KEY,
    kind TEXT NOT NULL,            -- finding, reminder, overdue, jump or heartbeat
    subject TEXT NOT NULL,         -- the report, body, family or run it is about
    name TEXT NOT NULL,            -- rule and instance, or the cells of the one repair
    source TEXT NOT NULL,          -- sha256 of the bytes in which it was first found
    year INTEGER,
    region TEXT NOT NULL,
    publisher TEXT,
    title TEXT,
    url TEXT,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'sent', 'resolved', 'waived', 'muted')),
    reason TEXT,                   -- why it is waived, muted or resolved
    decided_by TEXT,               -- who muted or resolved it; null where no person did
    muted_until TEXT,              -- end of a person's muting; null: until it is resolved
    opened_at TEXT NOT NULL,
    sent_at TEXT,                  -- when a server first took a mail that tells it
    closed_at TEXT
);
CREATE INDEX alerts_by_subject ON alerts (subject);
CREATE TABLE partitions (
    year INTEGER NOT NULL, region TEXT NOT NULL, stamp TEXT NOT NULL,
    PRIMARY KEY (year, region)
);
CREATE TABLE sources (             -- the text of each report with an alert, as it was told
    report_id TEXT PRIMARY KEY, source TEXT NOT NULL, sha256 TEXT NOT NULL, text BLOB NOT NULL
);
CREATE TABLE corrections (         -- reports with an alert whose text changed
    report_id TEXT NOT NULL, source TEXT NOT NULL, seen_at TEXT NOT NULL, changes TEXT NOT NULL,
    PRIMARY KEY (report_id, source)
);
CREATE TABLE groups (              -- the last mail of each recipient, topic and region
    recipient TEXT NOT NULL, topic TEXT NOT NULL, told_at TEXT NOT NULL,
    PRIMARY KEY (recipient, topic)
);
CREATE TABLE told (                -- what fired when it was composed
    recipient TEXT NOT NULL, topic TEXT NOT NULL, fingerprint TEXT NOT NULL,
    PRIMARY KEY (recipient, topic, fingerprint)
) WITHOUT ROWID;
CREATE TABLE bodies (              -- what several mails have alike, by its sha256
    id TEXT PRIMARY KEY, content BLOB NOT NULL
);
CREATE TABLE mails (
    id TEXT PRIMARY KEY,           -- also the Message-ID
    recipient TEXT NOT NULL,       -- an address, or the name of a channel
    channel INTEGER NOT NULL,      -- 1 where it goes to a channel, not to an address
    subject TEXT NOT NULL,
    head BLOB NOT NULL,            -- what stands before the body, compressed like it
    body TEXT NOT NULL REFERENCES bodies (id),
    state TEXT NOT NULL CHECK (state IN ('queued', 'failed', 'sent')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_at TEXT NOT NULL,
    last_error TEXT,
    created_at TEXT NOT NULL,
    sent_at TEXT
);
CREATE INDEX mails_waiting ON mails (state) WHERE state != 'sent';
CREATE TABLE mail_alerts (
    mail TEXT NOT NULL REFERENCES mails (id), fingerprint TEXT NOT NULL,
    PRIMARY KEY (mail, fingerprint)
) WITHOUT ROWID;
CREATE INDEX mails_of_alert ON mail_alerts (fingerprint);
"""


@contextmanager
def open_outbox(data: Path) -> Iterator[sqlite3.Connection]:
    """Open the outbox of a data folder, made if it is missing; changes need `transaction`.

    Raises:
        StorageError: it cannot be written, is damaged, or another version wrote it.
    """
    prepare_folder(data)
    path = data / FILE
    try:
        connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _prepare(connection, path)
            yield connection
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"{path}: expected the outbox of alerts, found {error}. If it is damaged, put it back "
            "from a copy; without one, move it away: the next run settles it from the lake, and "
            "what was told is told again."
        ) from error


@contextmanager
def copy_outbox(data: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of the outbox in memory, to try out what would be told; empty without one."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        copy.row_factory = sqlite3.Row
        if (data / FILE).exists():
            with open_outbox(data) as connection:
                connection.backup(copy)
        _prepare(copy, data / FILE)
        yield copy
    finally:
        copy.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Change the outbox at once: after a crash all of the block counts, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if _read_version(connection) == VERSION:
        return
    with transaction(connection):
        found = _read_version(connection)  # another process may have made it meanwhile
        if found == 0:
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif found != VERSION:
            raise StorageError(
                f"{path}: expected an outbox of version {VERSION}, found {found}; "
                "run the gouji that wrote it"
            )


def _read_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
