"""Promises of reading the tables of report years before 2019."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tasks.reading.html import read_html
from tasks.reading.legacy import read_legacy_rows
from tasks.reading.report import LegacyRow
from tasks.reading.text import read_text

REPORTS = Path(__file__).resolve().parents[3].parent / "shared/reports"
HEAD = "指标名称 计量单位 2013年度 历年累计 "


def figures(row: LegacyRow) -> tuple[Decimal | int | None, Decimal | int | None]:
    """Give a row's two figures."""
    return row.value, row.cumulative


def read_real(name: str) -> dict[str, LegacyRow]:
    """Read a real report's rows by label, or skip."""
    path = REPORTS / name
    if not path.exists():
        pytest.skip(f"the real report {path} is not there")
    return {row.label: row for row in read_legacy_rows(read_text(path.read_text("utf-8")))}


def test_rows_of_blanks_are_read_with_both_figures() -> None:
    """The table of 2011 has 17 rows, each with the year's and the cumulative figure."""
    rows = read_real("pingtan_2011.txt")
    assert len(rows) == 17
    assert figures(rows["主动公开信息数"]) == (425, 1516)
    assert figures(rows["其中：1.网站公开"]) == (418, 1509)
    assert figures(rows["2.政府公报公开"]) == (7, 7)
    assert figures(rows["行政申诉数"]) == (0, 0)
    assert rows["行政申诉数"].unit == "条"


def test_one_figure_in_two_columns_is_neither() -> None:
    """Where a column is blank in 2013, the figure left is given to none."""
    rows = read_real("pingtan_2013.txt")
    assert len(rows) == 16
    assert figures(rows["主动公开信息数"]) == (72804, 76424)
    assert figures(rows["2、政府公报公开"]) == (None, None)
    assert rows["2、政府公报公开"].text == "0"
    assert figures(rows["行政申诉、举报数"]) == (0, 0)


def test_run_together_figures_are_split_only_where_there_is_one_way() -> None:
    """In 2018 `00` is two zeros; `206912106` may be split in several ways."""
    rows = read_real("pingtan_2018.txt")
    assert len(rows) == 15
    assert figures(rows["主动公开文件数"]) == (None, None)
    assert rows["其中：1.政府网站公开数"].text == "206912106"
    assert figures(rows["2.政府公报公开数"]) == (0, 0)
    assert figures(rows["行政诉讼数"]) == (0, 0)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("5 12", (5, 12)),
        ("05", (0, 5)),
        ("12", (None, None)),
        ("1 2 3", (None, None)),
        ("7 418", (None, None)),
        ("五 六", (None, None)),
        ("", (None, None)),
    ],
    ids=["apart", "leading_zero", "one_or_two", "three", "grouped", "words", "nothing"],
)
def test_a_doubtful_row_has_no_value(printed: str, expected: tuple[int | None, ...]) -> None:
    """Only what can be no other way is a value; what is printed is kept."""
    (row, *_) = read_legacy_rows(f"{HEAD}主动公开信息数 条 {printed} 行政复议数 件 0 0")
    assert figures(row) == expected


def test_a_number_out_of_order_may_be_a_figures_digit() -> None:
    """Digits glued before a label's number are not taken where numbers do not count on."""
    text = f"{HEAD}1.当面申请数条005.信函申请数条00"
    first, second = read_legacy_rows(text)
    assert figures(first) == (None, None)
    assert figures(second) == (0, 0)


def test_a_table_of_one_column_has_no_cumulative_figure() -> None:
    """The table of 2014 to 2018 prints the year's figure alone; grids are read as printed."""
    page = (
        "<table><tr><td>统计指标</td><td>单位</td><td>统计数</td></tr>"
        "<tr><td>一、主动公开情况</td><td></td><td></td></tr>"
        "<tr><td>（一）主动公开政府信息数</td><td>条</td><td>1,516</td></tr>"
        "<tr><td>收到申请数</td><td>件</td><td>12</td></tr></table>"
    )
    rows = read_legacy_rows(read_html(page))
    assert [(row.label, row.unit, *figures(row)) for row in rows] == [
        ("（一）主动公开政府信息数", "条", None, None),
        ("收到申请数", "件", Decimal(12), None),
    ]
    assert rows[1].locator == "table[1]/tr[4]/td[3]"


def test_prose_without_the_table_has_no_rows() -> None:
    """The words of the table in running text give nothing."""
    assert read_legacy_rows("2018年收到申请数 件 12，行政复议数 件 0") == ()
