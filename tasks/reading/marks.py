"""The labels of the form in a stream of text, and the figures between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from tasks.reading.labels import LabelIndex, index_labels
from tasks.reading.strips import BLANK
from tasks.reading.words import fold_label, load_patterns, strip_enumerator

STREAM_FILE = Path(__file__).with_name("stream.yaml")
UNSURE = "?"  # stands where the lost number of a label may be glued to figures
_WITHIN = r"[\s\"'“”‘’`«»〝〞\ufeff\u200b-\u200d]*"  # may stand between a label's characters
_BEHIND = r"[\"'“”‘’`«»〝〞\ufeff\u200b-\u200d]*"


class Mark(NamedTuple):
    """A label of the form found in the stream, folded, and the text up to the next one."""

    folded: str
    gap: str
    start: int  # of the gap


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
    last, end = "", -1
    for match in _compile_marks(index.form.edition).finditer(text):
        folded = fold_label(match.group())
        if end >= 0:
            gap = text[end : match.start()]
            is_row = folded not in index.headers and index.find_line(folded) is not None
            if gap[-1:].isdigit() and is_row and _lost_number(folded, index):
                gap += UNSURE
            if not (is_row and folded == last and not gap.strip(BLANK)):
                yield Mark(last, gap, end)
        last, end = folded, match.end()
    if end >= 0:
        yield Mark(last, text[end:], end)


def _lost_number(folded: str, index: LabelIndex) -> bool:
    line = index.find_line(folded)
    is_numbered = line is not None and line.block.rows[line.row].official[0].isdigit()
    return is_numbered and strip_enumerator(folded) == folded


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
    ordered = sorted(labels, key=lambda label: (-len(label), label))
    firsts = "".join({re.escape(_widths(label[0])) for label in ordered})
    return re.compile(f"(?=[{firsts}])(?:{'|'.join(map(spell_label, ordered))}){_BEHIND}")


def _widths(character: str) -> str:
    """Give a character with its full-width twin."""
    is_ascii = "!" <= character <= "~"
    return character + chr(ord(character) + 0xFEE0) if is_ascii else character


def spell_label(label: str) -> str:
    """Spell a folded label as a pattern: broken anywhere, its number ended as pages do."""
    characters = [f"[{re.escape(_widths(character))}]" for character in label]
    if label[0].isdigit() and label[1] == ".":
        characters[1] = "[.．、]"
    return _WITHIN.join(characters)


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
        figures=re.compile(rf"(?:[\d.．,，＋－／\s|\ufeff\u200b]|{alternatives})*"),
        enumerator_left=re.compile(facts["enumerator_left"]),
        number_left=re.compile(facts["number_left"]),
        figure_end=re.compile(facts["figure_end"]),
    )


def read_gap(gap: str) -> Gap:
    """Take the figures that lead a gap; what is glued to them may be part of the last one."""
    if not gap.strip():
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
