"""The words and figures of prose: patterns compiled for a report year, and what they find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tasks.reading.prose import load_words


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that tells something, and where it stands in its sentence."""

    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity as printed, and where it stands in its sentence."""

    value: Decimal
    unit: str | None
    is_about: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by key. `any_word` finds one quickly, the first pattern that fits there names it."""

    any_word: re.Pattern[str]
    words: tuple[tuple[str, re.Pattern[str]], ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The words of `statements.yaml`, compiled for one report year."""

    words: dict[str, Any]
    numbers: re.Pattern[str]
    trigger: re.Pattern[str]
    domains: Lexicon
    actions: Lexicon
    scopes: Lexicon
    periods: Lexicon
    single: dict[str, re.Pattern[str]]
    outcomes: frozenset[str]


def find_marks(lexicon: Lexicon, text: str) -> Iterator[Mark]:
    """Find the words of a lexicon, from left to right, without overlap."""
    for found in lexicon.any_word.finditer(text):
        key = next(key for key, word in lexicon.words if word.match(text, found.start()))
        yield Mark(key, found.start(), found.end())


def find_figures(text: str, grammar: Grammar) -> Iterator[Figure]:
    """Find the figures with a unit; one after the word for number takes its neighbour's."""
    words = grammar.words
    last_unit: str | None = None
    for found in grammar.numbers.finditer(text):
        groups = found.groupdict()
        if groups["zero"] is not None:
            yield Figure(Decimal(0), last_unit, False, found.start(), found.end())
            continue
        if groups["bare"] is not None:
            value = Decimal(groups["bare"])
            yield Figure(value, last_unit, False, found.start("bare"), found.end())
            continue
        value, unit = _value(groups["number"], words), groups["unit"]
        value *= words["scales"].get(groups["scale"], 1)
        if unit in words["money"]:
            value, unit = value * words["money"][unit], words["yuan"]
        is_about = bool(groups["about"] or groups["more"]) or bool(
            grammar.single["about"].search(text, 0, found.start())
        )
        last_unit = unit if unit not in words["percent"] else last_unit
        yield Figure(value, unit, is_about, found.start(), found.end())


def _value(printed: str, words: dict[str, Any]) -> Decimal:
    if printed[0].isdigit():
        return Decimal(printed.replace(",", ""))
    tens, ten, ones = printed.rpartition(words["ten"])
    digits = words["numerals"]
    if not ten:
        return Decimal(int("".join(str(digits[character]) for character in printed)))
    return Decimal((digits[tens] if tens else 1) * 10 + (digits[ones] if ones else 0))


def _collect_words(patterns: dict[str, str]) -> Lexicon:
    # Without groups the engine passes over places where no word begins, many times faster.
    return Lexicon(
        any_word=re.compile("|".join(patterns.values())),
        words=tuple((key, re.compile(pattern)) for key, pattern in patterns.items()),
    )


@lru_cache(maxsize=64)
def compile_grammar(year: int) -> Grammar:
    """Compile the words of prose for a report year."""
    words = load_words()
    actions = {
        key: pattern.replace(r"\{previous\}", str(year - 1)).replace(r"\{next\}", str(year + 1))
        for key, pattern in words["actions"].items()
    }
    single = {key: re.compile(value) for key, value in words.items() if isinstance(value, str)}
    for index, entry in enumerate(words["negatives"]):
        single[f"negative_{index}"] = re.compile(entry["pattern"])
        if "refuse" in entry:
            single[f"refuse_{index}"] = re.compile(entry["refuse"])
    for topic, facts in words["topics"].items():
        single[f"claim_{topic}"] = re.compile(facts["claim"])
        single[f"problem_{topic}"] = re.compile(facts["problem"])
    bare = words["bare"].replace("?P<number>", "?P<bare>")
    numbers = f"{words['quantity']}|{bare}|(?P<zero>{words['zero']})"
    return Grammar(
        words=words,
        numbers=re.compile(numbers),
        trigger=re.compile(f"{numbers}|{words['denial_trigger']}"),
        domains=_collect_words(words["domains"]),
        actions=_collect_words(actions),
        scopes=_collect_words(words["scopes"]),
        periods=_collect_words(words["periods"]),
        single=single,
        outcomes=frozenset(words["outcomes"]),
    )
