"""Promises of sending, kept with a real SMTP server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from storage.alerts import list_alerts
from storage.mails import Mail, NewMail, list_mails, mark_sent, queue_mails
from storage.outbox import open_outbox, transaction
from tasks.alerting.recipients import Recipient
from tasks.alerting.send import Sending, SendSummary, send_outbox
from tasks.alerting.smtp import parse_smtp_url

Make: TypeAlias = Callable[..., dict[str, Any]]
Compose: TypeAlias = Callable[..., list[NewMail]]


class Mailbox:
    """A server that keeps what it is given, refuses and breaks off where it is told to."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.refused: set[str] = set()
        self.answers: list[str] = []

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take a recipient, or refuse them."""
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Take a mail, or give the next answer that was prepared."""
        if self.answers:
            return self.answers.pop(0)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    """An empty mailbox."""
    return Mailbox()


@pytest.fixture
def port() -> int:
    """A free port on loopback, where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def smtp_url(mailbox: Mailbox, port: int) -> Iterator[str]:
    """The address of a running server."""
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    yield f"smtp://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def digests(make_report: Make, make_finding: Make, compose: Compose) -> list[NewMail]:
    """Three digests of one finding, for three recipients."""
    recipients = [
        Recipient(name=name, address=f"{name}@example.org", regions="*") for name in "abc"
    ]
    return compose([make_report()], [make_finding()], recipients=recipients)


def queue(data: Path, *mails: NewMail, at: datetime) -> None:
    """Put mails into the outbox of a data folder."""
    with open_outbox(data) as connection, transaction(connection):
        queue_mails(connection, mails, at)


def send(data: Path, url: str | None, at: datetime, timeout_seconds: float = 30) -> SendSummary:
    """Send what waits, without waiting between tries."""
    slept: list[float] = []
    with open_outbox(data) as connection:
        sending = Sending(connection, {}, at, timeout_seconds, sleep=slept.append)
        return send_outbox(data, sending, url)


def show(data: Path) -> list[Mail]:
    """List the mails by recipient."""
    with open_outbox(data) as connection:
        return sorted(list_mails(connection), key=lambda mail: mail.recipient)


def _states(data: Path) -> list[str]:
    return [mail.state for mail in show(data)]


def test_a_mail_arrives_as_it_was_composed(
    tmp_path: Path, digests: list[NewMail], mailbox: Mailbox, smtp_url: str, now: datetime
) -> None:
    """What a server receives has subject, both bodies and the sheet, in Chinese, intact."""
    queue(tmp_path, digests[0], at=now)
    summary = send(tmp_path, smtp_url, now)
    assert (summary.sent, summary.waiting, summary.errors) == (1, 0, ())
    ((sender, to, content),) = mailbox.mails
    assert (sender, to) == ("gouji@example.org", ["a@example.org"])
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message["Subject"] == digests[0].subject
    html, plain = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert plain is not None
    assert "表三（七）总计·自然人" in html.get_content()
    assert "应为 1，填报 0，相差 -1" in plain.get_content()
    sheet, _ = message.iter_attachments()
    assert sheet.get_content().startswith("\ufeff地区,")
    (mail,) = show(tmp_path)
    assert (mail.state, mail.attempts, mail.sent_at) == ("sent", 1, now)


def test_a_second_run_sends_nothing(
    tmp_path: Path, digests: list[NewMail], mailbox: Mailbox, smtp_url: str, now: datetime
) -> None:
    """Queue and send, twice the same mails: each is sent once."""
    for _ in range(2):
        queue(tmp_path, *digests, at=now)
        send(tmp_path, smtp_url, now)
    assert len(mailbox.mails) == 3


def test_a_server_that_is_down_delays_and_loses_nothing(
    tmp_path: Path,
    digests: list[NewMail],
    mailbox: Mailbox,
    port: int,
    now: datetime,
) -> None:
    """All wait with the reason; the next run sends each once."""
    queue(tmp_path, *digests, at=now)
    url = f"smtp://127.0.0.1:{port}"
    down = send(tmp_path, url, now, timeout_seconds=2)
    assert (down.sent, down.waiting) == (0, 3)
    (error,) = down.errors
    assert "refused" in error
    assert "3 mail(s) wait" in error
    assert _states(tmp_path) == ["failed"] * 3
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        up = send(tmp_path, url, now + timedelta(days=1))
    finally:
        server.stop()
    assert (up.sent, up.waiting, up.errors) == (3, 0, ())
    assert len(mailbox.mails) == 3
    (mail, *_) = show(tmp_path)
    assert (mail.attempts, mail.last_error) == (2, None)


def test_without_a_server_mails_wait_and_the_summary_says_so(
    tmp_path: Path, digests: list[NewMail], now: datetime
) -> None:
    """No address is a working state: mails stay queued."""
    queue(tmp_path, digests[0], at=now)
    summary = send(tmp_path, None, now)
    assert (summary.sent, summary.waiting) == (0, 1)
    assert "GOUJI_SMTP_URL is not set" in summary.errors[0]
    assert _states(tmp_path) == ["queued"]
    assert send(tmp_path / "none", None, now).errors == ()


def test_a_refused_recipient_does_not_stop_the_others(
    tmp_path: Path, digests: list[NewMail], mailbox: Mailbox, smtp_url: str, now: datetime
) -> None:
    """The refused mail keeps the server's words and is tried again."""
    queue(tmp_path, *digests, at=now)
    mailbox.refused = {"b@example.org"}
    summary = send(tmp_path, smtp_url, now)
    assert (summary.sent, summary.waiting) == (2, 1)
    assert "b@example.org" in summary.errors[0]
    assert "550 5.1.1 no such mailbox" in summary.errors[0]
    assert _states(tmp_path) == ["sent", "failed", "sent"]
    mailbox.refused = set()
    assert send(tmp_path, smtp_url, now).sent == 1
    assert sorted(to[0] for _, to, _ in mailbox.mails) == [f"{name}@example.org" for name in "abc"]


