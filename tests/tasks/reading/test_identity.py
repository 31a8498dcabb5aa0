"""Promises on who reports, about which year, and when."""

from __future__ import annotations

from datetime import date

import pytest

from tasks.reading.document import Document, TextBlock
from tasks.reading.identity import (
    find_period,
    find_published,
    find_publisher,
    find_signature,
    find_title,
    find_year,
    tell_body,
    tell_scope,
)
from tasks.reading.report import UNRESOLVED, Place, Region

COUNTY = Region("CN-JX", "360724", "江西省赣州市上犹县", "赣州市", "上犹县")
TOWN = Region("CN-JX", "360724", "江西省赣州市上犹县社溪镇", "赣州市", "上犹县", "社溪镇")


def document(*lines: str, title: str | None = None, **facts: str) -> Document:
    """Make a document of text lines."""
    return Document(
        "text/plain",
        title,
        tuple(TextBlock(line, f"line[{n}]") for n, line in enumerate(lines)),
        facts,
    )


@pytest.mark.parametrize(
    ("lines", "body", "year"),
    [
        (["上犹县2022年度政府信息公开工作报告"], "上犹县", 2022),
        (["连云区人民政府2022年政府信息公开工作年度报告"], "连云区人民政府", 2022),
        (
            ["韶关市浈江区人民政府办公室2022年政府", "信息公开工作年度报告"],
            "韶关市浈江区人民政府办公室",
            2022,
        ),
        (["2019年上海市人民政府办公厅政府信息公开工作年度报告"], "上海市人民政府办公厅", 2019),
        (["首页 > 年报", "大足区2022年政务信息公开年报"], "大足区", 2022),
        (["当前位置： 首页政务公开 某县2021年度政府信息公开工作年度报告 来源：某县"], "某县", 2021),
    ],
    ids=["report", "usual", "two-lines", "year-first", "short", "in-a-line"],
)
def test_a_title_names_body_and_year(lines: list[str], body: str, year: int) -> None:
    """Wordings of the title give the body and the report year, not the year of publication."""
    title = find_title(document(*lines))
    assert title is not None
    assert (title.body, title.year) == (body, year)


@pytest.mark.parametrize(
    "line",
    [
        "关于做好2022年政府信息公开工作年度报告编制工作的通知",
        "政府信息公开指南",
        "2022年政府工作报告",
        "本年报中所列数据的统计期限自2022年1月1日起",
    ],
)
def test_what_is_no_title_is_none(line: str) -> None:
    """Notices, guides and other reports have no title of this kind."""
    assert find_title(document(line)) is None


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("统计期限自2022年1月1日起至2022年12月31日止。", (date(2022, 1, 1), date(2022, 12, 31))),
        ("统计期限从2019年1月1日到12月31日止", (date(2019, 1, 1), date(2019, 12, 31))),
        ("自 2021 年 1 月 1 日至 2021 年 11 月 30 日", (date(2021, 1, 1), date(2021, 11, 30))),
        ("没有期限", (None, None)),
        ("2022年2月30日至2022年12月31日", (None, date(2022, 12, 31))),
    ],
)
def test_the_period_is_read_as_stated(text: str, period: tuple[date | None, date | None]) -> None:
    """The period is what the report says; a day that does not exist is none."""
    assert find_period(text) == period


def test_the_signature_is_the_last_date_under_the_report() -> None:
    """Name and date at the end are the signature; dates in the prose are not."""
    prose = "2022年3月1日起施行新规。\n六、其他\n无。\n"
    text = f"{prose} 韶关市浈江区人民政府办公室\n 2023年1月18日\n版权所有"
    assert find_signature(text) == ("韶关市浈江区人民政府办公室", date(2023, 1, 18))


def test_a_signature_without_a_day_has_no_date() -> None:
    """A month alone is no date: no day is made up."""
    assert find_signature("无。\n2023年1月")[1] is None


@pytest.mark.parametrize(
    ("text", "name", "signed_on"),
    [
        ("无。\n某县人民政府\n二○一二年二月二十日", "某县人民政府", date(2012, 2, 20)),
        ("无。\n某县人民政府 二〇一四年一月十日", "某县人民政府", date(2014, 1, 10)),
        ("改进情况。 二零二〇年十二月三十一日 附件1：统计表 条 0 0", None, date(2020, 12, 31)),
        ("自二○一二年二月二十日起施行，", None, None),
        ("无。\n二○一二年二月三十日", "无。", None),
    ],
    ids=["under", "beside", "within", "prose", "no-such-day"],
)
def test_a_date_spelled_out_is_a_date(text: str, name: str | None, signed_on: date | None) -> None:
    """Numerals in words sign a report as digits do; within a line they name nobody."""
    assert find_signature(text) == (name, signed_on)


def test_the_date_of_publication_is_what_the_page_states() -> None:
    """Metadata first, else the line under the title."""
    assert find_published(document("发布时间：2023-02-20 09:37")) == date(2023, 2, 20)
    assert find_published(document("正文", published="2023-01-31 10:00")) == date(2023, 1, 31)
    assert find_published(document("正文")) is None


def test_the_publisher_is_an_organisation_where_one_is_named() -> None:
    """A territory alone is no publisher if the page names the body."""
    page = document("上犹县2022年度政府信息公开工作年度报告", "来源：上犹县人民政府办公室")
    assert find_publisher(page, find_title(page), None) == "上犹县人民政府办公室"
    office = document("浈江区人民政府办公室2022年政府信息公开工作年度报告")
    assert find_publisher(office, find_title(office), "某局") == "浈江区人民政府办公室"


@pytest.mark.parametrize(
    ("name", "region", "body", "scope"),
    [
        ("上犹县", COUNTY, "", "government"),
        ("上犹县人民政府", COUNTY, "", "government"),
        ("赣州市上犹县人民政府办公室", COUNTY, "人民政府办公室", "department"),
        ("上犹县财政局", COUNTY, "财政局", "department"),
        ("上犹县社溪镇", TOWN, "社溪镇", "township"),
        ("上犹县社溪镇人民政府", TOWN, "社溪镇", "township"),
        ("上犹县社溪镇财政所", TOWN, "社溪镇财政所", "department"),
        ("某县财政局", UNRESOLVED, "某县财政局", "department"),
        ("某县人民政府", UNRESOLVED, "某县人民政府", "government"),
    ],
)
def test_a_body_is_told_apart_from_its_place(
    name: str, region: Region, body: str, scope: str
) -> None:
    """However the place is put before it, the body and its scope are the same.

    Townships of one county, which share its code, are bodies of their own.
    """
    title = find_title(document(f"{name}2022年政府信息公开工作年度报告"))
    told = tell_body(title, None, region)
    assert told == body
    assert tell_scope(name, told, region) == scope


@pytest.mark.parametrize(
    ("link_text", "url", "year"),
    [
        ("2022年度", "", 2022),
        ("上犹县2022年年报 2023-01-18", "https://a.gov.cn/nb_2021/1.html", 2022),
        ("2023年1月18日", "https://a.gov.cn/zfxxgknb/2022n/1.html", 2022),
        (None, "https://a.gov.cn/gknb2017/1.html", 2017),
        ("年报", "https://a.gov.cn/2023/01/18/1.html", None),
        (None, "", None),
    ],
)
def test_a_link_or_folder_names_a_year(link_text: str | None, url: str, year: int | None) -> None:
    """A list names the report year, else a folder does; dates name none."""
    assert find_year(Place(url, link_text)) == year
