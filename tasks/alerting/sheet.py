"""The findings of a mail as a CSV that a spreadsheet opens as it stands: one row a finding."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from tasks.alerting.cards import Card
from tasks.alerting.words import Language, name_region

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
# What makes a spreadsheet take a text for a formula, in both widths.
FORMULA_SIGNS = tuple("=+-@＝＋－＠")


def write_sheet(cards: Iterable[Card], texts: dict[str, Any], language: Language) -> bytes:
    """Write every finding of the cards as CSV, UTF-8 with a byte order mark, CRLF lines.

    A text that a spreadsheet would run as a formula gets an apostrophe before it; plain
    numbers stay numbers.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(texts["sheet"])
    for card in cards:
        report = (name_region(card.region, language), card.region_name, card.publisher, card.title)
        numbered = [
            (number, line)
            for number, problem in enumerate(card.problems, 1)
            for line in problem.lines
        ]
        for number, line in numbered:
            row = (
                *report,
                str(card.year),
                card.url,
                texts["severity"][line.severity],
                line.rule,
                line.message if language == "zh" else line.description,
                texts["semicolon"].join(line.cells),
                *(line.expected, line.reported, line.difference),
                texts["yes_no"][line.is_confirmed],
                card.report_id,
                str(card.version),
                str(number),
            )
            writer.writerow([disarm(value or "") for value in row])
    return sheet.getvalue().encode("utf-8-sig")


def disarm(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    if text.lstrip().startswith(FORMULA_SIGNS) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text
