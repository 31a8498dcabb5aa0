"""`gouji alerts`: list, show, mute, resolve, send again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from storage.alerts import Firing, list_alerts, settle_alerts
from storage.mails import NewMail, queue_mails, read_told
from storage.outbox import open_outbox, transaction
from tasks.alerting.ours import JUMP

NOW = datetime(2026, 2, 3, tzinfo=UTC)
NAMES = ("abcd1", "abce2")
DESK = "desk@example.org"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two alerts, one of them told."""
    firing = [
        Firing(
            name, JUMP, f"s{name}", "n", "", None, "*", None, None, None, "error", f"what {name}"
        )
        for name in NAMES
    ]
    mail = NewMail("m1", DESK, "jumps *", False, "subject", b"", b"x", NAMES[:1], frozenset(NAMES))
    with open_outbox(tmp_path) as connection, transaction(connection):
        settle_alerts(connection, (JUMP,), firing, NOW)
        queue_mails(connection, [mail], NOW)
    return tmp_path


def run(data: Path, *words: str) -> tuple[int, str]:
    """Run a command of `gouji alerts`; return its exit status and what it printed."""
    result = CliRunner().invoke(app, ["alerts", *words, "--data", str(data)])
    return result.exit_code, result.output


def read_states(data: Path) -> dict[str, str]:
    """Read the state of each alert."""
    with open_outbox(data) as connection:
        return {one.fingerprint: one.state for one in list_alerts(connection)}


def test_alerts_are_listed_and_shown_with_their_mails(data: Path) -> None:
    """As JSON and as text; by state, by the beginning of a fingerprint."""
    listed = json.loads(run(data, "list", "--json")[1])
    assert [one["fingerprint"] for one in listed] == list(NAMES)
    assert json.loads(run(data, "list", "--state", "muted", "--json")[1]) == []
    facts = json.loads(run(data, "show", "abcd", "--json")[1])
    assert (facts["message"], facts["mails"][0]["recipient"]) == ("what abcd1", DESK)
    assert DESK in run(data, "show", "abcd")[1]


@pytest.mark.parametrize("name", ["abc", "abcx", "zzzz"])
def test_a_name_that_is_not_of_one_alert_is_refused(data: Path, name: str) -> None:
    """Nothing is changed."""
    status, said = run(data, "mute", name, "--reason", "x")
    assert status == 2
    assert "beginning of one fingerprint" in " ".join(said.replace("│", " ").split())
    assert set(read_states(data).values()) == {"open"}


def test_people_mute_and_resolve_with_a_reason(data: Path) -> None:
    """Who and why are kept."""
    assert run(data, "mute", "abcd", "--reason", "r", "--who", "w", "--until", "2027-01-31")[0] == 0
    assert run(data, "resolve", "abce", "--reason", "r2", "--who", "w")[0] == 0
    assert read_states(data) == {"abcd1": "muted", "abce2": "resolved"}
    facts = json.loads(run(data, "show", "abcd", "--json")[1])
    assert (facts["reason"], facts["decided_by"]) == ("r", "w")
    assert facts["muted_until"] == "2027-01-31T16:00:00+00:00"
    assert run(data, "resend", "abcd")[0] == 2  # nobody is told of what is muted


def test_an_alert_sent_again_is_new_to_who_was_told(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is forgotten that they were told of it; the next mail shows it."""
    monkeypatch.setattr("flows.cli_alerts.send_alerts", print)
    assert run(data, "resend", "abcd")[0] == 0
    with open_outbox(data) as connection:
        assert read_told(connection)[DESK, "jumps *"].fingerprints == {"abce2"}
