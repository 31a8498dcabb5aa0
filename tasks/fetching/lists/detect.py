"""Which families a page belongs to, and where its lists go on. Pure."""

from __future__ import annotations

import ast
import html as references
import re
from collections.abc import Iterator

from tasks.fetching.lists.family import Family, load_families
from tasks.fetching.lists.place import Place

GENERIC = "generic"
_MOST_LISTS = 8  # in one page


def find_places(html: str, url: str) -> tuple[Place, ...]:
    """Find where the lists of a page go on, by every family that it belongs to.

    Args:
        html: the page, scripts included.
        url: its address, with its fragment where it has one.
    """
    text = references.unescape(html)
    return tuple(
        place
        for family in load_families().values()
        if family.url and family.sign.search(text)
        for place in _find_places(family, html, text, url)
    )


def name_families(html: str, url: str) -> tuple[str, ...]:
    """Name the families whose lists a page holds; `generic` where it is of none."""
    names = {place.family: None for place in find_places(html, url)}
    for family in load_families().values():
        if family.addresses and family.sign.search(html):
            names[family.name] = None
    return tuple(names) or (GENERIC,)


def _find_places(family: Family, html: str, text: str, url: str) -> Iterator[Place]:
    for values in list(_find_values(family, html, text, url))[:_MOST_LISTS]:
        if family.needs <= values.keys():
            yield Place(
                family=family.name,
                values=tuple(values.items()),
                base=url.partition("#")[0],
                page=family.begins,
                stated=_count_pages(values),
            )


def _count_pages(values: dict[str, str]) -> int | None:
    """Count pages as stated: as such, or by the number of the second where they count down."""
    if "second" in values:
        return int(values["second"]) + 1
    return int(values["count"]) if "count" in values else None


def _find_values(family: Family, html: str, text: str, url: str) -> Iterator[dict[str, str]]:
    """Find what the page gives for each of its lists; not all where values are missing."""
    if family.object is not None:
        for match in family.object.finditer(html):
            yield {**family.defaults, **_read_object(match)}
        return
    found = dict(family.defaults)
    for patterns, where in ((family.in_page, text), (family.in_address, url)):
        searched = ((name, pattern.search(where)) for name, pattern in patterns.items())
        found |= {name: match[1] for name, match in searched if match}
    if family.repeated is None:
        yield found
        return
    for value in dict.fromkeys(family.in_page[family.repeated].findall(text)):
        yield {**found, family.repeated: value}


def _read_object(match: re.Match[str]) -> dict[str, str]:
    """Read an object literal of strings and numbers; empty where it is none."""
    text = references.unescape(next(group for group in match.groups() if group))
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, dict) else {}
