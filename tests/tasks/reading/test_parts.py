"""Running text cut into the six parts of a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.reading.parts import Part, split_parts
from tasks.reading.read import read_document
from tests.plain import HEADINGS

REPORTS = Path(__file__).resolve().parents[4] / "shared/reports"


def write(headings: tuple[str, ...] = HEADINGS, gap: str = "\n") -> str:
    """Write a report whose parts say their place."""
    return "前言。\n" + "\n".join(
        f"{heading}{gap}正文之{place}。" for place, heading in enumerate(headings)
    )


def list_numbers(text: str) -> list[int]:
    """List the numbers of the parts found."""
    return [part.number for part in split_parts(text)]


def test_parts_in_order() -> None:
    """Each part has its number, its printed heading and the text up to the next one."""
    parts = split_parts(write())
    assert parts[0] == Part(0, "", "前言。")
    assert [part.number for part in parts] == [0, 1, 2, 3, 4, 5, 6]
    assert tuple(part.heading for part in parts[1:]) == HEADINGS
    assert [part.text for part in parts[1:]] == [f"正文之{place}。" for place in range(6)]


@pytest.mark.parametrize(
    ("heading", "number"),
    [
        ("二、行政机关主动公开政府信息情况", 2),
        ("三、行政机关收到和处理政府信息公开申请情况。", 3),
        ("四、因政府信息公开工作被申请行政复议、提起行政诉讼情况", 4),
        ("四、政府信息公开工作被申请行政复议、提起行政诉讼情况", 4),
        ("五、政府信息公开工作存在的主要问题及改进情况", 5),
        ("五、存在问题及改进情况", 5),
        ("六.其他需要报告的事项:", 6),
        ("  一、 总体情况", 1),
        ("总体情况", 1),
        ("第一部分、概述", 1),
    ],
)
def test_drifted_heading(heading: str, number: int) -> None:
    """A heading that drifted from the form still opens its part."""
    assert list_numbers(f"前言。\n{heading}\n正文。") == [0, number]


@pytest.mark.parametrize(
    "text",
    [
        "全文包括总体情况、主动公开政府信息情况、其他需要报告的事项等六个部分。",
        "三、本年度办理结果\n四、结转下年度继续办理",
        "总体情况良好，主动公开政府信息情况正常。",
        "",
    ],
    ids=["mention", "rows of table 3", "prose", "nothing"],
)
def test_no_heading(text: str) -> None:
    """Prose and rows that resemble a heading open no part."""
    assert [part.number for part in split_parts(text)] == ([0] if text else [])


def test_contents_are_no_parts() -> None:
    """A list of contents before the report does not make each part stand twice."""
    assert list_numbers("\n".join(HEADINGS) + "\n" + write()) == [0, 1, 2, 3, 4, 5, 6]


def test_headings_within_a_line() -> None:
    """Where all lines were lost, the parts are found behind their numerals."""
    flat = write(gap="").replace("\n", " ")
    assert list_numbers(flat) == [0, 1, 2, 3, 4, 5, 6]


def test_wrong_order_is_kept() -> None:
    """Parts come in the order printed, and one printed twice comes twice."""
    swapped = (HEADINGS[0], HEADINGS[2], HEADINGS[1], HEADINGS[1])
    assert list_numbers(write(swapped)) == [0, 1, 3, 2, 2]


@pytest.mark.parametrize(
    "name", ["000_9e678f4fbfe67a94.txt", "001_b59b729ba7c2a485.txt", "shanghai_office_2019.html"]
)
def test_real_reports(name: str) -> None:
    """Real reports have their six parts, whatever surrounds them."""
    path = REPORTS / name
    if not path.is_file():
        pytest.skip(f"no real report at {path}")
    assert list_numbers(read_document(path.read_bytes()).text) == [0, 1, 2, 3, 4, 5, 6]
