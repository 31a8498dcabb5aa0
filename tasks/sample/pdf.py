"""Sample reports as PDF: ruled tables over as many pages as they take, with page numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tasks.sample.grids import Rows, Slot
from tasks.sample.markup import Line, Piece, read_lines, wrap_runs
from tasks.sample.office import PlacedSlot, place_slots
from tasks.sample.render import Part, compose_parts
from tasks.sample.spec import Spec

MARGIN = 40.0
SIZE = 9.0
PITCH = 13.0
PADDING = 3.0
LABEL_COLUMNS = {10: (0.08, 0.12, 0.2)}  # shares of the width, by the number of columns
HALF_WIDTH = range(0x20, 0x7F)


@dataclass(slots=True)
class _Paper:
    """The pages drawn so far; `y` grows downwards from the top of the current one."""

    width: float
    height: float
    cuts_rows: bool
    is_closed: bool
    pages: list[list[str]] = field(default_factory=list)
    y: float = 0.0

    @property
    def bottom(self) -> float:
        return self.height - MARGIN

    def turn(self) -> None:
        """Begin a page, its number at the foot."""
        self.pages.append([])
        self.y = MARGIN
        self.write([Piece(f"- {len(self.pages)} -")], self.width / 2, self.height - MARGIN / 2)

    def write(self, line: Line, x: float, y: float) -> None:
        """Write a line of text with its middle at `y`, each run by itself."""
        for text, is_raised in line:
            size = SIZE / 2 if is_raised else SIZE
            base = self.height - y - (SIZE * 0.35 if not is_raised else 0)
            code = text.encode("utf-16-be").hex()
            self.pages[-1].append(f"BT /F {size} Tf {x:.2f} {base:.2f} Td <{code}> Tj ET")
            x += measure_text(text) * size / SIZE

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a ruled line."""
        top, bottom = self.height - y0, self.height - y1
        self.pages[-1].append(f"{x0:.2f} {top:.2f} m {x1:.2f} {bottom:.2f} l S")


def render_pdf(
    spec: Spec,
    *,
    page: tuple[float, float] = (595.0, 842.0),
    cuts_rows: bool = False,
    is_closed: bool = True,
    layout: str = "standard",
) -> bytes:
    """Render a report as a PDF of pages of the given width and height in points.

    A row that does not fit goes to the next page, or with `cuts_rows` is cut between its
    lines of text. `is_closed` rules a line where a page break cuts a table. The font is not
    embedded: programs show one of their own.
    """
    parts = compose_parts(spec, layout)
    return write_pdf(parts, page=page, cuts_rows=cuts_rows, is_closed=is_closed)


def write_pdf(
    parts: Iterable[Part],
    *,
    page: tuple[float, float] = (595.0, 842.0),
    cuts_rows: bool = False,
    is_closed: bool = True,
) -> bytes:
    """Write paragraphs and tables as a PDF; the options are those of `render_pdf`."""
    paper = _Paper(*page, cuts_rows=cuts_rows, is_closed=is_closed)
    paper.turn()
    for part in parts:
        if part.rows is not None:
            _draw_table(paper, part.rows)
            continue
        for line in _wrap(Slot(part.text), page[0] - 2 * MARGIN):
            if paper.y + PITCH > paper.bottom:
                paper.turn()
            paper.write(line, MARGIN, paper.y + PITCH / 2)
            paper.y += PITCH
    return _write_file(paper)


def _draw_table(paper: _Paper, rows: Rows) -> None:
    """Draw a table; spans over rows keep their text in the middle of what the page holds."""
    placed = list(place_slots(rows))
    edges = _place_columns(max(column + slot.column_span for _, column, slot in placed), paper)
    heights = [
        _measure_row([one for one in placed if one[0] == r], edges) for r in range(len(rows))
    ]
    tops = [sum(heights[:row]) for row in range(len(heights) + 1)]
    offset = 0.0
    if paper.y + heights[0] > paper.bottom:
        paper.turn()
    while offset < tops[-1] - 0.01:
        room = paper.bottom - paper.y
        whole = [top for top in tops if offset < top <= offset + room]
        lines = int((room - PADDING) / PITCH) * PITCH + PADDING
        end = whole[-1] if whole and not paper.cuts_rows else min(offset + lines, tops[-1])
        _draw_piece(paper, placed, edges, tops, offset, end)
        paper.y += end - offset
        offset = end
        if offset < tops[-1] - 0.01:
            paper.turn()
    paper.y += PITCH / 2


