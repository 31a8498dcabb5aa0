"""What classifying links promises."""

from __future__ import annotations

import pytest

from tasks.fetching.links import classify_link, is_same_site, load_rules, resolve_link

RULES = load_rules()
BASE = "https://www.shangyou.gov.cn/zwgk/index.html"
PLAIN = "https://www.shangyou.gov.cn/a/b.html"


@pytest.mark.parametrize(
    "text",
    [
        "上犹县2022年政府信息公开工作年度报告",
        "上犹县 2022 年度政府信息公开年报",
        "上犹县２０２２年政务信息公开工作报告",
        "2019年上海市人民政府办公厅政府信息公开工作年度报告",
        "县教育局2021年信息公开年度报告.pdf",
        "政府信息公开工作年度报告（2020年）",
        "政府信息公开工作2018年度报告",
        "县财政局关于2023年政府信息公开工作情况的报告",
        "上犹县二〇二二年政府信息公开工作年度报告",
        "江西省赣州市上犹县农业农村局2022年政府信息公开工作年度报…",
        "2008年度政府信息公开年度报告",
        "县委机构编制委员会办公室2022年政府信息公开工作年度报告",
        "市教育评估院2022年政府信息公开工作年度报告",
    ],
)
def test_report_titles_are_found(text: str) -> None:
    """A title in any of the orders and wordings in use is a report."""
    assert classify_link((text,), PLAIN, RULES) == "report"


@pytest.mark.parametrize(
    "text",
    [
        "图解：2022年政府信息公开工作年度报告",
        "一图读懂上犹县2022年政府信息公开工作年度报告",
        "《2022年政府信息公开工作年度报告》解读",
        "关于编制2022年政府信息公开工作年度报告的通知",
        "2022年政府信息公开工作年度报告公布情况",
        "2022年政府信息公开情况统计表",
        "关于报送2022年政府信息公开工作年度报告的函",
        "关于转发2022年政府信息公开工作年度报告的请示",
        "政府信息公开指南",
        "政府信息公开制度",
        "上犹县2022年政府工作报告",
        "2022年法治政府建设年度报告",
        "",
    ],
)
def test_other_titles_are_not(text: str) -> None:
    """What only speaks about reports, and reports of other kinds, are left aside."""
    assert classify_link((text,), PLAIN, RULES) is None


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("政府信息公开年报", "/a/", "column"),
        ("政府信息公开年度报告", "/a/", "column"),
        ("政府信息公开工作年度报告", "/a/", "column"),
        ("信息公开年报>>", "/a/", "column"),
        ("年度报告", "/a/", "column"),
        ("更多", "/zwgk/zfxxgknb/", "column"),
        ("更多", "/zwgk/gknb/index.html", "column"),
        ("县教育局", "/zwgk/zfxxgknb/202301/t20230119_45.html", "report"),
        ("县教育局", "/zwgk/news/202301/t20230119_45.html", None),
        ("政府信息公开指南", "/zwgk/zfxxgknb/202301/t20230119_45.html", None),
        ("", "/zwgk/zfxxgknb/202301/t20230119_45.html", None),
        ("2022年", "/a/2022n/", "year"),
        ("2022 年度", "/a/", "year"),
        ("2022年年报", "/a/", "year"),
        ("2022年1月", "/a/", None),
        ("下一页", "/a/index_1.html", "next"),
        ("下页 >", "/a/index_1.html", "next"),
        ("政府信息公开", "/xxgk/", "gateway"),
        ("政务公开", "/zwgk/", "gateway"),
        ("新闻", "/xw/", None),
    ],
)
def test_lists_and_paging_are_told_apart(text: str, path: str, expected: str | None) -> None:
    """Columns, years, further pages and gateways are told by text, else by the words of a path."""
    assert classify_link((text,), f"https://www.x.gov.cn{path}", RULES) == expected


def test_the_title_attribute_counts() -> None:
    """A link whose printed text is cut is told by its title, and excluded by it."""
    cut = "上犹县2022年政府信息..."
    assert classify_link(("上犹县2022年政府信息公开工作年度报告", cut), PLAIN, RULES) == "report"
    full = "上犹县2022年政府信息公开工作年度报告解读"
    assert classify_link((full, "上犹县2022年政府信息公开工作年度报告"), PLAIN, RULES) is None


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("./2022/t1.html#top", "https://www.shangyou.gov.cn/zwgk/2022/t1.html"),
        ("//www.shangyou.gov.cn/x", "https://www.shangyou.gov.cn/x"),
        ("http://www.shangyou.gov.cn/x", "http://www.shangyou.gov.cn/x"),
        ("http://www.shangyou.gov.cn:8080/x", None),
        ("https://jyj.shangyou.gov.cn/x", "https://jyj.shangyou.gov.cn/x"),
        ("https://other.gov.cn/x", None),
        ("javascript:void(0)", None),
        ("mailto:a@b.cn", None),
        ("file:///etc/passwd", None),
        ("https://u:p@www.shangyou.gov.cn/", None),
        ("x\r\nHost: evil", None),
        ("http://[::1", None),
        ("a" * 3000, None),
    ],
)
def test_only_addresses_on_the_own_site_count(href: str, expected: str | None) -> None:
    """Links leave neither the site nor http(s), lose their fragment, and are of bounded length."""
    assert resolve_link(BASE, href) == expected


@pytest.mark.parametrize(
    ("url", "other", "expected"),
    [
        ("http://www.x.gov.cn/", "https://xxgk.x.gov.cn/a", True),
        ("http://www.x.gov.cn/", "http://www.y.gov.cn/", False),
        ("http://www.example.com/", "http://example.com/", True),
        ("http://x.gov.cn/", "http://gov.cn/", False),
        ("http://127.0.0.1/", "http://127.0.0.1:81/", True),
        ("http://127.0.0.1/", "http://1.0.0.1/", False),
        ("http://www.lyg.js.cn/", "http://zwgk.lyg.js.cn/", True),
        ("http://www.lyg.js.cn/", "http://www.other.js.cn/", False),
        ("http://sthjt.jiangxi.gov.cn/", "http://www.jiangxi.gov.cn/", True),
        ("http://www.gov.cn/", "http://www.jiangxi.gov.cn/", False),
    ],
)
def test_a_site_is_a_domain(url: str, other: str, expected: bool) -> None:
    """Hosts under one registered domain are one site; numeric addresses only equal themselves."""
    assert is_same_site(url, other) is expected
