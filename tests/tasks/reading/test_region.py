"""The division of the body that a report is by."""

from __future__ import annotations

import re
import time
from pathlib import Path

import opencc
import pytest

from storage.reference.gazetteer import Division, load_gazetteer
from tasks.reading.region import MAX_CANDIDATES, resolve_region
from tasks.reading.report import Region

REPORTS = Path(__file__).resolve().parents[3].parent / "shared/reports"
SHARED_COUNTIES_2022 = 66


def resolve(
    title: str | None = None,
    year: int = 2022,
    publisher: str | None = None,
    signature: str | None = None,
    body: str = "",
) -> Region:
    """Resolve with the committed reference data."""
    return resolve_region(
        load_gazetteer(),
        year=year,
        title=title,
        publisher=publisher,
        signature=signature,
        body=body,
    )


def list_counties(year: int) -> list[Division]:
    """List the counties valid in a year."""
    return [
        division
        for divisions in load_gazetteer().by_code.values()
        for division in divisions
        if division.level == 3 and division.first_year <= year <= division.last_year
    ]


@pytest.mark.parametrize(
    ("title", "year", "adcode"),
    [
        ("江西省人民政府2022年政府信息公开工作年度报告", 2022, "360000"),
        ("赣州市财政局2022年政府信息公开工作年度报告", 2022, "360700"),
        ("赣县人民政府2015年政府信息公开工作年度报告", 2015, "360721"),
        ("赣县区2017年政府信息公开工作年度报告", 2017, "360704"),
        ("莱芜市2016年政府信息公开工作年度报告", 2016, "371200"),
        ("襄樊市2008年政府信息公开工作年度报告", 2008, "420600"),
        ("杭州市临平区2022年政府信息公开年报", 2022, "330113"),
        ("天津市塘沽区2008年政府信息公开年报", 2008, "120107"),
        ("重庆市两江新区2025年政府信息公开年报", 2025, "500157"),
        ("重庆市江北区2025年政府信息公开年报", 2025, "500105"),
        ("南京市鼓楼区2022年政府信息公开年报", 2022, "320106"),
        ("北京市朝阳区2022年政府信息公开年报", 2022, "110105"),
        ("吉林省吉林市2022年政府信息公开年报", 2022, "220200"),
        ("乾县人民政府2022年政府信息公开年报", 2022, "610424"),
        ("恩施州人民政府2022年政府信息公开年报", 2022, "422800"),
        ("鄂温克旗2022年政府信息公开年报", 2022, "150724"),
        ("2022年度河南省济源市政府信息公开年报", 2022, "419001"),
        ("韶关市浈江区人民政府办公室2022年政府\n信息公开工作年度报告", 2022, "440204"),
        ("平潭综合实验区财政金融局", 2021, "350128"),
        ("平潭综合实验区公安局2021年政府信息公开工作年度报告", 2021, "350128"),
        ("荆州市公安局2022年政府信息公开年报", 2022, "421000"),
        ("阳泉市中心城区2022年建设年报", 2022, "140300"),
        ("上海财政局2022年政府信息公开年报", 2022, "310000"),
        ("国家税务总局上犹县税务局2022年政府信息公开年报", 2022, "360724"),
        ("赣州市人民政府驻北京办事处2022年政府信息公开年报", 2022, "360700"),
        ("大兴机场临空经济区（廊坊）管理委员会", 2022, "131000"),
        ("秦皇岛市北戴河新区2022年政府信息公开年报", 2022, "130300"),
        ("赣州市人民政府2031年政府信息公开年报", 2031, "360700"),
    ],
)
def test_title_settles(title: str, year: int, adcode: str) -> None:
    """A title that names a division valid in the year gives its code."""
    assert resolve(title, year).adcode == adcode


