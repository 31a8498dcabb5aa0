"""One picture of a page to the shape of a PDF page: words, ruled lines, and other ink.

Needs the extra `ocr`: imported by those alone that found it installed.
"""

from __future__ import annotations

import cv2
import numpy as np

from tasks.reading.glyphs import UNKNOWN_CHARACTER, Glyph
from tasks.reading.lattice import Box, Rule
from tasks.reading.ocr_pictures import Picture, darken, set_upright, shrink
from tasks.reading.ocr_words import Word, may_be_figure, read_words
from tasks.reading.pdf_drawing import Drawing
from tasks.reading.pdf_pages import PdfPage

FINEST = 200 / 72  # dots a point: finer tells no more
EDGE = 2.0  # points by which boxes may miss
LONGEST_STROKE = 15.0  # points: strokes of characters are shorter, ruled lines longer
FAINT_SHARE = 0.5  # of the darkness that tells text from paper: fainter dots are dirt
LEAST_INK = 3.0  # points high
LEAST_INK_AREA = 4.0
BESIDE_SHARE = 1.5  # of the height of a figure: ink nearer than this may be a part of it


def read_page(picture: Picture, number: int, width: float) -> PdfPage:
    """Read one picture of so many points' width as a page, its slant set right.

    A figure in doubt begins with `UNKNOWN_CHARACTER`. What is drawn and is neither ruled
    line nor recognised word is ink.
    """
    upright = set_upright(shrink(picture, round(width * FINEST)))
    height, dots = upright.shape[:2]
    scale = width / dots
    long = _find_long(darken(upright), scale)
    words = read_words(upright, *long)
    glyphs = [_place(word, scale) for word in words]
    rules = _list_rules(long, glyphs, scale)
    ink = _find_ink(upright, long, words, scale)
    doubted = [_doubt(glyph, ink) for glyph in glyphs]
    return PdfPage(number, Box(0.0, 0.0, width, height * scale), doubted, Drawing(*rules, ink=ink))


def _place(word: Word, scale: float) -> Glyph:
    left, top, right, bottom = (edge * scale for edge in word.box)
    return Glyph(word.text, left, top, right, bottom)


def _find_long(dark: Picture, scale: float) -> tuple[Picture, Picture]:
    """Find the dots of long straight strokes, horizontal and vertical."""
    length = max(2, int(LONGEST_STROKE / scale))
    across = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    return across, down


def _list_rules(
    long: tuple[Picture, Picture], glyphs: list[Glyph], scale: float
) -> tuple[list[Rule], list[Rule]]:
    """List the ruled lines, horizontal and vertical, in points; no strokes of words."""
    rules: tuple[list[Rule], list[Rule]] = ([], [])
    for is_vertical, mask in enumerate(long):
        stats = cv2.connectedComponentsWithStats(mask)[2][1:]
        for left, top, wide, high, _ in (stats * scale).tolist():
            box = Box(left, top, left + wide, top + high)
            if any(_holds(glyph, box) for glyph in glyphs):
                continue
            if is_vertical:
                rules[1].append(Rule((box.left + box.right) / 2, box.top, box.bottom))
            else:
                rules[0].append(Rule((box.top + box.bottom) / 2, box.left, box.right))
    return rules


def _holds(word: Glyph, box: Box) -> bool:
    """Tell whether a box lies within that of a word."""
    return (
        word.left - EDGE <= box.left
        and word.top - EDGE <= box.top
        and word.right + EDGE >= box.right
        and word.bottom + EDGE >= box.bottom
    )


def _find_ink(
    picture: Picture, long: tuple[Picture, Picture], words: list[Word], scale: float
) -> list[Box]:
    """Find what is drawn and is neither long line nor recognised word, faint things too."""
    grey = 255 - cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    usual = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]
    paper = float(np.median(grey))
    dark = cv2.threshold(grey, paper + FAINT_SHARE * (usual - paper), 255, cv2.THRESH_BINARY)[1]
    thick = 2 * max(2, int(2 / scale)) + 1
    dark[cv2.dilate(long[0] | long[1], np.ones((thick, thick), np.uint8)) > 0] = 0
    for word in words:
        left, top, right, bottom = map(int, word.box)
        dark[max(top - 2, 0) : bottom + 3, max(left - 2, 0) : right + 3] = 0
    joined = cv2.dilate(dark, np.ones((3, 3), np.uint8))
    stats = cv2.connectedComponentsWithStats(joined)[2][1:]
    return [
        Box(left * scale, top * scale, (left + wide) * scale, (top + high) * scale)
        for left, top, wide, high, area in stats.tolist()
        if high * scale > LEAST_INK and area * scale * scale > LEAST_INK_AREA
    ]


def _doubt(glyph: Glyph, ink: list[Box]) -> Glyph:
    """Doubt a figure with ink beside it: it may have more digits."""
    if not may_be_figure(glyph.text):
        return glyph
    reach = BESIDE_SHARE * glyph.height
    is_joined = any(
        box.left < glyph.right + reach
        and box.right > glyph.left - reach
        and box.top < glyph.bottom
        and box.bottom > glyph.top
        for box in ink
    )
    return glyph._replace(text=UNKNOWN_CHARACTER + glyph.text) if is_joined else glyph
