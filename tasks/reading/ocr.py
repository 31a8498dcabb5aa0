"""From a scan to a document: ruled lines found in the picture, words told by recognition."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pypdfium2 as pdfium

from tasks.reading.document import Document
from tasks.reading.glyphs import UNKNOWN_CHARACTER, Glyph
from tasks.reading.lattice import Box, Rule
from tasks.reading.media import PDF
from tasks.reading.pdf import compose_pages
from tasks.reading.pdf_drawing import Drawing
from tasks.reading.pdf_pages import PdfPage, open_pdf
from tasks.reading.report import UnreadableError
from tasks.reading.ruled import LONGEST_UNIT

MAX_PAGES = 40
MAX_PIXELS = 40_000_000
PAGE_WIDTH = 595.0  # points: a picture tells no size, and is taken for A4
RENDERED_DPI = 150
MIN_SCORE = 0.9  # below, a word that may be a figure is not trusted
MIN_LABEL_SCORE = 0.6
LEAST_LEAN = 0.12  # breadth by height
EDGE = 2.0  # points by which boxes may miss
LONGEST_STROKE = 15.0  # points: strokes of characters are shorter, ruled lines longer
SLANT_SHARE = 0.25  # of the width that a line must have to tell the slant of a page
STEEPEST = 8.0  # degrees
LEAST_SLANT = 0.1

log = logging.getLogger(__name__)
Picture = Any  # an array of rows, columns and the channels blue, green, red


def read_scan(content: bytes, media_type: str) -> Document:
    """Read a picture or a scanned PDF into its grids and text blocks, as `read_pdf` does.

    A word that may be a figure and was recognised with less than 0.9 confidence begins with
    `UNKNOWN_CHARACTER`, and so does an empty cell that something is drawn in: no figure is
    read from either. The stream is empty, for a second reading of the same words confirms
    nothing. Pages upside down or on their side are not turned.

    Raises:
        UnreadableError: `ocr_not_installed`, `damaged_file`, `too_many_pages`, `too_large`,
            `encrypted` or `scanned_no_text`.
    """
    _load_engine()
    pictures = _render_pages(content) if media_type == PDF else iter([_decode(content)])
    pages = (_read_page(picture, number) for number, picture in enumerate(pictures, 1))
    return Document(media_type, None, compose_pages(pages), {}, stream="")


@cache
def _load_engine() -> Any:
    """Load the recognition engine and its models once a process."""
    try:
        import_module("cv2")
        module = import_module("rapidocr")
    except ImportError as error:
        raise UnreadableError(
            "ocr_not_installed",
            f"expected the means to read scans, found none ({error}); "
            'install them with pip install "gouji[ocr]"',
        ) from error
    return module.RapidOCR(params={"Global.log_level": "error"})


def _decode(content: bytes) -> Picture:
    cv2, numpy = import_module("cv2"), import_module("numpy")
    picture = cv2.imdecode(numpy.frombuffer(content, numpy.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise UnreadableError(
            "damaged_file", "expected a whole picture, found one that does not open; fetch it anew"
        )
    _require_size(picture.shape[0] * picture.shape[1])
    return picture


def _render_pages(content: bytes) -> Iterator[Picture]:
    numpy = import_module("numpy")
    with open_pdf(content, MAX_PAGES) as document:
        for page in document:
            scale = RENDERED_DPI / 72
            _require_size(page.get_width() * page.get_height() * scale * scale)
            yield numpy.array(_render(page, scale))


def _render(page: pdfium.PdfPage, scale: float) -> Any:
    bitmap = page.render(scale=scale, force_bitmap_format=pdfium.raw.FPDFBitmap_BGR)
    return bitmap.to_numpy()


def _require_size(pixels: float) -> None:
    if pixels > MAX_PIXELS:
        raise UnreadableError(
            "too_large",
            f"expected a picture of at most {MAX_PIXELS} pixels, found {pixels:.0f}; "
            "save it at 150 to 300 dots an inch",
        )


def _read_page(picture: Picture, number: int) -> PdfPage:
    """Read one page, its slant set right; one point is 1/595 of its width."""
    upright = _set_upright(picture)
    height, width = upright.shape[:2]
    scale = PAGE_WIDTH / width
    glyphs = _recognise(upright, scale)
    lines = _find_lines(upright, glyphs, scale)
    drawing = Drawing(*lines, ink=_find_unread_ink(upright, lines, glyphs, scale))
    return PdfPage(number, Box(0.0, 0.0, PAGE_WIDTH, height * scale), glyphs, drawing)


def _darken(picture: Picture) -> Picture:
    """Give the dark points of a picture as white on black."""
    cv2 = import_module("cv2")
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return cv2.threshold(255 - grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]


def _set_upright(picture: Picture) -> Picture:
    """Turn a page by the median slant of its long lines."""
    cv2, numpy = import_module("cv2"), import_module("numpy")
    height, width = picture.shape[:2]
    found = cv2.HoughLinesP(
        _darken(picture), 1, numpy.pi / 1800, 200, minLineLength=width * SLANT_SHARE, maxLineGap=8
    )
    if found is None:
        return picture
    ends = found.reshape(-1, 4).astype(float)
    angles = numpy.degrees(numpy.arctan2(ends[:, 3] - ends[:, 1], ends[:, 2] - ends[:, 0]))
    angles = angles[numpy.abs(angles) < STEEPEST]
    if not len(angles) or abs(slant := float(numpy.median(angles))) < LEAST_SLANT:
        return picture
    log.info("page turned by %.2f degrees", slant)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), slant, 1)
    white = (255, 255, 255)
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=white
    )


def _find_lines(
    picture: Picture, glyphs: list[Glyph], scale: float
) -> tuple[list[Rule], list[Rule]]:
    """Find the ruled lines, horizontal and vertical, in points; no strokes of words."""
    cv2, numpy = import_module("cv2"), import_module("numpy")
    dark = _darken(picture)
    length = int(LONGEST_STROKE / scale)
    rules: tuple[list[Rule], list[Rule]] = ([], [])
    for found, shape in zip(rules, ((1, length), (length, 1)), strict=True):
        mask = cv2.morphologyEx(dark, cv2.MORPH_OPEN, numpy.ones(shape, numpy.uint8))
        stats = cv2.connectedComponentsWithStats(mask)[2][1:]
        for left, top, wide, high, _ in (stats * scale).tolist():
            box = Box(left, top, left + wide, top + high)
            if any(_holds(glyph, box) for glyph in glyphs):
                continue
            if shape[0] == 1:
                found.append(Rule((box.top + box.bottom) / 2, box.left, box.right))
            else:
                found.append(Rule((box.left + box.right) / 2, box.top, box.bottom))
    return rules


def _holds(word: Glyph, box: Box) -> bool:
    """Tell whether a box lies within that of a word."""
    return (
        word.left - EDGE <= box.left
        and word.top - EDGE <= box.top
        and word.right + EDGE >= box.right
        and word.bottom + EDGE >= box.bottom
    )


def _recognise(picture: Picture, scale: float) -> list[Glyph]:
    """Recognise the words of a page with their boxes; doubtful ones are marked."""
    result = _load_engine()(picture, use_cls=False)  # the direction classifier reads 9 as 6
    if result.boxes is None:
        return []
    glyphs = []
    dark = _darken(picture)
    for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
        word = "".join(text.split())
        if not word:
            continue
        letters = sum(character.isalpha() for character in word)
        is_label = letters > LONGEST_UNIT
        if score < (MIN_LABEL_SCORE if is_label else MIN_SCORE):
            word = UNKNOWN_CHARACTER + word
        xs, ys = [x for x, _ in corners.tolist()], [y for _, y in corners.tolist()]
        left, top, right, bottom = max(min(xs), 0), max(min(ys), 0), max(xs), max(ys)
        ink = dark[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
        if set(word) == {"1"} and _leans(ink):
            word = UNKNOWN_CHARACTER + word
        glyphs.append(Glyph(word, left * scale, top * scale, right * scale, bottom * scale))
    return glyphs


def _leans(ink: Picture) -> bool:
    """Tell whether the highest stroke leans like a slash, which is recognised as a certain 1.

    Upright strokes from edge to edge are ruled lines.
    """
    cv2 = import_module("cv2")
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    inner = [n for n in range(1, len(stats)) if stats[n][3] < len(ink)]
    if not inner:
        return True
    ys, xs = (labels == max(inner, key=lambda n: stats[n][3])).nonzero()
    spread = float(((ys - ys.mean()) ** 2).sum())
    slope = float(((ys - ys.mean()) * (xs - xs.mean())).sum()) / max(spread, 1.0)
    return slope < -LEAST_LEAN


def _find_unread_ink(
    picture: Picture, lines: tuple[list[Rule], list[Rule]], glyphs: list[Glyph], scale: float
) -> list[Box]:
    """Find what is drawn and is neither ruled line nor recognised word."""
    cv2, numpy = import_module("cv2"), import_module("numpy")
    dark = _darken(picture)
    for glyph in glyphs:
        left, top, right, bottom = (int(edge / scale) for edge in glyph[1:])
        dark[max(top - 2, 0) : bottom + 3, max(left - 2, 0) : right + 3] = 0
    thick = max(2, int(2 / scale))
    for rule in lines[0]:
        y = int(rule.at / scale)
        dark[max(y - thick, 0) : y + thick + 1, int(rule.start / scale) : int(rule.end / scale)] = 0
    for rule in lines[1]:
        x = int(rule.at / scale)
        dark[int(rule.start / scale) : int(rule.end / scale), max(x - thick, 0) : x + thick + 1] = 0
    joined = cv2.dilate(dark, numpy.ones((3, 3), numpy.uint8))
    stats = cv2.connectedComponentsWithStats(joined)[2][1:]
    return [
        Box(left * scale, top * scale, (left + wide) * scale, (top + high) * scale)
        for left, top, wide, high, area in stats.tolist()
        if high * scale > 3 and area * scale * scale > 4
    ]