@pytest.mark.parametrize("answer", ["421 4.3.2 shutting down", "452 4.2.2 mailbox full"])
def test_a_broken_session_fails_its_own_mail_alone(
    tmp_path: Path,
    digests: list[NewMail],
    mailbox: Mailbox,
    smtp_url: str,
    now: datetime,
    answer: str,
) -> None:
    """After a session that ended, the others go over a new one."""
    queue(tmp_path, *digests, at=now)
    mailbox.answers = [answer]
    summary = send(tmp_path, smtp_url, now)
    assert (summary.sent, summary.waiting) == (2, 1)
    assert answer[:3] in summary.errors[0]
    assert len(mailbox.mails) == 2


def test_a_server_that_always_breaks_off_is_left_alone(
    tmp_path: Path, digests: list[NewMail], mailbox: Mailbox, smtp_url: str, now: datetime
) -> None:
    """Three broken sessions end the attempt; every mail waits."""
    queue(tmp_path, *digests, at=now)
    mailbox.answers = ["421 busy"] * 9
    summary = send(tmp_path, smtp_url, now)
    assert (summary.sent, summary.waiting) == (0, 3)
    assert len(mailbox.answers) == 6


def test_user_and_password_are_decoded_and_never_shown(
    tmp_path: Path, digests: list[NewMail], mailbox: Mailbox, port: int, now: datetime
) -> None:
    """A percent-encoded password logs in; a wrong one shows in no message and no file."""
    queue(tmp_path, digests[0], at=now)

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        is_known = (data.login, data.password) == (b"u@x", b"s/e:c@ret")
        return AuthResult(success=is_known, handled=False)

    server = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        authenticator=authenticate,
        auth_require_tls=False,
    )
    server.start()
    try:
        wrong = send(tmp_path, f"smtp://u%40x:wr%2Fong@127.0.0.1:{port}", now)
        right = send(tmp_path, f"smtp://u%40x:s%2Fe%3Ac%40ret@127.0.0.1:{port}", now)
    finally:
        server.stop()
    assert "535" in wrong.errors[0]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("alerts.sqlite*"))
    for secret in ("wr/ong", "wr%2Fong"):
        assert secret not in str(wrong)
        assert secret.encode() not in kept
    assert (right.sent, right.errors) == (1, ())


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://u:secret@host", id="scheme"),
        pytest.param("smtp://u:secret@", id="no-host"),
        pytest.param("smtp://u:sec/ret@host:25", id="unencoded-slash"),
        pytest.param("smtp://u:secret@host:99999", id="port"),
        pytest.param("u:secret@host", id="no-scheme"),
    ],
)
def test_a_malformed_address_is_said_without_its_password(
    tmp_path: Path, digests: list[NewMail], now: datetime, url: str
) -> None:
    """The mails wait and the summary says what was expected, not what was set."""
    queue(tmp_path, digests[0], at=now)
    summary = send(tmp_path, url, now)
    assert (summary.sent, summary.waiting) == (0, 1)
    assert "GOUJI_SMTP_URL: expected smtp://" in summary.errors[0]
    assert "sec" not in summary.errors[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://host", ("smtp", "host", 25, None, "")),
        ("smtps://u:p%25@host", ("smtps", "host", 465, "u", "p%")),
        ("smtp+starttls://u%40x.cn:p@host:2525", ("smtp+starttls", "host", 2525, "u@x.cn", "p")),
        ("smtp://[::1]:26/", ("smtp", "::1", 26, None, "")),
    ],
)
def test_an_address_is_parsed_with_its_defaults(url: str, expected: tuple[Any, ...]) -> None:
    """Each scheme has its usual port; the password is in no representation."""
    server = parse_smtp_url(url)
    assert (server.scheme, server.host, server.port, server.user, server.password) == expected
    assert "password" not in repr(server)


