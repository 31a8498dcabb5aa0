"""What the host of a government's site says of the place of a body: the weakest evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from storage.reference.gazetteer import Division, Gazetteer, select_valid, trace_line
from storage.reference.spellings import load_spellings

Line = tuple[Division, ...]
GOVERNMENT = ".gov.cn"
COUNTY = 3


def list_host_labels(url: str) -> tuple[str, ...]:
    """List the labels of a host under .gov.cn, that of its owner last; none of other hosts."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ()
    return tuple(host.removesuffix(GOVERNMENT).split(".")) if host.endswith(GOVERNMENT) else ()


def narrow_by_host(
    gazetteer: Gazetteer, lines: Sequence[Line], labels: Sequence[str], year: int
) -> list[Line]:
    """Keep the lines with a place that the host spells in full, else by its owner's initials.

    All are kept where the host speaks for none of them.
    """
    spelled = {one.code for one in list_spelled(gazetteer, labels, year)}
    initials = load_spellings().initials.get(labels[-1], ()) if labels else ()
    begun = {one.code for one in _list_divisions(gazetteer, initials, year)}
    return _keep(lines, spelled) or _keep(lines, begun) or list(lines)


def find_county(gazetteer: Gazetteer, labels: Sequence[str], year: int) -> Division | None:
    """Find the one county that a host spells in full, and that can be no other place.

    It can where several names are spelled so, where the host's owner is neither the county nor
    what it lies in, and where a prefecture or province is spelled alone: its site has reports of
    the counties too.
    """
    names = [load_spellings().whole.get(label, frozenset()) for label in labels]
    found = [_list_divisions(gazetteer, each, year) for each in names]
    owners = {one.code for one in found[-1]} if found else set()
    counties = [
        divisions[0]
        for each, divisions in zip(names, found, strict=True)
        if len(each) == len(divisions) == 1
        and divisions[0].level == COUNTY
        and owners & {place.code for place in trace_line(gazetteer, divisions[0], year)}
    ]
    return counties[0] if len(counties) == 1 else None


def list_spelled(gazetteer: Gazetteer, labels: Sequence[str], year: int) -> list[Division]:
    """List the divisions valid in a year that a host spells in full."""
    names = (load_spellings().whole.get(label, ()) for label in labels)
    return [one for each in names for one in _list_divisions(gazetteer, each, year)]


def _list_divisions(gazetteer: Gazetteer, names: Iterable[str], year: int) -> list[Division]:
    """List the divisions valid in a year that have one of these names, full or short, once."""
    tables = (gazetteer.names, gazetteer.short_names)
    known = {one for name in names for table in tables for one in table.get(name, ())}
    by_code = {one.code: one for one in select_valid(known, year)}
    return [by_code[code] for code in sorted(by_code)]


def _keep(lines: Sequence[Line], codes: set[str]) -> list[Line]:
    return [line for line in lines if codes & {place.code for place in line}]
