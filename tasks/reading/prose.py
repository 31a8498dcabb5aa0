"""Running text made ready for reading figures: folded, lost tables masked, cut to sentences."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

WORDS_FILE = Path(__file__).with_name("statements.yaml")
# A line that long which ends without a stop was broken by the layout, not by the writer.
LAYOUT_LINE_CHARACTERS = 20
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SENTENCE = re.compile(r"[^。!?;\n]+")
_COMMA = re.compile(r"[,、]")
MAX_SENTENCE = 2_000  # characters: beyond, each stretch between commas stands alone
_PRINTED = re.compile(r"\S+|\n")
_STOPS = frozenset("。;；:：！？!?")
BREAK, BLANK = "\n", "□"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of folded text, from `start`; `part` is the part of the report, 1 to 6."""

    text: str
    start: int
    part: int | None
    paragraph: int


@dataclass(frozen=True, slots=True)
class Prose:
    """Folded text with its sentences. `origins[i]` is where character i stood in the source."""

    text: str
    origins: list[int]
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    parts: dict[int, re.Pattern[str]]
    tables: tuple[re.Pattern[str], ...]
    noise: re.Pattern[str]
    heading_start: re.Pattern[str]


@cache
def load_words() -> dict[str, Any]:
    """Load `statements.yaml` as it stands."""
    words: dict[str, Any] = yaml.safe_load(WORDS_FILE.read_text("utf-8"))
    return words


def cut_prose(text: str) -> Prose:
    """Fold a report's running text and cut it into sentences.

    Folding keeps one character for one: full-width forms become half-width, white space goes,
    and lines that only the layout broke are joined. Figures of tables that lost their lines,
    names of documents and addresses are masked, for nothing in them is a statement.
    """
    layout = _load_layout()
    folded = text.translate(HALF_WIDTH).replace("\r", " ")
    folded = _join_lines(folded, layout.heading_start)
    origins: list[int] = []
    pieces: list[str] = []
    for piece in _PRINTED.finditer(folded):
        origins.extend(range(piece.start(), piece.end()))
        pieces.append(piece[0])
    folded = "".join(pieces)
    for table in layout.tables:
        folded = table.sub(lambda found: BREAK * len(found[0]), folded)
    folded = layout.noise.sub(lambda found: BLANK * len(found[0]), folded)
    return Prose(folded, origins, _cut_sentences(folded, layout))


def _join_lines(text: str, heading_start: re.Pattern[str]) -> str:
    lines = text.split(BREAK)
    joined = [lines[0]]
    for before, line in pairwise(lines):
        last, first = before.rstrip(), line.lstrip()
        is_layout = (
            len(last) >= LAYOUT_LINE_CHARACTERS
            and last[-1] not in _STOPS
            and first
            and not heading_start.match(first)
        )
        joined += (" " if is_layout else BREAK, line)
    return "".join(joined)


def _cut_sentences(text: str, layout: _Layout) -> tuple[Sentence, ...]:
    heads = sorted(
        (found.start(), part)
        for part, pattern in layout.parts.items()
        if (found := _find_last(pattern, text))
    )
    starts = [start for start, _ in heads]
    sentences = []
    paragraph, position = 0, 0
    for found in _SENTENCE.finditer(text):
        paragraph += text.count(BREAK, position, found.start())
        position = found.start()
        # A heading opens a sentence, whatever stands before it on its line.
        cuts = [start for start in starts if found.start() < start < found.end()]
        if found.end() - found.start() > MAX_SENTENCE:
            commas = _COMMA.finditer(text, found.start(), found.end() - 1)
            cuts = sorted({*cuts, *(comma.end() for comma in commas)})
        for start, end in pairwise([found.start(), *cuts, found.end()]):
            index = bisect_right(starts, start)
            part = heads[index - 1][1] if index else None
            paragraph += start in cuts
            sentences.append(Sentence(text[start:end], start, part, paragraph))
    return tuple(sentences)


def _find_last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last place counts: a table of contents stands before the headings."""
    last = None
    for found in pattern.finditer(text):
        last = found
    return last


@cache
def _load_layout() -> _Layout:
    words = load_words()
    return _Layout(
        parts={part: re.compile(pattern) for part, pattern in words["parts"].items()},
        tables=tuple(re.compile(pattern, re.DOTALL) for pattern in words["tables"]),
        noise=re.compile(words["noise"]),
        heading_start=re.compile(words["heading_start"]),
    )
