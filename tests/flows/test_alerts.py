"""Promises of the main job's mails, kept with a real SMTP server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from flows.collect import CollectParameters, collect
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

pytestmark = pytest.mark.usefixtures("lake_alone")

INVALID = next(p for p in plan_site() if p.verdict == "invalid" and p.spec.edition == "2021")
RECIPIENTS = """\
recipients:
  - {{name: province, address: province@example.org, regions: [{region}]}}
  - {{name: elsewhere, address: elsewhere@example.org, regions: [CN-XJ]}}
"""


class Mailbox:
    """Keeps what the server was given."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(  # noqa: N802 (the name that aiosmtpd calls)
        self, server: object, session: object, envelope: Envelope
    ) -> str:
        """Take a mail."""
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
def port() -> int:
    """A free port of loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def mailbox(port: int) -> Iterator[Mailbox]:
    """A real SMTP server on loopback."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def parameters(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> CollectParameters:
    """One invalid report, its recipients, and a mail server at the port."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/report.html").write_bytes(render_html(INVALID.spec, "standard"))
    recipients = tmp_path / "recipients.yaml"
    recipients.write_text(RECIPIENTS.format(region=INVALID.spec.body.region))
    monkeypatch.setenv("GOUJI_SMTP_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("GOUJI_RECIPIENTS", str(recipients))
    return CollectParameters(sources=[str(tmp_path / "in")], data=str(tmp_path / "data"))


def test_the_digest_reaches_those_of_the_region_once(
    mailbox: Mailbox, parameters: CollectParameters
) -> None:
    """Who is named for the region gets one mail, nobody else any, and no second one."""
    first, second = collect(parameters), collect(parameters)
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [["province@example.org"]]
    content = mailbox.envelopes[0].content
    assert isinstance(content, bytes)
    mail = message_from_bytes(content, policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    assert INVALID.spec.title in body.get_content()
    assert first.alerted is not None
    assert first.alerted.sending.sent == 1
    assert second.counts["mails_waiting"] == 0
    assert not first.troubles


def test_a_mail_that_could_not_be_sent_goes_with_the_next_run(
    parameters: CollectParameters, port: int
) -> None:
    """With the server down the run is complete and says so; the next run delivers."""
    down = collect(parameters)
    assert down.verdicts == {"invalid": 1}
    assert down.counts["mails_waiting"] == 1
    assert any("127.0.0.1" in trouble for trouble in down.troubles)
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        up = collect(parameters)
    finally:
        controller.stop()
    assert len(box.envelopes) == 1
    assert up.counts["mails_waiting"] == 0
