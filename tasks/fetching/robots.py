"""What a host's robots.txt allows us, by RFC 9309. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from protego import Protego

from tasks.fetching.answer import FetchError

PRODUCT = "gouji"  # the name by which a robots.txt may speak of us
_READ_BYTES = 512_000  # the RFC asks for 500 KiB at least


def locate_robots(url: str) -> str:
    """Return the address of the robots.txt that speaks for an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def read_robots(content: bytes) -> Protego:
    """Read a robots.txt; what is no rule is passed over, so an error page allows everything."""
    return Protego.parse(content[:_READ_BYTES].decode("utf-8-sig", errors="replace"))


def is_unavailable(error: FetchError) -> bool:
    """Tell whether a host has no robots.txt, which allows everything.

    So it is with a redirect that leads nowhere and with HTTP 400 to 499, but not with
    429: a host that is overloaded, or down, allows nothing until it is back.
    """
    status = error.status or 0
    return error.outcome == "empty" or (300 <= status < 500 and status != 429)


def find_delay(robots: Protego) -> float:
    """Return the least seconds between two requests that it asks for, 0 where it asks none."""
    rate = robots.request_rate(PRODUCT)
    by_rate = rate.seconds / rate.requests if rate is not None and rate.requests else 0.0
    return max(robots.crawl_delay(PRODUCT) or 0.0, by_rate)


def refuse_if_forbidden(robots: Protego, url: str, longest_delay: float) -> None:
    """Refuse an address that it forbids, or a host that asks for a longer wait than we keep.

    Raises:
        FetchError: it does.
    """
    if not robots.can_fetch(url, PRODUCT):
        raise FetchError(
            "refused_by_robots",
            f"expected an address that {locate_robots(url)} allows, found it forbidden for "
            f"{PRODUCT}; ask the publisher, or save the page and put it into the inbox",
        )
    delay = find_delay(robots)
    if delay > longest_delay:
        raise FetchError(
            "refused_by_robots",
            f"expected at most {longest_delay:g} s between requests, found that "
            f"{locate_robots(url)} asks for {delay:g} s; ask the publisher",
        )
