"""What crawling a source promises, on sites made of a few pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from tasks.fetching.answer import Answer, FetchError
from tasks.fetching.crawl import crawl
from tasks.fetching.limits import Limits
from tasks.fetching.links import load_rules
from tasks.fetching.page import Miss, Page
from tasks.fetching.request import Request
from tasks.fetching.source import Source

HOST = "http://www.x.gov.cn"
LIMITS = Limits(per_host=2)
REPORT = "<h1>{}</h1><p>本年度报告</p><table><tr><td>第二十条第（一）项</td></tr></table>"
SITE = {
    "/": '<title>某县</title><a href="/xw/">新闻</a><a href="/zfxxgknb/">政府信息公开年报</a>',
    "/zfxxgknb/": '<a href="2022n/">2022年</a><a href="2021n/">2021年</a>',
    "/zfxxgknb/2022n/": """
        <a href="a.html">某县2022年政府信息公开工作年度报告</a>
        <a href="b.html">图解2022年政府信息公开工作年度报告</a>
        <a href="index_1.html">下一页</a>""",
    "/zfxxgknb/2022n/index_1.html": """
        <a href="c.html">某局2022年政府信息公开工作年度报告</a><a href="/zfxxgknb/2022n/">上一页</a>
        <a href="index_1.html">下一页</a>""",
    "/zfxxgknb/2021n/": '<a href="d.html">某县2021年政府信息公开工作年度报告</a>',
    "/zfxxgknb/2022n/a.html": REPORT + '<a href="e.html">2019年政府信息公开年度报告</a>',
    "/zfxxgknb/2022n/c.html": REPORT,
    "/zfxxgknb/2021n/d.html": REPORT,
}


def run(
    pages: Mapping[str, str | bytes], start: str = "/", limits: Limits = LIMITS
) -> tuple[list[Page], list[Miss], list[str]]:
    """Crawl a site; return its pages, its misses and the paths asked for."""
    asked: list[str] = []

    async def fetch(request: Request) -> Answer:
        url = request.url
        path = url.removeprefix(HOST)
        asked.append(path)
        if path not in pages:
            raise FetchError("gone", "expected HTTP status 200, found 404")
        content = pages[path]
        return Answer(url, content if isinstance(content, bytes) else content.encode(), None)

    async def collect() -> list[Page | Miss]:
        source = Source("x", HOST + start, "url")
        now = datetime(2026, 1, 31, tzinfo=UTC)
        return [found async for found in crawl(source, fetch, load_rules(), limits, lambda: now)]

    found = asyncio.run(collect())
    return (
        [item for item in found if isinstance(item, Page)],
        [item for item in found if isinstance(item, Miss)],
        asked,
    )


def paths(found: list[Page] | list[Miss]) -> set[str]:
    """Return the paths of pages or misses."""
    return {item.url.removeprefix(HOST) for item in found}


ALL = {"/zfxxgknb/2022n/a.html", "/zfxxgknb/2022n/c.html", "/zfxxgknb/2021n/d.html"}


def test_a_home_page_leads_to_every_report() -> None:
    """From a home page, over column, years and paging, each report is found, once."""
    pages, misses, asked = run(SITE)
    assert paths(pages) == ALL
    assert misses == []
    assert len(asked) == len(set(asked)) == len(SITE)
    assert {page.link_text for page in pages if page.url.endswith("c.html")} == {
        "某局2022年政府信息公开工作年度报告"
    }


def test_a_column_leads_to_every_report() -> None:
    """The address may be the list itself."""
    assert paths(run(SITE, "/zfxxgknb/")[0]) == ALL


def test_a_list_of_one_year_has_its_further_pages() -> None:
    """The address may be a year's list, whose further pages are followed."""
    pages, _, _ = run(SITE, "/zfxxgknb/2022n/")
    assert paths(pages) == ALL - {"/zfxxgknb/2021n/d.html"}


def test_a_report_is_itself() -> None:
    """The address may be a report; its links to others are not followed."""
    pages, misses, asked = run(SITE, "/zfxxgknb/2022n/a.html")
    assert paths(pages) == {"/zfxxgknb/2022n/a.html"}
    assert (misses, len(asked)) == ([], 1)
    assert pages[0].link_text is None


def test_a_missing_page_does_not_end_the_crawl() -> None:
    """A report and a list that are gone are two misses; the rest is found."""
    gone = {"/zfxxgknb/2022n/a.html", "/zfxxgknb/2021n/"}
    pages, misses, _ = run({path: html for path, html in SITE.items() if path not in gone})
    assert paths(pages) == {"/zfxxgknb/2022n/c.html"}
    assert paths(misses) == gone
    assert {miss.outcome for miss in misses} == {"gone"}
    assert [miss.url for miss in misses if miss.reason.startswith("list of reports: ")] == [
        f"{HOST}/zfxxgknb/2021n/"
    ]


def test_a_gateway_is_passed_where_there_is_no_column() -> None:
    """A home page that only names the disclosure section leads through it."""
    site = {**SITE, "/": '<a href="/xxgk/">政府信息公开</a>', "/xxgk/": SITE["/"]}
    assert paths(run(site)[0]) == ALL


