"""Labels that a table does not print as the form has them."""

from __future__ import annotations

import random
from datetime import date

import pytest

from expectations.form import load_form
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.sample.figures import draw_figures
from tasks.sample.look import Look
from tasks.sample.render import (
    list_layouts,
    print_look,
    render_html,
    render_tables,
    render_text,
)
from tasks.sample.spec import Body, Spec

SPEC = Spec(
    body=Body("常州市", "常州市", "常州市人民政府", "government", "CN-JS", "320400", "prefecture"),
    title="常州市2022年政府信息公开工作年度报告",
    year=2022,
    edition="2021",
    figures=draw_figures(load_form("2021"), random.Random(5), "prefecture"),
    period=(date(2022, 1, 1), date(2022, 12, 31)),
    signed_on=date(2023, 1, 16),
    published_on=date(2023, 1, 18),
)


def list_labels(page: bytes) -> set[tuple[str | None, ...]]:
    """List the labels of a page that are not as the form has them."""
    document = read_document(page)
    return {tuple(label) for label in read_cells(document, tell_edition(document)).labels}


@pytest.mark.parametrize("layout", list_layouts(".html"))
def test_the_form_itself_has_no_odd_label(layout: str) -> None:
    """A page that prints the form as it is gives none, whatever its layout."""
    assert list_labels(render_html(SPEC, layout)) == set()


@pytest.mark.parametrize(
    ("printed", "instead", "label"),
    [
        ("行政规范性文件", "规范性文件", ("t2", "row", "normative_documents", "规范性文件")),
        ("2.重复申请", "未列明的事项", ("t3", "row", "rejected_repeat", None)),
        ("2.重复申请", "2.多次申请", ("t3", "row", "rejected_repeat", "2.多次申请")),
        ("商业企业", "商业公司", ("t3", "column", "company", "商业公司")),
        ("尚未审结", "尚未", ("t4", "column", "pending", "尚未")),
    ],
    ids=["row drifted", "row not told", "row mistyped", "column drifted", "column across drifted"],
)
def test_one_label_put_otherwise(printed: str, instead: str, label: tuple[str | None, ...]) -> None:
    """A label put otherwise is told with what is printed; one that is not known is missing."""
    look = Look()
    page = render_tables(SPEC, print_look(SPEC, look), look)
    assert printed in page
    found = list_labels(page.replace(printed, instead).encode())
    assert label in found
    assert {one for one in found if one[2] is not None} == {label}


def test_a_row_that_is_not_printed_is_missing() -> None:
    """Where a row of the form is left out, its label is told as missing, and no other."""
    look = Look()
    page = render_tables(SPEC, print_look(SPEC, look), look)
    start = page.rindex("<tr", 0, page.index("2.重复申请"))
    end = page.index("</tr>", start) + len("</tr>")
    assert list_labels((page[:start] + page[end:]).encode()) == {
        ("t3", "row", "rejected_repeat", None)
    }


def test_rows_and_columns_of_the_publisher_are_told() -> None:
    """A sub-total and a column of the publisher's own are labels the form does not have."""
    look = Look(own_row="inside", own_column="last")
    found = list_labels(render_tables(SPEC, print_look(SPEC, look), look).encode())
    assert {(table, line, key) for table, line, key, _ in found} == {
        ("t3", "row", None),
        ("t3", "column", None),
    }


def test_running_text_tells_no_labels() -> None:
    """Of tables found in running text nothing is said but that: never that a label is missing."""
    page = render_text(SPEC, "tabs").replace(b"\t", b"\n")
    assert list_labels(page) == {(table, "table", None, None) for table in ("t2", "t3", "t4")}
