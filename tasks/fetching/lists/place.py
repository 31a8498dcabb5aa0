"""A place in a list that has several pages: what is asked for next, and when it ends. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

MOST_PAGES = 300
MOST_FAILURES = 2  # pages in a row that failed or were empty before the stated end
FULL = 10  # fewer entries than the smallest page in use: the list ends here


@dataclass(frozen=True, slots=True)
class Place:
    """One page of a list, to be asked for.

    Attributes:
        family: name of the family, as in `families.yaml`.
        values: what the first page gave for its requests.
        base: address of the first page, against which addresses stand.
        page: number of the page, from 1.
        stated: how many pages the list states, which may be wrong; None where it is not said.
        digest: of the entries of the page before; empty where there is none.
        failures: pages in a row that gave nothing.
    """

    family: str
    values: tuple[tuple[str, str], ...]
    base: str
    page: int
    stated: int | None = None
    digest: str = ""
    failures: int = 0


def is_beyond(place: Place) -> bool:
    """Tell whether a page lies beyond the stated end: nothing is missing if it is not there."""
    return place.stated is not None and place.page > place.stated


def begin(place: Place, entries: Iterable[str]) -> Place | None:
    """Decide on the first request of a list, by the addresses that its first page shows."""
    shown = list(entries)
    if is_beyond(place) and len(shown) < FULL:
        return None
    return replace(place, digest=digest(shown)) if place.page > 1 else place


def go_on(place: Place, entries: Iterable[str]) -> Place | None:
    """Return the place behind a page that was read, by the addresses of its entries.

    A list ends where a page has no entries or those of the page before; what it states about
    its length is believed only as a reason to look further, or no further behind a short page.
    """
    found = list(entries)
    if not found:
        return fail(place)
    if digest(found) == place.digest or place.page >= MOST_PAGES:
        return None
    following = replace(place, page=place.page + 1, digest=digest(found), failures=0)
    return None if is_beyond(following) and len(found) < FULL else following


def fail(place: Place) -> Place | None:
    """Return the place behind a page that gave nothing; None unless the list states more."""
    following = replace(place, page=place.page + 1, failures=place.failures + 1)
    if place.stated is None or is_beyond(following) or following.failures >= MOST_FAILURES:
        return None
    return following


def digest(entries: Iterable[str]) -> str:
    """Return a short digest of entries in their order."""
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()[:16]
