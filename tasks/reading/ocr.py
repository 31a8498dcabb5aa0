"""From pictures of pages to a document: what is recognised, laid out as a PDF is."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import pypdfium2 as pdfium
from pypdfium2.raw import FPDFBitmap_BGR

from tasks.reading.document import Document
from tasks.reading.glyphs import Glyph
from tasks.reading.lattice import Box, Rule
from tasks.reading.pdf_drawing import Drawing
from tasks.reading.pdf_layout import compose_pages
from tasks.reading.pdf_pages import PdfPage, open_pdf
from tasks.reading.report import UnreadableError

MAX_PAGES = 40
MAX_PIXELS = 60_000_000  # A4 at 600 dots an inch is 35 million
RENDERED_DPI = 150
A4_WIDTH, A4_HEIGHT = 595.0, 842.0  # points
LANDSCAPE = 1.2, 1.6  # width by height of a page on its side; wider ones are cut from a page
PICTURE_SHARE = 0.05  # of a page: smaller pictures are seals and logos
WHOLE_SHARE = 0.7  # of a page: such a picture is a scan of it
FEW_CHARACTERS = 12  # within a picture: a page number, a stamp
INSTALL = 'install the means to read them with pip install "gouji[ocr]"'
_NEEDED = ("cv2", "PIL", "onnxruntime", "rapidocr")


def is_installed() -> bool:
    """Tell whether scans can be read here; nothing is loaded for it."""
    return all(find_spec(name) is not None for name in _NEEDED)


def read_picture(content: bytes, media_type: str) -> Document:
    """Read a picture, or the pages of a TIFF, into its grids and text blocks.

    Words in doubt begin with `UNKNOWN_CHARACTER`, and so does an empty cell that something
    is drawn in: no figure is read from either. The stream is empty, for a second reading of
    the same words confirms nothing. Pages upside down or on their side are not turned.

    Raises:
        UnreadableError: `ocr_not_installed`, `damaged_file`, `too_many_pages`, `too_large`
            or `scanned_no_text`.
    """
    if not is_installed():
        raise UnreadableError(
            "ocr_not_installed", f"expected text or tables, found a picture; {INSTALL}"
        )
    # The libraries of the extra take a second to load, and may not be there.
    from tasks.reading.ocr_page import read_page
    from tasks.reading.ocr_pictures import decode_pictures

    decoded = decode_pictures(content, MAX_PAGES, MAX_PIXELS)
    pictures = ((picture, tell_paper(picture.shape[1], picture.shape[0])) for picture in decoded)
    pages = (
        read_page(picture, number, width) for number, (picture, width) in enumerate(pictures, 1)
    )
    return Document(media_type, None, compose_pages(pages), {}, stream="", is_picture=True)


def find_pictures(page: PdfPage) -> list[Box]:
    """Find where a page shows pictures that may hold text: all of it where it has no text.

    A picture behind text is a background.
    """
    if not page.glyphs:
        return [page.box] if page.drawing.ink else []
    least = PICTURE_SHARE * _measure(page.box)
    seen = [_clip(box, page.box) for box in page.drawing.ink]
    return [
        box
        for box in seen
        if _measure(box) > least and sum(_holds(box, one) for one in page.glyphs) < FEW_CHARACTERS
    ]


def read_pictures(content: bytes, pages: Sequence[PdfPage]) -> tuple[list[PdfPage], list[int]]:
    """Read what the pages of a PDF show in pictures, and put it in its place.

    Gives the pages, and the numbers of those with pictures that were not read: on pages that
    lie on their side.

    Raises:
        UnreadableError: `too_many_pages` or `too_large`.
    """
    shown = {page.number: found for page in pages if (found := find_pictures(page))}
    if len(shown) > MAX_PAGES:
        raise UnreadableError(
            "too_many_pages",
            f"expected at most {MAX_PAGES} pages of pictures, found {len(shown)}; "
            "save the report's own pages as a file",
        )
    completed: list[PdfPage] = []
    left: list[int] = []
    with open_pdf(content) as document:
        for page in pages:
            if page.number not in shown:
                completed.append(page)
                continue
            boxes = shown[page.number]
            drawn = document[page.number - 1]
            if not page.glyphs or any(
                _measure(box) > WHOLE_SHARE * _measure(page.box) for box in boxes
            ):
                completed.append(_read_part(drawn, page.number, None))
            elif page.turns or drawn.get_rotation():
                left.append(page.number)
                completed.append(page)
            else:
                completed.append(_complete(page, drawn, boxes))
            drawn.close()
    return completed, left


def tell_paper(width: float, height: float) -> float:
    """Tell the width in points that a page counts as: that of A4, upright or on its side.

    A scan may say any size, or none; the size of its text is that of a page all the same.
    """
    return A4_HEIGHT if LANDSCAPE[0] < width / height < LANDSCAPE[1] else A4_WIDTH


def _read_part(drawn: pdfium.PdfPage, number: int, box: Box | None) -> PdfPage:
    """Recognise a page, or a part of it with the upper left corner of that as its own.

    Boxes are in points of a page of A4.
    """
    from tasks.reading.ocr_page import read_page

    width, height = drawn.get_size()
    size = tell_paper(width, height) / width
    scale = size * RENDERED_DPI / 72
    if width * height * scale * scale > MAX_PIXELS:
        raise UnreadableError(
            "too_large",
            f"expected pages of at most {MAX_PIXELS} dots at {RENDERED_DPI} an inch, "
            f"found one of {width:.0f} by {height:.0f} points; save it as A4",
        )
    part = box or Box(0.0, 0.0, width, height)
    bitmap = drawn.render(
        scale=scale,
        crop=(part.left, height - part.bottom, width - part.right, part.top),
        force_bitmap_format=FPDFBitmap_BGR,
    )
    return read_page(bitmap.to_numpy().copy(), number, size * (part.right - part.left))


def _complete(page: PdfPage, drawn: pdfium.PdfPage, boxes: list[Box]) -> PdfPage:
    """Put what the pictures of a page show in the place of the pictures."""
    glyphs = [one for one in page.glyphs if not any(_holds(box, one) for box in boxes)]
    drawing = Drawing(
        list(page.drawing.horizontals),
        list(page.drawing.verticals),
        [one for one in page.drawing.ink if _clip(one, page.box) not in boxes],
    )
    for box in boxes:
        x, y = box.left, box.top
        part = _read_part(drawn, page.number, box)
        size = (box.right - box.left) / (part.box.right - part.box.left)
        glyphs += [Glyph(one.text, *_move(one[1:], x, y, size)) for one in part.glyphs]
        drawing.ink += [Box(*_move(one, x, y, size)) for one in part.drawing.ink]
        drawing.horizontals += [
            Rule(at * size + y, start * size + x, end * size + x)
            for at, start, end in part.drawing.horizontals
        ]
        drawing.verticals += [
            Rule(at * size + x, start * size + y, end * size + y)
            for at, start, end in part.drawing.verticals
        ]
    return PdfPage(page.number, page.box, glyphs, drawing)


def _move(box: Sequence[float], x: float, y: float, size: float) -> tuple[float, ...]:
    left, top, right, bottom = box
    return left * size + x, top * size + y, right * size + x, bottom * size + y


def _measure(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def _clip(box: Box, page: Box) -> Box:
    left, top = max(box.left, page.left), max(box.top, page.top)
    return Box(
        left, top, max(left, min(box.right, page.right)), max(top, min(box.bottom, page.bottom))
    )


def _holds(box: Box, glyph: Glyph) -> bool:
    """Tell whether the middle of a glyph lies in a box."""
    return box.left < (glyph.left + glyph.right) / 2 < box.right and (
        box.top < glyph.middle < box.bottom
    )