def test_a_report_link_may_lead_to_a_list() -> None:
    """A link titled as a report that leads to a list is followed, down to what is attached."""
    site: dict[str, str | bytes] = {
        "/": '<a href="/2022/">2022年政府信息公开年度报告</a>',
        "/2022/": '<a href="a.html">某局2022年政府信息公开年度报告</a>',
        "/2022/a.html": '<p>见附件</p><a href="a.pdf">某局2022年政府信息公开年度报告.pdf</a>',
        "/2022/a.pdf": b"%PDF-1.7 ...",
    }
    pages, misses, _ = run(site)
    assert [(page.url, page.media_type, page.page) for page in pages] == [
        (f"{HOST}/2022/a.html", "text/html", None),
        (f"{HOST}/2022/a.pdf", "application/pdf", f"{HOST}/2022/a.html"),
    ]
    assert misses == []


def test_files_that_a_report_links_to_are_its_attachments() -> None:
    """Each comes behind its page, once; what is missing is told with its page."""
    site: dict[str, str | bytes] = {
        "/a.html": REPORT
        + """<a href="1.DOCX">附件1</a><a href="1.DOCX">下载</a><a href="2.xls?v=1">附件2</a>
        <a href="3.pdf">图解年报</a><a href="b.html">其他</a><a href="http://y.cn/4.pdf">附件3</a>""",
        "/1.DOCX": b"PK",
    }
    pages, misses, asked = run(site, "/a.html")
    assert [(page.url, page.page) for page in pages] == [
        (f"{HOST}/a.html", None),
        (f"{HOST}/1.DOCX", f"{HOST}/a.html"),
    ]
    assert [(miss.url, miss.page) for miss in misses] == [(f"{HOST}/2.xls?v=1", f"{HOST}/a.html")]
    assert asked == ["/a.html", "/1.DOCX", "/2.xls?v=1"]


def test_a_page_titled_as_a_report_has_its_file_attached() -> None:
    """Named as a source itself, a page with nothing but a link to the file is its cover."""
    site: dict[str, str | bytes] = {
        "/a.html": "<title>某局2022年政府信息公开年度报告</title>"
        '<a href="a.pdf">某局2022年政府信息公开年度报告</a>',
        "/a.pdf": b"%PDF-1.7 ...",
    }
    pages, _, _ = run(site, "/a.html")
    assert [page.page for page in pages] == [None, f"{HOST}/a.html"]


def test_a_list_of_files_is_a_list() -> None:
    """A column whose reports are files gives them as reports of their own."""
    site: dict[str, str | bytes] = {
        "/ndbg/": "".join(
            f'<a href="{year}.pdf">某局{year}年政府信息公开年度报告</a>' for year in (2021, 2022)
        ),
        "/ndbg/2021.pdf": b"%PDF-1.7 ...",
        "/ndbg/2022.pdf": b"%PDF-1.7 ....",
    }
    pages, _, _ = run(site, "/ndbg/")
    assert [page.page for page in pages] == [None, None]


def test_an_old_report_among_links_is_a_page() -> None:
    """A report in prose, without today's phrases, is a page in spite of links to others."""
    site: dict[str, str | bytes] = {
        "/": '<a href="/a.html">2009年政府信息公开年度报告</a>',
        "/a.html": f'<p>{"公开工作" * 150}</p><a href="/b.html">2010年政府信息公开年度报告</a>',
    }
    assert paths(run(site)[0]) == {"/a.html"}


def test_a_linked_page_that_is_no_report_is_handed_over() -> None:
    """Whether a page reached as a report is one, reading decides."""
    site: dict[str, str | bytes] = {
        "/": '<a href="/a.html">2022年政府信息公开年度报告</a>',
        "/a.html": "<p>页面正在建设</p>",
    }
    assert paths(run(site)[0]) == {"/a.html"}


def test_gb18030_lists_are_read() -> None:
    """Links are found in a list in GB18030 that declares nothing."""
    site: dict[str, str | bytes] = {path: html.encode("gb18030") for path, html in SITE.items()}
    assert paths(run(site)[0]) == ALL


def test_a_column_without_reports_is_told() -> None:
    """A source that lists nothing gives a miss that says so."""
    pages, misses, _ = run({"/": '<a href="/nb/">政府信息公开年报</a>', "/nb/": "<p>暂无</p>"})
    assert pages == []
    assert [miss.outcome for miss in misses] == ["no_reports"]


def test_the_number_of_addresses_is_bounded() -> None:
    """At the limit the crawl stops, and says that there was more."""
    links = "".join(f'<a href="/{i}.html">{2000 + i}年政府信息公开年报</a>' for i in range(9))
    site: dict[str, str | bytes] = {"/": links, **{f"/{i}.html": REPORT for i in range(9)}}
    pages, misses, asked = run(site, limits=replace(LIMITS, pages_per_source=6))
    assert (len(pages), len(asked)) == (5, 6)
    assert [miss.outcome for miss in misses] == ["cut_short"]
    assert "found 4 more" in misses[0].reason


def test_the_depth_is_bounded() -> None:
    """A site whose columns lead ever deeper ends."""

    class Endless(dict[str, str | bytes]):
        def __contains__(self, path: object) -> bool:
            return True

        def __missing__(self, path: str) -> str:
            return f'<a href="{path}a/">政府信息公开年报</a>'

    _, misses, asked = run(Endless())
    assert len(asked) == LIMITS.depth + 1
    assert [miss.outcome for miss in misses] == ["no_reports"]
