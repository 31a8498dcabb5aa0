"""What looking over a page promises."""

from __future__ import annotations

import pytest

from tasks.fetching.links import Link, load_rules
from tasks.fetching.survey import survey_page

RULES = load_rules()
URL = "http://www.x.gov.cn/zwgk/nb/index.html"
REPORT = "<h2>一、总体情况</h2><p>本年度报告</p><td>第二十条第（一）项</td>"


def test_links_come_once_in_order() -> None:
    """Each useful address comes once, in the order of the page, the page itself left out."""
    html = """
    <a href="t1.html">上犹县2022年政府信息公开<br>工作年度报告</a><a href="t1.html#a">2022年</a>
    <a href="index.html">政府信息公开年报</a>
    <a href="t2.html" title="2021年政府信息公开年报">2021</a>
    <a href="http://other.cn/t3.html">2020年政府信息公开年报</a><a>2019年政府信息公开年报</a>
    <a href="index_1.html">下一页</a>"""
    assert survey_page(html, URL, RULES).links == (
        Link(
            "http://www.x.gov.cn/zwgk/nb/t1.html", "上犹县2022年政府信息公开工作年度报告", "report"
        ),
        Link("http://www.x.gov.cn/zwgk/nb/t2.html", "2021年政府信息公开年报", "report"),
        Link("http://www.x.gov.cn/zwgk/nb/index_1.html", "下一页", "next"),
    )


def test_the_base_element_counts() -> None:
    """Links are resolved against the base element, where it stays on the host."""
    html = '<base href="/b/"><a href="t.html">2022年政府信息公开年报</a>'
    assert survey_page(html, URL, RULES).links[0].url == "http://www.x.gov.cn/b/t.html"
    html = html.replace("/b/", "http://other.cn/")
    assert survey_page(html, URL, RULES).links[0].url == "http://www.x.gov.cn/zwgk/nb/t.html"


@pytest.mark.parametrize(
    ("html", "url", "expected"),
    [
        pytest.param(REPORT, URL, (True, False, False), id="report"),
        pytest.param(f"<p>{'政' * 400}</p>", URL, (False, True, False), id="article"),
        pytest.param(f"<a href=x>{'政' * 400}</a>", URL, (False, False, False), id="links-only"),
        pytest.param(
            "<title>政府信息公开年报_上犹县人民政府</title>", URL, (False, False, True), id="title"
        ),
        pytest.param("", "http://www.x.gov.cn/zfxxgknb/", (False, False, True), id="path"),
        pytest.param("<title>上犹县人民政府</title>", URL, (False, False, False), id="home"),
    ],
)
def test_pages_are_told_apart(html: str, url: str, expected: tuple[bool, bool, bool]) -> None:
    """A report has a report's phrases, an article much text, a list a list's title or path."""
    survey = survey_page(html, url, RULES)
    assert (survey.is_report, survey.is_article, survey.is_list) == expected


def test_reports_may_stand_on_another_host_of_the_site_but_lists_may_not() -> None:
    """A department's report on its own host counts; its lists are a source of their own."""
    html = """<a href="http://jyj.x.gov.cn/1.html">县教育局2022年政府信息公开年度报告</a>
    <a href="http://jyj.x.gov.cn/nb/">政府信息公开年报</a>"""
    found = survey_page(html, URL, RULES).links
    assert [(link.url, link.kind) for link in found] == [("http://jyj.x.gov.cn/1.html", "report")]
