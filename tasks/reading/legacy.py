"""The statistics table of report years before 2019, kept row by row as it was printed.

It belongs to no form: every province had its own until 2014. Sums are not used to split
figures that ran together, for the parts of a row may overlap (one item made public in two
ways) and publishers say so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from tasks.reading.document import Document, Grid, GridCell
from tasks.reading.marks import read_gap
from tasks.reading.report import LegacyRow
from tasks.reading.spelling import spell_label
from tasks.reading.words import fold_label

LEGACY_FILE = Path(__file__).with_name("legacy.yaml")
MAX_RUN = 24
_FIGURE = re.compile(r"(?:0|[1-9]\d{0,11})(?:\.\d{1,6})?")
_GROUPED = re.compile(r"\b[1-9]\d{0,2} \d{3}\b")


@dataclass(frozen=True, slots=True)
class _Words:
    header: re.Pattern[str]
    row: re.Pattern[str]
    cumulative: tuple[str, ...]
    units: frozenset[str]


@cache
def _load_words() -> _Words:
    facts: dict[str, Any] = yaml.safe_load(LEGACY_FILE.read_text("utf-8"))
    labels = sorted({fold_label(x) for part in facts["labels"].values() for x in part})
    names = "|".join(spell_label(label) for label in sorted(labels, key=len, reverse=True))
    units = "|".join(sorted(facts["units"], key=len, reverse=True))
    return _Words(
        header=re.compile(facts["header"]),
        row=re.compile(
            rf"{facts['enumerator']}(?P<label>(?:{names}){facts['remark']})"
            rf"\s*[（(]?\s*(?P<unit>{units})\s*[）)]?"
        ),
        cumulative=tuple(facts["cumulative"]),
        units=frozenset(facts["units"]),
    )


def read_legacy_rows(source: Document | str) -> tuple[LegacyRow, ...]:
    """Read the rows of the table before 2019, in printed order; none where there is none.

    Its figures are the year's and, if the header says so, the cumulative one. Figures that
    ran together count only if they split in one way (no leading zero, the year's at most the
    cumulative one, no cell blank).
    """
    if isinstance(source, str):
        return tuple(_read_stream(source))
    rows = [row for grid in source.grids for row in _read_grid(grid)]
    return tuple(rows or _read_stream(source.text))


def _read_grid(grid: Grid) -> Iterator[LegacyRow]:
    words = _load_words()
    count: int | None = None
    for row in grid.rows:
        texts = [cell.text.strip() for cell in row]
        joined = " ".join(texts)
        if words.header.search(joined):
            count = _count_columns(joined)
            continue
        place = next((n for n, text in enumerate(texts) if n and text in words.units), None)
        if count is None or place is None:
            continue
        yield _name_row(row, place, count)


def _name_row(row: Sequence[GridCell], place: int, count: int) -> LegacyRow:
    figures = [cell.text.strip() for cell in row[place + 1 :]]
    values = [_read_number(text) for text in figures] if len(figures) == count else []
    year, total = (*values, None, None)[:2]
    return LegacyRow(
        "".join(row[place - 1].text.split()),
        row[place].text.strip(),
        year,
        total,
        " ".join(figures).strip(),
        row[place + 1].locator if figures else row[place].locator,
    )


def _count_columns(header: str) -> int:
    folded = fold_label(header)
    return 2 if any(fold_label(word) in folded for word in _load_words().cumulative) else 1


def _read_stream(text: str) -> Iterator[LegacyRow]:
    """Cut the stream behind the table's header by the labels with their units."""
    words = _load_words()
    header = words.header.search(text)
    if header is None:
        return
    found = list(words.row.finditer(text, header.end()))
    if not found:
        return
    count = _count_columns(text[header.end() : found[0].start()])
    has_long = any(re.search(r"\d{4}", text[m.end() : m.end() + 8]) for m in found)
    for match, after in pairwise([*found, None]):
        if match is None:
            return
        gap = read_gap(text[match.end() : after.start() if after else len(text)])
        figures = " ".join(gap.figures.replace("|", " ").split())
        is_certain = gap.is_certain and (after is None or _counts_on(match, after, figures))
        values = _split_figures(figures, count, has_long) if is_certain else (None, None)
        line = text.count("\n", 0, match.end()) + 1
        start = match.end() - text.rfind("\n", 0, match.end())
        yield LegacyRow(
            "".join(text[match.start() : match.end("label")].split()),
            match["unit"],
            *values,
            figures,
            f"line[{line}]/char[{start}]",
        )


def _counts_on(match: re.Match[str], after: re.Match[str], figures: str) -> bool:
    """Tell whether the next row's number follows, so that none of its digits are figures."""
    if after["number"] is None or match.string[after.start("number") - 1].isspace():
        return True
    return not figures or int(after["number"]) == int(match["number"] or 0) + 1


def _split_figures(
    figures: str, count: int, has_long: bool
) -> tuple[Decimal | None, Decimal | None]:
    texts = figures.split()
    if len(texts) == count and not (_GROUPED.search(figures) and not has_long):
        values = [_read_number(text) for text in texts]
        return values[0], values[1] if count == 2 else None
    if len(texts) != 1 or count != 2 or len(figures) > MAX_RUN or _read_number(figures) is not None:
        return None, None  # one figure alone may be either; the other cell may be blank
    halves = [
        (year, total)
        for cut in range(1, len(figures))
        if (year := _read_number(figures[:cut])) is not None
        and (total := _read_number(figures[cut:])) is not None
        and year <= total
    ]
    return halves[0] if len(halves) == 1 else (None, None)


def _read_number(text: str) -> Decimal | None:
    folded = unicodedata.normalize("NFKC", text)
    return Decimal(folded) if _FIGURE.fullmatch(folded) else None
