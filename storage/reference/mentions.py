"""Find the places that a text names, by longest match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from storage.reference.gazetteer import PREFIX_LENGTH, Division, Gazetteer, select_valid

Kind = Literal["full", "short", "ordinary", "township", "past"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text and the divisions that it may stand for.

    `kind` is `full` (a full name, or that of a zone), `short` (a name without its generic
    part), `ordinary` (a name that is an ordinary word as well), `township` (then the
    divisions are the counties that have one of this name) or `past` (a full name that no
    division bears in the year; then the divisions are those of other years).
    """

    start: int
    name: str
    kind: Kind
    divisions: tuple[Division, ...]

    @property
    def end(self) -> int:
        """Where the text goes on behind the name."""
        return self.start + len(self.name)


def find_mentions(gazetteer: Gazetteer, text: str, year: int) -> list[Mention]:
    """List the places named in a text without white space, none overlapping, in order.

    A longer name outranks a shorter one at the same place, a name valid in the year a past
    one. A place of seat (a mission in another place) is left out.
    """
    mentions: list[Mention] = []
    start = 0
    while start < len(text) - 1:
        lengths = gazetteer.lengths.get(text[start : start + PREFIX_LENGTH])
        mention = lengths and _match_at(gazetteer, text, start, lengths, year, mentions)
        if not mention:
            start += 1
            continue
        if not (mentions and text.endswith(gazetteer.words.seat, 0, start)):
            mentions.append(mention)
        start = mention.end
    return mentions


def _match_at(
    gazetteer: Gazetteer,
    text: str,
    start: int,
    lengths: tuple[int, ...],
    year: int,
    before: list[Mention],
) -> Mention | None:
    past = None
    is_beside = bool(before) and before[-1].end == start
    for length in lengths:
        end = start + length
        name = text[start:end]
        if len(name) < length:
            continue
        divisions = _look_up(gazetteer, name, year)
        if divisions:
            is_ordinary = name in gazetteer.words.ordinary
            return Mention(start, name, "ordinary" if is_ordinary else "full", divisions)
        divisions = _look_up_township(gazetteer, name, text[end : end + 1], year, is_beside)
        if divisions:
            return Mention(start, name, "township", divisions)
        is_placed = is_beside or start == 0
        divisions = _look_up_short(gazetteer, name, text[end:], year, is_placed)
        if divisions:
            return Mention(start, name, "short", divisions)
        if past is None and name in gazetteer.names and name not in gazetteer.words.ordinary:
            past = Mention(start, name, "past", gazetteer.names[name])
    return past


def _look_up(gazetteer: Gazetteer, name: str, year: int) -> tuple[Division, ...]:
    """Find the divisions of a full name, else of a common abbreviation, else a zone's."""
    return (
        select_valid(gazetteer.names.get(name, ()), year)
        or select_valid(gazetteer.abbreviations.get(name, ()), year)
        or select_valid(gazetteer.by_code.get(gazetteer.zones.get(name, ""), ()), year)
    )


def _look_up_township(
    gazetteer: Gazetteer, name: str, next_character: str, year: int, is_beside: bool
) -> tuple[Division, ...]:
    """Find the counties of a township; a name of two characters counts beside a place only."""
    is_too_short = len(name) <= PREFIX_LENGTH and not is_beside
    if is_too_short or next_character in gazetteer.words.township_goes_on:
        return ()
    return tuple(
        county
        for code in gazetteer.townships.get(name, ())
        for county in select_valid(gazetteer.by_code.get(code, ()), year)
    )


def _look_up_short(
    gazetteer: Gazetteer, name: str, rest: str, year: int, is_placed: bool
) -> tuple[Division, ...]:
    """Find the divisions of a short name, where what stands around it does not forbid one.

    A county's short name is trusted only at the start or beside another place, and before
    the word government, a figure or the end: elsewhere it is too often part of the name
    of something else.
    """
    words = gazetteer.words
    if name in words.ordinary or rest[:1] in words.name_goes_on:
        return ()
    divisions = select_valid(gazetteer.short_names.get(name, ()), year)
    is_government = not rest or rest[0].isdigit() or rest.startswith(words.government)
    if any(one.level < 3 for one in divisions) or (is_placed and is_government):
        return divisions
    return ()
