"""What reading Excel 97-2003 files promises."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest

from tasks.reading.document import TextBlock
from tasks.reading.media import XLS, tell_media_type
from tasks.reading.report import UnreadableError
from tasks.reading.xls import read_xls
from tasks.sample.compound import pack_compound

Cell = tuple[int, int, str | float | None]
BOOK, SHEET = 0x0005, 0x0010


def record(kind: int, content: bytes = b"") -> bytes:
    """Write one record of a workbook."""
    return struct.pack("<HH", kind, len(content)) + content


def begin(kind: int) -> bytes:
    """Write the record that opens a part in the manner of Excel 97."""
    return record(0x0809, struct.pack("<4H2I", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def write_cell(row: int, column: int, value: str | float | None) -> bytes:
    """Write a text, a number, or an error for None."""
    place = struct.pack("<3H", row, column, 0)
    if value is None:
        return record(0x0205, place + b"\x17\x01")
    if isinstance(value, str):
        text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
        return record(0x0204, place + text)
    return record(0x0203, place + struct.pack("<d", value))


def pack_xls(
    cells: Iterable[Cell], merged: Iterable[tuple[int, int, int, int]] = (), *, state: int = 0
) -> bytes:
    """Pack cells as a workbook of one sheet; merged areas by first, last row, first, last column.

    `state` 1 hides the sheet.
    """
    name = struct.pack("<BB", 1, 1) + "表".encode("utf-16-le")
    areas = [struct.pack("<4H", *area) for area in merged]
    sheet = begin(SHEET) + b"".join(write_cell(*cell) for cell in cells)
    sheet += record(0x00E5, struct.pack("<H", len(areas)) + b"".join(areas)) + record(0x000A)
    size = len(begin(BOOK)) + len(record(0x0085, bytes(6) + name)) + len(record(0x000A))
    listed = record(0x0085, struct.pack("<IBB", size, state, 0) + name)
    book = begin(BOOK) + listed + record(0x000A) + sheet
    return pack_compound({"Workbook": book})


def test_texts_numbers_and_merged_cells_are_read() -> None:
    """A sheet gives its lines as text and its tables as grids, as newer files do."""
    content = pack_xls(
        [(0, 0, "标题"), (2, 0, "甲"), (2, 1, "乙"), (3, 1, 12.0), (3, 2, 0.1 + 0.2)],
        [(2, 3, 0, 0), (2, 2, 1, 2)],
    )
    assert tell_media_type(content) == XLS
    document = read_xls(content)
    assert document.blocks[0] == TextBlock("标题", "sheet[表]!A1")
    rows = document.grids[0].rows
    assert [[cell.text for cell in row] for row in rows] == [["甲", "乙"], ["甲", "12", "0.3"]]
    assert rows[1][2].locator == "sheet[表]!C4"


def test_a_hidden_sheet_is_not_read() -> None:
    """What the workbook does not show is left out."""
    assert read_xls(pack_xls([(0, 0, "甲"), (0, 1, 1.0)], state=1)).blocks == ()


def test_an_error_in_a_cell_is_not_blank() -> None:
    """A cell that shows an error has something printed in it."""
    (grid,) = read_xls(pack_xls([(0, 0, "甲"), (0, 1, None), (0, 2, 2.0)])).grids
    assert [cell.text for cell in grid.rows[0]] == ["甲", "#", "2"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(pack_compound({"Workbook": b"\0" * 9}), "damaged_file", id="no-workbook"),
        pytest.param(pack_xls([])[:2000], "damaged_file", id="truncated"),
        pytest.param(
            pack_xls([(0, 0, "甲"), (65535, 255, 1.0)]), "too_large_inside", id="a-cell-far-out"
        ),
        pytest.param(
            pack_compound({"Workbook": begin(BOOK) + record(0x002F, b"\1\0\1\0\1\0" + bytes(48))}),
            "encrypted",
            id="encrypted",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content: bytes, code: str) -> None:
    """No table is made up, and none fills the memory."""
    with pytest.raises(UnreadableError) as refused:
        read_xls(content)
    assert refused.value.code == code