def test_what_must_be_encrypted_is_never_sent_in_clear(
    tmp_path: Path, digests: list[NewMail], mailbox: Mailbox, smtp_url: str, now: datetime
) -> None:
    """A server without STARTTLS or TLS gets no mail by an address that asks for it."""
    queue(tmp_path, digests[0], at=now)
    for scheme in ("smtp+starttls", "smtps"):
        url = smtp_url.replace("smtp://", f"{scheme}://")
        assert send(tmp_path, url, now, timeout_seconds=2).sent == 0
    assert mailbox.mails == []


def test_a_mail_that_fails_again_waits_longer_and_is_never_given_up(
    tmp_path: Path, digests: list[NewMail], mailbox: Mailbox, smtp_url: str, now: datetime
) -> None:
    """The second try is with the next run, the third after five minutes, then up to a day."""
    queue(tmp_path, digests[0], at=now)
    mailbox.refused = {"a@example.org"}
    moment, waits = now, []
    for _ in range(14):
        assert send(tmp_path, smtp_url, moment).waiting == 1
        (mail,) = show(tmp_path)
        waits.append(mail.next_try_at - moment)
        assert send(tmp_path, smtp_url, mail.next_try_at - timedelta(seconds=1)).waiting == 1
        moment = max(mail.next_try_at, moment)
    assert waits[:4] == [timedelta(minutes=wait) for wait in (0, 5, 10, 20)]
    assert waits[-1] == timedelta(days=1)
    mailbox.refused = set()
    assert send(tmp_path, smtp_url, moment).sent == 1


def test_an_alert_is_sent_once_a_server_took_its_mail(
    tmp_path: Path, compose: Compose, make_report: Make, make_finding: Make
) -> None:
    """Nothing is told as sent that only waits."""
    data = tmp_path / "outbox-0"
    (mail,) = compose([make_report()], [make_finding()])
    moment = datetime(2026, 2, 3, 2, 0, tzinfo=UTC)
    queue(data, mail, at=moment)
    with open_outbox(data) as connection:
        assert [alert.state for alert in list_alerts(connection)] == ["open"]
        with transaction(connection):
            mark_sent(connection, mail.id, moment)
        (alert,) = list_alerts(connection)
    assert (alert.state, alert.sent_at) == ("sent", moment)
