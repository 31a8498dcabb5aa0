"""Reading PDF: every printed cell where it stands, whatever a page break does to it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.form import load_form
from tasks.reading.document import Document, Grid, TextBlock
from tasks.reading.figures import read_figure
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.pdf import read_pdf
from tasks.reading.report import UnreadableError
from tasks.sample.pdf import render_pdf
from tasks.sample.spec import Spec, print_figures

HONGZE = Path(__file__).resolve().parents[3].parent / "shared/reports/hongze_2023.pdf"
LOCATOR = re.compile(r"page\[\d+\]/\(\d+,\d+,\d+,\d+\)")
TEXTS = ["0", "7", "12", "345", "67890", "1234567", "", "/", "—"]


def find_silent_errors(spec: Spec, document: Document) -> list[tuple[str, str | None, str]]:
    """List cells read or blank otherwise than printed: name, text as read, text as printed."""
    printed = print_figures(spec)
    cells = {cell.key: cell for cell in spec.form.cells}
    wrong = []
    for name, reading in match_grids(document.grids, index_labels(spec.edition)).readings.items():
        figure = read_figure(printed[name], cells[name])
        if reading.status in ("read", "blank") and (
            (reading.status, reading.value) != (figure.status, figure.value)
        ):
            wrong.append((name, reading.text, printed[name]))
    return wrong


def turn_pages(content: bytes, matrix: bytes, box: bytes) -> bytes:
    """Turn what is drawn on every page, without a word of it in the page's own entries."""

    def turn(match: re.Match[bytes]) -> bytes:
        head = matrix + b" cm "
        return b"/Length %d>>stream\n%s" % (int(match[1]) + len(head), head)

    body = content.partition(b"xref\n")[0]
    body = body.replace(b"/MediaBox[0 0 595.0 842.0]", b"/MediaBox" + box)
    return re.sub(rb"/Length (\d+)>>stream\n", turn, body) + b"trailer<</Root 1 0 R>>\n%%EOF"


