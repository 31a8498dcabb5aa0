"""The request for one page of a list. Pure."""

from __future__ import annotations

from urllib.parse import quote, urljoin

from tasks.fetching.lists.family import Family, load_families
from tasks.fetching.lists.place import Place
from tasks.fetching.request import Request


def ask(place: Place) -> Request:
    """Build the request for a page of a list from the templates of its family."""
    family = load_families()[place.family]
    values: dict[str, str | int] = {
        **dict(place.values),
        "page": place.page,
        "number": _number(family, place),
        "size": family.size,
        "first": (place.page - 1) * family.size + 1,
        "last": place.page * family.size,
    }
    escaped = {name: quote(str(value), safe="/") for name, value in values.items()}
    return Request(
        url=urljoin(place.base, (family.url or "").format_map(escaped)),
        form=tuple((name, str(values[name])) for name in family.form) or None,
        referer=place.base if family.needs_referer else None,
    )


def _number(family: Family, place: Place) -> int:
    if family.numbering == "down":
        return (place.stated or 0) - place.page + 1
    return place.page - (family.numbering == "from_zero")