def _draw_piece(
    paper: _Paper,
    placed: list[PlacedSlot],
    edges: list[float],
    tops: list[float],
    start: float,
    end: float,
) -> None:
    """Draw what of a table lies between two of its heights."""
    shift = paper.y - start
    for row, column, slot in placed:
        left, right = edges[column], edges[column + slot.column_span]
        top, bottom = tops[row], tops[min(row + slot.row_span, len(tops) - 1)]
        if bottom <= start + 0.01 or top >= end - 0.01:
            continue
        upper, lower = max(top, start), min(bottom, end)
        if upper == top or paper.is_closed:
            paper.rule(left, upper + shift, right, upper + shift)
        if lower == bottom or paper.is_closed:
            paper.rule(left, lower + shift, right, lower + shift)
        for x in (left, right):
            paper.rule(x, upper + shift, x, lower + shift)
        lines = _wrap(slot, right - left - 2 * PADDING)
        first = (top + bottom - len(lines) * PITCH) / 2
        for place, line in enumerate(lines):
            middle = first + (place + 0.5) * PITCH
            indent = (right - left - _measure(line)) / 2 if slot.is_figure else PADDING
            if start <= middle < end:
                paper.write(line, left + indent, middle + shift)


def _place_columns(count: int, paper: _Paper) -> list[float]:
    width = paper.width - 2 * MARGIN
    labels = LABEL_COLUMNS.get(count, ())
    rest = (1 - sum(labels)) / (count - len(labels))
    shares = [*labels, *[rest] * (count - len(labels))]
    return [MARGIN + width * sum(shares[:place]) for place in range(count + 1)]


def _measure_row(row: list[PlacedSlot], edges: list[float]) -> float:
    """Give the height that the longest of a row's own cells takes."""
    lines = 1
    for _, column, slot in row:
        width = edges[column + slot.column_span] - edges[column] - 2 * PADDING
        if slot.row_span == 1:
            lines = max(lines, len(_wrap(slot, width)))
    return lines * PITCH + 2 * PADDING


def _measure(line: Line) -> float:
    return sum(measure_text(piece.text) for piece in line)


def measure_text(text: str) -> float:
    """Measure how wide a text is in points."""
    return sum(SIZE / 2 if ord(character) in HALF_WIDTH else SIZE for character in text)


def _wrap(slot: Slot, width: float) -> list[Line]:
    """Cut what a cell prints into lines that fit; a line of several runs between these."""
    wrapped: list[Line] = []
    for line in read_lines(slot):
        if len(line) > 1:
            wrapped += wrap_runs(line, width, measure_text)
            continue
        wrapped.append([Piece("")])
        for character in line[0].text:
            longer = wrapped[-1][0].text + character
            if len(longer) > 1 and measure_text(longer) > width:
                wrapped.append([Piece(character)])
            else:
                wrapped[-1] = [Piece(longer)]
    return wrapped or [[Piece("")]]


def _write_file(paper: _Paper) -> bytes:
    """Put the pages in a file of the PDF format."""
    count = len(paper.pages)
    kids = " ".join(f"{5 + 2 * place} 0 R" for place in range(count))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H"
        "/DescendantFonts[4 0 R]>>",
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000/W[1 95 500]"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
        "/FontDescriptor<</Type/FontDescriptor/FontName/STSong-Light/Flags 4"
        "/FontBBox[0 -120 1000 880]/Ascent 880/Descent -120/ItalicAngle 0/StemV 80"
        "/CapHeight 880>>>>",
    ]
    for place, drawn in enumerate(paper.pages):
        stream = "\n".join(["0.5 w", *drawn])
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {paper.width} {paper.height}]"
            f"/Resources<</Font<</F 3 0 R>>>>/Contents {6 + 2 * place} 0 R>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    body = b"%PDF-1.5\n"
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        body
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n"
        ).encode()
    )
