"""Sample reports as OFD files (GB/T 33190): one long page of characters and ruled lines."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from tasks.sample.grids import Rows, Slot
from tasks.sample.markup import Line, Piece, read_lines, wrap_runs
from tasks.sample.office import PlacedSlot, pack_zip, place_slots
from tasks.sample.render import Part, compose_parts
from tasks.sample.spec import Spec

_NAME = "http://www.ofdspec.org/2016"
WIDTH, MARGIN, SIZE, LEADING = 210.0, 10.0, 3.2, 4.2  # millimetres
_PADDING = 1.0


def render_ofd(spec: Spec, layout: str = "standard") -> bytes:
    """Render a report as an OFD file, its parts as in a layout of pages.

    Raises:
        KeyError: the layout is none of `layouts.yaml`.
    """
    return write_ofd([Part("title", spec.title), *compose_parts(spec, layout)])


def write_ofd(parts: Iterable[Part]) -> bytes:
    """Write paragraphs and tables as an OFD file."""
    objects: list[str] = []
    top = MARGIN
    for part in parts:
        if part.rows is not None:
            top = _draw_table(objects, part.rows, top) + LEADING
        else:
            top = _draw_text(objects, Slot(part.text), MARGIN, top, WIDTH - 2 * MARGIN)
    return pack_ofd("".join(objects), top + MARGIN)


def pack_ofd(objects: str, height: float) -> bytes:
    """Pack the XML of a page's objects (names with the prefix `ofd`) as an OFD file."""
    area = f"<ofd:PhysicalBox>0 0 {WIDTH:g} {height:g}</ofd:PhysicalBox>"
    page = '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
    layer = f'<ofd:Content><ofd:Layer ID="2">{objects}</ofd:Layer></ofd:Content>'
    common = f"<ofd:CommonData><ofd:PageArea>{area}</ofd:PageArea></ofd:CommonData>"
    doc_root = "<ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>"
    return pack_zip(
        {
            "OFD.xml": f'<ofd:OFD xmlns:ofd="{_NAME}" Version="1.0">{doc_root}</ofd:OFD>',
            "Doc_0/Document.xml": (
                f'<ofd:Document xmlns:ofd="{_NAME}">{common}{page}</ofd:Document>'
            ),
            "Doc_0/Pages/Page_0/Content.xml": (f'<ofd:Page xmlns:ofd="{_NAME}">{layer}</ofd:Page>'),
        }
    )


def _draw_text(objects: list[str], slot: Slot, left: float, top: float, width: float) -> float:
    """Draw a text, cut into lines as long as fit; give where the next one may begin."""
    for line in _cut(slot, width):
        x = left
        for text, is_raised in line:
            size = SIZE / 2 if is_raised else SIZE
            steps = " ".join(f"{_measure(character):g}" for character in text[:-1])
            objects.append(
                f'<ofd:TextObject ID="3" Boundary="{x:g} {top:g} {width:g} {LEADING:g}" '
                f'Size="{size:g}"><ofd:TextCode X="0" Y="{size:g}" DeltaX="{steps}">'
                f"{escape(text)}</ofd:TextCode></ofd:TextObject>"
            )
            x += _measure_text(text)
        top += LEADING
    return top


def _cut(slot: Slot, width: float) -> list[Line]:
    """Cut a text into lines as wide as the cell; a line of several runs between these."""
    length = max(int(width / SIZE), 1)
    lines: list[Line] = []
    for line in read_lines(slot):
        text = line[0].text
        if len(line) > 1 or _measure_text(text) <= width:
            lines += wrap_runs(line, width, _measure_text)
        else:
            starts = range(0, len(text), length)
            lines += [[Piece(text[start : start + length])] for start in starts]
    return lines


def _measure_text(text: str) -> float:
    return sum(map(_measure, text))


def _measure(character: str) -> float:
    return SIZE / 2 if character.isascii() else SIZE


def _draw_table(objects: list[str], rows: Rows, top: float) -> float:
    """Draw a table with a line around each cell; give where it ends."""
    placed = list(place_slots(rows))
    count = max(cell.column + cell.slot.column_span for cell in placed)
    step = (WIDTH - 2 * MARGIN) / count
    heights = [max(LEADING, _measure_row(placed, row, step)) for row in range(len(rows))]
    edges = [top + sum(heights[:row]) for row in range(len(rows) + 1)]
    for row, column, slot in placed:
        left, width = MARGIN + column * step, slot.column_span * step
        above = edges[row]
        height = edges[min(row + slot.row_span, len(rows))] - above
        objects.append(
            f'<ofd:PathObject ID="4" Boundary="{left:.2f} {above:.2f} {width:.2f} {height:.2f}" '
            f'LineWidth="0.2"><ofd:AbbreviatedData>M 0 0 L {width:.2f} 0 L {width:.2f} '
            f"{height:.2f} L 0 {height:.2f} C</ofd:AbbreviatedData></ofd:PathObject>"
        )
        _draw_text(objects, slot, left + _PADDING, above + _PADDING, width - 2 * _PADDING)
    return edges[-1]


def _measure_row(placed: list[PlacedSlot], row: int, step: float) -> float:
    """Measure how high a row must be for the cells that stand in it alone."""
    lines = [
        len(_cut(cell.slot, cell.slot.column_span * step - 2 * _PADDING))
        for cell in placed
        if cell.row == row and cell.slot.row_span == 1
    ]
    return max(lines, default=1) * LEADING + 2 * _PADDING
