"""From an Excel file since 2007 to a document: what each cell shows, not what it holds."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from tasks.reading.container import Archive, Element, find_value, name_tag, parse_xml
from tasks.reading.document import Document
from tasks.reading.media import XLSX
from tasks.reading.report import UnreadableError
from tasks.reading.spreadsheet import MAX_COLUMNS, Area, Sheet, join_sheets

UNKNOWN = "\ufffd"  # stands before what a format shows otherwise than it is held
RAISED, STRUCK = "^", "~"
MAX_MERGED = 20_000
_BUILT_IN = {0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 49: "@"}
_BUILT_IN |= {37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00"}
_PLAIN_FORMAT = re.compile(r"(?:\[[^\]]*\])?[#,]*0?(?:\.(?P<decimals>[0#]+))?(?:_.|\\ |\s)*")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(frozen=True, slots=True)
class _Book:
    """What the cells of all sheets refer to: texts, and a format of numbers for each style."""

    strings: list[str]
    formats: list[str]


def read_xlsx(content: bytes) -> Document:
    """Read the visible sheets of an Excel file.

    Numbers are given as their format shows them; where it is none of the plain ones, the
    text begins with a sign that makes it no figure. Hidden rows and columns are left out.

    Raises:
        UnreadableError: `damaged_file`, `encrypted` or `too_large_inside`.
    """
    archive = Archive(content)
    ((_, main),) = _find_related(archive, "", "officeDocument")[:1] or [("", "xl/workbook.xml")]
    related = dict(_find_related(archive, main, "worksheet"))
    book = _Book(
        [_read_string(item) for item in _read_related(archive, main, "sharedStrings")],
        _read_formats(archive, main),
    )
    return join_sheets(XLSX, _read_sheets(archive, main, related, book))


def _find_related(archive: Archive, part: str, kind: str) -> list[tuple[str, str]]:
    """Find the parts of a kind that a part refers to: their ids and their names."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path not in archive.by_name:
        return []
    return [
        (
            relation.get("Id") or "",
            posixpath.normpath(posixpath.join("/", folder, relation.get("Target") or "")).strip(
                "/"
            ),
        )
        for relation in parse_xml(archive.read(path), path)
        if (relation.get("Type") or "").endswith(f"/{kind}")
    ]


def _read_related(archive: Archive, main: str, kind: str) -> Iterator[Element]:
    for _, name in _find_related(archive, main, kind)[:1]:
        yield from parse_xml(archive.read(name), name)


def _read_formats(archive: Archive, main: str) -> list[str]:
    """Read the format of numbers of each style of cells."""
    custom = dict(_BUILT_IN)
    styles: list[str] = []
    for group in _read_related(archive, main, "styles"):
        if name_tag(group) == "numFmts":
            custom |= {
                _read_number(item.get("numFmtId")): item.get("formatCode") or "" for item in group
            }
        elif name_tag(group) == "cellXfs":
            styles = [custom.get(_read_number(item.get("numFmtId")), "?") for item in group]
    return styles


def _read_sheets(
    archive: Archive, main: str, related: dict[str, str], book: _Book
) -> Iterator[Sheet]:
    root = parse_xml(archive.read(main), main)
    for sheet in root.iterfind("{*}sheets/{*}sheet"):
        name = related.get(find_value(sheet, "}id") or "")
        if name is not None and sheet.get("state", "visible") == "visible":
            part = parse_xml(archive.read(name), name)
            yield _read_sheet(sheet.get("name") or "", part, book)


def _read_sheet(name: str, root: Element, book: _Book) -> Sheet:
    texts: dict[tuple[int, int], str] = {}
    hidden: set[int] = set()
    row = -1
    for line in root.iterfind("{*}sheetData/{*}row"):
        row = _read_number(line.get("r"), row + 2) - 1
        column = -1
        if line.get("hidden") in ("1", "true"):
            hidden.add(row)
        for cell in line:
            place = _REFERENCE.fullmatch(cell.get("r") or "")
            column = _count_column(place[1]) if place else column + 1
            if text := _read_cell(cell, book).strip():
                texts[row, column] = text
    shown = {place: text for place, text in texts.items() if place[0] not in hidden}
    return Sheet(name, shown, _read_merged(root), frozenset(hidden), _read_hidden_columns(root))


def _read_merged(root: Element) -> tuple[Area, ...]:
    areas: list[Area] = []
    for merged in root.iterfind("{*}mergeCells/{*}mergeCell"):
        corners = _REFERENCE.findall(merged.get("ref") or "")
        if len(corners) == 2:
            (left, top), (right, bottom) = corners
            areas.append(
                Area(int(top) - 1, _count_column(left), int(bottom) - 1, _count_column(right))
            )
        if len(areas) > MAX_MERGED:
            raise UnreadableError(
                "too_large_inside", f"expected at most {MAX_MERGED} merged areas, found more"
            )
    return tuple(areas)


def _read_hidden_columns(root: Element) -> frozenset[int]:
    return frozenset(
        number
        for column in root.iterfind("{*}cols/{*}col")
        if column.get("hidden") in ("1", "true")
        for number in range(
            _read_number(column.get("min"), 1) - 1,
            min(_read_number(column.get("max"), 1), MAX_COLUMNS),
        )
    )


def _read_cell(cell: Element, book: _Book) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(_read_string(item) for item in cell.iterfind("{*}is"))
    value = cell.findtext("{*}v") or ""
    if kind == "s":
        return _pick(book.strings, value, UNKNOWN)
    if kind == "n" and value:
        style = cell.get("s") or "0"
        return print_number(value, _pick(book.formats, style, "General"))
    return value if kind in ("str", "e") else UNKNOWN + value if value else ""


def _pick(items: list[str], number: str, default: str) -> str:
    place = _read_number(number)
    return items[place] if 0 <= place < len(items) else default


def print_number(value: str, number_format: str) -> str:
    """Print a number as its format shows it; a sign stands before it where that is not known."""
    try:
        number = Decimal(f"{float(value):.15g}")
        sections = number_format.split(";")
        order = 1 if number < 0 else 2 if number == 0 else 0
        section = sections[order] if order < len(sections) else sections[0]
        if section in ("General", "@"):
            return f"{number:f}"
        shape = _PLAIN_FORMAT.fullmatch(section.lstrip("-(").rstrip(")")) if section else None
        loses_sign = order == 1 and order < len(sections) and not section.startswith(("-", "("))
        if shape is None or loses_sign:
            return UNKNOWN + value
        decimals = len(shape["decimals"] or "")
        rounded = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    except (ValueError, InvalidOperation):
        return UNKNOWN + value
    return f"{rounded:f}"


def _read_string(item: Element) -> str:
    """Read a text of one or several runs; how it is pronounced is left out."""
    pieces: list[str] = []
    for child in item:
        if name_tag(child) == "t":
            pieces.append(child.text or "")
        elif name_tag(child) == "r":
            pieces.append(_tell_sign(child) + (child.findtext("{*}t") or ""))
    return "".join(pieces)


def _tell_sign(run: Element) -> str:
    if run.find("{*}rPr/{*}strike") is not None:
        return STRUCK
    return RAISED if run.find("{*}rPr/{*}vertAlign") is not None else ""


def _count_column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _read_number(text: str | None, default: int = -1) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else default
