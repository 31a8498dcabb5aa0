"""Layouts of sample reports."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from selectolax.lexbor import LexborHTMLParser

from tasks.sample.render import list_layouts, load_look, render_html, render_text
from tasks.sample.spec import Spec
from tests.plain import HEADINGS

EDITIONS = ("2021", "2019")
PAGES = list_layouts(".html")
TEXTS = list_layouts(".txt")
MakeSpec = Callable[..., Spec]


def number_cells(spec: Spec) -> tuple[Spec, list[str]]:
    """Give each cell a figure of its own, and list these in the order of the form."""
    numbers = {cell.key: f"{700001 + place}" for place, cell in enumerate(spec.form.cells)}
    figures = {cell: Decimal(number) for cell, number in numbers.items()}
    return replace(spec, figures=figures, overrides=numbers), list(numbers.values())


def render(spec: Spec, layout: str) -> str:
    """Render in whichever way the layout has, and decode as it is encoded."""
    content = render_html(spec, layout) if layout in PAGES else render_text(spec, layout)
    return content.decode(load_look(layout).encoding)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("layout", PAGES)
def test_page_prints_every_cell(make_spec: MakeSpec, layout: str, edition: str) -> None:
    """Each figure stands alone in a cell of a table, all of them in the order of the form."""
    spec, numbers = number_cells(make_spec(edition))
    cells = LexborHTMLParser(render(spec, layout)).css("td")
    texts = [re.sub(r"\s", "", cell.text()) for cell in cells]
    assert [text for text in texts if re.fullmatch(r"700\d{3}", text)] == numbers


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("layout", TEXTS)
def test_text_prints_every_cell(make_spec: MakeSpec, layout: str, edition: str) -> None:
    """Each figure stands alone in a line, behind a tab or before a pipe."""
    spec, numbers = number_cells(make_spec(edition))
    pattern = {"tabs": r"^\t(700\d{3})$", "pipes": r"^(700\d{3}) \|$"}[layout]
    assert re.findall(pattern, render(spec, layout), re.MULTILINE) == numbers


@pytest.mark.parametrize("variant", range(3))
@pytest.mark.parametrize(
    "layout", [name for name in PAGES + TEXTS if name not in ("traditional", "pipes")]
)
def test_report_has_title_parts_period_and_signature(
    make_spec: MakeSpec, layout: str, variant: int
) -> None:
    """Title, the six parts in order, stated period, signature and date are there."""
    spec = replace(make_spec("2021"), variant=variant)
    printed = render(spec, layout)
    text = LexborHTMLParser(printed).text() if layout in PAGES else printed
    folded = re.sub(r"\s", "", text)
    found = [folded.index(part) for part in (spec.title, "2022年1月1日", *HEADINGS)]
    assert found == sorted(found)
    assert "2022年12月31日" in folded
    assert "固镇县人民政府办公室2023年1月16日" in folded
    assert "2023-01-18" in folded


def test_prose_tells_the_true_figures(make_spec: MakeSpec) -> None:
    """What the prose says of applications is what the figures say, whatever is printed."""
    spec = make_spec("2021")
    figures = spec.figures
    wrong = replace(spec, overrides={"t3.new.total": "99999"})
    assert (
        f"新收政府信息公开申请{figures['t3.new.total']}件，"
        f"上年结转{figures['t3.carried_in.total']}件"
    ) in render(wrong, "standard")


def test_all_zero_report_says_so(make_spec: MakeSpec) -> None:
    """A report without applications says that there were none."""
    assert "未收到政府信息公开申请" in render(make_spec("2021", scale="zero"), "standard")


@pytest.mark.parametrize("layout", ["traditional", "pipes"])
def test_mirror_is_in_traditional_characters(make_spec: MakeSpec, layout: str) -> None:
    """Mirrors print traditional characters and half-width brackets."""
    text = render(make_spec("2021"), layout)
    assert "收到和處理政府信息公開申請情況" in text
    assert "第二十條第(一)項" in text
    assert "处" not in text


def test_nested_layout_is_declared_gb2312(make_spec: MakeSpec) -> None:
    """The nested layout is no UTF-8, declares gb2312, and holds tables within tables."""
    content = render_html(make_spec("2021"), "nested")
    assert b"charset=gb2312" in content
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert LexborHTMLParser(content.decode("gb18030")).css("table table table")


@pytest.mark.parametrize(
    ("layout", "count"), [("standard", 3), ("separate", 6), ("page_break", 4), ("word", 3)]
)
def test_layout_divides_the_tables(make_spec: MakeSpec, layout: str, count: int) -> None:
    """One table a form table, four for table 2, or two for table 3, as the layout says."""
    assert render(make_spec("2021"), layout).count("</table>") == count


def test_word_layout_has_its_clutter(make_spec: MakeSpec) -> None:
    """A page saved by a word processor has its classes, no-break spaces and broken labels."""
    text = render(make_spec("2021"), "word")
    assert 'class="MsoNormal"' in text
    assert "&nbsp;一、本年新收政府信息公开申请数量" in text
    assert "商业<br />企业" in text


def test_unknown_layout_is_refused(make_spec: MakeSpec) -> None:
    """A text layout gives no page, and the message names those that do."""
    with pytest.raises(ValueError, match=r"expected one of \['standard', .* found 'tabs'"):
        render_html(make_spec("2021"), "tabs")
    with pytest.raises(ValueError, match=r"expected one of \['tabs', 'pipes'\], found 'word'"):
        render_text(make_spec("2021"), "word")
