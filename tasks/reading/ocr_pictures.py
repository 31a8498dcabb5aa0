"""Pictures opened and set right: of sane size, upright, as arrays of dots.

Needs the extra `ocr`: imported by those alone that found it installed.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps, ImageSequence

from tasks.reading.report import UnreadableError

SLANT_SHARE = 0.25  # of the width that a line must have to tell the slant of a page
STEEPEST = 8.0  # degrees
SHORTEST_RUN = 10  # dots: even a slanted line has such runs, most strokes of text have not
LEAST_SLANT = 0.1
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, struct.error)

Image.MAX_IMAGE_PIXELS = None  # we look at the size ourselves, before anything is unpacked

log = logging.getLogger(__name__)
Picture = Any  # an array of rows, columns and the channels blue, green, red


def decode_pictures(content: bytes, most: int, most_pixels: int) -> Iterator[Picture]:
    """Open a picture, or the pages of a TIFF, on white; no size is believed before its check.

    Raises:
        UnreadableError: `damaged_file`, `too_large` or `too_many_pages`.
    """
    try:
        with Image.open(BytesIO(content)) as image:
            count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
            if count > most:
                raise UnreadableError(
                    "too_many_pages", f"expected at most {most} pages, found {count}"
                )
            for frame in ImageSequence.Iterator(image) if count > 1 else [image]:
                width, height = frame.size
                if width * height > most_pixels:
                    raise UnreadableError(
                        "too_large",
                        f"expected a picture of at most {most_pixels} dots, found {width} by "
                        f"{height}; save it at 150 to 300 dots an inch",
                    )
                yield _flatten(frame)
    except _BROKEN as error:
        raise UnreadableError(
            "damaged_file",
            f"expected a whole picture, found one that does not open ({error}); fetch it anew",
        ) from error


def _flatten(image: Image.Image) -> Picture:
    """Give the dots of a picture, turned as its camera says; what is transparent is white."""
    coloured = ImageOps.exif_transpose(image).convert("RGBA")
    white = Image.new("RGBA", coloured.size, "white")
    rgb = np.asarray(Image.alpha_composite(white, coloured).convert("RGB"))
    return np.ascontiguousarray(rgb[:, :, ::-1])


def shrink(picture: Picture, widest: int) -> Picture:
    """Give a picture at most so many dots' width, in its own proportions."""
    height, width = picture.shape[:2]
    if width <= widest:
        return picture
    size = (widest, max(1, round(height * widest / width)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def darken(picture: Picture) -> Picture:
    """Give the dark dots of a picture as white on black."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return cv2.threshold(255 - grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]


def set_upright(picture: Picture) -> Picture:
    """Turn a page by the median slant of its long lines."""
    height, width = picture.shape[:2]
    runs = cv2.morphologyEx(darken(picture), cv2.MORPH_OPEN, np.ones((1, SHORTEST_RUN), np.uint8))
    found = cv2.HoughLinesP(
        runs, 1, np.pi / 1800, 200, minLineLength=width * SLANT_SHARE, maxLineGap=8
    )
    if found is None:
        return picture
    ends = found.reshape(-1, 4).astype(float)
    angles = np.degrees(np.arctan2(ends[:, 3] - ends[:, 1], ends[:, 2] - ends[:, 0]))
    angles = angles[np.abs(angles) < STEEPEST]
    if not len(angles) or abs(slant := float(np.median(angles))) < LEAST_SLANT:
        return picture
    log.info("page turned by %.2f degrees", slant)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), slant, 1)
    white = (255, 255, 255)
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=white
    )
