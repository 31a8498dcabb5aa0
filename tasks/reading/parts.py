"""The running text of a report cut into its six parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import yaml

PARTS_FILE = Path(__file__).with_name("parts.yaml")
NUMBERS = (1, 2, 3, 4, 5, 6)
LEAST_CONTENTS = 3
_WHITE_SPACE = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A part as printed: its number by what the heading says, 0 before the first heading.

    `heading` is as printed, empty for part 0; `text` is all up to the next heading.
    """

    number: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class _Layout:
    marked: re.Pattern[str]
    bare: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Heading:
    number: int
    text: str
    start: int
    end: int


def split_parts(text: str) -> tuple[Part, ...]:
    """Cut running text into its parts, in the order printed; a part may stand twice.

    A heading stands at the start of a line, alone or with its numeral; where lines were lost
    it is also found behind its numeral within a line. A list of contents is no part.
    """
    folded = _WHITE_SPACE.sub(" ", text)
    headings = _drop_contents(folded, _find_headings(folded))
    if not headings:
        return (Part(0, "", folded.strip()),) if folded.strip() else ()
    parts = [
        Part(heading.number, heading.text, folded[heading.end : after].strip())
        for heading, after in zip(
            headings, [*(one.start for one in headings[1:]), len(folded)], strict=True
        )
    ]
    before = folded[: headings[0].start].strip()
    return (Part(0, "", before), *parts) if before else tuple(parts)


def _find_headings(text: str) -> list[_Heading]:
    layout = _load_layout()
    marked = list(layout.marked.finditer(text))
    by_line = [match for match in marked if match["line"] is not None]
    by_line += [
        match
        for match in layout.bare.finditer(text)
        if not any(one.start() <= match.start() < one.end() for one in marked)
    ]
    headings = [_read_heading(match) for match in by_line]
    seen = {heading.number for heading in headings}
    within = [_read_heading(match) for match in marked if match["line"] is None]
    headings += [heading for heading in within if heading.number not in seen]
    return sorted(headings, key=lambda heading: heading.start)


def _read_heading(match: re.Match[str]) -> _Heading:
    number = next(n for n in NUMBERS if match[f"n{n}"] is not None)
    return _Heading(number, match.group().strip(), match.start(), match.end())


def _drop_contents(text: str, headings: list[_Heading]) -> list[_Heading]:
    """Drop a list of contents: headings in a run at the start, all of which come again."""
    count = 1 if headings else 0
    for one, after in pairwise(headings):
        if text[one.end : after.start].strip():
            break
        count += 1
    rest = headings[count:]
    announced = {heading.number for heading in headings[:count]}
    is_contents = count >= LEAST_CONTENTS and announced <= {heading.number for heading in rest}
    return rest if is_contents else headings


@cache
def _load_layout() -> _Layout:
    facts = yaml.safe_load(PARTS_FILE.read_text("utf-8"))
    titles = "|".join(f"(?P<n{n}>{facts['headings'][n]})" for n in NUMBERS)
    mark, end = facts["mark"], facts["end"]
    return _Layout(
        marked=re.compile(rf"(?m)(?P<line>^ ?)?{mark} ?(?:{titles}){end}"),
        bare=re.compile(rf"(?m)^ ?(?:{titles}){end} ?$"),
    )
