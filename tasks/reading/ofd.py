"""From an OFD file, the national format of fixed pages (GB/T 33190), to a document.

Its pages are brought into the shape of PDF pages, which one layout serves.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import chain, repeat

from tasks.reading.container import Archive, Element, name_tag, parse_xml
from tasks.reading.document import Document
from tasks.reading.glyphs import UNKNOWN_CHARACTER, Glyph
from tasks.reading.lattice import Box
from tasks.reading.media import OFD
from tasks.reading.ofd_paths import draw_path, read_numbers
from tasks.reading.pdf_drawing import Drawing, Matrix, apply_matrix, refuse_complex
from tasks.reading.pdf_layout import compose_pages
from tasks.reading.pdf_pages import MAX_PAGE_CHARACTERS, MAX_PAGES, PdfPage
from tasks.reading.report import UnreadableError

MAX_REPEATS = 10_000
POINTS_A_MILLIMETRE = 72 / 25.4
DEFAULT_SIZE = 3.175  # millimetres, small five: what goes for a missing size
_A4 = (0.0, 0.0, 210.0, 297.0)  # millimetres
_ASCENT, _DESCENT = 0.86, 0.14  # of the size, above and below the line letters stand on
_UNSEEN = ("0", "false")


def read_ofd(content: bytes) -> Document:
    """Read an OFD file into its grids and text blocks, in reading order, as a PDF is read.

    Locators are `page[1]/(left,top,right,bottom)` in points from the upper left corner.

    Raises:
        UnreadableError: `damaged_file`, `encrypted`, `too_large_inside`, `too_many_pages`,
            `too_complex` or `scanned_no_text`.
    """
    archive = Archive(content)
    parts = {name.strip("/").lower(): name for name in archive.by_name}
    pages = [
        _read_page(archive, parts, number, *place)
        for number, place in enumerate(_list_pages(archive, parts), 1)
    ]
    return Document(OFD, None, compose_pages(pages), {})


def _read_part(archive: Archive, parts: dict[str, str], place: str) -> Element:
    name = parts.get(posixpath.normpath("/" + place).strip("/").lower())
    if name is None:
        raise UnreadableError("damaged_file", f"expected {place} in the file, found none")
    return parse_xml(archive.read(name), name)


def _list_pages(
    archive: Archive, parts: dict[str, str]
) -> list[tuple[str, dict[str, str], list[float]]]:
    """List where each page stands, the templates it may name, and its box in millimetres."""
    found: list[tuple[str, dict[str, str], list[float]]] = []
    for root in _read_part(archive, parts, "OFD.xml").iter("{*}DocRoot"):
        place = (root.text or "").strip()
        document = _read_part(archive, parts, place)
        folder = posixpath.dirname(place)
        templates = {
            template.get("ID") or "": posixpath.join(folder, template.get("BaseLoc") or "")
            for template in document.iter("{*}TemplatePage")
        }
        box = _read_box(document, list(_A4))
        found += [
            (posixpath.join(folder, page.get("BaseLoc") or ""), templates, box)
            for page in document.iter("{*}Page")
            if page.get("BaseLoc")
        ]
    if len(found) > MAX_PAGES:
        raise UnreadableError(
            "too_many_pages", f"expected at most {MAX_PAGES} pages, found {len(found)}"
        )
    return found


def _read_box(part: Element, default: list[float]) -> list[float]:
    box = next(part.iter("{*}PhysicalBox"), None)
    numbers = read_numbers(box.text if box is not None else None)
    return numbers if len(numbers) == 4 else default


def _read_page(
    archive: Archive,
    parts: dict[str, str],
    number: int,
    place: str,
    templates: dict[str, str],
    box: list[float],
) -> PdfPage:
    root = _read_part(archive, parts, place)
    used = [templates.get(item.get("TemplateID") or "") for item in root.iter("{*}Template")]
    layers = [*(_read_part(archive, parts, name) for name in used if name), root]
    left, top, width, height = (value * POINTS_A_MILLIMETRE for value in _read_box(root, box))
    page = PdfPage(number, Box(left, top, left + width, top + height), [], Drawing())
    for item in chain.from_iterable(layer.iter() for layer in layers):
        _read_object(item, page)
    return page


def _read_object(item: Element, page: PdfPage) -> None:
    """Read one object of a page: text, a path, or something that is drawn."""
    kind = name_tag(item)
    if kind not in ("TextObject", "PathObject", "ImageObject", "CompositeObject"):
        return
    boundary = read_numbers(item.get("Boundary"))
    if len(boundary) != 4 or item.get("Visible") == "false" or item.get("Alpha") == "0":
        return
    matrix = _read_matrix(item, boundary)
    if kind == "TextObject":
        page.glyphs.extend(_read_glyphs(item, matrix))
        if len(page.glyphs) > MAX_PAGE_CHARACTERS:
            raise refuse_complex("characters", len(page.glyphs), MAX_PAGE_CHARACTERS)
    elif kind == "PathObject":
        draw_path(item, matrix, page.drawing)
    else:
        left, top, width, height = (value * POINTS_A_MILLIMETRE for value in boundary)
        page.drawing.ink.append(Box(left, top, left + width, top + height))


def _read_matrix(item: Element, boundary: list[float]) -> Matrix:
    """Read how an object's own coordinates lie on the page, in points."""
    own = read_numbers(item.get("CTM"))
    a, b, c, d, e, f = own if len(own) == 6 else (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    e, f = e + boundary[0], f + boundary[1]
    k = POINTS_A_MILLIMETRE
    return (a * k, b * k, c * k, d * k, e * k, f * k)


def _read_glyphs(item: Element, matrix: Matrix) -> Iterator[Glyph]:
    """Read the characters of a text object; what is turned or mirrored is not told."""
    is_upright = matrix[0] > 0 and matrix[3] > 0 and abs(matrix[1]) + abs(matrix[2]) < 1e-3
    if item.get("Fill") in _UNSEEN and item.get("Stroke") not in ("1", "true"):
        return
    sizes = read_numbers(item.get("Size"))
    size = sizes[0] if sizes and sizes[0] > 0 else DEFAULT_SIZE
    scales = read_numbers(item.get("HScale"))
    wide = size * (scales[0] if scales and scales[0] > 0 else 1.0)
    x = y = 0.0
    for code in item.iter("{*}TextCode"):
        text = code.text or ""
        x = (read_numbers(code.get("X")) or [x])[0]
        y = (read_numbers(code.get("Y")) or [y])[0]
        steps = zip(_read_steps(code.get("DeltaX")), _read_steps(code.get("DeltaY")), strict=False)
        at_x, at_y = x, y
        for character, (step_x, step_y) in zip(text, steps, strict=False):
            width = wide / 2 if character.isascii() else wide
            if 0 < step_x <= wide:
                width = step_x
            if not character.isspace():
                left, top = apply_matrix(matrix, (at_x, at_y - _ASCENT * size))
                right, bottom = apply_matrix(matrix, (at_x + width, at_y + _DESCENT * size))
                yield Glyph(
                    character if is_upright else UNKNOWN_CHARACTER,
                    min(left, right),
                    min(top, bottom),
                    max(left, right),
                    max(top, bottom),
                )
            at_x, at_y = at_x + step_x, at_y + step_y


def _read_steps(text: str | None) -> Iterator[float]:
    """Read the steps between characters: numbers, `g n step` for the same one n times."""
    words = iter((text or "").split())
    last = 0.0
    for word in words:
        count = 1
        if word == "g":
            counts = read_numbers(next(words, ""))
            count = min(int(counts[0]), MAX_REPEATS) if counts else 0
            word = next(words, "")
        last = (read_numbers(word) or [last])[0]
        yield from repeat(last, count)
    yield from repeat(0.0)
