"""What reading promises of damaged reports of every format: a report or a reason, in time."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reading.batch import Origin, read_batch
from tasks.sample.ofd import render_ofd
from tasks.sample.office import render_docx, render_xlsx
from tasks.sample.pdf import render_pdf
from tasks.sample.plan import plan_site
from tasks.sample.render import list_layouts, render_html, render_text
from tasks.sample.word97 import render_doc

SPEC = next(page.spec for page in plan_site() if page.verdict == "valid")
SECONDS = 20.0  # of this process; a report takes a hundredth of it


def pack_reports() -> bytes:
    """Pack two reports as an archive."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.docx", render_docx(SPEC))
        archive.writestr("b.html", render_html(SPEC, "standard"))
    return packed.getvalue()


RENDERED: dict[str, Callable[[], bytes]] = {
    **{f"page {name}": partial(render_html, SPEC, name) for name in list_layouts(".html")},
    **{f"text {name}": partial(render_text, SPEC, name) for name in list_layouts(".txt")},
    "docx": partial(render_docx, SPEC),
    "doc": partial(render_doc, SPEC),
    "xlsx": partial(render_xlsx, SPEC),
    "ofd": partial(render_ofd, SPEC),
    "pdf": partial(render_pdf, SPEC),
    "zip": pack_reports,
}
PLACES = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=6)


@st.composite
def draw_damaged(draw: st.DrawFn, name: str) -> bytes:
    """Draw a report with flipped bytes, cut off, or spliced with one of another format."""
    content = bytearray(RENDERED[name]())
    for place in draw(PLACES):
        content[int(place * len(content))] ^= draw(st.integers(1, 255))
    kind = draw(st.sampled_from(["flipped", "cut", "spliced", "nulls"]))
    cut = int(draw(st.floats(0, 1)) * len(content))
    if kind == "cut":
        del content[cut:]
    elif kind == "spliced":
        other = RENDERED[draw(st.sampled_from(sorted(RENDERED)))]()
        content[cut:] = other[int(draw(st.floats(0, 1)) * len(other)) :]
    elif kind == "nulls":
        content[cut : cut + 50] = bytes(50)
    return bytes(content)


def read_or_refuse(content: bytes) -> None:
    """Read a file as a run does: no fault of our own may come out."""
    start = time.process_time()
    origin = Origin("x", "x", "x", "x", datetime.now(UTC))
    assert "failed" not in set(read_batch([(origin, content)]).documents["outcome"])
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("name", RENDERED)
@given(data=st.data())
@settings(max_examples=3, deadline=None, derandomize=True)
def test_a_damaged_report_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Whatever bytes of a report are changed, the whole way of reading ends as it should."""
    read_or_refuse(data.draw(draw_damaged(name)))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", RENDERED)
@given(data=st.data())
@settings(max_examples=500, deadline=None, derandomize=True)
def test_many_damaged_reports_are_read_or_refused(name: str, data: st.DataObject) -> None:
    """The same, many more times."""
    read_or_refuse(data.draw(draw_damaged(name)))
