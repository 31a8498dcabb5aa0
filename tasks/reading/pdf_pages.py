"""From the bytes of a PDF to its pages: characters with boxes, ruled lines, other ink."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import pi

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from tasks.reading.glyphs import UNKNOWN_CHARACTER, Glyph
from tasks.reading.lattice import Box
from tasks.reading.pdf_drawing import (
    Drawing,
    Matrix,
    has_no_paint,
    move_box,
    read_drawing,
    refuse_complex,
)
from tasks.reading.report import UnreadableError

MAX_PAGES = 300
MAX_PAGE_CHARACTERS = 100_000
MAX_DRAWN = 400_000  # characters and drawn things in all; a report has a hundredth
MARGIN_SHARE = 0.12
LONGEST_PAGE_NUMBER = 24
_PAGE_NUMBER = re.compile(r"\W*(?:[^\W\d]{0,2}\W*(?<!\d)\d{1,3}(?!\d)\W*[^\W\d]{0,2}\W*){1,2}")
LARGEST_CHARACTER = 40.0  # points
SAMPLED_CHARACTERS = 64
# Forms of a character that fonts of printers name in place of the character itself.
_ALIKE = ((0x2E80, 0x2FDF), (0xF900, 0xFAFF))


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page as printed, turned so that its text stands upright.

    `glyphs` are in the order in which they are drawn, without white space; boxes in points
    from the upper left corner of `box`, y growing downwards. `turns` counts the quarter turns
    that set its text upright.
    """

    number: int
    box: Box
    glyphs: list[Glyph]
    drawing: Drawing
    turns: int = 0


def is_page_number(text: str) -> bool:
    """Tell whether a line is a page's number, perhaps with a word and the count of pages."""
    return len(text) <= LONGEST_PAGE_NUMBER and _PAGE_NUMBER.fullmatch(text) is not None


def is_in_margin(y: float, page: Box) -> bool:
    """Tell whether a height on a page is that of its running heads and page numbers."""
    margin = MARGIN_SHARE * (page.bottom - page.top)
    return not page.top + margin < y < page.bottom - margin


def read_pages(content: bytes) -> Iterator[PdfPage]:
    """Read the pages of a PDF one by one.

    Raises:
        UnreadableError: `too_complex`, or as `open_pdf` says.
    """
    drawn = 0
    with open_pdf(content) as document:
        for position in range(len(document)):
            page = _read_page(document, position)
            drawn += len(page.glyphs) + page.drawing.objects
            if drawn > MAX_DRAWN:
                raise UnreadableError(
                    "too_complex",
                    f"expected at most {MAX_DRAWN} characters and drawn things in a report, "
                    f"found more by page {position + 1}; save the report's own pages as a file",
                )
            yield page


@contextmanager
def open_pdf(content: bytes, most_pages: int = MAX_PAGES) -> Iterator[pdfium.PdfDocument]:
    """Open a PDF and close it again; what fails in between is damage.

    Raises:
        UnreadableError: `encrypted`, `damaged_file` or `too_many_pages`.
    """
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        raise _explain(error) from error
    try:
        count = len(document)
        if count > most_pages:
            raise UnreadableError(
                "too_many_pages",
                f"expected a report of at most {most_pages} pages, found {count}; "
                "save the report's own pages as a file",
            )
        if not count:
            raise UnreadableError(
                "damaged_file", "expected a PDF with pages, found none; fetch it anew"
            )
        yield document
    except pdfium.PdfiumError as error:
        raise _explain(error) from error
    finally:
        document.close()


def _explain(error: pdfium.PdfiumError) -> UnreadableError:
    if getattr(error, "err_code", None) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
        return UnreadableError(
            "encrypted",
            "expected a PDF that opens without a password, found an encrypted one; "
            "save it without protection",
        )
    return UnreadableError(
        "damaged_file",
        f"expected a whole PDF, found one that does not open ({error}); fetch it anew",
    )


def _read_page(document: pdfium.PdfDocument, position: int) -> PdfPage:
    page = document[position]
    try:
        text = page.get_textpage()
        left, bottom, right, top = page.get_bbox()
        turns = _count_turns(text.raw)
        matrix = _turn((left, bottom, right, top), turns)
        drawing = read_drawing(page.raw, matrix)
        glyphs = _read_glyphs(text.raw, matrix, drawing.has_hidden_text)
        text.close()
    finally:
        page.close()
    width, height = (right - left, top - bottom)[:: -1 if turns % 2 else 1]
    return PdfPage(position + 1, Box(0.0, 0.0, width, height), glyphs, drawing, turns)


