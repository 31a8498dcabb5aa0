"""From an Excel 97-2003 file to a document.

Values are as stored, with Excel's 15 digits: formats of numbers are not told here.
"""

from __future__ import annotations

import struct
from io import BytesIO
from itertools import chain, repeat

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from tasks.reading.document import Document
from tasks.reading.media import XLS
from tasks.reading.ole import read_streams
from tasks.reading.report import UnreadableError
from tasks.reading.spreadsheet import MAX_SLOTS, Area, Sheet, join_sheets

ERROR = "#"  # stands for any error that a cell shows
_CELL_RECORDS = frozenset(
    {0x06, 0x7E, 0xBD, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x206, 0x27E, 0x406}
)
_FORMULA_RECORDS = frozenset({0x06, 0x206, 0x406})
_BEGIN_RECORDS = frozenset({0x09, 0x209, 0x409, 0x809})
_ERROR_RECORD, _LOCK_RECORD, _SHEET_RECORD = 0x205, 0x2F, 0x85


def read_xls(content: bytes) -> Document:
    """Read the visible sheets of an Excel 97-2003 file.

    Raises:
        UnreadableError: `damaged_file`, `encrypted` or `too_large_inside`.
    """
    streams = read_streams(content, ("Workbook", "Book"))
    if not streams:
        raise UnreadableError(
            "damaged_file", "expected a workbook in the compound file, found none; save it again"
        )
    errors = [_find_errors(stream) for stream in streams.values()]
    return join_sheets(XLS, _read_sheets(content, errors[0]))


def _find_errors(stream: bytes) -> list[set[tuple[int, int]]]:
    """Find the cells of each sheet that show an error, which the library gives as blank.

    A locked workbook is refused, and so are cells so far out that a table up to them would
    fill the memory.
    """
    starts: list[int] = []
    errors: dict[int, set[tuple[int, int]]] = {}
    position = part = height = width = 0
    while position + 8 <= len(stream):
        kind, length, row, column = struct.unpack_from("<4H", stream, position)
        content = stream[position + 4 : position + 4 + length]
        if kind == _LOCK_RECORD:
            raise UnreadableError(
                "encrypted", "a password locks this workbook; save it without one"
            )
        if kind in _BEGIN_RECORDS:
            part = position
        elif kind == _SHEET_RECORD:
            starts.append(row | column << 16)
        elif kind in _CELL_RECORDS:
            height, width = max(height, row + 1), max(width, column + 1)
            if _shows_error(kind, content):
                errors.setdefault(part, set()).add((row, column))
        position += 4 + length
    if height * width > MAX_SLOTS:
        raise UnreadableError(
            "too_large_inside",
            f"expected at most {MAX_SLOTS} cells, found a table of {height} by {width}",
        )
    return [errors.get(start, set()) for start in starts]


def _shows_error(kind: int, content: bytes) -> bool:
    """Tell whether a cell holds an error, or a formula that gave one."""
    if kind in _FORMULA_RECORDS:
        return content[12:14] == b"\xff\xff" and content[6:7] == b"\x02"
    return kind == _ERROR_RECORD and content[7:8] == b"\x01"


def _read_sheets(content: bytes, errors: list[set[tuple[int, int]]]) -> list[Sheet]:
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(content))
        sheets = [
            _read_sheet(workbook.get_sheet_by_name(sheet.name), wrong)
            for sheet, wrong in zip(
                workbook.sheets_metadata, chain(errors, repeat(set())), strict=False
            )
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]
    except BaseException as error:  # the library's own panics are no `Exception`
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise UnreadableError(
            "damaged_file", f"expected a whole workbook, found a broken one: {error}"
        ) from error
    if not workbook.sheet_names:
        raise UnreadableError("damaged_file", "expected a workbook with sheets, found none")
    return sheets


def _read_sheet(sheet: CalamineSheet, errors: set[tuple[int, int]]) -> Sheet:
    texts = dict.fromkeys(errors, ERROR)
    texts |= {
        (row, column): text
        for row, values in enumerate(sheet.to_python(skip_empty_area=False))
        for column, value in enumerate(values)
        if (text := _print_value(value))
    }
    areas = (Area(*start, *end) for start, end in sheet.merged_cell_ranges or ())
    return Sheet(sheet.name, texts, tuple(areas))


def _print_value(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.15g}"
    return str(value).strip()
