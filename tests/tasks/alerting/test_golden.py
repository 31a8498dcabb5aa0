"""Rendered mails kept as they were looked at; a change shows as a difference to be looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from storage.mails import NewMail
from tasks.alerting.recipients import Recipient
from tasks.alerting.words import Language

Make: TypeAlias = Callable[..., dict[str, Any]]
Compose: TypeAlias = Callable[..., list[NewMail]]
GOLDEN = Path(__file__).with_name("golden")
CELLS = {
    "t3.new.natural_person": "3",
    "t3.granted.natural_person": "1",
    "t3.granted.total": "1",
    "t3.closed.natural_person": "0",
    "t3.closed.total": "1",
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_mail_looks_as_it_did(
    make_report: Make, make_finding: Make, compose: Compose, language: Language
) -> None:
    """HTML, plain text and sheet are those kept; GOUJI_RENEW_GOLDEN=1 keeps them anew."""
    reader = Recipient(name="r", address="r@example.org", regions="*", language=language)
    repair = {
        "report_id": "440204-office-2022",
        "problem": 1,
        "rank": 1,
        "unique": True,
        "size": 1,
        "sets": 1,
        "truncated": False,
        "cell": "t3.closed.natural_person",
        "reported": 0,
        "suggested": 1,
        "reason": "总计未填",
        "equations": ["T3-02 t3.natural_person"],
        "year": 2022,
        "region": "CN-GD",
    }
    (mail,) = compose(
        [make_report()],
        [make_finding()],
        [repair],
        recipients=[reader],
        printed={"440204-office-2022": CELLS},
    )
    message = message_from_bytes(mail.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    html, plain = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert plain is not None
    _, letter = message.iter_attachments()
    parts = {"html": html, "txt": plain, "letter.html": letter}
    for suffix, part in parts.items():
        shown = "\n".join(line.rstrip() for line in part.get_content().splitlines()) + "\n"
        path = GOLDEN / f"digest.{language}.{suffix}"
        if os.environ.get("GOUJI_RENEW_GOLDEN"):
            path.write_text(shown, "utf-8")
        assert shown == path.read_text("utf-8")


def test_both_languages_say_the_same_things_once() -> None:
    """The texts have the same keys, each once; how a Chinese message ends is Chinese alone."""
    keys = {}
    for language in ("zh", "en"):
        path = GOLDEN.parents[3] / f"tasks/alerting/texts/{language}.yaml"
        listed = re.findall(r"^(\w+):", path.read_text("utf-8"), flags=re.MULTILINE)
        assert len(listed) == len(set(listed))
        keys[language] = set(listed)
    assert keys["zh"] - keys["en"] == {"figures"}
    assert keys["en"] <= keys["zh"]
