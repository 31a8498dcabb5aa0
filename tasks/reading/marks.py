"""The labels of the form in a stream of text, and the figures between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

from tasks.reading.labels import CLEAR_CHARACTERS, LabelIndex, index_labels
from tasks.reading.spelling import spell_labels
from tasks.reading.strips import BLANK
from tasks.reading.words import fold_label, load_patterns, strip_enumerator

STREAM_FILE = Path(__file__).with_name("stream.yaml")
UNSURE = "?"  # stands where the lost number of a label may be glued to figures
_BARE = re.compile(r"[\d\s]*")  # no enumerator in it
_BEHIND = r"[\"'“”‘’`«»〝〞\ufeff\u200b-\u200d]*"


class Mark(NamedTuple):
    """A label of the form found in the stream, folded, and the text up to the next one.

    `is_inside` says that it stands inside a text that is no label: a word of it, by chance.
    """

    folded: str
    gap: str
    start: int  # of the gap
    is_inside: bool = False


class Gap(NamedTuple):
    """What stands behind a label: figures, and whether they end for certain.

    `foreign` counts the characters behind them that are neither figures nor label.
    """

    figures: str
    is_certain: bool
    foreign: int


def find_marks(text: str, index: LabelIndex) -> Iterator[Mark]:
    """Find the labels of the edition in the stream, the longest at each place.

    The label of a row that is repeated, as merged cells are, counts once.
    """
    last, begin, end, before = "", -1, -1, -1
    edition = index.form.edition
    for match in _compile_marks(edition).finditer(text):
        start, stop = match.span()
        folded, is_row, is_bare = _tell_label(match.group(), edition)
        if end >= 0:
            gap = text[end:start]
            if is_bare and gap[-1:].isdigit():
                gap += UNSURE
            if not (is_row and folded == last and not gap.strip(BLANK)):
                is_inside = len(last) < CLEAR_CHARACTERS and _is_inside(text, begin, end, before)
                yield Mark(last, gap, end, is_inside)
        last, begin, end, before = folded, start, stop, end
    if end >= 0:
        is_inside = len(last) < CLEAR_CHARACTERS and _is_inside(text, begin, end, before)
        yield Mark(last, text[end:], end, is_inside)


def _is_inside(text: str, begin: int, end: int, before: int) -> bool:
    """Tell whether a label stands inside other words; `before` is where a label ended."""
    return (
        0 < begin != before
        and end < len(text)
        and _is_word(text[begin - 1])
        and _is_word(text[end])
    )


def _is_word(character: str) -> bool:
    """Tell whether a character is neither blank nor figure, as a word or its number has."""
    return not (character in BLANK or character.isspace() or character.isdigit())


@lru_cache(maxsize=4096)
def _tell_label(printed: str, edition: str) -> tuple[str, bool, bool]:
    """Fold a label; tell whether it is a row's alone, and whether that has lost its number."""
    index = index_labels(edition)
    folded = fold_label(printed)
    line = None if folded in index.headers else index.find_line(folded)
    if line is None:
        return folded, False, False
    is_numbered = line.block.rows[line.row].official[0].isdigit()
    return folded, True, is_numbered and strip_enumerator(folded) == folded


@cache
def _compile_marks(edition: str) -> re.Pattern[str]:
    index = index_labels(edition)
    words = load_patterns().words
    labels = {
        *index.lines,
        *index.groups,
        *index.headings,
        *index.headers,
        *index.across,
        *map(fold_label, words["parts"]),
        *(fold_label(table.title) for table in index.form.tables.values()),
    }
    return re.compile(spell_labels(labels) + _BEHIND)


@dataclass(frozen=True, slots=True)
class _Grammar:
    figures: re.Pattern[str]
    enumerator_left: re.Pattern[str]
    number_left: re.Pattern[str]
    figure_end: re.Pattern[str]


@cache
def _load_grammar() -> _Grammar:
    facts = yaml.safe_load(STREAM_FILE.read_text("utf-8"))
    words = load_patterns().words
    texts = sorted(
        {
            text
            for key in ("blanks", "zero_words", "plus_words", "minus_words", "count_units")
            for text in words[key]
            if text
        }
        | set(words["money_units"]),
        key=lambda text: (-len(text), text),
    )
    alternatives = "|".join(map(re.escape, texts))
    return _Grammar(
        figures=re.compile(rf"(?:[\d.．,，＋－／\s|\ufeff\u200b]+|{alternatives})*"),
        enumerator_left=re.compile(facts["enumerator_left"]),
        number_left=re.compile(facts["number_left"]),
        figure_end=re.compile(facts["figure_end"]),
    )


def read_gap(gap: str) -> Gap:
    """Take the figures that lead a gap; what is glued to them may be part of the last one."""
    if _BARE.fullmatch(gap):
        return Gap(gap, True, 0)
    grammar = _load_grammar()
    match = grammar.figures.match(gap)
    end = match.end() if match else 0
    if end == len(gap):
        return Gap(_drop(grammar.number_left, gap), True, 0)
    bare = _drop(grammar.enumerator_left, gap)
    if len(bare) <= end:
        return Gap(bare, True, 0)
    figures, foreign = gap[:end], len(gap[end:].strip())
    if not figures.strip() or grammar.figure_end.match(gap, end) or figures[-1] in BLANK:
        return Gap(figures, True, foreign)
    hard = max(figures.rfind(separator) for separator in "\n\t|") + 1
    kept = figures[:hard]
    return Gap(kept if kept.strip() else figures, bool(kept.strip()), foreign)


def _drop(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text[-12:])
    return text[: len(text) - len(text[-12:]) + match.start()] if match else text
