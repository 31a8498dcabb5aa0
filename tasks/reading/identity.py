"""Who reports, about which year, when: what title, signature and head of a document say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from expectations.words import load_words
from tasks.reading.document import Document
from tasks.reading.report import Place, Region, Scope
from tasks.reading.words import load_patterns

HEAD_LINES = 40
TAIL_LINES = 40
# Of a line without end: wordings of a title take long to look for, and a title comes first.
LINE_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Title:
    """A report's title, white space folded, the body it names (may be empty) and its year."""

    text: str
    body: str
    year: int


def find_title(document: Document) -> Title | None:
    """Find the report's title: in the head of the text, or as the page names itself.

    A title set on several lines is joined. The first line that is a title wins; the page's
    own title element comes last, for it often carries the name of the site.
    """
    lines = [line.strip() for line in document.text.split("\n") if line.strip()][:HEAD_LINES]
    if "title" in document.facts:
        lines.insert(0, document.facts["title"])
    for count in (1, 2, 3):
        for first in range(len(lines)):
            joined = "".join(line[:LINE_CHARACTERS] for line in lines[first : first + count])
            if title := match_title(joined if count == 1 else re.sub(r"\s+", "", joined)):
                return title
    return match_title(document.title or "")


def match_title(line: str) -> Title | None:
    """Match the first 2,000 characters of a line against the wordings of a report's title."""
    patterns = load_patterns()
    line = line[:LINE_CHARACTERS]
    for key in ("title", "title_late_year"):
        if match := patterns.regexes[key].search(line):
            between = patterns.regexes["title_fillers"].sub("", match["middle"])
            body = (match["before"] + between).strip()
            return Title(match["text"].strip(), body, int(match["year"]))
    return None


def find_period(text: str) -> tuple[date | None, date | None]:
    """Find the period the report says it covers; a missing second year is the first's."""
    match = load_patterns().regexes["period"].search(text)
    if match is None:
        return None, None
    first = _build_date(match["first_year"], match["first_month"], match["first_day"])
    last_year = match["last_year"] or match["first_year"]
    return first, _build_date(last_year, match["last_month"], match["last_day"])


def find_year(place: Place) -> int | None:
    """Find the report year that the link to a source names, else a folder of its address."""
    patterns = load_words().patterns
    found = re.search(patterns["listed_year"], place.link_text or "") or re.search(
        patterns["url_year"], place.url
    )
    return next((int(year) for year in found.groups() if year), None) if found else None


def find_signature(text: str) -> tuple[str | None, date | None]:
    """Find the name and date under the report: the last line that ends in a full date.

    The name stands before the date or on the line above it. A date without a day is none. A
    date spelled out also counts within a line, as web archives flatten reports, but no name.
    """
    regexes = load_patterns().regexes
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    for position in range(len(lines) - 1, max(len(lines) - TAIL_LINES, 0) - 1, -1):
        match = regexes["signature"].match(lines[position])
        match = match or regexes["signature_inline"].search(lines[position][-LINE_CHARACTERS:])
        match = match or _find_spelled(lines[position])
        if match is None:
            continue
        above = lines[position - 1] if position and match["name"] is not None else ""
        name = (match["name"] or "").strip() or (above if len(above) <= 40 else "")
        folded = re.sub(r"\s+", "", name) or None
        return folded, _build_date(*map(_spell_out, match.group("year", "month", "day")))
    return None, None


def _find_spelled(line: str) -> re.Match[str] | None:
    """Find the last date of a line that is spelled out."""
    return next(reversed([*load_patterns().regexes["signature_spelled"].finditer(line)]), None)


def _spell_out(number: str) -> str:
    """Turn a year, month or day that is spelled out into digits; digits stay."""
    words = load_patterns().words
    digits = dict.fromkeys(words["spelled_zeros"], "0")
    digits |= {word: str(value) for value, word in enumerate(words["numerals"][:9], 1)}
    tens, ten, ones = number.rpartition(words["numerals"][9])
    figures = (tens or words["numerals"][0]) + (ones or words["spelled_zeros"][0])
    return "".join(digits.get(each, each) for each in (figures if ten else number))


def find_published(document: Document) -> date | None:
    """Find the date of publication the page states, in its metadata or near its title."""
    regexes = load_patterns().regexes
    stated = document.facts.get("published", "")
    match = regexes["any_date"].search(stated) or regexes["published"].search(_join_head(document))
    return _build_date(match["year"], match["month"], match["day"]) if match else None


def find_publisher(document: Document, title: Title | None, signature: str | None) -> str | None:
    """Name the body that issues the report: as titled, as signed, or as the page says.

    A title or signature counts where it names an organisation, not a territory alone.
    """
    scopes = load_patterns().scopes
    for name in (title.body if title else None, signature):
        if name and any(scopes[key].search(name) for key in ("department", "organ", "township")):
            return name
    stated = document.facts.get("publisher")
    if stated is None:
        match = load_patterns().regexes["publisher"].search(_join_head(document))
        stated = match["name"] if match else None
    return stated or signature or (title.body if title else None) or None


def tell_body(title: Title | None, publisher: str | None, region: Region) -> str:
    """Name the body apart from its place, so that it is the same however the place is put.

    The office of a district's government is the same with or without the city before its name;
    the territory itself is empty. A township, which has no code of its own, keeps its name.
    """
    name = (title.body if title else "") or publisher or ""
    for place in _list_places(region):
        for prefix in (place, place[:-1]):
            if len(prefix) >= 2 and name.startswith(prefix):
                name = name.removeprefix(prefix)
                break
    rest = "" if load_patterns().scopes["government"].fullmatch(name) else name
    return (region.township or "") + rest


def tell_scope(name: str, body: str, region: Region) -> Scope:
    """Tell what kind of body reports: a territory's government, a department, a township."""
    scopes = load_patterns().scopes
    if scopes["township"].search(name):
        return "township"
    if region.adcode is not None and body == (region.township or ""):
        return "township" if region.township else "government"
    if scopes["department"].search(name):
        return "department"
    return "government" if scopes["territory"].search(name) else "other"


def _list_places(region: Region) -> list[str]:
    """The names of the division from the province down."""
    lower = [place for place in (region.prefecture, region.county, region.township) if place]
    province = region.name or ""
    for place in lower:
        province = province.replace(place, "")
    return [province, *lower]


def _join_head(document: Document) -> str:
    """The first lines of the text and the first cells, where pages state their metadata."""
    lines = document.text.split("\n", HEAD_LINES)[:HEAD_LINES]
    cells = [cell.text for grid in document.grids[:1] for row in grid.rows[:8] for cell in row]
    return "\n".join([*lines, " | ".join(cells[:HEAD_LINES])])


def _build_date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
