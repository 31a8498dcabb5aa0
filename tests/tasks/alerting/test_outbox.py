"""Promises of the outbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tasks.alerting.digest import Digest
from tasks.alerting.outbox import OutboxError, list_mails, load_mailed, queue

Make: TypeAlias = Callable[..., dict[str, Any]]
Compose: TypeAlias = Callable[..., list[Digest]]


@pytest.fixture
def digest(make_report: Make, make_finding: Make, compose: Compose) -> Digest:
    """One composed digest."""
    (only,) = compose([make_report()], [make_finding()])
    return only


def test_a_queued_mail_is_kept_whole_with_its_state(tmp_path: Path, digest: Digest) -> None:
    """The mail is there byte for byte, its state beside it, and nothing half-written."""
    mail = queue(tmp_path / "outbox", digest)
    assert (tmp_path / "outbox" / f"{mail.id}.eml").read_bytes() == digest.message
    state = json.loads((tmp_path / "outbox" / f"{mail.id}.json").read_text("utf-8"))
    assert state["state"] == "queued"
    assert state["recipient"] == "desk@example.org"
    assert state["subject"] == digest.subject
    assert state["fingerprints"] == list(digest.fingerprints)
    assert (state["attempts"], state["last_error"], state["sent_at"]) == (0, None, None)
    assert len(list((tmp_path / "outbox").iterdir())) == 2


def test_queueing_twice_changes_nothing(tmp_path: Path, digest: Digest) -> None:
    """The same digest is one mail, and keeps the state it has."""
    queue(tmp_path, digest)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    queue(tmp_path, digest)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_what_waits_counts_as_told(tmp_path: Path, digest: Digest) -> None:
    """A queued mail is tried again by itself, so its findings are not composed anew."""
    assert load_mailed(tmp_path / "none") == {}
    queue(tmp_path, digest)
    assert load_mailed(tmp_path) == {"desk@example.org": frozenset(digest.fingerprints)}


def test_a_run_that_dies_between_mail_and_state_promises_nothing(
    tmp_path: Path, digest: Digest
) -> None:
    """A mail without its state is composed again, under the same name."""
    queue(tmp_path, digest)
    (tmp_path / f"{digest.id}.json").unlink()
    assert load_mailed(tmp_path) == {}
    assert queue(tmp_path, digest).state == "queued"
    assert list_mails(tmp_path)[0][0].id == digest.id


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"id": "x", "state": "se', id="cut-off"),
        pytest.param(b'{"state": "gone"}', id="other-words"),
        pytest.param(b"\xff\xfe\x00", id="binary"),
    ],
)
def test_a_corrupt_state_is_reported_and_nothing_is_lost(
    tmp_path: Path, digest: Digest, content: bytes
) -> None:
    """The message names the file and the remedy; mail and file stay as they are."""
    queue(tmp_path, digest)
    sidecar = tmp_path / f"{digest.id}.json"
    sidecar.write_bytes(content)
    for use in (lambda: load_mailed(tmp_path), lambda: queue(tmp_path, digest)):
        with pytest.raises(OutboxError) as caught:
            use()
        assert str(sidecar) in str(caught.value)
        assert "nothing is lost" in str(caught.value)
    mails, problems = list_mails(tmp_path)
    assert (len(mails), len(problems)) == (0, 1)
    assert sidecar.read_bytes() == content
    assert (tmp_path / f"{digest.id}.eml").read_bytes() == digest.message
