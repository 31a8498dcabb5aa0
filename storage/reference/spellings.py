"""How names of divisions are spelled in Latin letters, as hosts have them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

from storage.reference.gazetteer import FOLDER, Gazetteer, load_gazetteer

ZONE_CHARACTERS = (2, 3)  # of a zone's name without what kind of zone it is
LONGEST = 4  # characters of a name that hosts spell; longer ones are shortened


class Spellings(NamedTuple):
    """Names, full or short, by their syllables run together and by the first letters of these.

    A character that is read in several ways gives as many spellings. Zones are there by the
    beginnings of their names, which are names of no division. Initials of a province are also
    the letters that ISO 3166-2 and the domain names of China have for it.
    """

    whole: dict[str, frozenset[str]]
    initials: dict[str, frozenset[str]]


@cache
def load_spellings() -> Spellings:
    """Spell every name of the reference data, once a process: it takes about 0.1 s."""
    gazetteer = load_gazetteer()
    readings = load_readings()
    whole: dict[str, set[str]] = defaultdict(set)
    initials: dict[str, set[str]] = defaultdict(set)
    zones = {zone[:length] for zone in gazetteer.zones for length in ZONE_CHARACTERS}
    for name in {*gazetteer.names, *gazetteer.short_names, *zones}:
        if len(name) > LONGEST:
            continue
        for syllables in product(*(readings.get(character, ()) for character in name)):
            whole["".join(syllables)].add(name)
            initials["".join(syllable[0] for syllable in syllables)].add(name)
    for letters, name in _list_letters(gazetteer):
        initials[letters].add(name)
    return Spellings(
        {spelling: frozenset(names) for spelling, names in whole.items()},
        {spelling: frozenset(names) for spelling, names in initials.items()},
    )


def load_readings() -> dict[str, tuple[str, ...]]:
    """Map each character of a name to its syllables, without tones, in any of its readings."""
    with (FOLDER / "readings.csv").open(encoding="utf-8", newline="") as lines:
        return {row["character"]: tuple(row["readings"].split()) for row in csv.DictReader(lines)}


def _list_letters(gazetteer: Gazetteer) -> Iterator[tuple[str, str]]:
    for province in gazetteer.provinces.values():
        yield province.region.rpartition("-")[2].lower(), province.short
