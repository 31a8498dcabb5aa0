"""What hosts of governments say of places: they choose between candidates, and name counties."""

from __future__ import annotations

from itertools import product

import pytest

from storage.reference.gazetteer import Division, load_gazetteer, shorten_name, trace_line
from storage.reference.spellings import load_readings
from tasks.reading.hosts import list_host_labels
from tasks.reading.region import resolve_region
from tasks.reading.report import Region

REPORT = "2022年政府信息公开工作年度报告"
SHARED_COUNTIES_2022 = 66
YEAR = 2022


def resolve(name: str, url: str, year: int = YEAR) -> Region:
    """Resolve what a title and an address say."""
    return resolve_region(
        load_gazetteer(),
        year=year,
        title=name + REPORT,
        publisher=None,
        signature=None,
        body="",
        url=url,
    )


def list_counties() -> list[Division]:
    """List the counties valid in 2022."""
    return [
        one
        for divisions in load_gazetteer().by_code.values()
        for one in divisions
        if one.level == 3 and one.first_year <= YEAR <= one.last_year
    ]


def shorten(division: Division) -> str:
    """Name a division as hosts do, without what kind of division it is."""
    gazetteer = load_gazetteer()
    if division.level == 1:
        return gazetteer.provinces[division.code[:2]].short
    return shorten_name(gazetteer.words, division.name, division.level) or division.name


def spell(name: str) -> list[list[str]]:
    """Spell a name in syllables in every way."""
    readings = load_readings()
    return [list(syllables) for syllables in product(*(readings[each] for each in name))]


@pytest.mark.parametrize(
    ("url", "labels"),
    [
        ("https://www.hongze.gov.cn/col/1.html", ("www", "hongze")),
        ("http://czj.hongze.gov.cn:8080/", ("czj", "hongze")),
        ("http://www.hongze.gov.cn.example.com/", ()),
        ("http://www.itlinnan.com/hongze.gov.cn", ()),
        ("/data/hongze.gov.cn/1.html", ()),
        ("http://[hongze.gov.cn/", ()),
        ("", ()),
    ],
)
def test_only_hosts_of_governments_count(url: str, labels: tuple[str, ...]) -> None:
    """A host that does not end in gov.cn says nothing, whatever its name."""
    assert list_host_labels(url) == labels


@pytest.mark.parametrize(
    ("name", "host", "adcode"),
    [
        ("鼓楼区人民政府", "www.nanjing.gov.cn", "320106"),
        ("鼓楼区人民政府", "glq.xuzhou.gov.cn", "320302"),
        ("鼓楼区人民政府", "gl.fz.gov.cn", "350102"),
        ("鼓楼区人民政府", "www.gulou.gov.cn", None),
        ("鼓楼区人民政府", "www.hongze.gov.cn", None),
        ("鼓楼区人民政府", "www.jiangsu.gov.cn", None),
        ("鼓楼区人民政府", "www.nanjing.com", None),
        ("朝阳区人民政府", "www.bj.gov.cn", "110105"),
        ("朝阳区人民政府", "bj.samr.gov.cn", None),
        ("吉林", "www.jilin.gov.cn", None),
        ("上犹县人民政府", "www.hongze.gov.cn", "360724"),
        ("财政局", "www.hongze.gov.cn", "320813"),
        ("财政局", "czj.hongze.gov.cn", "320813"),
        ("财政局", "hongze.huaian.gov.cn", "320813"),
        ("财政局", "hongze.nanjing.gov.cn", None),
        ("财政局", "www.guzhen.gov.cn", "340323"),
        ("财政局", "www.huaihua.gov.cn", None),
        ("财政局", "hjq.huaihua.gov.cn", None),
        ("财政局", "www.lishui.gov.cn", None),
        ("财政局", "www.yangling.gov.cn", None),
        ("财政局", "www.sgs.gov.cn", None),
        ("财政局", "www.hongze.com", None),
        ("国家税务总局", "www.hongze.gov.cn", None),
    ],
)
def test_a_host_is_the_weakest_evidence(name: str, host: str, adcode: str | None) -> None:
    """It chooses between the candidates of a name, or names a county where no text does."""
    assert resolve(name, f"https://{host}/1.html").adcode == adcode


def test_a_host_follows_the_year() -> None:
    """A county of another code before it was renamed is found by the year of the report."""
    assert resolve("财政局", "https://www.hongze.gov.cn/", 2012).adcode == "320829"


def test_what_a_host_leaves_open_are_candidates() -> None:
    """A prefecture's site, and a spelling of several names, give candidates and no region."""
    found = resolve("财政局", "https://www.zhenjiang.gov.cn/")
    assert found == Region("unresolved", candidates=("321100", "440204"))


def test_no_host_makes_a_shared_name_wrong() -> None:
    """Each of the 66 counties of a shared name is settled right by its prefecture's host."""
    shared = [one for one in list_counties() if resolve(one.name, "").adcode is None]
    assert len(shared) == SHARED_COUNTIES_2022
    for county in shared:
        parent = trace_line(load_gazetteer(), county, YEAR)[-2]
        for syllables in spell(shorten(parent)):
            assert resolve(county.name, f"http://www.{''.join(syllables)}.gov.cn/").adcode == (
                county.code
            )
            letters = "".join(each[0] for each in syllables)
            found = resolve(county.name, f"http://www.{letters}.gov.cn/").adcode
            assert found in (county.code, None)


def test_no_county_is_named_wrong_by_its_host() -> None:
    """Of every fourth county by its own host alone most are settled, and none wrong."""
    settled = 0
    counties = list_counties()[::4]
    for county in counties:
        hosts = ["".join(syllables) for syllables in spell(shorten(county))]
        found = {resolve("财政局", f"http://www.{host}.gov.cn/").adcode for host in hosts}
        assert found <= {county.code, None}
        settled += county.code in found
    assert settled > len(counties) * 2 / 3
