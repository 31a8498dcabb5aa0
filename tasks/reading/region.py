"""Settle which administrative division a report is about, or say between which it stays open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from storage.reference.gazetteer import Division, Gazetteer, trace_line
from storage.reference.mentions import Mention, find_mentions
from tasks.reading.hosts import (
    COUNTY,
    Line,
    find_county,
    list_host_labels,
    list_spelled,
    narrow_by_host,
)
from tasks.reading.report import Region

HEAD_CHARACTERS = 600
TAIL_CHARACTERS = 200
MAX_CANDIDATES = 10
CENTRAL = Region("CN")
PREFECTURE = 2
# A name of two characters is found by chance in running text.
SURE_CHARACTERS = 3
AREA_CODE = re.compile(r"(?<!\d)[(（]?(0\d{2,3})[)）]?[-—–－ ]?(?=[2-8]\d{6,7}(?!\d))")
LEADING_YEAR = re.compile(r"^(?:19|20)\d\d\D?")


def resolve_region(
    gazetteer: Gazetteer,
    *,
    year: int,
    title: str | None,
    publisher: str | None,
    signature: str | None,
    body: str,
    url: str = "",
) -> Region:
    """Find the division, valid in the report year, of the body that a report is by.

    The first of title, publisher, signature and body (its beginning and end) that names a
    place decides: all names in it must lie on one line from a province down, and the
    deepest is taken. Where a name is shared, the places named in the later texts, then
    telephone area codes, then the host of the address if it is a government's, may leave one;
    else the region is `unresolved`, with at most ten candidates, sorted. Where no text names a
    place, the host settles a county that its owner has the name of. Texts are expected in
    simplified characters. A year beyond the reference data counts as its first or last.
    """
    year = min(max(year, gazetteer.first_year), gazetteer.last_year)
    texts = [_fold(text or "") for text in (title, publisher, signature)]
    body = f"{body[:HEAD_CHARACTERS]}\n{body[HEAD_CHARACTERS:][-TAIL_CHARACTERS:]}"
    issuers = [find_mentions(gazetteer, text, year) for text in texts]
    # The body is the longest by far: it is read only if the others leave something open.
    labels = list_host_labels(url)
    running = (_keep_sure(find_mentions(gazetteer, _fold(text), year)) for text in [body])
    zones = chain(issuers, running)
    for text, mentions in zip([*texts, ""], zones, strict=True):
        anchors = _choose_anchors(mentions)
        if anchors:
            lines = _read_lines(gazetteer, anchors, mentions, year)
            past = _find_deeper_past(lines, mentions)
            if past or not lines:
                return _leave_open(past or (one for each in anchors for one in each.divisions))
            if len(lines) > 1 or anchors[0].kind != "full":
                lines = _weigh(gazetteer, lines, list(zones), body, labels, year)
            if len(lines) > 1:
                return _leave_open(line[-1] for line in lines)
            return _describe(gazetteer, lines[0], _find_township(lines[0][-1], issuers[:2]))
        if _is_central(gazetteer, text):
            return CENTRAL
    county = find_county(gazetteer, labels, year)
    if county is not None:
        return _describe(gazetteer, trace_line(gazetteer, county, year), None)
    return _leave_open(list_spelled(gazetteer, labels, year))


def _weigh(
    gazetteer: Gazetteer,
    lines: list[Line],
    zones: Sequence[Sequence[Mention]],
    body: str,
    labels: Sequence[str],
    year: int,
) -> list[Line]:
    """Choose by the later texts, area codes and host; add what contradicts the choice."""
    for zone in zones:
        lines = _narrow(lines, zone)
    lines = _narrow_by_telephone(gazetteer, lines, body)
    if len(lines) > 1:
        lines = narrow_by_host(gazetteer, lines, labels, year)
    if len(lines) > 1:
        return lines
    return lines + [
        trace_line(gazetteer, rival, year)
        for rival in _find_rivals(gazetteer, lines[0], zones, year)
    ]


def _fold(text: str) -> str:
    return "".join(text.split())


def _keep_sure(mentions: Iterable[Mention]) -> list[Mention]:
    """Keep the full names in running text, short ones only right behind another place."""
    kept: list[Mention] = []
    for mention in mentions:
        is_beside = bool(kept) and kept[-1].end == mention.start
        if mention.kind == "full" and (len(mention.name) >= SURE_CHARACTERS or is_beside):
            kept.append(mention)
    return kept


def _choose_anchors(mentions: Sequence[Mention]) -> list[Mention]:
    """Choose the surest kind of mention there is; an ordinary word counts at the start only."""
    for kind in ("full", "past", "short", "township"):
        anchors = [mention for mention in mentions if mention.kind == kind]
        if anchors:
            return anchors
    return [mention for mention in mentions[:1] if mention.start == 0]


def _find_common_lines(gazetteer: Gazetteer, mentions: Sequence[Mention], year: int) -> list[Line]:
    """List the lines, one per deepest division, on which every mention has a place."""
    named = [{division.code for division in mention.divisions} for mention in mentions]
    ends = {division.code: division for mention in mentions for division in mention.divisions}
    lines = (trace_line(gazetteer, division, year) for division in ends.values())
    return [
        line for line in lines if all(codes & {place.code for place in line} for codes in named)
    ]


def _read_lines(
    gazetteer: Gazetteer, anchors: Sequence[Mention], mentions: Sequence[Mention], year: int
) -> list[Line]:
    """List the lines the anchors leave, down to the less sure mentions that fit on them.

    Less sure mentions that do not fit are left out; past divisions give no line.
    """
    if anchors[0].kind == "past":
        return []
    lines = _find_common_lines(gazetteer, anchors, year)
    ends = {mention.end for mention in mentions}
    for mention in mentions:
        if mention.kind in ("short", "township") or (
            mention.kind == "ordinary" and mention.start in ends
        ):
            codes = {line[-1].code for line in lines}
            deeper = [
                line
                for line in _find_common_lines(gazetteer, [mention], year)
                if codes & {place.code for place in line}
            ]
            lines = deeper or lines
    return lines


def _find_deeper_past(lines: Sequence[Line], mentions: Sequence[Mention]) -> list[Division]:
    """List divisions of other years that the text names below what was found."""
    depth = max((line[-1].level for line in lines), default=0)
    return [
        division
        for mention in mentions
        if mention.kind == "past"
        for division in mention.divisions
        if division.level > depth
    ]


def _narrow(lines: list[Line], mentions: Sequence[Mention]) -> list[Line]:
    """Keep the lines that a further text supports, all of them where it supports none.

    The division itself counts first, then that it lies in directly, then any above.
    """
    named = {
        division.code
        for mention in mentions
        if mention.kind in ("full", "short")
        for division in mention.divisions
    }
    lines = [line for line in lines if line[-1].code in named] or lines
    return (
        [line for line in lines if line[-1].parent in named]
        or [line for line in lines if named & {place.code for place in line[:-1]}]
        or lines
    )


def _narrow_by_telephone(gazetteer: Gazetteer, lines: list[Line], body: str) -> list[Line]:
    served = {
        code
        for area_code in AREA_CODE.findall(body)
        for code in gazetteer.area_codes.get(area_code, ())
    }
    return [line for line in lines if served & {place.code for place in line}] or lines


def _find_rivals(
    gazetteer: Gazetteer, line: Line, zones: Sequence[Sequence[Mention]], year: int
) -> list[Division]:
    """List the places of the first later text that names any, unless one is on the line."""
    codes = {place.code for place in line}
    for zone in zones:
        named = [one for mention in zone if mention.kind == "full" for one in mention.divisions]
        lines = [{place.code for place in trace_line(gazetteer, one, year)} for one in named]
        if named:
            is_on_line = any(one.code in codes for one in named)
            is_below = any(line[-1].code in below for below in lines)
            return [] if is_on_line or is_below else named
    return []


def _find_township(end: Division, zones: Sequence[Sequence[Mention]]) -> str | None:
    names = {
        mention.name
        for zone in zones
        for mention in zone
        if mention.kind == "township" and end.code in {one.code for one in mention.divisions}
    }
    return names.pop() if len(names) == 1 else None


def _is_central(gazetteer: Gazetteer, text: str) -> bool:
    """Tell whether a text without a place begins with a body of the State Council itself."""
    words = gazetteer.words
    text = LEADING_YEAR.sub("", text).removeprefix(words.central_prefix)
    rests = [text.removeprefix(body) for body in words.central_bodies if text.startswith(body)]
    return any(
        not rest or rest[0].isdigit() or rest.startswith(words.central_followers) for rest in rests
    )


def _leave_open(divisions: Iterable[Division]) -> Region:
    codes = sorted({division.code for division in divisions})
    return Region("unresolved", candidates=tuple(codes[:MAX_CANDIDATES]))


def _describe(gazetteer: Gazetteer, line: Line, township: str | None) -> Region:
    names = {division.level: division.name for division in line}
    return Region(
        region=gazetteer.provinces[line[-1].code[:2]].region,
        adcode=line[-1].code,
        name="".join(division.name for division in line),
        prefecture=names.get(PREFECTURE),
        county=names.get(COUNTY),
        township=township,
    )
