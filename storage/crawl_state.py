"""What crawling remembers between runs: `<data>/crawl.sqlite`, a row an address, host and run.

A run is open until it is finished; the next one after a crash goes on with the open one. What
`write_answers` was given is there after a crash, or nothing of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from storage.folder import StorageError, explain_os_errors

FILE = "crawl.sqlite"
LAYOUT = 1
WAIT_SECONDS = 60.0
LONGEST_RUN = timedelta(days=2)  # an older run that never ended is not gone on with
FAILURES = 5  # addresses in a row without an answer, after which a host counts as down

_LAYOUT = """
CREATE TABLE IF NOT EXISTS addresses (
    key TEXT PRIMARY KEY, url TEXT NOT NULL, host TEXT NOT NULL, source TEXT NOT NULL,
    outcome TEXT NOT NULL, reason TEXT, tries INTEGER NOT NULL, run_id TEXT NOT NULL,
    checked_at TEXT NOT NULL, changed_at TEXT, etag TEXT, last_modified TEXT, sha256 TEXT,
    charset TEXT, led_to TEXT, tls TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS addresses_by_host ON addresses (host, outcome);
CREATE TABLE IF NOT EXISTS hosts (
    name TEXT PRIMARY KEY, is_up INTEGER NOT NULL, since TEXT NOT NULL, checked_at TEXT NOT NULL,
    failures INTEGER NOT NULL, answered_run TEXT, reason TEXT, tls TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS warcs (
    run_id TEXT NOT NULL, host TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (run_id, host)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Address:
    """What is known of an address.

    Attributes:
        key: the address, with a digest of the form where one is posted.
        url: the address.
        host: name of its host.
        source: the source it was found through.
        outcome: `fetched`, `unchanged`, `moved` (it leads to another address, or was left for
            one), `not_a_report`, or why it gave nothing, as the outcome of a miss.
        reason: what was expected, found, and what to do; None where it gave a text.
        tries: how often it was asked for since it last answered, that one included.
        run_id: the run that asked last.
        checked_at: when it was last asked for (UTC).
        changed_at: when its text was first seen to be the present one; None: it gave none yet.
        etag, last_modified: by what the host names the text; None where it does not.
        sha256: of the text seen last, in the archive; None where it gave none yet.
        charset: what the header states of that text.
        led_to: the address at which the text stood, None where it stood here.
        tls: with which settings the host was reached, None over plain HTTP.
    """

    key: str
    url: str
    host: str
    source: str
    outcome: str
    reason: str | None
    tries: int
    run_id: str
    checked_at: datetime
    changed_at: datetime | None
    etag: str | None = None
    last_modified: str | None = None
    sha256: str | None = None
    charset: str | None = None
    led_to: str | None = None
    tls: str | None = None


@dataclass(frozen=True, slots=True)
class HostState:
    """Whether a host answers.

    It is down after five addresses in a row without an answer, or where a run got no answer of
    it at all; `since` when that is so, or it is up again, `checked_at` when it was last asked.
    """

    name: str
    is_up: bool
    since: datetime
    checked_at: datetime
    reason: str | None
    tls: str | None
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class CrawlRun:
    """A run of crawling; `is_resumed` where an earlier process began it and did not end it."""

    run_id: str
    started_at: datetime
    is_resumed: bool


@contextmanager
def open_state(data: Path) -> Iterator[sqlite3.Connection]:
    """Open the state for one thread at a time; it is made where there is none.

    Raises:
        StorageError: the file is damaged, of a later layout, or cannot be written.
    """
    path = data / FILE
    with explain_os_errors(data), explain_faults(data):
        data.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
    with closing(connection):
        with explain_faults(data):
            _prepare(connection, path)
        yield connection


@contextmanager
def explain_faults(data: Path) -> Iterator[None]:
    """Turn a fault of the state into a `StorageError` that says what to do about it."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(
            f"{data / FILE}: expected the state of crawling, found: {error}. Free space and check "
            "the rights; if it is damaged, move it away: everything is then asked for anew."
        ) from error


def has_state(data: Path) -> bool:
    """Tell whether anything was ever crawled into this data folder."""
    return (data / FILE).is_file()


def begin_run(connection: sqlite3.Connection, now: datetime) -> CrawlRun:
    """Go on with the run that did not end, if it began less than two days ago, or begin one."""
    with _change(connection):
        row = connection.execute(
            "SELECT run_id, started_at FROM runs WHERE finished_at IS NULL AND started_at > ? "
            "ORDER BY started_at DESC LIMIT 1",
            (_write(now - LONGEST_RUN),),
        ).fetchone()
        if row is not None:
            return CrawlRun(row[0], _read(row[1]), is_resumed=True)
        run = CrawlRun(f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}", now, False)
        connection.execute("INSERT INTO runs VALUES (?, ?, NULL)", (run.run_id, _write(now)))
    return run


def finish_run(
    connection: sqlite3.Connection,
    run: CrawlRun,
    judged: Sequence[tuple[str, str, str | None]],
    now: datetime,
) -> dict[str, int]:
    """End a run, and every older one that is open; return how many addresses had which outcome.

    The next run asks for every address again.

    Args:
        connection: from `open_state`.
        run: the run.
        judged: address, outcome and reason where looking at the text told another outcome.
        now: the present instant.
    """
    with _change(connection):
        connection.executemany(
            "UPDATE addresses SET outcome = ?, reason = ? WHERE key = ? AND run_id = ?",
            [(outcome, reason, url, run.run_id) for url, outcome, reason in judged],
        )
        connection.execute(
            "UPDATE runs SET finished_at = ? WHERE finished_at IS NULL", (_write(now),)
        )
    return count_outcomes(connection, run.run_id)


def find_address(connection: sqlite3.Connection, key: str) -> Address | None:
    """Return what is known of an address, None where it was never asked for."""
    row = connection.execute("SELECT * FROM addresses WHERE key = ?", (key,)).fetchone()
    return None if row is None else _read_address(dict(zip(_NAMES, row, strict=True)))


def write_answers(
    connection: sqlite3.Connection,
    answers: Sequence[tuple[Address, bool]],
    run_id: str,
    warcs: Mapping[str, int],
) -> None:
    """Write addresses, each with whether its host answered, and the length of WARC files.

    `warcs` are how many bytes of the run's files are whole, by host.
    """
    with _change(connection):
        for address, has_answered in answers:
            _write_address(connection, address)
            _write_host(connection, address, has_answered)
        connection.executemany(
            "INSERT INTO warcs VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
            "SET bytes = MAX(bytes, excluded.bytes)",
            [(run_id, host, size) for host, size in warcs.items()],
        )


def list_warcs(connection: sqlite3.Connection, run_id: str) -> dict[str, int]:
    """List how many bytes of each host's WARC file of a run are whole."""
    return dict(
        connection.execute("SELECT host, bytes FROM warcs WHERE run_id = ?", (run_id,)).fetchall()
    )


def count_outcomes(connection: sqlite3.Connection, run_id: str) -> dict[str, int]:
    """Count the addresses that a run asked for by their outcome."""
    return dict(
        connection.execute(
            "SELECT outcome, COUNT(*) FROM addresses WHERE run_id = ? GROUP BY outcome", (run_id,)
        ).fetchall()
    )


def count_pages(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Count the addresses known of each source, by host."""
    counts: dict[str, dict[str, int]] = {}
    for source, host, count in connection.execute(
        "SELECT source, host, COUNT(*) FROM addresses GROUP BY source, host"
    ):
        counts.setdefault(source, {})[host] = count
    return counts


def list_hosts(connection: sqlite3.Connection) -> tuple[HostState, ...]:
    """List every host that was asked, those that are down first, with its addresses counted."""
    counts: dict[str, dict[str, int]] = {}
    for host, outcome, count in connection.execute(
        "SELECT host, outcome, COUNT(*) FROM addresses GROUP BY host, outcome"
    ):
        counts.setdefault(host, {})[outcome] = count
    rows = connection.execute(
        "SELECT name, is_up, since, checked_at, reason, tls FROM hosts ORDER BY is_up, name"
    )
    return tuple(
        HostState(
            name, bool(is_up), _read(since), _read(checked), reason, tls, counts.get(name, {})
        )
        for name, is_up, since, checked, reason, tls in rows
    )


def list_down(data: Path) -> frozenset[str]:
    """List the hosts that are down; none where nothing was crawled."""
    if not has_state(data):
        return frozenset()
    with open_state(data) as connection:
        rows = connection.execute("SELECT name FROM hosts WHERE NOT is_up").fetchall()
    return frozenset(name for (name,) in rows)


_NAMES = [field.name for field in fields(Address)]
_PUT = f"INSERT OR REPLACE INTO addresses VALUES ({', '.join('?' * len(_NAMES))})"  # noqa: S608


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    if layout > LAYOUT:
        raise StorageError(
            f"{path}: expected layout {LAYOUT}, found {layout}, which a later version of gouji "
            "wrote; use that version, or move the file away: everything is then asked for anew."
        )
    if layout < LAYOUT:
        connection.executescript(_LAYOUT)
        connection.execute(f"PRAGMA user_version = {LAYOUT}")


@contextmanager
def _change(connection: sqlite3.Connection) -> Iterator[None]:
    """Make the statements of the block one change, that is there as a whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _write_address(connection: sqlite3.Connection, address: Address) -> None:
    values = (_write(x) if isinstance(x, datetime) else x for x in astuple(address))
    connection.execute(_PUT, tuple(values))


def _write_host(connection: sqlite3.Connection, address: Address, has_answered: bool) -> None:
    before = connection.execute(
        "SELECT is_up, since, failures, answered_run, tls FROM hosts WHERE name = ?",
        (address.host,),
    ).fetchone()
    moment = _write(address.checked_at)
    was_up, since, failures, answered_run, tls = before or (None, moment, 0, None, None)
    failures = 0 if has_answered else failures + 1
    answered_run = address.run_id if has_answered else answered_run
    is_up = failures < FAILURES and answered_run == address.run_id
    connection.execute(
        "INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            address.host,
            is_up,
            since if was_up == is_up else moment,
            moment,
            failures,
            answered_run,
            None if is_up else address.reason,
            address.tls or tls,
        ),
    )


def _write(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read_address(row: dict[str, Any]) -> Address:
    changed_at = row["changed_at"] and _read(row["changed_at"])
    return Address(**row | {"checked_at": _read(row["checked_at"]), "changed_at": changed_at})
