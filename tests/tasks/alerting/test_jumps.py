"""The mail to maintainers about families of reports that are held."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy

import pytest

from expectations.jumps import Jump
from tasks.alerting.jumps import compose_jumps
from tasks.alerting.recipients import Recipient, load_recipients
from tasks.alerting.words import Language

JUMP = Jump("host www.a.gov.cn", 15, 30, 10, 200, 1e-9)
SENDER = "gouji@example.org"


def name_recipient(is_maintainer: bool = True, language: Language = "zh") -> Recipient:
    """Name a recipient of everything."""
    return Recipient(
        name="值班",
        address="desk@example.org",
        regions="*",
        language=language,
        is_maintainer=is_maintainer,
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_maintainers_are_told(now: datetime, language: Language) -> None:
    """One mail names every family, its counts, and how to go on."""
    other = replace(JUMP, family="layout text/html 2021")
    (mail,) = compose_jumps([JUMP, other], [name_recipient(language=language)], {}, now, SENDER)
    message = message_from_bytes(mail.message, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    for said in (JUMP.family, other.family, "15", "30", "10", "200", "--accept"):
        assert said in body.get_content()
    assert "2" in str(message["Subject"])


def test_only_maintainers_are_told_and_only_once(now: datetime) -> None:
    """Nobody else gets it, and a family that stays held is not told again."""
    assert compose_jumps([JUMP], [name_recipient(False)], {}, now, SENDER) == []
    (mail,) = compose_jumps([JUMP], [name_recipient()], {}, now, SENDER)
    told = {mail.recipient: frozenset(mail.fingerprints)}
    assert compose_jumps([replace(JUMP, failing=16)], [name_recipient()], told, now, SENDER) == []
    later = replace(JUMP, reports_before=230)
    assert len(compose_jumps([later], [name_recipient()], told, now, SENDER)) == 1
    assert compose_jumps([], [name_recipient()], {}, now, SENDER) == []


def test_without_a_list_of_recipients_the_one_reader_is_told() -> None:
    """Who gets everything by default is a maintainer as well."""
    assert load_recipients(None, "stewards@localhost")[0].is_maintainer
