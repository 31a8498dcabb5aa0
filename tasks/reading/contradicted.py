"""Derived cells held against the digits of their row: what was printed cannot be otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

from tasks.reading.report import CellReading

SPLIT = "split"  # the note of cells derived from the digits themselves
_SEPARATORS = re.compile(r"[^\d\s]+")


def withdraw_contradicted(readings: Iterable[CellReading]) -> tuple[CellReading, ...]:
    """Make derived cells unreadable again where the digits printed in a row contradict them.

    The cells of a row that could not be told apart all carry the row's text. Where the values
    that equations gave them cannot have been printed as that text, an equation leans on a
    figure that the publisher got wrong; then no cell that equations filled stands in the whole
    table. Their notes stay.
    """
    readings = tuple(readings)
    if not any(reading.status == "derived" for reading in readings):
        return readings
    rows: dict[tuple[str, str, str], list[CellReading]] = defaultdict(list)
    for reading in readings:
        if _is_by_equations(reading) or reading.status == "unreadable":
            place = reading.cell.rpartition(".")[0], reading.locator or "", reading.text or ""
            rows[place].append(reading)
    wrong = {
        row.partition(".")[0]
        for (row, _, text), cells in rows.items()
        if any(map(_is_by_equations, cells)) and not _may_print(text, cells)
    }
    if not wrong:
        return readings
    return tuple(
        reading._replace(status="unreadable", value=None, unit=None)
        if _is_by_equations(reading) and reading.cell.partition(".")[0] in wrong
        else reading
        for reading in readings
    )


def _is_by_equations(reading: CellReading) -> bool:
    return reading.status == "derived" and reading.note != SPLIT


def _may_print(text: str, cells: list[CellReading]) -> bool:
    """Tell whether a row of these values may be printed so, some of its cells left out.

    A row with more figures than columns holds them all among its own. A cell by itself that
    prints digits prints its figure with all of them, or among others on the same line.
    """
    bare = unicodedata.normalize("NFKC", text).replace(",", "")
    figures = [figure for figure in _SEPARATORS.sub(" ", bare).split() if figure]
    values = [None if cell.value is None else str(abs(cell.value)) for cell in cells]
    if len(cells) == 1 and figures:
        whole = "".join(figures)
        return values[0] == whole or ("\n" not in text and values[0] in figures)
    pattern = "".join(r"\d*" if value is None else f"(?:{value})?" for value in values)
    if re.fullmatch(pattern, "".join(figures)):
        return True
    return not Counter(value for value in values if value) - Counter(figures)
