"""Promises of the matching of printed tables against the form."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.reading.html import read_html
from tasks.reading.labels import index_labels
from tasks.reading.match import Matching, match_grids
from tasks.reading.text import read_text

HEAD = (
    "<tr><td colspan=3 rowspan=3>"
    "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）</td>"
    "<td colspan=7>申请人情况</td></tr>"
    "<tr><td rowspan=2>自然人</td><td colspan=5>法人或其他组织</td><td rowspan=2>总计</td></tr>"
    "<tr><td>商业企业</td><td>科研机构</td><td>社会公益组织</td><td>法律服务机构</td><td>其他</td></tr>"
)
COLUMNS = ("自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计")
NEW = "一、本年新收政府信息公开申请数量"
TABLE4 = (
    "<tr><td colspan=5>行政复议</td><td colspan=10>行政诉讼</td></tr>"
    "<tr>"
    + "".join(
        f"<td rowspan=2>{label}</td>"
        for label in ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计")
    )
    + "<td colspan=5>未经复议直接起诉</td><td colspan=5>复议后起诉</td></tr>"
    "<tr>"
    + "<td>结果维持</td><td>结果纠正</td><td>其他结果</td><td>尚未审结</td><td>总计</td>" * 2
    + "</tr>"
)


def match(markup: str, edition: str = "2021") -> Matching:
    """Match the tables of a page against an edition."""
    return match_grids(read_html(markup).grids, index_labels(edition))


def row(label: str, *values: object) -> str:
    """Write a row of table 3 with a label over three columns."""
    cells = "".join(f"<td>{value}</td>" for value in values)
    return f"<tr><td colspan=3>{label}</td>{cells}</tr>"


def values_of(matching: Matching, line: str) -> list[Decimal | None]:
    """List the values of a row of table 3 in the order of the form."""
    return [
        matching.readings[f"{line}.{column}"].value
        for column in index_labels("2021").form.tables["t3"].blocks[0].columns
    ]


def test_spans_are_expanded_and_each_figure_finds_its_column() -> None:
    """A row under merged headers lands cell by cell, with where it stood."""
    matching = match(f"<table>{HEAD}{row(NEW, 1, 2, 3, 4, 5, 6, 21)}</table>")
    assert values_of(matching, "t3.new") == [Decimal(n) for n in (1, 2, 3, 4, 5, 6, 21)]
    assert matching.readings["t3.new.total"].locator == "table[1]/tr[4]/td[8]"


def test_a_moved_total_column_is_followed_by_its_header() -> None:
    """Columns are told by their headers, not by their place."""
    labels = ("项目", COLUMNS[-1], *COLUMNS[:-1])
    head = "<tr>" + "".join(f"<td>{label}</td>" for label in labels) + "</tr>"
    matching = match(
        f"<table>{head}<tr><td>{NEW}</td>" + "<td>21</td><td>1</td><td>2</td>"
        "<td>3</td><td>4</td><td>5</td><td>6</td></tr></table>"
    )
    assert values_of(matching, "t3.new") == [Decimal(n) for n in (1, 2, 3, 4, 5, 6, 21)]


@pytest.mark.parametrize("count", [6, 8])
def test_a_row_with_too_few_or_too_many_figures_is_unreadable_as_a_whole(count: int) -> None:
    """No figure of a shifted row is taken for a read one; all that was printed is kept."""
    matching = match(f"<table>{HEAD}{row(NEW, *range(1, count + 1))}</table>")
    readings = [reading for name, reading in matching.readings.items() if ".new." in name]
    assert len(readings) == 7
    assert {(r.status, r.value, r.note) for r in readings} == {
        ("unreadable", None, f"row_count:{count}")
    }
    assert readings[0].text == " ".join(map(str, range(1, count + 1)))


def test_unknown_headers_leave_the_figures_unread() -> None:
    """Where two headers cannot be told, no column is guessed."""
    head = HEAD.replace("科研机构", "甲").replace("法律服务机构", "乙")
    matching = match(f"<table>{head}{row(NEW, 1, 2, 3, 4, 5, 6, 21)}</table>")
    assert {reading.note for reading in matching.readings.values()} == {"columns_unknown"}


@pytest.mark.parametrize(
    "label",
    [
        "（七）总计",
        "(七)总计",
        "（七）合计",
        "（七） 总<br>计",
        "<p>（七）</p><p>总计</p>",
        "七、总计",
    ],
)
def test_a_drifted_label_still_names_its_row(label: str) -> None:
    """Brackets, blanks, line breaks and known variants of a label do not lose the row."""
    matching = match(f"<table>{HEAD}{row(label, 1, 0, 0, 0, 0, 0, 1)}</table>")
    assert values_of(matching, "t3.closed")[0] == 1


def test_a_table_cut_by_a_page_break_keeps_its_columns() -> None:
    """A second table without a header goes on under the header of the first."""
    matching = match(
        f"<table>{HEAD}{row(NEW, 1, 0, 0, 0, 0, 0, 1)}</table><p>3</p>"
        f"<table>{row('四、结转下年度继续办理', 1, 0, 0, 0, 0, 0, 1)}</table>"
    )
    assert values_of(matching, "t3.carried_out")[6] == 1


def test_a_layout_table_around_the_tables_changes_nothing() -> None:
    """Nested tables are read, the table that lays out the page is not."""
    inner = f"<table>{HEAD}{row(NEW, 1, 0, 0, 0, 0, 0, 1)}</table>"
    matching = match(f"<table><tr><td>规章</td><td>首页</td></tr><tr><td>{inner}</td></tr></table>")
    assert set(matching.readings) == {
        f"t3.new.{column}" for column in index_labels("2021").form.tables["t3"].blocks[0].columns
    }


def test_table_4_is_read_from_one_line_of_figures() -> None:
    """The fifteen figures of table 4 find their row and column."""
    figures = "<tr>" + "".join(f"<td>{n}</td>" for n in range(15)) + "</tr>"
    matching = match(f"<table>{TABLE4}{figures}</table>")
    assert matching.readings["t4.review.total"].value == 4
    assert matching.readings["t4.suit_direct.upheld"].value == 5
    assert matching.readings["t4.suit_after_review.total"].value == 14


@pytest.mark.parametrize("count", [14, 16])
def test_a_line_of_table_4_with_a_figure_lost_or_added_is_unreadable(count: int) -> None:
    """Fifteen figures or none: a shifted line gives no value."""
    figures = "<tr>" + "".join(f"<td>{n}</td>" for n in range(count)) + "</tr>"
    matching = match(f"<table>{TABLE4}{figures}</table>")
    assert {reading.note for reading in matching.readings.values()} == {f"row_count:{count}"}


@pytest.mark.parametrize(
    ("spans", "value"), [("", 3), ("x", None)], ids=["merged headers", "headers without spans"]
)
def test_reordered_headers_of_table_4_are_never_read_by_place(
    spans: str, value: int | None
) -> None:
    """Where spans tell which header stands above a figure it is followed, else none is read."""
    swapped = (
        TABLE4.replace("结果维持", "@").replace("尚未审结", "结果维持").replace("@", "尚未审结")
    )
    figures = "<tr>" + "".join(f"<td>{n}</td>" for n in range(15)) + "</tr>"
    matching = match(f"<table>{swapped.replace('span=', f'span{spans}=')}{figures}</table>")
    assert matching.readings["t4.review.upheld"].value == value
    assert matching.readings["t4.review.pending"].value == (0 if value else None)


def test_a_fee_under_a_header_without_unit_has_no_unit() -> None:
    """The fee's unit stands in its header; without it the unit is unknown."""
    block = "<tr><td>第二十条第（八）项</td></tr><tr><td>信息内容</td><td>{}</td></tr>"
    fees = "<tr><td>行政事业性收费</td><td>15615</td></tr>"
    known = match(f"<table>{block.format('本年收费金额（单位：万元）')}{fees}</table>")
    unknown = match(f"<table>{block.format('本年处理决定数量')}{fees}</table>")
    assert known.readings["t2.fees.amount"].unit == "万元"
    assert unknown.readings["t2.fees.amount"].unit is None
    assert unknown.readings["t2.fees.amount"].value == 15615


