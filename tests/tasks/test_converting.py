"""What LibreOffice gives us, and what our readers make of real files that it wrote."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from expectations.form import load_form
from tasks.converting import convert_with_libreoffice
from tasks.reading.document import Document
from tasks.reading.docx import read_docx
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.media import DOC, DOCX, XLS, XLSX, tell_media_type
from tasks.reading.report import UnreadableError
from tasks.reading.word97 import read_word97
from tasks.reading.xls import read_xls
from tasks.reading.xlsx import read_xlsx
from tasks.sample.office import render_xlsx
from tasks.sample.plan import PlannedReport, plan_site
from tasks.sample.render import render_html
from tasks.sample.word97 import render_doc

SOFFICE = shutil.which("soffice")
needs_libreoffice = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice is not installed: no soffice on PATH"
)
READERS: dict[str, tuple[str, Callable[[bytes], Document]]] = {
    "docx": (DOCX, read_docx),
    "doc": (DOC, read_word97),
    "xlsx": (XLSX, read_xlsx),
    "xls": (XLS, read_xls),
}


def find_report(edition: str) -> PlannedReport:
    """Find a planned report of an edition in which nothing is wrong."""
    return next(
        planned
        for planned in plan_site()
        if planned.spec.edition == edition and not planned.spec.faults
    )


def convert(content: bytes, suffix: str, target: str) -> bytes:
    """Convert by the LibreOffice of this machine."""
    assert SOFFICE is not None
    return convert_with_libreoffice(content, suffix, Path(SOFFICE), target)


def read_values(document: Document, edition: str) -> dict[str, Decimal | None]:
    """Match a document against an edition; give every cell that was found."""
    readings = match_grids(document.grids, index_labels(edition)).readings
    return {name: reading.value for name, reading in readings.items()}


@needs_libreoffice
@pytest.mark.slow
@pytest.mark.parametrize("layout", ["standard", "word", "separate"])
@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("edition", ["2021", "2019"])
def test_every_figure_of_a_file_of_libreoffice_is_read(
    edition: str, suffix: str, layout: str
) -> None:
    """A page or sheet that an office program wrote its own way gives all 200 or 198 figures."""
    spec = find_report(edition).spec
    if suffix.startswith("xls"):
        content = convert(render_xlsx(spec, layout), ".xlsx", suffix)
    else:
        content = convert(render_html(spec, layout), ".html", "docx:MS Word 2007 XML")
    if suffix == "doc":
        content = convert(content, ".docx", suffix)
    media_type, read = READERS[suffix]
    assert tell_media_type(content) == media_type
    assert read_values(read(content), edition) == spec.figures


@needs_libreoffice
@pytest.mark.slow
def test_libreoffice_reads_our_word_files_as_we_do() -> None:
    """A converted file gives the same figures: neither reader follows the other's mistakes."""
    spec = find_report("2021").spec
    content = convert(render_doc(spec), ".doc", "docx")
    assert read_values(read_docx(content), "2021") == spec.figures
    assert len(spec.figures) == len(load_form("2021").cells)


@needs_libreoffice
@pytest.mark.slow
def test_what_libreoffice_cannot_open_is_a_reason() -> None:
    """A file that is none gives no empty document."""
    with pytest.raises(UnreadableError) as refused:
        convert(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".doc", "docx")
    assert refused.value.code == "conversion_failed"


@pytest.mark.parametrize(
    "path", [None, Path("/nowhere/soffice")], ids=["not-on-path", "not-where-said"]
)
def test_without_libreoffice_the_reason_says_so(path: Path | None) -> None:
    """The message names what is missing and what else can be done."""
    with pytest.raises(UnreadableError, match="LibreOffice") as refused:
        convert_with_libreoffice(b"", ".doc", path)
    assert refused.value.code == "libreoffice_missing"


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    """Conversion ends with its time, and so does all that it started."""
    script = tmp_path / "soffice"
    script.write_text("#!/bin/sh\nsleep 60 & wait\n")
    script.chmod(0o755)
    with pytest.raises(UnreadableError, match="not done after 1 s") as refused:
        convert_with_libreoffice(b"", ".doc", script, timeout_seconds=1.0)
    assert refused.value.code == "conversion_failed"
