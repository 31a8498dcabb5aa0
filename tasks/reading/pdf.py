"""From a PDF to a document: its text as printed, and its scanned pages as recognised."""

from __future__ import annotations

from tasks.reading import ocr
from tasks.reading.document import Document, Grid
from tasks.reading.media import PDF
from tasks.reading.pdf_layout import MIN_CHARACTERS, compose_pages
from tasks.reading.pdf_lines import compose_lines
from tasks.reading.pdf_pages import PdfPage, read_pages
from tasks.reading.report import UnreadableError


def read_pdf(content: bytes) -> Document:
    """Read a PDF into its grids and text blocks, in reading order.

    A table cut by page breaks is one grid where the columns continue; page numbers and
    running heads are left out. Lines that reach the right edge run on into the next.
    Locators are `page[3]/(left,top,right,bottom)` in points from the upper left corner.
    The stream is read from the positions of the text alone; it is empty where pages had to
    be recognised, for a second reading of the same words confirms nothing.

    Raises:
        UnreadableError: `encrypted`, `damaged_file`, `too_many_pages`, `too_complex`,
            `too_large`, `ocr_not_installed` or `scanned_no_text`.
    """
    pages = list(read_pages(content))
    shown = [page.number for page in pages if ocr.find_pictures(page)]
    if not shown:
        return Document(PDF, None, compose_pages(pages), {}, stream=compose_lines(pages))
    has_little_text = sum(len(page.glyphs) for page in pages) < MIN_CHARACTERS
    if ocr.is_installed():
        completed, left = ocr.read_pictures(content, pages)
        unread = _tell_unread(left, "are on their side; save them upright")
        return Document(
            PDF,
            None,
            compose_pages(completed),
            {},
            stream="",
            unread=unread,
            is_picture=has_little_text or not _has_tables(pages),
        )
    unread = _tell_unread(shown, ocr.INSTALL)
    if has_little_text:
        raise UnreadableError("ocr_not_installed", f"expected text, found a scan: {unread[0]}")
    return Document(PDF, None, compose_pages(pages), {}, stream=compose_lines(pages), unread=unread)


def _has_tables(pages: list[PdfPage]) -> bool:
    """Tell whether any table of the pages is printed as text."""
    return any(isinstance(block, Grid) for block in compose_pages(pages))


def _tell_unread(pages: list[int], advice: str) -> tuple[str, ...]:
    numbers = ", ".join(map(str, pages))
    return (f"pictures that may hold text were not read (pages {numbers}): {advice}",) * bool(pages)