@pytest.mark.parametrize(
    ("title", "candidates"),
    [
        ("鼓楼区人民政府", ("320106", "320302", "350102", "410204")),
        ("市中区人民政府", ("370103", "370402", "511002", "511102")),
        ("朝阳区人民政府", ("110105", "220104")),
        ("吉林2022年政府信息公开年报", ("220000", "220200")),
        ("襄樊市人民政府", ("420600",)),
        ("湖北省襄樊市人民政府", ("420600",)),
        ("江西省上犹县和广东省浈江区", ("360000", "360724", "440000", "440204")),
        ("北京大兴国际机场临空经济区（廊坊）管委会", ("110000", "131000")),
        ("文昌湖畔管委会", ()),
        ("财政部门2022年政府信息公开年报", ()),
        ("2022年政府信息公开年报", ()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_open_names_are_never_picked(title: str, candidates: tuple[str, ...]) -> None:
    """A shared, past or contradictory name stays unresolved with its candidates."""
    assert resolve(title) == Region("unresolved", candidates=candidates)


def test_candidates_are_bounded() -> None:
    """A name of many places gives the first candidates alone, sorted."""
    region = resolve("城关镇人民政府2022年政府信息公开年报")
    assert region.region == "unresolved"
    assert len(region.candidates) == MAX_CANDIDATES
    assert list(region.candidates) == sorted(region.candidates)


@pytest.mark.parametrize(
    ("publisher", "signature", "body", "adcode"),
    [
        ("南京市鼓楼区人民政府", None, "", "320106"),
        (None, "福州市鼓楼区人民政府", "", "350102"),
        (None, None, "地址：江苏省徐州市鼓楼区中山北路", "320302"),
        (None, None, "联系电话：0371-22345678", None),
        (None, None, "联系电话：（025）83456789。", "320106"),
        ("江苏省人民政府", None, "联系电话：0516-83456789", "320302"),
        ("江苏省人民政府", None, "", None),
        (None, None, "南京市、福州市来我区学习", None),
        (None, None, "电话：025-83456789，传真：0591-83456789", None),
    ],
)
def test_support_leaves_one(
    publisher: str | None, signature: str | None, body: str, adcode: str | None
) -> None:
    """Places in the other texts and area codes choose between candidates, or none is chosen."""
    region = resolve("鼓楼区2022年政府信息公开年报", 2022, publisher, signature, body)
    assert region.adcode == adcode
    assert (region.region == "unresolved") == (adcode is None)


def test_area_code_alone_settles_nothing() -> None:
    """A telephone number without a name of a place gives no region."""
    assert resolve("2022年政府信息公开年报", body="电话：0797-8542306") == Region("unresolved")


@pytest.mark.parametrize(
    ("texts", "adcode"),
    [
        ({"title": "上犹县年报", "publisher": "南康区人民政府"}, "360724"),
        ({"title": "年报", "publisher": "南康区人民政府", "signature": "上犹县"}, "360703"),
        ({"title": "年报", "signature": "上犹县财政局", "body": "赣州市"}, "360724"),
        ({"title": "年报", "body": "江西省各级要求，赣州市上犹县财政局编制"}, "360724"),
        ({"title": "年报", "body": "上犹县和大余县"}, None),
        ({"title": "年报", "body": "市和县两级"}, None),
        ({"title": "年报", "body": "。" * 700 + "上犹县" + "。" * 300}, None),
        ({"title": "年报", "body": "。" * 700 + "上犹县财政局"}, "360724"),
    ],
)
def test_order_of_texts(texts: dict[str, str], adcode: str | None) -> None:
    """Title outranks publisher, signature and body; of the body both ends are read."""
    region = resolve(
        texts["title"],
        publisher=texts.get("publisher"),
        signature=texts.get("signature"),
        body=texts.get("body", ""),
    )
    assert region.adcode == adcode


@pytest.mark.parametrize(
    ("title", "publisher", "adcode", "township"),
    [
        ("上犹县社溪镇人民政府2022年报", None, "360724", "社溪镇"),
        ("上犹县2022年报", "上犹县社溪镇人民政府", "360724", "社溪镇"),
        ("社溪镇人民政府2022年报", "赣州市人民政府", "360724", "社溪镇"),
        ("社溪镇人民政府2022年报", None, "360724", "社溪镇"),
        ("社溪镇人民政府2022年报", "广东省韶关市", None, None),
        ("鼓楼区华侨路街道办事处2022年报", None, "320106", "华侨路街道"),
        ("泊头市泊镇人民政府2022年报", None, "130981", "泊镇"),
        ("上犹县财政局2022年报", None, "360724", None),
    ],
)
def test_townships(
    title: str, publisher: str | None, adcode: str | None, township: str | None
) -> None:
    """A township is named under its county, and settles an unsettled one unless contradicted."""
    region = resolve(title, publisher=publisher)
    assert (region.adcode, region.township) == (adcode, township)


@pytest.mark.parametrize(
    ("title", "region"),
    [
        ("国家税务总局2022年政府信息公开工作年度报告", "CN"),
        ("2022年财政部政府信息公开工作报告", "CN"),
        ("中华人民共和国教育部2022年政府信息公开工作年度报告", "CN"),
        ("国务院办公厅", "CN"),
        ("国家税务总局第三税务分局2022年报", "unresolved"),
    ],
)
def test_central_bodies(title: str, region: str) -> None:
    """A body of the State Council itself is `CN`, whatever address its text gives."""
    assert resolve(title).region == region
    if region == "CN":
        assert resolve(title, body="地址：北京市西城区").region == region


def test_names_follow_the_line() -> None:
    """A county's region carries the names from the province down."""
    assert resolve("上犹县2022年度政府信息公开工作报告") == Region(
        region="CN-JX",
        adcode="360724",
        name="江西省赣州市上犹县",
        prefecture="赣州市",
        county="上犹县",
    )


def test_no_bare_county_name_is_wrong() -> None:
    """Of all counties of 2022 by bare name, each is settled right but for the shared names."""
    unresolved = 0
    for county in list_counties(2022):
        region = resolve(f"{county.name}人民政府2022年政府信息公开工作年度报告")
        if region.region == "unresolved":
            unresolved += 1
            assert county.code in region.candidates
        else:
            assert region.adcode == county.code
    assert unresolved == SHARED_COUNTIES_2022


def read_real(name: str) -> str:
    """Read a real report, or skip where the folder is not there."""
    path = REPORTS / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "title_lines", "year", "region", "adcode"),
    [
        ("000_9e678f4fbfe67a94.txt", slice(0, 1), 2022, "CN-JX", "360724"),
        ("001_b59b729ba7c2a485.txt", slice(7, 8), 2022, "CN-JS", "320703"),
        ("002_7eb68c448bcdd812.txt", slice(0, 2), 2022, "CN-GD", "440204"),
        ("shanghai_office_2019.html", slice(0, 1), 2019, "CN-SH", "310000"),
        ("pingtan_2011.txt", slice(0, 1), 2011, "CN-FJ", "350128"),
        ("pingtan_2013.txt", slice(0, 1), 2013, "CN-FJ", "350128"),
        ("pingtan_2018.txt", slice(0, 1), 2018, "CN-FJ", "350128"),
        ("pingtan_2019.txt", slice(0, 1), 2019, "CN-FJ", "350128"),
        ("pingtan_2020.txt", slice(0, 1), 2020, "CN-FJ", "350128"),
        ("pingtan_2021.txt", slice(0, 1), 2021, "CN-FJ", "350128"),
        ("pingtan_finance_2021.txt", slice(0, 1), 2021, "CN-FJ", "350128"),
        ("pingtan_finance_2023.txt", slice(0, 1), 2023, "CN-FJ", "350128"),
        ("pingtan_police_2021.txt", slice(0, 1), 2021, "CN-FJ", "350128"),
    ],
)
@pytest.mark.parametrize("with_title", [True, False], ids=["title", "body alone"])
def test_real_reports(
    name: str, title_lines: slice, year: int, region: str, adcode: str, with_title: bool
) -> None:
    """The real reports are settled by title, and by their text alone."""
    text = re.sub(r"<[^>]*>", "\n", read_real(name)).strip()
    if name.startswith("001"):
        text = opencc.OpenCC("t2s").convert(text)
    lines = text.splitlines()
    title = "".join(lines[title_lines]) if with_title else None
    found = resolve(title, year, body=text)
    assert (found.region, found.adcode) == (region, adcode)


def test_long_reports_take_little_time() -> None:
    """A body of 10,000 characters takes less than 2 ms."""
    body = "根据《江西省政府信息公开条例》，赣州市上犹县财政局编制本报告。" * 320
    rounds = 50
    resolve("年报", body=body)
    started = time.process_time()
    for _ in range(rounds):
        resolve("鼓楼区2022年政府信息公开年报", body=body)
    assert (time.process_time() - started) / rounds < 0.002
