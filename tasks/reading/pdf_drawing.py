"""What is drawn on a page of a PDF beside its text: ruled lines, pictures, curves."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import byref, c_float, c_int
from dataclasses import dataclass, field
from itertools import pairwise

import pypdfium2.raw as raw

from tasks.reading.lattice import Box, Rule
from tasks.reading.report import UnreadableError

MAX_OBJECTS = 50_000  # a page
MAX_SEGMENTS = 100_000
MAX_FORM_DEPTH = 8
THICKEST_RULE = 3.0
_LINE, _CURVE, _MOVE = raw.FPDF_SEGMENT_LINETO, raw.FPDF_SEGMENT_BEZIERTO, raw.FPDF_SEGMENT_MOVETO
# Where the library puts what it measures: made once, for it serves one thread at a time anyway.
_EDGES = c_float(), c_float(), c_float(), c_float()
_EDGE_REFERENCES = tuple(map(byref, _EDGES))
_MODES = c_int(), c_int()
_MODE_REFERENCES = tuple(map(byref, _MODES))
Matrix = tuple[float, float, float, float, float, float]
Point = tuple[float, float]


@dataclass(slots=True)
class Drawing:
    """What is drawn on a page: ruled lines, and in `ink` the boxes of pictures and curves.

    `has_hidden_text` tells text without paint; the counts tell how much was looked at.
    """

    horizontals: list[Rule] = field(default_factory=list)
    verticals: list[Rule] = field(default_factory=list)
    ink: list[Box] = field(default_factory=list)
    has_hidden_text: bool = False
    objects: int = 0
    segments: int = 0


def read_drawing(page: raw.FPDF_PAGE, matrix: Matrix) -> Drawing:
    """Read what is drawn on a page; `matrix` leads from its own space to upright text.

    Raises:
        UnreadableError: `too_complex`.
    """
    drawing = Drawing()
    for index in range(raw.FPDFPage_CountObjects(page)):
        _read_object(raw.FPDFPage_GetObject(page, index), matrix, drawing, 0)
    return drawing


def has_no_paint(text_object: raw.FPDF_PAGEOBJECT) -> bool:
    """Tell whether a text object is not painted."""
    mode = raw.FPDFTextObj_GetTextRenderMode(text_object)
    return mode in (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)


def refuse_complex(what: str, found: int, most: int) -> UnreadableError:
    """Make the error for a page on which too much is drawn."""
    return UnreadableError(
        "too_complex", f"expected at most {most} {what} on a page, found {found}; fetch it anew"
    )


def _read_object(item: raw.FPDF_PAGEOBJECT, matrix: Matrix, drawing: Drawing, depth: int) -> None:
    drawing.objects += 1
    if drawing.objects > MAX_OBJECTS or drawing.segments > MAX_SEGMENTS:
        raise refuse_complex("drawn things", drawing.objects, MAX_OBJECTS)
    kind = raw.FPDFPageObj_GetType(item)
    if kind == raw.FPDF_PAGEOBJ_TEXT:
        drawing.has_hidden_text = drawing.has_hidden_text or has_no_paint(item)
    elif kind == raw.FPDF_PAGEOBJ_PATH:
        _read_path(item, matrix, drawing)
    elif kind == raw.FPDF_PAGEOBJ_IMAGE:
        drawing.ink.append(_measure(item, matrix))
    elif kind == raw.FPDF_PAGEOBJ_FORM and depth < MAX_FORM_DEPTH:
        inner = _combine(_get_matrix(item), matrix)
        for index in range(raw.FPDFFormObj_CountObjects(item)):
            _read_object(raw.FPDFFormObj_GetObject(item, index), inner, drawing, depth + 1)


def _read_path(path: raw.FPDF_PAGEOBJECT, matrix: Matrix, drawing: Drawing) -> None:
    """Read the straight lines of a path; filled boxes count only where they are thin."""
    raw.FPDFPath_GetDrawMode(path, *_MODE_REFERENCES)
    is_filled, is_stroked = (bool(mode.value) for mode in _MODES)
    if not is_filled and not is_stroked:
        return
    box = _measure(path, matrix)
    if keep_rule(box, drawing):
        return
    has_curves = False
    for points, is_curved in _walk(path, _combine(_get_matrix(path), matrix), drawing):
        has_curves |= is_curved
        if is_curved or not points:
            continue
        if is_stroked:
            for (ax, ay), (bx, by) in pairwise(points):
                keep_rule(Box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)), drawing)
        else:
            xs, ys = [x for x, _ in points], [y for _, y in points]
            keep_rule(Box(min(xs), min(ys), max(xs), max(ys)), drawing)
    if has_curves:
        drawing.ink.append(box)


def keep_rule(box: Box, drawing: Drawing) -> bool:
    """Keep a box that is thin as a ruled line of the drawing; tell whether it is one."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    if width > THICKEST_RULE and height > THICKEST_RULE:
        return False
    if width >= height:
        drawing.horizontals.append(Rule((top + bottom) / 2, left, right))
    if height >= width:
        drawing.verticals.append(Rule((left + right) / 2, top, bottom))
    return True


def _walk(
    path: raw.FPDF_PAGEOBJECT, matrix: Matrix, drawing: Drawing
) -> Iterator[tuple[list[Point], bool]]:
    """Walk through the parts of a path: the corners of each, and whether it has curves."""
    x, y = c_float(), c_float()
    points: list[Point] = []
    is_curved = False
    count = raw.FPDFPath_CountSegments(path)
    drawing.segments += count
    if drawing.segments > MAX_SEGMENTS:
        raise refuse_complex("lines", drawing.segments, MAX_SEGMENTS)
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, byref(x), byref(y))
        if kind == _MOVE and points:
            yield points, is_curved
            points, is_curved = [], False
        is_curved |= kind == _CURVE
        points.append(apply_matrix(matrix, (x.value, y.value)))
        if raw.FPDFPathSegment_GetClose(segment):
            points.append(points[0])
    yield points, is_curved


def _measure(item: raw.FPDF_PAGEOBJECT, matrix: Matrix) -> Box:
    raw.FPDFPageObj_GetBounds(item, *_EDGE_REFERENCES)
    left, bottom, right, top = _EDGES
    return move_box(matrix, left.value, bottom.value, right.value, top.value)


def move_box(matrix: Matrix, left: float, bottom: float, right: float, top: float) -> Box:
    """Move a box by a matrix of quarter turns and scales."""
    a, b, c, d, e, f = matrix
    x0, x1 = a * left + c * bottom + e, a * right + c * top + e
    y0, y1 = b * left + d * bottom + f, b * right + d * top + f
    return Box(
        x0 if x0 < x1 else x1, y0 if y0 < y1 else y1, x1 if x0 < x1 else x0, y1 if y0 < y1 else y0
    )


def _get_matrix(item: raw.FPDF_PAGEOBJECT) -> Matrix:
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(item, byref(matrix))
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def apply_matrix(matrix: Matrix, point: Point) -> Point:
    """Move a point by a matrix in the order of the PDF format."""
    a, b, c, d, e, f = matrix
    x, y = point
    return a * x + c * y + e, b * x + d * y + f


def _combine(first: Matrix, then: Matrix) -> Matrix:
    """Give the matrix that applies `first`, then `then`."""
    a, b, c, d, e, f = first
    (x, y), (origin_x, origin_y) = apply_matrix(then, (e, f)), apply_matrix(then, (0.0, 0.0))
    (px, py), (qx, qy) = apply_matrix(then, (a, b)), apply_matrix(then, (c, d))
    return px - origin_x, py - origin_y, qx - origin_x, qy - origin_y, x, y