def _turn(box: tuple[float, float, float, float], turns: int) -> Matrix:
    """Give the matrix from the page's own space, y upwards, to one with upright text, y down."""
    left, bottom, right, top = box
    return (
        (1.0, 0.0, 0.0, -1.0, -left, top),
        (0.0, -1.0, -1.0, 0.0, top, right),
        (-1.0, 0.0, 0.0, 1.0, right, -bottom),
        (0.0, 1.0, 1.0, 0.0, -bottom, -left),
    )[turns]


def _count_turns(text: raw.FPDF_TEXTPAGE) -> int:
    """Count the quarter turns by which most of the text is turned on the page."""
    count = raw.FPDFText_CountChars(text)
    step = max(1, count // SAMPLED_CHARACTERS)
    angles = Counter(
        round(raw.FPDFText_GetCharAngle(text, index) / (pi / 2)) % 4
        for index in range(0, count, step)
        if not raw.FPDFText_IsGenerated(text, index)
    )
    return angles.most_common(1)[0][0] if angles else 0


def _read_glyphs(text: raw.FPDF_TEXTPAGE, matrix: Matrix, has_hidden_text: bool) -> list[Glyph]:
    count = raw.FPDFText_CountChars(text)
    if count > MAX_PAGE_CHARACTERS:
        raise refuse_complex("characters", count, MAX_PAGE_CHARACTERS)
    glyphs: list[Glyph] = []
    ruler = _Ruler()
    *turn, x, y = matrix
    is_upright = turn == [1.0, 0.0, 0.0, -1.0]
    box = ruler.box
    get_unicode, has_error = raw.FPDFText_GetUnicode, raw.FPDFText_HasUnicodeMapError
    for index in range(count):
        character, is_digit = _tell_character(get_unicode(text, index))
        if not character or (has_hidden_text and _is_hidden(text, index)):
            continue
        if is_digit and has_error(text, index) == 1:
            character = UNKNOWN_CHARACTER
        _measure_character(text, index, ruler, is_digit=is_digit)
        low, high = box.bottom, box.top
        if is_upright:  # nearly always, and then a sum does
            edges = (box.left + x, y - high, box.right + x, y - low)
        else:
            edges = move_box(matrix, box.left, low, box.right, high)
        glyphs.append(Glyph(character, *edges))
    return glyphs


@lru_cache(maxsize=8192)
def _tell_character(code: int) -> tuple[str, bool]:
    """Tell a character by its code, "" for white space, and whether it is a digit."""
    character = chr(code) if 0 < code < 0x110000 else UNKNOWN_CHARACTER
    if character.isspace():
        return "", False
    is_digit = character.isdigit()
    if not character.isprintable():
        character = UNKNOWN_CHARACTER
    elif any(first <= code <= last for first, last in _ALIKE):
        character = unicodedata.normalize("NFKC", character)
    return character, is_digit


class _Ruler:
    """Where a measured box goes: made once a page, for a page has thousands of characters."""

    __slots__ = ("bottom", "box", "edges", "left", "right", "shape", "top")

    def __init__(self) -> None:
        self.box = raw.FS_RECTF()
        self.shape = ctypes.byref(self.box)
        self.left, self.right = ctypes.c_double(), ctypes.c_double()
        self.bottom, self.top = ctypes.c_double(), ctypes.c_double()
        self.edges = tuple(map(ctypes.byref, (self.left, self.right, self.bottom, self.top)))


def _measure_character(
    text: raw.FPDF_TEXTPAGE, index: int, ruler: _Ruler, *, is_digit: bool
) -> None:
    """Measure the box that the font gives a character, with its side bearings.

    Fonts for vertical writing give boxes many times too large: there the ink counts. So it
    does for the height of digits, which tells an index whatever fonts are mixed. A character
    without any box stands at its origin.
    """
    box = ruler.box
    is_boxed = raw.FPDFText_GetLooseCharBox(text, index, ruler.shape)
    is_sane = is_boxed and min(box.right - box.left, box.top - box.bottom) < LARGEST_CHARACTER
    if is_sane and not is_digit:
        return
    left, right, bottom, top = ruler.left, ruler.right, ruler.bottom, ruler.top
    if not raw.FPDFText_GetCharBox(text, index, *ruler.edges):
        raw.FPDFText_GetCharOrigin(text, index, ctypes.byref(left), ctypes.byref(bottom))
        right, top = left, bottom
    box.bottom, box.top = bottom.value, top.value
    if not is_sane:
        box.left, box.right = left.value, right.value


def _is_hidden(text: raw.FPDF_TEXTPAGE, index: int) -> bool:
    """Tell whether a character is not painted: the text layer behind a scanned page."""
    owner = raw.FPDFText_GetTextObject(text, index)
    return bool(owner) and has_no_paint(owner)
