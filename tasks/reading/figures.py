"""From the printed text of a cell to its figure; nothing doubtful ever becomes a number."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from expectations.form import Cell, Kind
from tasks.reading.words import load_patterns

MAX_INTEGER_DIGITS = 12
MAX_DECIMALS = 6
MAX_CHARACTERS = 100
# No-break and wide blanks are blanks; characters without width are nothing.
_UNSEEN = {
    0xA0: " ",
    0x2002: " ",
    0x2003: " ",
    0x2009: " ",
    0x202F: " ",
    0x3000: " ",
} | dict.fromkeys((0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060))
# Only full-width forms are narrowed: NFKC would make 12 of a 1 with a footnote mark behind it.
_WIDE = re.compile("[\uff01-\uff5e]+")
_APART = re.compile(r"\d\s+\d")


class Figure(NamedTuple):
    """A cell's text understood: `value` and `unit` are None unless `status` is `read`.

    `note` says why it is unreadable, or what was set right to read it: `full_width`,
    `grouped` (thousands apart), `unit` (a unit inside the cell), `word`.
    """

    status: Literal["read", "blank", "unreadable"]
    value: Decimal | None = None
    unit: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Grammar:
    blanks: frozenset[str]
    zeros: frozenset[str]
    minus: frozenset[str]
    money: dict[str, int]
    figure: re.Pattern[str]
    separators: re.Pattern[str]


@cache
def _load_grammar() -> _Grammar:
    words = load_patterns().words
    signs = sorted(words["plus_words"] + words["minus_words"], key=len, reverse=True)
    units = sorted([*words["count_units"], *words["money_units"]], key=len, reverse=True)
    figure = (
        rf"(?P<sign>{'|'.join(map(re.escape, signs))})?[ ]?"
        r"(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:\.(?P<part>\d+))?"
        rf"[ ]?(?P<unit>{'|'.join(map(re.escape, units))})?"
    )
    return _Grammar(
        blanks=frozenset(words["blanks"]),
        zeros=frozenset(words["zero_words"]),
        minus=frozenset(words["minus_words"]),
        money=words["money_units"],
        figure=re.compile(figure, re.ASCII),
        separators=load_patterns().regexes["figure_separators"],
    )


def may_be_several(text: str) -> bool:
    """Tell whether blanks stand between digits: thousands set apart, or two figures."""
    return _APART.search(text) is not None


def read_figure(text: str, cell: Cell, unit_known: bool = True) -> Figure:
    """Read what is printed in a cell of the form.

    Thousands may be set apart by commas or blanks, digits may be full-width, a unit may
    follow. Digits on two lines, leading zeros, more than 12 digits before or 6 after the
    point, several figures (a number of items and their price in one cell), footnote marks
    and words are unreadable: they may be cells run together.
    Money is given in the cell's unit; where neither the form nor the cell prints one
    (`unit_known` false), `unit` is None and the value is as printed.
    """
    if len(text) > MAX_CHARACTERS and len(text.strip()) > MAX_CHARACTERS:
        return Figure("unreadable", note="not_a_figure")
    return _read(text, cell.kind, cell.unit, cell.unit_printed and unit_known)


@lru_cache(maxsize=65_536)
def _read(text: str, kind: Kind, unit: str, unit_known: bool) -> Figure:
    grammar = _load_grammar()
    printed = text.translate(_UNSEEN).strip()
    folded = _WIDE.sub(_narrow, printed)
    if folded in grammar.blanks:
        return Figure("blank")
    if folded in grammar.zeros:
        return Figure("read", Decimal(0), unit, "word")
    if "\n" in folded:
        return Figure("unreadable", note="line_break")
    match = grammar.figure.fullmatch(folded)
    if match is None:
        several = _are_figures(folded, grammar)
        return Figure("unreadable", note="several_figures" if several else "not_a_figure")
    whole = match["whole"].replace(",", "").replace(" ", "")
    part = match["part"] or ""
    if len(whole) > 1 and whole.startswith("0"):
        return Figure("unreadable", note="leading_zero")
    if len(whole) > MAX_INTEGER_DIGITS or len(part) > MAX_DECIMALS:
        return Figure("unreadable", note="too_many_digits")
    value = Decimal(f"{whole}.{part}" if part else whole)
    if match["sign"] in grammar.minus:
        value = -value
    notes = {
        "grouped": len(whole) != len(match["whole"]),
        "unit": match["unit"] is not None,
        "full_width": folded != printed,
    }
    note = next((name for name, holds in notes.items() if holds), None)
    if kind == "amount":
        return _read_money(Figure("read", value, unit, note), match["unit"], unit_known)
    if match["unit"] in grammar.money:
        return Figure("unreadable", note="money_in_count")
    return Figure("read", value, unit, note)


def _narrow(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])


def _are_figures(folded: str, grammar: _Grammar) -> bool:
    """Tell whether a cell prints several figures, such as a number of items and their price."""
    parts = [part for text in grammar.separators.split(folded) if (part := text.strip())]
    return len(parts) > 1 and all(map(grammar.figure.fullmatch, parts))


def _read_money(figure: Figure, printed: str | None, unit_known: bool) -> Figure:
    """Bring an amount into the cell's unit by the unit printed behind it."""
    money = _load_grammar().money
    if printed is None:
        return figure if unit_known else figure._replace(unit=None)
    if printed not in money or figure.value is None or figure.unit is None:
        return Figure("unreadable", note="count_in_amount")
    value = figure.value * money[printed] / money[figure.unit]
    if value != round(value, MAX_DECIMALS):
        return Figure("unreadable", note="too_many_digits")
    return figure._replace(value=value)
