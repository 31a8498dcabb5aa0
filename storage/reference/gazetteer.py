"""The divisions of China by year as structures for looking names up."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import polars as pl
import yaml

FOLDER = Path(__file__).parent
Value = TypeVar("Value")
PREFIX_LENGTH = 2


class Division(NamedTuple):
    """A division under one code, name and parent, valid from first to last year inclusive.

    `level` is 1 (province), 2 (prefecture) or 3 (county); `parent` is a code, empty for a
    province.
    """

    code: str
    name: str
    level: int
    parent: str
    first_year: int
    last_year: int


class Province(NamedTuple):
    """The ISO 3166-2 code and the short name of a province."""

    region: str
    short: str


@dataclass(frozen=True, slots=True)
class Words:
    """How names are shortened and what stands around them; see names.yaml."""

    placeholders: frozenset[str]
    short_name_drops: dict[int, tuple[str, ...]]
    autonomy: str
    people_suffix: str
    peoples: re.Pattern[str]
    ordinary: frozenset[str]
    name_goes_on: frozenset[str]
    township_goes_on: frozenset[str]
    government: tuple[str, ...]
    seat: str
    central_prefix: str
    central_bodies: tuple[str, ...]
    central_followers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Everything that is known by name or code, over all years.

    Attributes:
        by_code: code to the divisions that ever had it.
        names: full name to divisions.
        abbreviations: name without the peoples of an autonomous division to divisions.
        short_names: name without its generic part to divisions.
        zones: name of a functional zone to the code of the division it is placed in.
        townships: name of a township to the codes of the counties that have one.
        area_codes: telephone area code to the codes of the divisions it serves.
        provinces: first two digits of a code to its province.
        lengths: first two characters to the lengths of all names so begun, longest first.
        first_year: first year that is covered.
        last_year: last year that is covered.
    """

    by_code: dict[str, tuple[Division, ...]]
    names: dict[str, tuple[Division, ...]]
    abbreviations: dict[str, tuple[Division, ...]]
    short_names: dict[str, tuple[Division, ...]]
    zones: dict[str, str]
    townships: dict[str, tuple[str, ...]]
    area_codes: dict[str, frozenset[str]]
    provinces: dict[str, Province]
    words: Words
    lengths: dict[str, tuple[int, ...]]
    first_year: int
    last_year: int


@cache
def load_gazetteer() -> Gazetteer:
    """Load the reference files beside this module into one value, once a process."""
    words, provinces = load_words(), load_provinces()
    divisions = [
        Division(*row) for row in pl.read_parquet(FOLDER / "divisions.parquet").iter_rows()
    ]
    shorts = [
        provinces[division.code[:2]].short
        if division.level == 1
        else shorten_name(words, division.name, division.level)
        for division in divisions
    ]
    townships = pl.read_parquet(FOLDER / "townships.parquet", columns=["name", "parent"])
    names = _group((division.name, division) for division in divisions)
    abbreviations = _group(
        (short + division.name[-1], division)
        for division, short in zip(divisions, shorts, strict=True)
        if short and division.level > 1 and words.autonomy in division.name
    )
    short_names = _group(
        (short, division) for division, short in zip(divisions, shorts, strict=True) if short
    )
    zones = {zone["name"]: zone["parent"] for zone in _read_yaml("zones.yaml")["zones"]}
    parents: dict[str, tuple[str, ...]] = _group(townships.unique(maintain_order=True).iter_rows())
    return Gazetteer(
        by_code=_group((division.code, division) for division in divisions),
        names=names,
        abbreviations=abbreviations,
        short_names=short_names,
        zones=zones,
        townships=parents,
        area_codes={
            area_code: frozenset(codes) for area_code, codes in _group(_read_area_codes()).items()
        },
        provinces=provinces,
        words=words,
        lengths=_index_lengths((names, abbreviations, short_names, zones, parents)),
        first_year=min(division.first_year for division in divisions),
        last_year=max(division.last_year for division in divisions),
    )


@cache
def load_provinces() -> dict[str, Province]:
    """Map the first two digits of a code to the province's ISO 3166-2 code and short name."""
    with (FOLDER / "provinces.csv").open(encoding="utf-8", newline="") as lines:
        return {row["code"]: Province(row["region"], row["short"]) for row in csv.DictReader(lines)}


@cache
def load_words() -> Words:
    """Load names.yaml."""
    facts = _read_yaml("names.yaml")
    suffix = facts["people_suffix"]
    # A name of one character needs its suffix: there is no people in the last syllable of
    # a place name such as that of Changbai.
    peoples = "|".join(
        people + suffix + ("?" if len(people) > 1 else "")
        for people in sorted(facts["peoples"], key=len, reverse=True)
    )
    return Words(
        placeholders=frozenset(facts["placeholders"]),
        short_name_drops={
            level: tuple(drops) for level, drops in facts["short_name_drops"].items()
        },
        autonomy=facts["autonomy"],
        people_suffix=suffix,
        peoples=re.compile(f"(?:{peoples})+(?={facts['autonomy']})"),
        ordinary=frozenset(facts["ordinary_words"]),
        name_goes_on=frozenset(facts["name_goes_on"]),
        township_goes_on=frozenset(facts["township_goes_on"]),
        government=tuple(facts["government_words"]),
        seat=facts["seat_word"],
        central_prefix=facts["central_prefix"],
        central_bodies=tuple(facts["central_bodies"]),
        central_followers=tuple(facts["central_followers"]),
    )


def shorten_name(words: Words, name: str, level: int) -> str:
    """Drop the generic part of a prefecture's or county's name, and the peoples in it.

    Returns an empty string where less than two characters would be left.
    """
    without_peoples = words.peoples.sub("", name)
    # A name that is nothing but a people's keeps it.
    stem = name if without_peoples.startswith(words.autonomy) else without_peoples
    for drop in words.short_name_drops[level]:
        short = stem.removesuffix(drop).removesuffix(words.people_suffix)
        if stem.endswith(drop) and len(short) > 1:
            return short
    return ""


def select_valid(divisions: Iterable[Division], year: int) -> tuple[Division, ...]:
    """Keep the divisions valid in a year; where there is none, the next year's or the last's.

    A report appears early in the year after its own and may bear the name of either.
    """
    known = tuple(divisions)
    for near in (year, year + 1, year - 1):
        valid = tuple(one for one in known if one.first_year <= near <= one.last_year)
        if valid:
            return valid
    return ()


def trace_line(gazetteer: Gazetteer, division: Division, year: int) -> tuple[Division, ...]:
    """Return the division and those it lies in, the province first."""
    line = [division]
    while line[0].parent:
        near = min(max(year, line[0].first_year), line[0].last_year)
        parents = select_valid(gazetteer.by_code.get(line[0].parent, ()), near)
        if not parents:
            break
        line.insert(0, parents[0])
    return tuple(line)


def _group(pairs: Iterable[tuple[str, Value]]) -> dict[str, tuple[Value, ...]]:
    groups: dict[str, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}


def _index_lengths(tables: Iterable[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = defaultdict(set)
    for table in tables:
        for name in table:
            lengths[name[:PREFIX_LENGTH]].add(len(name))
    return {prefix: tuple(sorted(found, reverse=True)) for prefix, found in lengths.items()}


def _read_area_codes() -> list[tuple[str, str]]:
    with (FOLDER / "area_codes.csv").open(encoding="utf-8", newline="") as lines:
        return [(row["area_code"], row["division"]) for row in csv.DictReader(lines)]


def _read_yaml(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))
