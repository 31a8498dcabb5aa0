"""Chats and webhooks, against a real one on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, TypeAlias

import apprise
import pytest

from storage.mails import NewMail, list_mails, queue_mails
from storage.outbox import open_outbox, transaction
from tasks.alerting.recipients import Recipient
from tasks.alerting.send import Sending, send_outbox

Make: TypeAlias = Callable[..., dict[str, Any]]
Compose: TypeAlias = Callable[..., list[NewMail]]


class Webhook(BaseHTTPRequestHandler):
    """Keeps what is posted; refuses as often as it is told to."""

    posted: list[dict[str, Any]]
    refusals: int

    def do_POST(self) -> None:
        """Take a message, or refuse it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if type(self).refusals:
            type(self).refusals -= 1
            self.send_response(500)
        else:
            type(self).posted.append(json.loads(body))
            self.send_response(200)
        self.end_headers()

    def log_message(self, *given: object) -> None:
        """Keep quiet."""


@pytest.fixture
def webhook() -> Iterator[tuple[type[Webhook], str]]:
    """A webhook on loopback and its address for apprise."""
    kept = type("Kept", (Webhook,), {"posted": [], "refusals": 0})
    server = HTTPServer(("127.0.0.1", 0), kept)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept, f"json://127.0.0.1:{server.server_port}/secret-key"
    server.shutdown()
    server.server_close()


def test_a_channel_gets_the_digest_in_short_once(
    tmp_path: Path,
    webhook: tuple[type[Webhook], str],
    compose: Compose,
    make_report: Make,
    make_finding: Make,
    now: datetime,
) -> None:
    """Subject, report and finding are posted; a refusal is kept without the key and tried again."""
    kept, url = webhook
    kept.refusals = 1
    group = Recipient(name="群", channel=url, regions="*")
    (message,) = compose([make_report()], [make_finding()], recipients=[group])
    with open_outbox(tmp_path) as connection:
        with transaction(connection):
            queue_mails(connection, [message], now)
        sending = Sending(connection, {group.key: url}, now)
        refused = send_outbox(tmp_path, sending, None)
        assert (refused.sent, refused.waiting) == (0, 1)
        (state,) = list_mails(connection)
        assert "secret-key" not in f"{refused} {state} {group}"
        assert send_outbox(tmp_path, sending, None).sent == 1
        assert send_outbox(tmp_path, sending, None).sent == 0
    (posted,) = kept.posted
    assert posted["title"] == message.subject
    for said in ("浈江区人民政府办公室2022年", "表三（七）总计·自然人", "https://www.sgzj.gov.cn"):
        assert said in posted["message"]


@pytest.mark.parametrize(
    "url",
    [
        "dingtalk://abcdef0123456789abcdef0123456789",
        "wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
        "feishu://abcdefgh1234567890abcdef",
    ],
)
def test_the_chats_of_chinese_offices_are_known(url: str) -> None:
    """DingTalk, WeCom and Feishu are addresses that can be used."""
    assert apprise.Apprise().add(url)
