"""Two independent readings of the same report, held against each other cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from tasks.reading.report import CellReading

Agreement = Literal["agree", "differ", "first_missing", "second_missing"]
Blame = Literal["publisher", "reader", "unknown"]
_MISSING = ("unreadable", "absent")


def compare_readings(
    first: Mapping[str, CellReading], second: Mapping[str, CellReading]
) -> dict[str, Agreement]:
    """Compare two readings by cell name.

    Cells `agree` if both are blank, or both have the same value, however each was won.
    A reading that is unreadable, absent or not there says nothing: `second_missing`, also
    where neither says anything, or `first_missing`.
    """
    return {
        cell: _compare(first.get(cell), second.get(cell))
        for cell in dict.fromkeys((*first, *second))
    }


def _compare(first: CellReading | None, second: CellReading | None) -> Agreement:
    if second is None or second.status in _MISSING:
        return "second_missing"
    if first is None or first.status in _MISSING:
        return "first_missing"
    return "agree" if first.value == second.value else "differ"


def tell_blame(cells: Iterable[str], agreement: Mapping[str, Agreement]) -> Blame:
    """Tell who is to blame for a failed equation over these cells.

    `publisher` if both readings agree on all of them, `reader` if they differ on one, else
    `unknown`.
    """
    found = {agreement.get(cell, "second_missing") for cell in cells}
    if "differ" in found:
        return "reader"
    return "publisher" if found == {"agree"} else "unknown"
