"""What reading OFD files promises."""

from __future__ import annotations

import pytest

from tasks.reading.document import Document
from tasks.reading.ofd import read_ofd
from tasks.reading.report import UnreadableError
from tasks.sample.ofd import pack_ofd
from tasks.sample.office import pack_zip

LINE = "公开" * 30


def text(content: str, top: float = 20, *, attributes: str = "", steps: str = "") -> str:
    """Write a text that begins 20 mm from the left."""
    steps = steps or f"g {len(content)} 3.2"
    return (
        f'<ofd:TextObject ID="1" Boundary="20 {top} 150 5" Size="3.2" {attributes}>'
        f'<ofd:TextCode X="0" Y="3" DeltaX="{steps}">{content}</ofd:TextCode></ofd:TextObject>'
    )


def path(data: str, attributes: str = "") -> str:
    """Write a path whose coordinates count from 20 mm and 40 mm."""
    return (
        f'<ofd:PathObject ID="1" Boundary="20 40 100 30" {attributes}>'
        f"<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def read(*objects: str) -> Document:
    """Read a page of objects, and of enough text to be one."""
    return read_ofd(pack_ofd("".join([*objects, text(LINE, 200, steps="g 99 1.6")]), 297))


def test_ruled_lines_make_a_table_and_the_rest_is_text() -> None:
    """Strokes and thin filled boxes rule a table; locators are boxes in points."""
    frame = path("M 0 0 L 60 0 L 60 10 L 0 10 C")
    bar = path("M 30 0 L 30.1 0 L 30.1 10 L 30 10 C", 'Stroke="false" Fill="true"')
    document = read(
        text("标题", 20), frame, bar, text("甲", 42), text("12", 42).replace("20 42", "55 42")
    )
    assert document.text.startswith("标题")
    assert [cell.text for cell in document.grids[0].rows[0]] == ["甲", "12"]
    assert document.grids[0].rows[0][0].locator == "page[1]/(57,113,142,142)"


@pytest.mark.parametrize(
    ("attributes", "steps", "expected"),
    [
        pytest.param("", "3.2", "12", id="plain"),
        pytest.param('CTM="2 0 0 2 0 0"', "1.6", "12", id="scaled"),
        pytest.param('CTM="0 1 -1 0 10 0"', "3.2", None, id="turned"),
        pytest.param("", "0", None, id="on-each-other"),
        pytest.param('Visible="false"', "3.2", "", id="invisible"),
        pytest.param('Fill="false"', "3.2", "", id="without-paint"),
    ],
)
def test_only_plain_upright_figures_are_read(
    attributes: str, steps: str, expected: str | None
) -> None:
    """Characters that are turned or lie on each other are no figures."""
    frame = path("M 0 0 L 60 0 L 60 20 L 0 20 C M 30 0 L 30 20")
    figure = text("12", 45, attributes=attributes, steps=steps).replace("20 45", "55 45")
    (grid,) = read(frame, text("甲", 42), figure).grids
    if expected is None:
        assert "\ufffd" in grid.rows[0][1].text
    else:
        assert grid.rows[0][1].text == expected


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"PK\x03\x04", "damaged_file", id="cut-off"),
        pytest.param(pack_zip({"a.txt": "1"}), "damaged_file", id="no-root"),
        pytest.param(pack_ofd("<ofd:TextObject>", 297), "damaged_file", id="broken-xml"),
        pytest.param(pack_ofd("", 297), "scanned_no_text", id="no-text"),
        pytest.param(pack_ofd(text("1" * 100_001), 297), "too_complex", id="too-much-text"),
        pytest.param(
            pack_ofd(path("M 0 0 L 1 1 " * 60_000), 297), "too_complex", id="too-many-lines"
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content: bytes, code: str) -> None:
    """No page is made up, and none takes forever."""
    with pytest.raises(UnreadableError) as refused:
        read_ofd(content)
    assert refused.value.code == code