def write_file(pages: str, *others: str, trailer: str = "") -> bytes:
    """Write a file of the PDF format with a given page tree and no table of its objects."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", pages, *others]
    body = "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in enumerate(objects, 1))
    return f"%PDF-1.5\n{body}trailer<</Root 1 0 R{trailer}>>\n%%EOF".encode()


@pytest.mark.parametrize("edition", ["2021", "2019"])
@pytest.mark.parametrize("height", [300, 510, 842], ids=["low", "middle", "A4"])
def test_every_cell_is_read_over_page_breaks(
    edition: str, height: int, make_spec: Callable[..., Spec]
) -> None:
    """Rows that go to the next page whole lose nothing, headers and groups included."""
    spec = make_spec(edition)
    document = read_pdf(render_pdf(spec, page=(595, height)))
    readings = match_grids(document.grids, index_labels(edition)).readings
    assert find_silent_errors(spec, document) == []
    tables = {name.partition(".")[0] for name, one in readings.items() if one.status == "read"}
    assert tables >= {"t2", "t3"}
    if height == 842:
        assert {name: one.value for name, one in readings.items()} == spec.figures


def test_a_table_cut_by_page_breaks_is_one_grid(make_spec: Callable[..., Spec]) -> None:
    """The three tables of the form are three grids, however many pages they take."""
    document = read_pdf(render_pdf(make_spec("2021"), page=(595, 510)))
    assert len(document.grids) == 3
    assert {
        block.locator.partition("/")[0] for block in document.blocks if isinstance(block, TextBlock)
    } > {"page[1]", "page[2]"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32),
    height=st.floats(190, 880),
    width=st.sampled_from([420, 595, 842]),
    cuts_rows=st.booleans(),
    is_closed=st.booleans(),
)
def test_no_page_break_makes_a_wrong_figure(
    make_spec: Callable[..., Spec],
    seed: int,
    height: float,
    width: int,
    cuts_rows: bool,
    is_closed: bool,
) -> None:
    """Wherever a page break falls, a cell reads as printed or is not read at all."""
    rng = random.Random(seed)
    spec = make_spec(rng.choice(["2021", "2019"]))
    share = rng.random()
    texts = {cell.key: rng.choice(TEXTS) for cell in spec.form.cells if rng.random() < share}
    spec = replace(spec, overrides=texts)
    content = render_pdf(spec, page=(width, height), cuts_rows=cuts_rows, is_closed=is_closed)
    assert find_silent_errors(spec, read_pdf(content)) == []


def test_a_figure_on_two_lines_is_refused(make_spec: Callable[..., Spec]) -> None:
    """A figure too wide for its cell keeps its line break and is no figure."""
    spec = replace(make_spec("2021"), overrides={"t3.granted.company": "123456789"})
    document = read_pdf(render_pdf(spec, page=(595, 842)))
    reading = match_grids(document.grids, index_labels("2021")).readings["t3.granted.company"]
    assert (reading.status, reading.note) == ("unreadable", "line_break")
    assert (reading.text or "").replace("\n", "") == "123456789"


def test_narrow_heads_are_words_again(make_spec: Callable[..., Spec]) -> None:
    """A head with one character a line is joined without blanks."""
    document = read_pdf(render_pdf(make_spec("2021"), page=(420, 842)))
    texts = {cell.text for row in document.grids[1].rows for cell in row}
    assert {"自然人", "社会公益组织", "法律服务机构"} <= texts


@pytest.mark.parametrize(
    ("matrix", "box"),
    [
        (b"0 1 -1 0 842 0", b"[0 0 842 595]"),
        (b"-1 0 0 -1 595 842", b"[0 0 595 842]"),
        (b"0 -1 1 0 0 595", b"[0 0 842 595]"),
        (b"1 0 0 1 -200 -300", b"[-200 -300 395 542]"),
        (b"0.5 0 0 0.5 0 0", b"[0 0 297.5 421]"),
    ],
    ids=["left", "upside_down", "right", "moved", "half_size"],
)
def test_turned_and_moved_pages_read_alike(
    matrix: bytes, box: bytes, make_spec: Callable[..., Spec]
) -> None:
    """Text set sideways, a page whose corner is elsewhere, and another scale change nothing."""
    spec = make_spec("2021")
    content = turn_pages(render_pdf(spec), matrix, box)
    readings = match_grids(read_pdf(content).grids, index_labels("2021")).readings
    assert {name: one.value for name, one in readings.items()} == spec.figures


def test_running_text_keeps_its_order_without_page_numbers(
    make_spec: Callable[..., Spec],
) -> None:
    """Lines run on over page breaks; numbers at the foot of a page are no text."""
    document = read_pdf(render_pdf(make_spec("2021"), page=(595, 400)))
    assert not re.search(r"- \d -", document.text)
    headings = [line[:2] for line in document.text.split("\n") if line[1:2] == "、"]
    assert headings == ["一、", "二、", "三、", "四、", "五、", "六、"]


def test_locators_name_page_and_box(make_spec: Callable[..., Spec]) -> None:
    """Each block and cell says on which page and where in points it stands."""
    document = read_pdf(render_pdf(make_spec("2021")))
    for block in document.blocks:
        cells = [cell for row in block.rows for cell in row] if isinstance(block, Grid) else [block]
        for cell in cells:
            assert all(LOCATOR.fullmatch(part) for part in cell.locator.split("+")), cell.locator


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.4\nnothing", "damaged_file"),
        (write_file("<</Type/Pages/Kids[]/Count 0>>"), "damaged_file"),
        (write_file("<</Type/Pages/Kids[2 0 R]/Count 1>>"), "damaged_file"),
        (
            write_file(f"<</Type/Pages/Kids[{'3 0 R ' * 3000}]/Count 3000>>", "<</Type/Page>>"),
            "too_many_pages",
        ),
        (
            write_file(
                "<</Type/Pages/Kids[3 0 R]/Count 1>>",
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
            ),
            "scanned_no_text",
        ),
        (
            write_file(
                "<</Type/Pages/Kids[]/Count 0>>",
                f"<</Filter/Standard/V 1/R 2/P -4/O<{'a1' * 32}>/U<{'b2' * 32}>>>",
                trailer="/Encrypt 3 0 R/ID[<00><00>]",
            ),
            "encrypted",
        ),
    ],
    ids=["no_objects", "no_pages", "loop", "thousands_of_pages", "no_text", "password"],
)
def test_what_cannot_be_read_says_why(content: bytes, code: str) -> None:
    """Each kind of unreadable PDF has its own code and a message that says what to do."""
    with pytest.raises(UnreadableError) as caught:
        read_pdf(content)
    assert caught.value.code == code
    assert "expected" in caught.value.message
    assert "found" in caught.value.message


def test_unpainted_text_is_not_read(make_spec: Callable[..., Spec]) -> None:
    """The invisible text layer of a scan counts as no text: nobody has proofread it."""
    content = render_pdf(make_spec("2021"))
    hidden = re.sub(rb"BT /F", b"BT 3 Tr /F", content)
    with pytest.raises(UnreadableError) as caught:
        read_pdf(hidden)
    assert caught.value.code == "scanned_no_text"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_bytes_give_a_document_or_a_reason(
    make_spec: Callable[..., Spec], data: st.DataObject
) -> None:
    """Whatever bytes are changed or lost, only UnreadableError comes out."""
    content = bytearray(render_pdf(make_spec("2021")))
    for _ in range(data.draw(st.integers(1, 40))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    try:
        assert isinstance(read_pdf(bytes(content[:cut])), Document)
    except UnreadableError as error:
        assert error.code in {"damaged_file", "encrypted", "scanned_no_text", "too_complex"}


def test_a_published_report_is_read_cell_by_cell() -> None:
    """Every figure of a district's PDF is that of the page: compared by eye, once."""
    if not HONGZE.is_file():
        pytest.skip(f"no shared reports at {HONGZE}")
    document = read_pdf(HONGZE.read_bytes())
    assert document.text.startswith("洪泽区人民政府2023年政府信息公开工作年度报告\n")
    table2, table3, table4 = (
        [[cell.text for cell in row] for row in grid.rows] for grid in document.grids
    )
    assert [row[1:] for row in table2 if row[-1][0].isdigit()] == [
        ["0", "0", "0"], ["0", "5", "5"], ["550"], ["4119"], ["195"], ["7730.28"]
    ]  # fmt: skip
    figures = {row[-8]: row[-7:] for row in table3[3:]}
    assert len(figures) == 23
    alone = {
        "一、本年新收政府信息公开申请数量": "21",
        "（二）部分公开（区分处理的，只计这一情形，不计其他情形）": "4",
        "1.属于国家秘密": "1",
        "6.属于四类过程性信息": "1",
        "7.属于行政执法案卷": "1",
        "1.本机关不掌握相关政府信息": "10",
        "2.没有现成信息需要另行制作": "3",
        "1.信访举报投诉类申请": "1",
        "（七）总计": "21",
    }
    for label, row in figures.items():
        value = alone.get(label, "0")
        assert row == [value, "0", "0", "0", "0", "0", value], label
    assert alone.keys() <= figures.keys()
    assert table4[-1] == ["10", "1", *["0"] * 8, "5", *["0"] * 4]
    readings = match_grids(document.grids, index_labels("2021")).readings
    # The row of the other edition is not read; all else is.
    assert sum(one.status == "read" for one in readings.values()) == 10 + 22 * 7 + 15
    assert {load_form("2021").cells[0].key, "t4.suit_after_review.total"} <= readings.keys()
