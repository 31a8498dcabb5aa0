"""Promises on bad input: a row with a reason, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flows.collect import CollectParameters, collect, plan_run
from flows.inspection import inspect_sources
from storage.documents import read_documents
from storage.lake import read_table
from storage.schema import CELLS, REPORTS
from storage.settings import Settings, load_settings
from tasks.fetching.source import parse_source_argument
from tasks.sample.office import render_docx, render_xlsx
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html
from tasks.sample.spec import Spec
from tasks.sample.word97 import render_doc

pytestmark = pytest.mark.usefixtures("lake_alone")

GOOD = next(p for p in plan_site() if p.verdict == "valid" and p.spec.edition == "2021")
PAGE = render_html(GOOD.spec, "standard").decode("utf-8")


def inspect(path: Path, settings: Settings | None = None) -> dict[str, Any]:
    """Inspect one file."""
    source = parse_source_argument(str(path))
    (inspection,) = inspect_sources([source], settings or load_settings())
    return inspection.facts


def print_cell(cell: str, text: str) -> Callable[[], bytes]:
    """Render the good report with another text in one cell."""
    spec = replace(GOOD.spec, overrides={cell: text})
    return lambda: render_html(spec, "standard")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "damaged_file"),
        (bytes(range(256)) * 40, "media_type_unsupported"),
        ("<html><body><p>网站维护中</p></body></html>".encode(), "not_a_report"),
        (PAGE.split("<table")[0].encode(), "tables_not_found"),
        (PAGE[: int(len(PAGE) * 0.6)].encode(), "cells_unreadable"),
        ((PAGE + PAGE.replace("2022年", "2021年")).encode(), "several_reports"),
    ],
    ids=["empty", "picture", "binary", "no-report", "no-table", "cut-off", "two-reports"],
)
def test_a_broken_page_gives_a_reason(tmp_path: Path, content: bytes, code: str) -> None:
    """What is no readable report is told by a code and a sentence that says what was found."""
    path = tmp_path / "report.html"
    path.write_bytes(content)
    error = inspect(path)["error"]
    assert error["code"] == code
    assert len(error["message"]) > 15


def test_a_cut_off_page_keeps_what_was_read_and_invents_nothing(tmp_path: Path) -> None:
    """Of a page that breaks off, the cells before the break are read, the others absent."""
    path = tmp_path / "report.html"
    path.write_text(PAGE[: int(len(PAGE) * 0.6)])
    facts = inspect(path)
    statuses = {cell["status"] for cell in facts["cells"]}
    assert {"read", "absent"} <= statuses
    for cell in facts["cells"]:
        if cell["status"] == "read":
            assert Decimal(str(cell["value"])) == GOOD.spec.figures[cell["cell"]]
    assert facts["report"]["verdict"] == "unreadable"


def test_a_wrong_declaration_of_the_encoding_does_no_harm(tmp_path: Path) -> None:
    """GB18030 that calls itself gb2312, with a character gb2312 lacks, is read."""
    path = tmp_path / "report.html"
    text = PAGE.replace("utf-8", "gb2312").replace("<body>", "<body><p>陈犇、朱镕、㙍</p>")
    path.write_bytes(text.encode("gb18030"))
    facts = inspect(path)
    assert "error" not in facts
    assert facts["report"]["title"] == GOOD.spec.title


@pytest.mark.parametrize(
    ("render", "suffix"),
    [
        (render_docx, ".wps"),
        (render_doc, ".wps"),
        (render_docx, ".doc"),
        (render_doc, ".html"),
        (partial(render_html, layout="standard"), ".doc"),
        (partial(render_html, layout="standard"), ".xls"),
        (render_xlsx, ".pdf"),
    ],
    ids=[
        "wps-open-xml",
        "wps-ole",
        "docx-as-doc",
        "doc-as-html",
        "page-as-doc",
        "page-as-xls",
        "x",
    ],
)
def test_a_suffix_that_lies_does_no_harm(
    tmp_path: Path, render: Callable[[Spec], bytes], suffix: str
) -> None:
    """A file is read as what it holds, whatever its name says; every figure is right."""
    path = tmp_path / f"report{suffix}"
    path.write_bytes(render(GOOD.spec))
    cells = {cell["cell"]: cell["value"] for cell in inspect(path)["cells"]}
    assert {cell: Decimal(str(value)) for cell, value in cells.items()} == GOOD.spec.figures


def test_a_huge_file_is_refused_by_a_limit_that_is_named(tmp_path: Path) -> None:
    """A file of 200 MB is not read; the message names the limit and how to raise it."""
    path = tmp_path / "report.html"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    error = inspect(path)["error"]
    assert error["code"] == "too_large"
    assert "GOUJI_MAX_BYTES" in error["message"]


@pytest.mark.parametrize(
    ("text", "status", "value"),
    [
        ("3 001", "read", 3001),
        ("１２", "read", 12),
        ("12件", "read", 12),
        ("/", "blank", None),
        ("12O", "unreadable", None),
    ],
)
def test_an_odd_cell_is_read_or_told(
    tmp_path: Path, text: str, status: str, value: int | None
) -> None:
    """What an odd cell holds is understood or marked, and what was printed is kept."""
    path = tmp_path / "report.html"
    path.write_bytes(print_cell("t2.licences.decisions", text)())
    facts = inspect(path)
    (cell,) = [cell for cell in facts["cells"] if cell["cell"] == "t2.licences.decisions"]
    assert (cell["status"], cell["value"], cell["text"]) == (status, value, text)
    told = [
        finding
        for finding in facts["findings"]
        if "t2.licences.decisions" in finding["cells"] or finding["instance"] == "t2"
    ]
    assert told, "an odd cell is told of by some rule"


def test_a_broken_document_never_stops_a_run_nor_loses_what_is_stored(tmp_path: Path) -> None:
    """Good and bad files side by side: the good is stored, the bad are rows with reasons.

    When the good file breaks later, what was stored stays.
    """
    source, data = tmp_path / "in", tmp_path / "data"
    source.mkdir()
    good = source / "good.html"
    good.write_text(PAGE)
    (source / "empty.html").touch()
    (source / "noise.html").write_bytes(bytes(range(256)) * 40)
    parameters = CollectParameters(sources=[str(source)], data=str(data))
    first = collect(parameters)
    assert first.verdicts == {"valid": 1}
    good.write_bytes(b"\xff\xfe broken")
    second = collect(parameters)
    assert second.verdicts == {}
    assert read_table(data, REPORTS)["title"].to_list() == [GOOD.spec.title]
    assert read_table(data, CELLS).height == 200
    reasons = read_documents(data).select("outcome", "reason")
    assert reasons.height == 3
    assert "read" not in reasons["outcome"].to_list()
    assert reasons["reason"].null_count() == 0


def test_a_sender_that_is_no_address_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when all is stored and the first mail is written."""
    (tmp_path / "a.html").write_text(PAGE, encoding="utf-8")
    monkeypatch.setenv("GOUJI_SENDER", "not an address")
    with pytest.raises(ValueError, match="set GOUJI_SENDER"):
        plan_run(CollectParameters(sources=[str(tmp_path / "a.html")], data=str(tmp_path / "data")))
