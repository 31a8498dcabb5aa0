"""Sample reports as Excel 97-2003 files (BIFF8), with no more in them than is needed."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from tasks.sample.compound import pack_compound
from tasks.sample.grids import Slot
from tasks.sample.markup import read_lines
from tasks.sample.office import NUMBER, stack_parts
from tasks.sample.render import Part

Cell = tuple[int, int, str | float | None]  # row, column; None is an error
Area = tuple[int, int, int, int]  # first and last row, first and last column
BOOK, SHEET = 0x0005, 0x0010
SHEET_NAME = "Sheet1"


def write_xls(parts: Iterable[Part]) -> bytes:
    """Write paragraphs and tables one under the other, plain figures as numbers."""
    cells: list[Cell] = []
    merged: list[Area] = []
    for row, column, slot in stack_parts(parts):
        if text := "\n".join(_list_lines(slot)):
            cells.append((row, column, float(text) if NUMBER.fullmatch(text) else text))
        if slot.row_span * slot.column_span > 1:
            merged.append((row, row + slot.row_span - 1, column, column + slot.column_span - 1))
    return pack_xls(cells, merged)


def _list_lines(slot: Slot) -> list[str]:
    """List the lines of a cell; what is raised stands in a line of its own."""
    return [
        "".join("\n" * piece.is_raised + piece.text for piece in line) for line in read_lines(slot)
    ]


def pack_xls(cells: Iterable[Cell], merged: Sequence[Area] = (), *, state: int = 0) -> bytes:
    """Pack cells as a workbook of one sheet; `state` 1 hides the sheet."""
    name = struct.pack("<BB", len(SHEET_NAME), 1) + SHEET_NAME.encode("utf-16-le")
    areas = b"".join(struct.pack("<4H", *area) for area in merged)
    sheet = begin_part(SHEET) + b"".join(_write_cell(*cell) for cell in cells)
    sheet += write_record(0x00E5, struct.pack("<H", len(merged)) + areas) + write_record(0x000A)
    size = (
        len(begin_part(BOOK))
        + len(write_record(0x0085, bytes(6) + name))
        + len(write_record(0x000A))
    )
    listed = write_record(0x0085, struct.pack("<IBB", size, state, 0) + name)
    return pack_compound({"Workbook": begin_part(BOOK) + listed + write_record(0x000A) + sheet})


def write_record(kind: int, content: bytes = b"") -> bytes:
    """Write one record of a workbook."""
    return struct.pack("<HH", kind, len(content)) + content


def begin_part(kind: int) -> bytes:
    """Write the record that opens a part in the manner of Excel 97."""
    return write_record(0x0809, struct.pack("<4H2I", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _write_cell(row: int, column: int, value: str | float | None) -> bytes:
    place = struct.pack("<3H", row, column, 0)
    if value is None:
        return write_record(0x0205, place + b"\x17\x01")
    if isinstance(value, str):
        text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
        return write_record(0x0204, place + text)
    return write_record(0x0203, place + struct.pack("<d", value))
