"""Rows told by their place where their label is mistyped, and rows that stand for several."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.reading.html import read_html
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.misprinted import ROWS_IN_ONE
from tasks.reading.place import Matching

HEAD = (
    "<tr><td colspan=3 rowspan=3>（本列数据的勾稽关系为：第一项加第二项之和，"
    "等于第三项加第四项之和）</td><td colspan=7>申请人情况</td></tr><tr><td rowspan=2>自然人</td>"
    "<td colspan=5>法人或其他组织</td><td rowspan=2>总计</td></tr>"
    "<tr><td>商业企业</td><td>科研机构</td><td>社会公益组织</td>"
    "<td>法律服务机构</td><td>其他</td></tr>"
)
BEFORE, DUE, AFTER = "4.保护第三方合法权益", "t3.denied_internal_affairs", "6.属于四类过程性信息"
GROUP = "（六）其他处理"


def read_rows(*rows: tuple[str, list[int]]) -> Matching:
    """Match a table 3 of these labels and figures."""
    body = "".join(
        f"<tr><td colspan=3>{label}</td>{''.join(f'<td>{one}</td>' for one in figures)}</tr>"
        for label, figures in rows
    )
    grids = read_html(f"<table>{HEAD}{body}</table>").grids
    return match_grids(grids, index_labels("2021"))


@pytest.mark.parametrize(
    "label", ["5.属于三类内务信息", "5、属于三类部内事务信息", "5.属于三类内部"]
)
def test_a_mistyped_label_is_told_by_its_place(label: str) -> None:
    """Alone between its neighbours, with its number and half of its words, it is that row."""
    figures = [5, 0, 0, 0, 0, 1, 6]
    matching = read_rows((BEFORE, [4] * 7), (label, figures), (AFTER, [9] * 7))
    found = [one.value for name, one in matching.readings.items() if name.startswith(DUE)]
    assert found == [Decimal(figure) for figure in figures]


@pytest.mark.parametrize(
    "rows",
    [
        ((BEFORE, [4] * 7), ("6.属于三类内务信息", [5] * 7), (AFTER, [9] * 7)),
        ((BEFORE, [4] * 7), ("5.本单位另行统计的事项", [5] * 7), (AFTER, [9] * 7)),
        ((BEFORE, [4] * 7), ("5.属于三类内部事务信息小计", [5] * 7), (AFTER, [9] * 7)),
        ((BEFORE, [4] * 7), ("5.属于三类内务信息", [5] * 6), (AFTER, [9] * 7)),
        ((BEFORE, [4] * 7), ("5.属于三类内务信息", [5] * 7), ("7.属于行政执法案卷", [9] * 7)),
        (
            (BEFORE, [4] * 7),
            ("5.属于三类内务信息", [5] * 7),
            ("5.属于三类内务信息", [6] * 7),
            (AFTER, [9] * 7),
        ),
        (
            (BEFORE, [4] * 7),
            ("5.属于三类内务信息", [5] * 7),
            (AFTER, [9] * 7),
            ("5.属于三类内部事务信息", [6] * 7),
        ),
    ],
    ids=[
        "other_number",
        "other_words",
        "two_labels",
        "cell_lost",
        "not_neighbours",
        "two_of_them",
        "elsewhere",
    ],
)
def test_a_label_that_may_be_another_is_not_told(rows: tuple[tuple[str, list[int]], ...]) -> None:
    """Where anything else is possible, the row's figures are no cell's."""
    readings = read_rows(*rows).readings
    fives = [one.value for name, one in readings.items() if name.startswith(DUE)]
    assert Decimal(5) not in fives


def test_one_row_for_a_group_is_unreadable_cell_by_cell() -> None:
    """The older form's single row holds the figures of three: none is told, none is absent."""
    matching = read_rows(("5.要求行政机关确认或重新出具已获取信息", [0] * 7), (GROUP, [2] * 7))
    cells = [one for name, one in matching.readings.items() if name.startswith("t3.other_")]
    assert len(cells) == 21
    assert {(one.status, one.note, one.text) for one in cells} == {
        ("unreadable", ROWS_IN_ONE, "2 2 2 2 2 2 2")
    }
    assert matching.unmatched == []


def test_a_sub_total_above_the_rows_of_its_group_is_left_alone() -> None:
    """Where the rows are printed, a figure beside their group belongs to no cell."""
    matching = read_rows(
        ("5.要求行政机关确认或重新出具已获取信息", [0] * 7),
        (GROUP, [2] * 7),
        ("3.其他", [1] * 7),
    )
    found = {name.rpartition(".")[0] for name in matching.readings}
    assert "t3.other_other" in found
    assert "t3.other_fee_unpaid" not in found
    assert len(matching.unmatched) == 7
