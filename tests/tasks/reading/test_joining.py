"""Promises of joining: a page and its attachments are one report, and the better text counts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

import polars as pl
import pytest

from storage.reference.gazetteer import load_gazetteer
from tasks.checking import check_frames
from tasks.reading.batch import Origin, ReadBatch, read_batch
from tasks.reading.joining import group_pages, join_batches
from tasks.reading.media import tell_media_type
from tasks.reading.read import read_report
from tasks.reading.report import Place, UnreadableError
from tasks.sample.office import render_docx, render_xlsx
from tasks.sample.pdf import render_pdf
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html
from tasks.sample.spec import Spec
from tasks.sample.word97 import render_doc

PAGE = "https://a.gov.cn/t20230115_1.html"
FILES: dict[str, Callable[[Spec], bytes]] = {
    ".docx": render_docx,
    ".doc": render_doc,
    ".xlsx": render_xlsx,
    ".pdf": render_pdf,
}
CELL = "t2.licences.decisions"


@cache
def find_spec() -> Spec:
    """Find a report of the 2021 form in which nothing is wrong."""
    return next(
        planned.spec
        for planned in plan_site()
        if planned.spec.edition == "2021" and not planned.spec.faults
    )


def render_page(spec: Spec) -> bytes:
    """Render a page with its tables."""
    return render_html(spec, "standard")


def render_cover(spec: Spec) -> bytes:
    """Render a page that has the title of a report and a link, no part of it."""
    return (
        f"<html><head><title>{spec.title}</title>"
        f'<meta name="PubDate" content="{spec.published_on:%Y-%m-%d} 09:00"></head>'
        f'<body><h1>{spec.title}</h1><a href="/1.docx">附件</a></body></html>'
    ).encode()


def lose_tables(page: bytes) -> bytes:
    """Take the tables out of a page, as some publications do; its prose stays."""
    text = page.decode()
    while "<table" in text:
        start = text.index("<table")
        text = text[:start] + text[text.index("</table>", start) + len("</table>") :]
    return text.encode()


def change(spec: Spec, value: int) -> Spec:
    """Give one cell of a report another figure."""
    return replace(spec, figures={**spec.figures, CELL: Decimal(value)})


def read(sources: Sequence[tuple[str, bytes]]) -> ReadBatch:
    """Read a page and what is attached to it, by names."""
    pages = []
    for url, content in sources:
        origin = Origin(
            url,
            "test",
            hashlib.sha256(content).hexdigest(),
            tell_media_type(content),
            datetime(2024, 1, 1, tzinfo=UTC),
            None if url == PAGE else PAGE,
        )
        pages.append((origin, content))
    return join_batches([read_batch(pages)])


def tell_outcomes(batch: ReadBatch) -> dict[str, str]:
    """Map each address to what became of it."""
    return dict(zip(batch.documents["url"], batch.documents["outcome"], strict=True))


def list_figures(batch: ReadBatch) -> dict[str, Decimal]:
    """Map the cells of the one report to their values."""
    cells = batch.details["cells"]
    return {
        f"{table}.{row}.{column}": value
        for table, row, column, value in cells["table", "row", "column", "value"].iter_rows()
    }


def find_differences(batch: ReadBatch) -> list[tuple[list[str], str]]:
    """Give the cells and the message of each finding that page and attachment differ."""
    findings = check_frames(batch.reports, batch.details).findings
    failed = findings.filter((pl.col("rule") == "P-12") & (pl.col("outcome") == "failed"))
    return list(failed["cells", "message"].iter_rows())


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("cover", ["title-alone", "prose-without-tables"])
def test_a_page_without_tables_is_read_through_its_attachment(suffix: str, cover: str) -> None:
    """The figures are those of the file, the date that of the page; the page is its cover."""
    spec, url = find_spec(), f"https://a.gov.cn/1{suffix}"
    page = render_cover(spec) if cover == "title-alone" else lose_tables(render_page(spec))
    batch = read([(PAGE, page), (url, FILES[suffix](spec))])
    assert tell_outcomes(batch) == {PAGE: "cover", url: "read"}
    assert batch.reports["url"].to_list() == [url]
    assert batch.reports["published_on"].to_list() == [spec.published_on]
    assert batch.documents["report_id"].n_unique() == 1
    assert list_figures(batch) == spec.figures
    assert batch.documents["page"].to_list().count(PAGE) == 1


def test_a_page_and_an_equal_attachment_are_compared() -> None:
    """The page counts, the file is its copy, and nothing differs."""
    spec, url = find_spec(), "https://a.gov.cn/1.docx"
    batch = read([(PAGE, render_page(spec)), (url, render_docx(spec))])
    assert tell_outcomes(batch) == {PAGE: "read", url: "copy"}
    assert batch.details["copies"]["url"].unique().to_list() == [url]
    assert batch.details["copies"].height == len(spec.figures)
    assert find_differences(batch) == []


def test_a_differing_attachment_is_found_with_both_values() -> None:
    """The finding names the cell, what the page prints and what the file prints."""
    spec, url = change(find_spec(), 41), "https://a.gov.cn/1.docx"
    batch = read([(PAGE, render_page(spec)), (url, render_docx(change(spec, 14)))])
    ((cells, message),) = find_differences(batch)
    assert cells == [CELL]
    assert "41" in message and "14" in message and url in message
    assert list_figures(batch)[CELL] == 41


def test_every_differing_cell_is_named() -> None:
    """A file of other figures gives one finding, which binds each differing cell."""
    spec, url = find_spec(), "https://a.gov.cn/1.docx"
    figures = {name: figure + 1 for name, figure in spec.figures.items()}
    batch = read([(PAGE, render_page(spec)), (url, render_docx(replace(spec, figures=figures)))])
    ((cells, message),) = find_differences(batch)
    assert sorted(cells) == sorted(spec.figures)
    assert message.endswith("…")


def test_the_more_complete_text_counts() -> None:
    """Where the page lost cells that the attachment has, the attachment is stored."""
    spec, url = find_spec(), "https://a.gov.cn/1.docx"
    page = render_page(spec).decode()
    start = page.rindex("<table")
    cut = page[:start] + page[page.index("</table>", start) + len("</table>") :]
    batch = read([(PAGE, cut.encode()), (url, render_docx(spec))])
    assert tell_outcomes(batch) == {PAGE: "copy", url: "read"}
    assert list_figures(batch) == spec.figures


def test_an_attachment_without_a_title_is_its_pages() -> None:
    """Mere tables take title, year and body from the page that they are attached to."""
    spec, url = find_spec(), "https://a.gov.cn/1.html"
    tables = render_page(spec).decode()
    bare = "<html><body>" + tables[tables.index("<table") :]
    assert read([(PAGE, bare.encode())]).reports.is_empty()
    batch = read([(PAGE, render_cover(spec)), (url, bare.encode())])
    assert batch.reports["title"].to_list() == [spec.title]
    assert list_figures(batch) == spec.figures


def test_another_report_that_is_attached_stays_another() -> None:
    """A report of another year is no copy, and is not compared."""
    spec = find_spec()
    other = next(
        planned.spec
        for planned in plan_site()
        if planned.spec.body == spec.body and planned.spec.year != spec.year
    )
    url = "https://a.gov.cn/1.docx"
    batch = read([(PAGE, render_page(spec)), (url, render_docx(other))])
    assert tell_outcomes(batch) == {PAGE: "read", url: "read"}
    assert batch.reports.height == 2
    assert batch.details["copies"].is_empty()


def test_what_is_attached_and_no_report_belongs_to_the_page() -> None:
    """Its row keeps the reason, and names the report of its page."""
    spec, url = find_spec(), "https://a.gov.cn/1.txt"
    batch = read([(PAGE, render_page(spec)), (url, b"a note")])
    assert tell_outcomes(batch) == {PAGE: "read", url: "not_a_report"}
    assert batch.documents["report_id"].n_unique() == 1


def test_attachments_stand_behind_their_page() -> None:
    """A page and its attachments are one group, wherever they were found."""
    now = datetime(2024, 1, 1, tzinfo=UTC)
    names = {"1.doc": "b", "a": None, "b": None, "2.doc": "b", "3.doc": "gone"}
    origins = [Origin(name, "test", "0", "", now, page) for name, page in names.items()]
    groups = [[origin.url for origin in group] for group in group_pages(origins)]
    assert groups == [["b", "1.doc", "2.doc"], ["a"], ["3.doc"]]


def test_a_report_without_a_year_has_that_of_the_list() -> None:
    """Where neither title nor period says it, the link to the report names its year."""
    spec = find_spec()
    page = render_page(spec).decode().replace(f"{spec.year}年", "").encode()
    with pytest.raises(UnreadableError, match="in the link to it") as caught:
        read_report(page, load_gazetteer())
    assert caught.value.code == "no_report_year"
    place = Place("https://www.a.gov.cn/1.html", f"{spec.year}年度")
    assert read_report(page, load_gazetteer(), place=place).year == spec.year
