"""Reading scans: figures that were recognised for certain, and none that were not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pypdfium2 as pdfium
import pytest

from tasks.reading import ocr
from tasks.reading.figures import read_figure
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.media import PDF
from tasks.reading.report import UnreadableError
from tasks.sample.pdf import render_pdf
from tasks.sample.spec import Spec, print_figures


@pytest.fixture
def cv2() -> Any:
    """Give the library of pictures, or skip: scans are read with gouji[ocr] alone."""
    pytest.importorskip("rapidocr", reason="rapidocr is not installed: pip install gouji[ocr]")
    return pytest.importorskip("cv2", reason="opencv is not installed: pip install gouji[ocr]")


def test_a_scan_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error names it, and how to install it."""
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    ocr._load_engine.cache_clear()
    with pytest.raises(UnreadableError) as caught:
        ocr.read_scan(b"\x89PNG\r\n\x1a\n", "image/png")
    assert caught.value.code == "ocr_not_installed"
    assert 'pip install "gouji[ocr]"' in caught.value.message


def test_a_broken_picture_is_a_damaged_file(cv2: Any) -> None:
    """Bytes that are no picture give a reason."""
    with pytest.raises(UnreadableError) as caught:
        ocr.read_scan(b"\x89PNG\r\n\x1a\nnothing", "image/png")
    assert caught.value.code == "damaged_file"


@pytest.mark.slow
@pytest.mark.parametrize("slant", [0.0, 2.0, -3.0])
def test_a_slanted_scan_gives_printed_figures_only(
    slant: float, cv2: Any, make_spec: Callable[..., Spec]
) -> None:
    """A photographed page is set upright; what is read is printed, and most of it is read."""
    marks = {"t3.granted.company": "/", "t3.closed.nonprofit": "—", "t3.new.company": "1"}
    spec = replace(make_spec("2021"), overrides=marks)
    printed, cells = print_figures(spec), {cell.key: cell for cell in spec.form.cells}
    page = pdfium.PdfDocument(render_pdf(spec, page=(595, 1500)))[0]
    picture = page.render(scale=2).to_numpy()[:, :, :3].copy()
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), slant, 1)
    picture = cv2.warpAffine(picture, matrix, (width, height), borderValue=(255, 255, 255))
    content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes()
    document = ocr.read_scan(content, "image/jpeg")
    readings = match_grids(document.grids, index_labels("2021")).readings
    told = {name: one for name, one in readings.items() if one.status in ("read", "blank")}
    for name, one in told.items():
        figure = read_figure(printed[name], cells[name])
        assert (one.status, one.value) == (figure.status, figure.value), name
    assert len(told) > 0.9 * len(printed)
    assert document.stream == ""


@pytest.mark.slow
def test_a_pdf_of_pictures_is_read_page_by_page(cv2: Any, make_spec: Callable[..., Spec]) -> None:
    """A table that goes on over pages is one grid in a scan too."""
    spec = make_spec("2021")
    document = ocr.read_scan(render_pdf(spec), PDF)
    readings = match_grids(document.grids, index_labels("2021")).readings
    values = {name: one.value for name, one in readings.items() if one.status == "read"}
    assert values == {name: spec.figures[name] for name in values}
    assert len(values) > 0.9 * len(spec.figures)
