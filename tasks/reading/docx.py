"""From a Word file since 2007 to a document: its body in reading order, tables as grids.

Only what Word prints is text: deleted, moved and hidden runs and the codes of fields are
left out. Where a cell holds more than plain characters (a picture, a formula, struck or
raised figures), a sign stands for it, so that it is never read as a plain figure.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from tasks.reading.container import Archive, Element, find_value, name_tag, parse_xml
from tasks.reading.document import Document, Grid, TextBlock, tell_pictures
from tasks.reading.media import DOCX
from tasks.reading.merging import Slot, join_rows
from tasks.reading.report import UnreadableError

MAX_COLUMNS = 100
OBJECT = "\ufffc"  # stands for a picture, an object or a formula
SYMBOL = "\ufffd"  # stands for a character of a symbol font
RAISED, STRUCK = "^", "~"  # stand before raised or lowered, and struck text
_CHARACTERS = {
    "tab": "\t",
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "-",
    "sym": SYMBOL,
    "object": OBJECT,
    "inline": OBJECT,
    "pict": OBJECT,
    "oMath": OBJECT,
    "tbl": OBJECT,
}
_WRAPPERS = frozenset({"ins", "moveTo", "customXml", "sdt", "sdtContent"})
_TRANSPARENT = _WRAPPERS | {
    *("r", "hyperlink", "smartTag", "fldSimple", "dir", "bdo", "ruby", "rubyBase"),
    *("drawing", "AlternateContent", "Choice", "oMathPara"),
}
_OFF = ("0", "false", "off")


def read_docx(content: bytes) -> Document:
    """Read the body of a Word file; headers, footers and notes are left out.

    A table that holds others, or but one cell, is layout: it gives running text, and its
    inner tables are grids. Text boxes follow the paragraph they hang on. Locators count
    paragraphs outside tables, and tables, rows and cells: `table[2]/row[5]/cell[3]`.

    Raises:
        UnreadableError: `damaged_file`, `encrypted`, `too_large_inside`, or
            `embedded_part_unsupported` where the text itself is an embedded file.
    """
    archive = Archive(content)
    name = _find_main_part(archive)
    root = parse_xml(archive.read(name), name)
    body = _child(root, "body")
    if body is None:
        raise UnreadableError("damaged_file", f"{name}: expected a body, found none")
    if next(body.iter("{*}altChunk"), None) is not None:
        raise UnreadableError(
            "embedded_part_unsupported",
            "expected text, found another file embedded; open it in Word and save it again",
        )
    unread = tell_pictures(sum(1 for _ in body.iter("{*}blip", "{*}imagedata")))
    return Document(DOCX, None, tuple(_read_blocks(body, "")), {}, unread=unread)


def _find_main_part(archive: Archive) -> str:
    root = parse_xml(archive.read("_rels/.rels"), "_rels/.rels")
    for relation in root:
        if (relation.get("Type") or "").endswith("/officeDocument"):
            return posixpath.normpath((relation.get("Target") or "").lstrip("/"))
    raise UnreadableError("damaged_file", "expected a relation to the document, found none")


def _read_blocks(parent: Element, place: str) -> Iterator[TextBlock | Grid]:
    """Read the paragraphs and tables of a body, a cell or a text box."""
    paragraphs = tables = 0
    for element in _unwrap(parent):
        kind = name_tag(element)
        if kind == "p":
            paragraphs += 1
            locator = f"{place}paragraph[{paragraphs}]"
            if text := _read_paragraph(element).replace(OBJECT, "").strip():
                yield TextBlock(text, locator)
            for number, box in enumerate(_find_boxes(element), 1):
                yield from _read_blocks(box, f"{locator}/textbox[{number}]/")
        elif kind == "tbl":
            tables += 1
            yield from _read_table(element, f"{place}table[{tables}]")


def _read_table(table: Element, place: str) -> Iterator[TextBlock | Grid]:
    rows = [row for row in _unwrap(table) if name_tag(row) == "tr" and _is_printed(row)]
    cells = [[cell for cell in _unwrap(row) if name_tag(cell) == "tc"] for row in rows]
    is_layout = sum(map(len, cells)) <= 1 or any(
        name_tag(block) == "tbl" for row in cells for cell in row for block in _unwrap(cell)
    )
    if is_layout:
        for r, row in enumerate(cells, 1):
            for c, cell in enumerate(row, 1):
                yield from _read_blocks(cell, f"{place}/row[{r}]/cell[{c}]/")
        return
    yield join_rows(
        [
            _place_cells(row, found, f"{place}/row[{number}]")
            for number, (row, found) in enumerate(zip(rows, cells, strict=True), 1)
        ]
    )
    for paragraph in table.iter("{*}p"):
        for number, box in enumerate(_find_boxes(paragraph), 1):
            yield from _read_blocks(box, f"{place}/textbox[{number}]/")


def _place_cells(row: Element, cells: list[Element], place: str) -> list[Slot]:
    """Give each cell of a row its columns; a cell merged with the one before it is dropped."""
    column = _read_count(_child(_child(row, "trPr"), "gridBefore"), 0)
    slots: list[Slot] = []
    for number, cell in enumerate(cells, 1):
        properties = _child(cell, "tcPr")
        span = max(_read_count(_child(properties, "gridSpan"), 1), 1)
        column += span
        if _continues(properties, "hMerge") and slots:
            slots[-1] = slots[-1]._replace(column_span=slots[-1].column_span + span)
            continue
        slots.append(
            Slot(
                _read_cell(cell),
                f"{place}/cell[{number}]",
                column - span,
                span,
                _continues(properties, "vMerge"),
            )
        )
    return slots


def _continues(properties: Element | None, kind: str) -> bool:
    """Tell whether a cell goes on with a merged one, which is what no value says too."""
    merge = _child(properties, kind)
    return merge is not None and (_value(merge) or "continue") == "continue"


def _read_cell(cell: Element) -> str:
    return "\n".join(_read_paragraph(p) for p in _unwrap(cell) if name_tag(p) == "p").strip()


def _read_paragraph(paragraph: Element) -> str:
    """Read what a paragraph prints; the codes of fields stand between their marks."""
    pieces: list[str] = []
    fields: list[bool] = []  # open fields; True while in the code, before the result
    for piece, mark in _read_runs(paragraph):
        if mark == "begin":
            fields.append(True)
        elif mark == "separate" and fields:
            fields[-1] = False
        elif mark == "end" and fields:
            fields.pop()
        elif not any(fields):
            pieces.append(piece)
    return "".join(pieces)


def _read_runs(parent: Element) -> Iterator[tuple[str, str | None]]:
    """Read the texts under a paragraph in order, and the marks of fields between them."""
    sign = _tell_sign(_child(parent, "rPr")) if name_tag(parent) == "r" else ""
    if sign is None:
        return
    for child in parent:
        kind = name_tag(child)
        if kind == "t" and child.text:
            yield sign + child.text, None
        elif kind == "fldChar":
            yield "", find_value(child, "fldCharType")
        elif kind in _CHARACTERS:
            yield _CHARACTERS[kind], None
        elif kind in _TRANSPARENT:
            yield from _read_runs(child)


def _tell_sign(properties: Element | None) -> str | None:
    """Tell the sign that stands before the text of a run, None where it is hidden."""
    if properties is None:
        return ""
    if _is_on(properties, "vanish"):
        return None
    if _is_on(properties, "strike") or _is_on(properties, "dstrike"):
        return STRUCK
    raised = _child(properties, "vertAlign")
    return RAISED if raised is not None and _value(raised) != "baseline" else ""


def _find_boxes(paragraph: Element) -> Iterator[Element]:
    """Find the text boxes of a paragraph, each once: a fallback repeats what it stands for."""
    for box in paragraph.iter("{*}txbxContent"):
        holders = [(name_tag(holder), holder) for holder in box.iterancestors()]
        depth = next((n for n, (kind, _) in enumerate(holders) if kind == "p"), None)
        if depth is None or holders[depth][1] is not paragraph:
            continue  # it hangs on a paragraph inside another box
        if not any(kind in ("Fallback", "txbxContent") for kind, _ in holders[:depth]):
            yield box


def _unwrap(parent: Element) -> Iterator[Element]:
    """List the children, those inside content controls and revisions as if outside."""
    for child in parent:
        if name_tag(child) in _WRAPPERS:
            yield from _unwrap(child)
        else:
            yield child


def _is_printed(row: Element) -> bool:
    properties = _child(row, "trPr")
    return _child(properties, "del") is None and not (
        properties is not None and _is_on(properties, "hidden")
    )


def _child(parent: Element | None, kind: str) -> Element | None:
    return None if parent is None else parent.find("{*}" + kind)


def _value(element: Element) -> str | None:
    return find_value(element, "val")


def _is_on(properties: Element, kind: str) -> bool:
    switch = _child(properties, kind)
    return switch is not None and _value(switch) not in _OFF


def _read_count(element: Element | None, default: int) -> int:
    text = (_value(element) if element is not None else None) or ""
    return min(int(text), MAX_COLUMNS) if text.isascii() and text.isdigit() else default
