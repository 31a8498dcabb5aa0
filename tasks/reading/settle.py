"""Two independent readings of one report made one."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.form import Form
from tasks.reading.derive import Due, find_due
from tasks.reading.figures import may_be_several
from tasks.reading.report import CellReading, pack_reading

DIFFER = "readings_differ"
ALONE = "grouping_possible"  # only one reading saw it, and it may be two figures
UNCHECKED = "equation_gives"  # what a single equation, which nothing checks, would have here
SILENT = ("unreadable", "absent")  # such a reading says nothing of the value


def settle_readings(
    first: Mapping[str, CellReading], second: Mapping[str, CellReading], form: Form
) -> tuple[CellReading, ...]:
    """Give every cell of the edition one reading out of two, in the form's order.

    Where both agree, the cell is confirmed; where they differ, it is unreadable and its note
    keeps what the second found. A cell that only one of them found is as that one says, but
    for figures with a blank inside, which may be two cells'. Cells printed but unreadable are
    then derived where the equations leave one value that is checked: by further equations, or
    by one of the two readings; else the note keeps it. What is not printed stays absent.
    """
    settled: dict[str, CellReading] = {}
    for cell in form.cells:
        name = cell.key
        one, other = first.get(name), second.get(name)
        if one and other and one.value is not None and one.value == other.value:
            settled[name] = pack_reading((*one[:-1], True))
        elif one is None:
            settled[name] = _trust(other) or CellReading(name, "absent", None, None, None, None)
        elif other is None or one.status in SILENT or other.status in SILENT:
            settled[name] = one
        elif one.value == other.value:
            settled[name] = pack_reading((*one[:-1], True))
        else:
            settled[name] = _refuse(one, f"{DIFFER}:{other.text}")
    lost = [name for name, reading in settled.items() if reading.status == "unreadable"]
    if lost:
        due = find_due(settled, form)
        units = {cell.key: cell.unit for cell in form.cells}
        for name in lost:
            if name in due:
                found = [reading[name].value for reading in (first, second) if name in reading]
                is_found = due[name].value in found
                settled[name] = _fill(settled[name], due[name], units[name], is_found=is_found)
    return tuple(settled.values())


def _trust(reading: CellReading | None) -> CellReading | None:
    """Trust a reading that stands alone, unless its one figure may be two."""
    if reading is None or reading.status != "read" or not may_be_several(reading.text or ""):
        return reading
    return _refuse(reading, ALONE)


def _refuse(reading: CellReading, note: str) -> CellReading:
    return reading._replace(status="unreadable", value=None, unit=None, note=note)


def _fill(reading: CellReading, due: Due, unit: str, *, is_found: bool) -> CellReading:
    """Fill an unreadable cell if its value is checked; the note on what was printed stays."""
    if due.is_checked or is_found:
        return reading._replace(status="derived", value=due.value, unit=unit)
    return reading._replace(note=f"{reading.note}; {UNCHECKED}:{due.value}")
