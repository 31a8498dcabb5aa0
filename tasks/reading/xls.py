"""From an Excel 97-2003 file to a document.

Values are as stored, with Excel's 15 digits: formats of numbers are not told here.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from tasks.reading.document import Document
from tasks.reading.media import XLS
from tasks.reading.ole import read_streams
from tasks.reading.report import UnreadableError
from tasks.reading.spreadsheet import MAX_SLOTS, Area, Sheet, join_sheets

_CELL_RECORDS = frozenset({0x06, 0x7E, 0xBD, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x27E})


def read_xls(content: bytes) -> Document:
    """Read the visible sheets of an Excel 97-2003 file.

    Raises:
        UnreadableError: `damaged_file`, `encrypted` or `too_large_inside`.
    """
    streams = read_streams(content, ("Workbook", "Book"))
    for stream in streams.values():
        _check_size(stream)
    return join_sheets(XLS, _read_sheets(content))


def _check_size(stream: bytes) -> None:
    """Refuse a workbook with cells so far out that the table up to them fills the memory."""
    position = height = width = 0
    while position + 8 <= len(stream):
        kind = stream[position] | stream[position + 1] << 8
        length = stream[position + 2] | stream[position + 3] << 8
        if kind in _CELL_RECORDS:
            height = max(height, stream[position + 4] | stream[position + 5] << 8)
            width = max(width, stream[position + 6] | stream[position + 7] << 8)
        position += 4 + length
    if (height + 1) * (width + 1) > MAX_SLOTS:
        raise UnreadableError(
            "too_large_inside",
            f"expected at most {MAX_SLOTS} cells, found a table of {height + 1} by {width + 1}",
        )


def _read_sheets(content: bytes) -> Iterator[Sheet]:
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(content))
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible
        ]
        for name in visible:
            sheet = workbook.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=False)
            texts = {
                (row, column): text
                for row, values in enumerate(rows)
                for column, value in enumerate(values)
                if (text := _print_value(value))
            }
            areas = (Area(*start, *end) for start, end in sheet.merged_cell_ranges or ())
            yield Sheet(name, texts, tuple(areas))
    except PasswordError as error:
        raise UnreadableError(
            "encrypted", "a password locks this workbook; save it without one"
        ) from error
    except CalamineError as error:
        raise UnreadableError(
            "damaged_file", f"expected a whole workbook, found a broken one: {error}"
        ) from error


def _print_value(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.15g}"
    return str(value).strip()
