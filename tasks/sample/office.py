"""Sample reports as files of Word and Excel since 2007, with no more in them than is needed."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import NamedTuple
from xml.sax.saxutils import escape

from tasks.sample.grids import Rows, Slot
from tasks.sample.markup import Line, Piece, read_lines, read_paragraphs, read_texts
from tasks.sample.render import Part, compose_parts
from tasks.sample.spec import Spec

_FORMATS = "http://schemas.openxmlformats.org/"
_RELATED = f"{_FORMATS}officeDocument/2006/relationships"
_PACKAGE = f"{_FORMATS}package/2006/"
_NAMES = {"w": f"{_FORMATS}wordprocessingml/2006/main", "x": f"{_FORMATS}spreadsheetml/2006/main"}
NUMBER = re.compile(r"0|-?[1-9][0-9]*(?:\.[0-9]*[1-9])?")


class PlacedSlot(NamedTuple):
    """A printed cell, and the row and column where it begins."""

    row: int
    column: int
    slot: Slot


def render_docx(spec: Spec, layout: str = "standard") -> bytes:
    """Render a report as a Word file, its parts as in a layout of pages.

    Raises:
        KeyError: the layout is none of `layouts.yaml`.
    """
    return write_docx([Part("title", spec.title), *compose_parts(spec, layout)])


def write_docx(parts: Iterable[Part], *, is_nested: bool = False) -> bytes:
    """Write paragraphs and tables as a Word file; `is_nested` tables stand in one for layout."""
    blocks = [
        _write_paragraph(part.text) if part.rows is None else _write_table(part.rows, is_nested)
        for part in parts
    ]
    return pack_docx("".join(blocks))


def pack_docx(body: str) -> bytes:
    """Pack the XML of a body (names with the prefix `w`) as a Word file."""
    document = f'<w:document xmlns:w="{_NAMES["w"]}" xmlns:r="{_RELATED}">'
    parts = {"word/document.xml": f"{document}<w:body>{body}</w:body></w:document>"}
    return _pack(parts, "word/document.xml", "wordprocessingml.document.main+xml")


def render_xlsx(spec: Spec, layout: str = "standard") -> bytes:
    """Render a report as an Excel file of one sheet, figures as numbers where they are plain.

    Raises:
        KeyError: the layout is none of `layouts.yaml`.
    """
    return write_xlsx([Part("title", spec.title), *compose_parts(spec, layout)])


def write_xlsx(parts: Iterable[Part]) -> bytes:
    """Write paragraphs and tables one under the other as an Excel file of one sheet."""
    return pack_xlsx(stack_parts(parts))


def stack_parts(parts: Iterable[Part]) -> Iterator[PlacedSlot]:
    """Place paragraphs and tables one under the other on one sheet."""
    height = 0
    for part in parts:
        rows = part.rows if part.rows is not None else [[Slot(part.text)]]
        yield from (placed._replace(row=placed.row + height) for placed in place_slots(rows))
        height += len(rows)


def pack_xlsx(cells: Iterable[PlacedSlot], sheet_name: str = "Sheet1") -> bytes:
    """Pack cells as an Excel file of one sheet."""
    rows: dict[int, str] = {}
    merged = ""
    for row, column, slot in sorted(cells, key=lambda placed: placed[:2]):
        place = name_place(row, column)
        rows[row] = rows.get(row, "") + _write_cell(place, slot)
        if slot.row_span * slot.column_span > 1:
            end = name_place(row + slot.row_span - 1, column + slot.column_span - 1)
            merged += f'<x:mergeCell ref="{place}:{end}"/>'
    data = "".join(f'<x:row r="{row + 1}">{cells}</x:row>' for row, cells in rows.items())
    name = escape(sheet_name, {'"': "&quot;"})
    names = f'xmlns:x="{_NAMES["x"]}" xmlns:r="{_RELATED}"'
    sheets = f'<x:sheets><x:sheet name="{name}" sheetId="1" r:id="rId1"/></x:sheets>'
    merged = f"<x:mergeCells>{merged}</x:mergeCells>" if merged else ""
    parts = {
        "xl/workbook.xml": f"<x:workbook {names}>{sheets}</x:workbook>",
        "xl/_rels/workbook.xml.rels": _relate("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": (
            f"<x:worksheet {names}><x:sheetData>{data}</x:sheetData>{merged}</x:worksheet>"
        ),
    }
    return _pack(parts, "xl/workbook.xml", "spreadsheetml.sheet.main+xml")


def place_slots(rows: Rows) -> Iterator[PlacedSlot]:
    """Give each printed cell of a table the row and column where it begins."""
    taken: set[tuple[int, int]] = set()
    for row, slots in enumerate(rows):
        column = 0
        for slot in slots:
            while (row, column) in taken:
                column += 1
            yield PlacedSlot(row, column, slot)
            taken |= {
                (row + down, column + right)
                for down in range(slot.row_span)
                for right in range(slot.column_span)
            }


def name_place(row: int, column: int) -> str:
    """Name a cell of the first 26 columns as a spreadsheet does."""
    return f"{chr(ord('A') + column)}{row + 1}"


def _write_paragraph(text: str) -> str:
    return _write_lines(read_lines(Slot(text)))


def _write_lines(lines: list[Line]) -> str:
    """Write a paragraph, a run for each piece of its lines."""
    runs = "<w:r><w:br/></w:r>".join("".join(map(_write_run, line)) for line in lines)
    return f"<w:p>{runs}</w:p>"


def _write_run(piece: Piece) -> str:
    raised = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>' if piece.is_raised else ""
    return f'<w:r>{raised}<w:t xml:space="preserve">{escape(piece.text)}</w:t></w:r>'


def _write_table(rows: Rows, is_nested: bool) -> str:
    """Write a table; each row repeats, empty, the cells that reach into it from above."""
    lines: list[list[tuple[int, str]]] = [[] for _ in rows]
    for row, column, slot in place_slots(rows):
        text = "".join(map(_write_lines, read_paragraphs(slot)))
        for below in range(min(slot.row_span, len(rows) - row)):
            merge = "" if slot.row_span == 1 else "<w:vMerge/>"
            if not below:
                merge = merge.replace("/>", ' w:val="restart"/>')
            span = f'<w:gridSpan w:val="{slot.column_span}"/>'
            content = (not below and text) or _write_paragraph("")
            cell = f"<w:tc><w:tcPr>{span}{merge}</w:tcPr>{content}</w:tc>"
            lines[row + below].append((column, cell))
    written = ("".join(cell for _, cell in sorted(line)) for line in lines)
    table = f"<w:tbl>{''.join(f'<w:tr>{line}</w:tr>' for line in written)}</w:tbl>"
    if not is_nested:
        return table
    return f"<w:tbl><w:tr><w:tc>{table}{_write_paragraph('')}</w:tc></w:tr></w:tbl>"


def _write_cell(place: str, slot: Slot) -> str:
    """Write a cell: a plain figure as a number, others as text, in runs where some are raised."""
    text = "\n".join(read_texts(slot))
    lines = read_lines(slot)
    if any(piece.is_raised for line in lines for piece in line):
        runs = "".join(_write_rich(piece) for line in lines for piece in line)
        return f'<x:c r="{place}" t="inlineStr"><x:is>{runs}</x:is></x:c>'
    if NUMBER.fullmatch(text):
        return f'<x:c r="{place}"><x:v>{text}</x:v></x:c>'
    return f'<x:c r="{place}" t="inlineStr"><x:is><x:t>{escape(text)}</x:t></x:is></x:c>'


def _write_rich(piece: Piece) -> str:
    raised = '<x:rPr><x:vertAlign val="superscript"/></x:rPr>' if piece.is_raised else ""
    return f"<x:r>{raised}<x:t>{escape(piece.text)}</x:t></x:r>"


def _pack(parts: Mapping[str, str], main: str, content_type: str) -> bytes:
    types = (
        f'<Types xmlns="{_PACKAGE}content-types"><Override PartName="/{main}" '
        f'ContentType="application/vnd.openxmlformats-officedocument.{content_type}"/></Types>'
    )
    return pack_zip(
        {"[Content_Types].xml": types, "_rels/.rels": _relate("officeDocument", main), **parts}
    )


def _relate(kind: str, target: str) -> str:
    relation = f'<Relationship Id="rId1" Type="{_RELATED}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_PACKAGE}relationships">{relation}</Relationships>'


def pack_zip(parts: Mapping[str, str]) -> bytes:
    """Pack texts as a zip archive, the same bytes every time."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
