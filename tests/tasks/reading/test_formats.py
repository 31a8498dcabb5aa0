"""What every format promises alike: its type told by content, every figure, and its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import pytest

from tasks.reading import media
from tasks.reading.document import Document
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.read import read_document
from tasks.sample.ofd import render_ofd
from tasks.sample.office import render_docx, render_xlsx
from tasks.sample.pdf import render_pdf
from tasks.sample.render import render_html, render_text
from tasks.sample.spec import Spec
from tasks.sample.word97 import render_doc


class Format(NamedTuple):
    """How a format is written, the type its bytes tell, and what names a cell in it."""

    render: Callable[[Spec, str], bytes]
    media_type: str
    locator: str


BOX = r"page\[\d+\]/\(\d+,\d+,\d+,\d+\)"
WORD = r"table\[\d+\]/row\[\d+\]/cell\[\d+\]"
FORMATS = {
    "page": Format(render_html, "text/html", r"table\[\d+\]/tr\[\d+\]/td\[\d+\]"),
    "docx": Format(render_docx, media.DOCX, WORD),
    "doc": Format(render_doc, media.DOC, WORD),
    "xlsx": Format(render_xlsx, media.XLSX, r"sheet\[.+\]![A-Z]+\d+"),
    "ofd": Format(render_ofd, media.OFD, BOX),
    "pdf": Format(lambda spec, layout: render_pdf(spec, layout=layout), media.PDF, BOX),
    "text": Format(lambda spec, _: render_text(spec, "tabs"), "text/plain", r"line\[\d+\]"),
}
LAYOUTS = ["standard", "separate", "page_break"]
CASES = [
    pytest.param(name, layout, id=f"{name}-{layout}")
    for name in FORMATS
    for layout in (LAYOUTS if name != "text" else LAYOUTS[:1])
]


@pytest.mark.parametrize(("name", "layout"), CASES)
@pytest.mark.parametrize("edition", ["2021", "2019"])
def test_every_figure_of_the_form_is_read(
    make_spec: Callable[..., Spec],
    match_values: Callable[[Document, str], dict[str, Decimal | None]],
    name: str,
    layout: str,
    edition: str,
) -> None:
    """All 200 or 198 figures come out as printed, each from the cell it stands in.

    Nothing but the bytes is given: neither a suffix nor a header.
    """
    spec = make_spec(edition)
    content = FORMATS[name].render(spec, layout)
    assert media.tell_media_type(content) == FORMATS[name].media_type
    document = read_document(content)
    assert document.media_type == FORMATS[name].media_type
    assert match_values(document, edition) == spec.figures


@pytest.mark.parametrize("name", FORMATS)
def test_every_cell_says_where_it_stands(make_spec: Callable[..., Spec], name: str) -> None:
    """The place of a cell is named in the way of its format, and no two cells share one."""
    document = read_document(FORMATS[name].render(make_spec("2021"), "standard"))
    readings = match_grids(document.grids, index_labels("2021")).readings
    locators = [reading.locator or "" for reading in readings.values()]
    assert len(set(locators)) == len(index_labels("2021").form.cells)
    assert {
        locator for locator in locators if not re.fullmatch(FORMATS[name].locator, locator)
    } == (set())
