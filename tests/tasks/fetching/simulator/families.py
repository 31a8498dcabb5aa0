"""Sites of each family of content systems, each speaking the list protocol of its own.

What the pages and answers look like follows the public crawlers and real pages that
`families.yaml` was written from: names of fields, quoting, paging, what is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TypeAlias

from tests.tasks.fetching.simulator.server import NOT_FOUND, Asked, Reply, Respond

REPORT = """<!DOCTYPE html><html><head><meta charset="utf-8">
<title>{title}_某市人民政府</title></head>
<body><a href="/">首页</a><h1>{title}</h1><p>本年度报告由某市人民政府办公室编制。</p>
<p>一、总体情况</p><table><tr><td>第二十条第（一）项</td><td>0</td></tr></table></body></html>"""
OTHER = """<html><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>正文。</p></body></html>"""
BODIES = ("教育局", "财政局", "机构编制委员会办公室", "城关镇人民政府", "统计局", "南街街道办事处")
NOISE = (
    "图解：某市{year}年政府信息公开工作年度报告",
    "关于报送{year}年政府信息公开工作年度报告的通知",
    "某市{year}年政府信息公开情况统计表",
    "《某市{year}年政府信息公开工作年度报告》解读",
    "某市政府信息公开指南",
)
HEX = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list: where it stands, its title, whether it is a report."""

    path: str
    title: str
    is_report: bool


@dataclass(slots=True)
class Site:
    """A site of one family: its pages by path, what is asked with parameters, its reports.

    `column` is the address of its list of reports; the home page links to it.
    """

    column: str
    pages: dict[str, Reply] = field(default_factory=dict)
    asks: dict[str, Respond] = field(default_factory=dict)
    reports: frozenset[str] = frozenset()

    def __call__(self, asked: Asked) -> Reply:
        """Answer a request."""
        if asked.path in self.asks:
            return self.asks[asked.path](asked)
        return self.pages.get(asked.target) or self.pages.get(asked.path) or NOT_FOUND


Lie: TypeAlias = Callable[[int], int]
Build: TypeAlias = Callable[[Sequence[Item], Lie], Site]


def tell_the_truth(count: int) -> int:
    """State a count as it is."""
    return count


