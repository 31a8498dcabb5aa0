"""Two independent readings of one report made one."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.form import Form
from tasks.reading.derive import derive_cells
from tasks.reading.report import CellReading

DIFFER = "readings_differ"
SILENT = ("unreadable", "absent")  # such a reading says nothing of the value


def settle_readings(
    first: Mapping[str, CellReading], second: Mapping[str, CellReading], form: Form
) -> tuple[CellReading, ...]:
    """Give every cell of the edition one reading out of two, in the form's order.

    Where both agree, the cell is confirmed; where they differ, it is unreadable and its note
    keeps what the second found. A cell that only one of them found is as that one says. Cells
    printed but unreadable are then derived where the equations leave one value; what is not
    printed stays absent.
    """
    settled: dict[str, CellReading] = {}
    for cell in form.cells:
        name = cell.key
        one, other = first.get(name), second.get(name)
        if one is None:
            settled[name] = other or CellReading(name, "absent", None, None, None, None)
        elif other is None or one.status in SILENT or other.status in SILENT:
            settled[name] = one
        elif one.value == other.value:
            _, status, value, unit, text, locator, note, _ = one
            settled[name] = CellReading(
                name, status, value, unit, text, locator, note, confirmed=True
            )
        else:
            settled[name] = one._replace(
                status="unreadable", value=None, unit=None, note=f"{DIFFER}:{other.text}"
            )
    return _derive(settled, form)


def _derive(settled: dict[str, CellReading], form: Form) -> tuple[CellReading, ...]:
    """Fill unreadable cells the equations determine; the note on what was printed stays."""
    if not any(reading.status == "unreadable" for reading in settled.values()):
        return tuple(settled.values())
    derived = derive_cells(settled, form)
    return tuple(
        derived[name]._replace(note=reading.note)
        if reading.status == "unreadable" and derived[name].status == "derived"
        else reading
        for name, reading in settled.items()
    )
