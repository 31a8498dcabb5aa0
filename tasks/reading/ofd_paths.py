"""The paths of OFD pages as ruled lines: their language of few letters, and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from tasks.reading.container import Element
from tasks.reading.lattice import Box
from tasks.reading.pdf_drawing import (
    MAX_SEGMENTS,
    Drawing,
    Matrix,
    Point,
    apply_matrix,
    keep_rule,
    refuse_complex,
)

FARTHEST = 1e6
# How many numbers follow each letter; the last two of them are where the pen comes to stand.
_ARGUMENTS = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
_CURVES = ("Q", "B", "A")


def draw_path(item: Element, matrix: Matrix, drawing: Drawing) -> None:
    """Add a path to the ruled lines of a drawing, or to its other ink where it is curved."""
    is_stroked = item.get("Stroke") not in ("0", "false")
    is_filled = item.get("Fill") in ("1", "true")
    data = next(item.iter("{*}AbbreviatedData"), None)
    if data is None or not (is_stroked or is_filled):
        return
    for points, is_curved in _walk(data.text or ""):
        drawing.segments += len(points)
        if drawing.segments > MAX_SEGMENTS:
            raise refuse_complex("lines", drawing.segments, MAX_SEGMENTS)
        moved = [apply_matrix(matrix, point) for point in points]
        if is_curved:
            drawing.ink.append(_enclose(moved))
        elif is_stroked:
            for ends in pairwise(moved):
                keep_rule(_enclose(list(ends)), drawing)
        else:
            keep_rule(_enclose(moved), drawing)


def read_numbers(text: str | None) -> list[float]:
    """Read numbers apart by blanks; nothing where one of them is none, or beyond any page."""
    try:
        numbers = [float(word) for word in (text or "").split()]
    except ValueError:
        return []
    if all(math.isfinite(number) and abs(number) < FARTHEST for number in numbers):
        return numbers
    return []


def _walk(text: str) -> Iterator[tuple[list[Point], bool]]:
    """Walk through the parts of a path: the corners of each, and whether it has curves."""
    words = text.split()
    points: list[Point] = []
    is_curved = False
    place = 0
    while place < len(words):
        letter = words[place]
        count = _ARGUMENTS.get(letter)
        numbers = read_numbers(" ".join(words[place + 1 : place + 1 + (count or 0)]))
        place += 1
        if count is None or len(numbers) != count:
            continue
        place += count
        if letter in "SM" and points:
            yield points, is_curved
            points, is_curved = [], False
        is_curved |= letter in _CURVES
        if numbers:
            points.append((numbers[-2], numbers[-1]))
        elif points:
            points.append(points[0])
    if points:
        yield points, is_curved


def _enclose(points: list[Point]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Box(min(xs), min(ys), max(xs), max(ys))
