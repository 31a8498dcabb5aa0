"""A sender killed at any instant: every mail arrives, once by its Message-ID."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from storage.mails import NewMail, list_mails, queue_mails
from storage.outbox import open_outbox, transaction
from tasks.alerting.message import build_body, build_head
from tasks.alerting.recipients import Recipient
from tasks.alerting.render import Rendering

SENDER = Path(__file__).with_name("sender.py")
MAILS = 12


class Mailbox:
    """Keeps the Message-ID of every mail it is given, in the order they come."""

    def __init__(self) -> None:
        self.received: list[str] = []

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take a mail."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.received.append(str(message["Message-ID"]))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """A real SMTP server on loopback and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, f"smtp://127.0.0.1:{port}"
    server.stop()


def fill(data: Path, first: int) -> set[str]:
    """Put mails into the outbox, and return their Message-IDs."""
    now = datetime(2026, 2, 3, tzinfo=UTC)
    names = [f"m{number}" for number in range(first, first + MAILS)]
    mails = []
    for name in names:
        recipient = Recipient(name=name, address=f"{name}@example.org", regions="*")
        content = Rendering(name, f"<p>{name}</p>", name)
        head = build_head(name, "gouji@example.org", recipient, name, now)
        body = build_body(content, ())
        mails.append(
            NewMail(name, recipient.key, "findings *", False, name, head, body, (), frozenset())
        )
    with open_outbox(data) as connection, transaction(connection):
        queue_mails(connection, mails, now)
    return {f"<{name}@example.org>" for name in names}


def start(data: Path, url: str) -> subprocess.Popen[str]:
    """Start a sender and wait until it begins."""
    command = [sys.executable, str(SENDER), str(data), url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill_often(data: Path, url: str, times: int, box: Mailbox) -> int:
    """Kill senders at random instants while mails wait; return how many died at work."""
    source = random.Random(7)
    started = time.monotonic()
    expected = fill(data, 0)
    process = start(data, url)
    process.wait(timeout=280)
    longest = time.monotonic() - started
    died = 0
    for round_ in range(1, times + 1):
        expected |= fill(data, round_ * MAILS)
        process = start(data, url)
        time.sleep(source.uniform(0, min(longest, 0.25)))
        died += process.poll() is None
        process.kill()
        process.wait(timeout=280)
    process = start(data, url)
    assert process.wait(timeout=280) == 0
    counts = Counter(box.received)
    assert set(counts) == expected  # none is lost
    with open_outbox(data) as connection:
        mails = list_mails(connection)
    assert {mail.state for mail in mails} == {"sent"}
    assert len(mails) == len(expected)  # by its Message-ID, each is one
    # Only the mail under way when a sender dies can come twice.
    assert sum(counts.values()) - len(counts) <= died
    return died


def test_a_killed_sender_loses_no_mail(tmp_path: Path, mailbox: tuple[Mailbox, str]) -> None:
    """Three times at a random instant."""
    kill_often(tmp_path, mailbox[1], 3, mailbox[0])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_killed_senders_lose_no_mail(
    tmp_path: Path, mailbox: tuple[Mailbox, str]
) -> None:
    """A hundred times; at least a third of them die with mails under way."""
    assert kill_often(tmp_path, mailbox[1], 100, mailbox[0]) >= 33
