"""The sheet that goes to a publisher: one page a report, to be printed and answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tasks.alerting.render import BEIJING, load_template
from tasks.alerting.words import Language, load_texts


def write_letters(cards: Sequence[dict[str, Any]], language: Language, now: datetime) -> bytes:
    """Write a page of HTML for each worded card, UTF-8."""
    texts = load_texts(language)
    letter = texts["letter"]
    said = now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    pages = [
        {
            **card,
            "to": letter["to"].format(publisher=card["publisher"]),
            "body": letter["body"].format(
                title=card["title"], year=card["year"], count=len(card["problems"])
            ),
            "closing": letter["closing"].format(now=said, id=card["report_id"]),
        }
        for card in cards
    ]
    page = load_template("letter.html.j2").render(texts=texts, letter=letter, cards=pages)
    return page.encode()