def test_digits_in_several_spans_are_one_figure_and_on_two_lines_are_none() -> None:
    """Inline markup does not cut a figure; a line break does."""
    spans = "<span>1</span><span>2</span>"
    matching = match(f"<table>{HEAD}{row(NEW, spans, '1<br>2', 0, 0, 0, 0, 12)}</table>")
    assert matching.readings["t3.new.natural_person"].value == 12
    assert matching.readings["t3.new.company"].status == "unreadable"


def test_a_blank_in_a_tabbed_row_stays_in_its_place() -> None:
    """In flattened text a tab alone on its line is an empty cell, not a lost one."""
    head = ["", *COLUMNS]
    lines = [NEW, "1", "", "3", "", "", "", ""]
    text = "\n\n".join("\n".join(f"\t{cell}" for cell in row) for row in (head, lines))
    matching = match_grids(read_text(text).grids, index_labels("2021"))
    statuses = [
        matching.readings[f"t3.new.{c}"].status
        for c in index_labels("2021").form.tables["t3"].blocks[0].columns
    ]
    assert statuses == ["read", "blank", "read", "blank", "blank", "blank", "blank"]


def test_a_cell_lost_from_a_piped_row_is_not_taken_from_the_padding() -> None:
    """A row of pipes that is too narrow lost a cell: its padding is no blank value."""
    full = (
        "\n".join(f"{text} |" for text in ("二、上年结转政府信息公开申请数量", *"0000000")) + "\n||"
    )
    other = "\n".join(f"{text} |" for text in ("四、结转下年度继续办理", *"0000000")) + "\n||"
    short = "\n".join(f"{text} |" for text in (NEW, *"123456")) + "\n||"
    head = "\n".join(f"{text} |" for text in ("", *COLUMNS)) + "\n||"
    text = "\n".join(["本年制发件数", head, full, short, other])
    matching = match_grids(read_text(text).grids, index_labels("2021"))
    assert matching.readings["t3.carried_in.total"].value == 0
    assert {
        matching.readings[f"t3.new.{c}"].note
        for c in index_labels("2021").form.tables["t3"].blocks[0].columns
    } == {"row_count:6"}


def test_cells_printed_twice_with_other_figures_are_told() -> None:
    """A second table with other figures is noticed, cell by cell."""
    tables = "".join(f"<table>{HEAD}{row(NEW, n, 0, 0, 0, 0, 0, n)}</table>" for n in (1, 2))
    matching = match(tables)
    assert matching.differing == {"t3.new.natural_person", "t3.new.total"}