def plan_items(count: int, path: str) -> list[Item]:
    """Plan so many reports with one entry of noise behind every fifth; {n} is in the path."""
    items: list[Item] = []
    for number in range(count):
        year = 2008 + number % 16
        body = BODIES[number % len(BODIES)]
        title = f"某市{body}{year}年政府信息公开工作年度报告（{number}）"
        items.append(Item(path.format(n=number, year=year), title, True))
        if number % 5 == 4:
            noise = NOISE[number // 5 % len(NOISE)].format(year=year)
            items.append(Item(path.format(n=f"9{number}", year=year), noise, False))
    return items


def html(body: str, title: str = "某市人民政府") -> Reply:
    """Answer with a web page."""
    head = f'<html><head><meta charset="utf-8"><title>{title}</title></head>'
    return Reply(f"{head}<body>{body}</body></html>".encode())


def answer_json(value: object) -> Reply:
    """Answer with JSON."""
    headers = (("Content-Type", "application/json;charset=UTF-8"),)
    return Reply(json.dumps(value, ensure_ascii=False).encode(), headers=headers)


def link(items: Sequence[Item]) -> str:
    """Write entries of a list as government sites do."""
    lines = (
        f'<li><a href="{escape(item.path)}" title="{item.title}" target="_blank">'
        f"{item.title[:18]}…</a><span>2024-01-20</span></li>"
        for item in items
    )
    return "<ul>" + "".join(lines) + "</ul>"


def cut(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Cut a list into pages."""
    return [items[start : start + size] for start in range(0, len(items), size)] or [[]]


def make_site(items: Sequence[Item], column: str, name: str = "政府信息公开年报") -> Site:
    """Make a site with its home page and the articles of its entries."""
    nav = '<a href="/xwzx/">新闻中心</a><a href="/zwgk/zfxxgkzn/">政府信息公开指南</a>'
    news = '<a href="/xw/1.html">市政府召开常务会议</a>'
    site = Site(column)
    site.pages["/"] = html(f'{nav}<a href="{column}">{name}</a>{news}')
    for item in items:
        text = (REPORT if item.is_report else OTHER).format(title=item.title)
        site.pages[item.path] = Reply(text.encode())
    site.reports = frozenset(item.path for item in items if item.is_report)
    return site


def build_trs(count: int, lie: Lie = tell_the_truth) -> Site:
    """TRS: index.html, index_1.html ...; the script knows how many there are."""
    items = plan_items(count, "/zwgk/zfxxgk/zfxxgknb/202401/t20240120_{n}.html")
    site = make_site(items, "/zwgk/zfxxgk/zfxxgknb/")
    pages = cut(items, 15)
    for number, page in enumerate(pages):
        script = f'createPageHTML({lie(len(pages))}, {number}, "index", "html");'
        body = html(f"{link(page)}<script>{script}</script>", "政府信息公开年报_某市人民政府")
        site.pages[site.column + (f"index_{number}.html" if number else "")] = body
    return site


def build_ucap_static(count: int, lie: Lie = tell_the_truth) -> Site:
    """UCAP: list.shtml, list_2.shtml ...; the script names a part of the page first."""
    items = plan_items(count, "/c106061/202401/{n:0>32}.shtml")
    site = make_site(items, "/c106061/gklist.shtml")
    pages = cut(items, 20)
    for number, page in enumerate(pages, 1):
        script = f"createPageHTML('page_div',{lie(len(pages))}, {number},'gklist','shtml',{count});"
        body = html(f"{link(page)}<script>{script}</script>", "政府信息公开年报")
        site.pages[f"/c106061/gklist{f'_{number}' if number > 1 else ''}.shtml"] = body
    return site


def build_ucap_json(count: int, lie: Lie = tell_the_truth) -> Site:
    """UCAP: the list is empty; its script asks for JSON by the id of the channel."""
    items = plan_items(count, "/c106061/202401/{n:0>32}.shtml")
    site = make_site(items, "/c106061/zfxxgknb.shtml")
    channel = f"/common/search/{HEX}"
    script = f"$.get('{channel}?_isAgg=true&_isJson=true&_pageSize=15&_template=index&page='+page)"
    site.pages[site.column] = html(f"<div id=list></div><script>{script}</script>", "年度报告")

    def search(asked: Asked) -> Reply:
        pages = cut(items, min(int(asked.query["_pageSize"]), 15))
        page = int(asked.query["page"])
        if asked.query.get("_isJson") != "true":
            return html("")
        shown = pages[page - 1] if page <= len(pages) else []
        results = [
            {"title": item.title, "url": item.path, "publishedTimeStr": "2024-01-20 09:00:00"}
            for item in shown
        ]
        total = lie(len(items))
        return answer_json(
            {"data": {"page": page, "rows": len(shown), "total": total, "results": results}}
        )

    site.asks[channel] = search
    return site


def build_jpage(count: int, lie: Lie = tell_the_truth) -> Site:
    """Hanweb jpage: the first records stand in the page, more come as XML, asked by a form."""
    items = plan_items(count, "/art/2024/1/20/art_1234_{n}.html")
    site = make_site(items, "/col/col1234/index.html")

    def records(shown: Sequence[Item]) -> str:
        return "".join(f"<record><![CDATA[{link([item])}]]></record>" for item in shown)

    query = (
        "page=1&appid=1&webid=23&path=/&columnid=1234&unitid=764752&webname=某市&permissiontype=0"
    )
    script = f"""<div id="764752"><script type="text/xml"><datastore>
<nextgroup><![CDATA[<a href="/module/web/jpage/dataproxy.jsp?{query}"></a>]]></nextgroup>
<recordset>{records(items[:15])}</recordset></datastore></script></div>
<script>var param_764752 = {{col:1,appid:1,webid:'23',path:'/',columnid:1234,
sourceContentType:1,unitid:'764752',webname:'某市',permissiontype:0}};</script>"""
    site.pages[site.column] = html(script, "某市人民政府 政府信息公开年报")

    def ask_proxy(asked: Asked) -> Reply:
        form = asked.form
        wanted = {"webid": "23", "columnid": "1234", "unitid": "764752", "permissiontype": "0"}
        is_right = asked.method == "POST" and wanted.items() <= form.items()
        first, last = int(asked.query["startrecord"]), int(asked.query["endrecord"])
        shown = items[first - 1 : last] if is_right else []
        total = lie(len(items))
        xml = (
            f"<datastore><totalrecord>{total}</totalrecord><totalpage>{total // 15 + 1}</totalpage>"
        )
        body = f"{xml}<recordset>{records(shown)}</recordset></datastore>"
        return Reply(body.encode(), headers=(("Content-Type", "text/xml;charset=UTF-8"),))

    site.asks["/module/web/jpage/dataproxy.jsp"] = ask_proxy
    return site


def build_jpaas(count: int, lie: Lie = tell_the_truth) -> Site:
    """Hanweb JPaaS: JSON with HTML in it; refuses without a referer, else gives page 1."""
    items = plan_items(count, "/col/col99/art/2024/art_{n:0>32}.html")
    site = make_site(items, "/col/col99/index.html")
    path = "/api-gateway/jpaas-publish-server/front/page/build/unit"
    values = {"parseType": "bulidstatic", "webId": HEX, "tplSetId": "zfHu", "pageType": "column"}
    values |= {"tagId": "信息列表", "editType": "null", "pageId": "99"}
    query = "{" + ",".join(f"'{key}':'{value}'" for key, value in values.items()) + "}"
    unit = f'<script url="{path}" queryData="{query}"></script><div id=list></div>'
    site.pages[site.column] = html(unit, "政府信息公开年报")

    def build_unit(asked: Asked) -> Reply:
        if not asked.headers.get("referer", "").endswith(site.column):
            return Reply(b"", 403)
        if not values.items() <= asked.query.items():
            return answer_json({"success": False, "data": None})
        wanted = json.loads(asked.query.get("paramJson", '{"pageNo":1,"pageSize":15}'))
        pages = cut(items, min(wanted["pageSize"], 20))
        shown = pages[wanted["pageNo"] - 1] if wanted["pageNo"] <= len(pages) else []
        return answer_json(
            {"success": True, "data": {"html": link(shown), "total": lie(len(items))}}
        )

    site.asks[path] = build_unit
    return site


def build_hanweb_annual(count: int, lie: Lie = tell_the_truth) -> Site:
    """Hanweb xxgkAnnualReport.jsp: a report a page, by year and body; the page selects both."""
    path = "/module/xxgk/xxgkAnnualReport.jsp"
    areas = [f"11{number:04}" for number in range(-(-count // 16))]
    every = [(str(2008 + n % 16), areas[n // 16]) for n in range(count)]
    site = make_site([], f"{path}?fbtime=2008&area={areas[0]}")
    years = "".join(f'<option value="{2008 + n}">{2008 + n}年</option>' for n in range(16))
    bodies = "".join(f'<option value="{area}">部门{area}</option>' for area in areas)
    menu = f'<select name="fbtime">{years}</select><select name="area">{bodies}</select>'
    menu = f'<form action="{path}">{menu}</form>'

    def show(asked: Asked) -> Reply:
        year, area = asked.query.get("fbtime", ""), asked.query.get("area", "")
        if (year, area) not in every:
            return html(menu + "<p>您访问的页面不存在</p>", "提示")
        return Reply(REPORT.format(title=f"{area}{year}年年报").encode() + menu.encode())

    site.asks[path] = show
    site.reports = frozenset(f"{path}?fbtime={year}&area={area}" for year, area in every)
    return site


def build_gkmlpt(count: int, lie: Lie = tell_the_truth) -> Site:
    """Guangdong gkmlpt: the page names site and column in its script, the API answers JSON."""
    items = plan_items(count, "/gkmlpt/content/4/4500/post_{n}.html")
    site = make_site(items, "/gkmlpt/annualreport")
    tree = '[{"id":5,"name":"政策文件"},{"id":2629,"name":"政府信息公开年报","children":[]}]'
    script = f"<script>window._CONFIG = {{ SID: '175', TREE: {tree} }};</script><div id=app></div>"
    site.pages[site.column] = html(script, "某局政府信息公开平台")

    def list_articles(asked: Asked) -> Reply:
        pages = cut(items, 100)
        page = max(int(asked.query["page"]), 1)
        shown = pages[page - 1] if page <= len(pages) and asked.query["sid"] == "175" else []
        articles = [
            {"id": n, "title": item.title, "url": item.path, "publisher": "某局"}
            for n, item in enumerate(shown)
        ]
        return answer_json({"articles": articles, "total": lie(len(items))})

    site.asks["/gkmlpt/api/all/2629"] = list_articles
    return site


def build_openness(count: int, lie: Lie = tell_the_truth) -> Site:
    """The sites of Anhui: the list comes as a part of a page, asked with eight parameters."""
    items = plan_items(count, "/public/6615904/{n}.html")
    site = make_site(items, "/public/column/6615904?type=4&catId=6718734&action=list")
    script = """$.ajax({url:'/site/label/8888',data:{labelName:'publicInfoList',siteId:'6793339',
pageSize:'20',pageIndex:1,action:'list',organId:'6615904',type:'4',catId:'6718734',
file:'/c2/hsxxgk/publicInfoList_newest_hs'}})"""
    site.pages[site.column] = html(
        f"<div id=list></div><script>{script}</script>", "政府信息公开年报"
    )

    def label(asked: Asked) -> Reply:
        wanted = {"labelName": "publicInfoList", "siteId": "6793339", "organId": "6615904"}
        wanted |= {"catId": "6718734", "file": "/c2/hsxxgk/publicInfoList_newest_hs"}
        pages = cut(items, min(int(asked.query["pageSize"]), 20))
        page = int(asked.query["pageIndex"])
        is_right = wanted.items() <= asked.query.items()
        shown = pages[page - 1] if is_right and page <= len(pages) else []
        script = f"<script>pageCount:{lie(len(pages))}</script>"
        return Reply((link(shown) + script if shown else "暂无相关信息").encode())

    site.asks["/site/label/8888"] = label
    return site


def build_vsb(count: int, lie: Lie = tell_the_truth) -> Site:
    """VSB: zfxxgknb.htm, then zfxxgknb/4.htm down to zfxxgknb/1.htm."""
    items = plan_items(count, "/info/1050/{n}.htm")
    site = make_site(items, "/zwgk/zfxxgknb.htm")
    pages = cut(items, 18)
    for number, page in enumerate(pages):
        below = len(pages) - 1 - number
        shown = f'<a href="{below and f"zfxxgknb/{below}.htm"}">下页</a>' if below else ""
        if number:
            shown = shown.replace("zfxxgknb/", "")
        paging = f'<span class="p_next p_fun">{shown}</span>'
        path = f"/zwgk/zfxxgknb/{below + 1}.htm" if number else site.column
        site.pages[path] = html(link(page) + paging, "政府信息公开年报-某区人民政府")
    return site


def build_generic(count: int, lie: Lie = tell_the_truth) -> Site:
    """A site of its own make: a folder a year, further pages by their links."""
    items = plan_items(count, "/zwgk/gknb/{year}n/{n}.html")
    site = make_site(items, "/zwgk/gknb/")
    years = sorted({item.path.split("/")[3] for item in items})
    menu = "".join(f'<a href="/zwgk/gknb/{year}/">{year[:4]}年</a>' for year in years)
    site.pages[site.column] = html(menu, "政府信息公开年报")
    for year in years:
        pages = cut([item for item in items if item.path.split("/")[3] == year], 5)
        for number, page in enumerate(pages):
            further = f'<a href="list_{number + 1}.html">下一页</a>' if page != pages[-1] else ""
            path = f"/zwgk/gknb/{year}/" + (f"list_{number}.html" if number else "")
            site.pages[path] = html(link(page) + further, "某市")
    return site


FAMILIES: Mapping[str, Callable[[int, Lie], Site]] = {
    "trs": build_trs,
    "ucap_static": build_ucap_static,
    "ucap_json": build_ucap_json,
    "jpage": build_jpage,
    "jpaas": build_jpaas,
    "hanweb_annual": build_hanweb_annual,
    "gkmlpt": build_gkmlpt,
    "openness": build_openness,
    "vsb": build_vsb,
    "generic": build_generic,
}
