"""How much, how long and how fast fetching may go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from storage.settings import DEFAULT_MAX_BYTES, DEFAULT_PER_HOST, Settings
from tasks.fetching.window import Window, parse_window

USER_AGENT = "gouji/0.1 (reads annual reports on information disclosure; contact: {contact})"
NO_CONTACT = "not set by the operator"


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a run; every number is above 0 but the delays, which may be 0.

    Attributes:
        max_bytes: largest page or file, counted after decompression.
        timeout_seconds: longest silence of a host.
        total_seconds: longest time for one whole answer.
        redirects: most redirects in a row.
        tries: most requests for one address, the first included.
        backoff_seconds: wait before the second try; doubles with each further one, and up to
            as much again is added at random.
        retry_after_seconds: longest wait that a host may ask for; beyond it we give up.
        delay_seconds: least time between two requests to a host.
        loopback_delay_seconds: the same for loopback.
        crawl_delay_seconds: longest time between two requests that a robots.txt may ask for.
        per_host: most requests at once to a host.
        failures_per_host: failed addresses in a row after which a host counts as down.
        down_seconds: time after which a host that is down is asked for one address again.
        sources_at_once: sources crawled side by side.
        pages_per_source: most addresses looked at for one source.
        depth: most links between the source's address and a report, paging not counted.
        user_agent: what we say who we are.
        window: hours in which hosts are asked, None where they always are.
        authorities: PEM file of further authorities for certificates, None where there is none.
    """

    max_bytes: int = DEFAULT_MAX_BYTES
    timeout_seconds: float = 30.0
    total_seconds: float = 180.0
    redirects: int = 5
    tries: int = 3
    backoff_seconds: float = 1.0
    retry_after_seconds: float = 60.0
    delay_seconds: float = 1.0
    loopback_delay_seconds: float = 0.0
    crawl_delay_seconds: float = 120.0
    per_host: int = DEFAULT_PER_HOST
    failures_per_host: int = 5
    down_seconds: float = 300.0
    sources_at_once: int = 50
    pages_per_source: int = 5000
    depth: int = 5
    user_agent: str = USER_AGENT.format(contact=NO_CONTACT)
    window: Window | None = None
    authorities: Path | None = None


def choose_limits(settings: Settings) -> Limits:
    """Take the bounds that a deployment may set from the settings, and the defaults for the rest.

    A delay that is set holds for loopback too.

    Raises:
        ValueError: the hours are not written as hours, or there is no file of authorities.
    """
    contact, asking = settings.contact or NO_CONTACT, settings.asking
    if asking.authorities is not None and not asking.authorities.is_file():
        raise ValueError(
            f"GOUJI_AUTHORITIES: expected a PEM file, found none at {asking.authorities}"
        )
    limits = Limits(
        max_bytes=settings.max_bytes,
        user_agent=USER_AGENT.format(contact=contact),
        per_host=asking.per_host,
        window=None if asking.hours is None else parse_window(asking.hours),
        authorities=asking.authorities,
    )
    delay = asking.delay_seconds
    if delay is None:
        return limits
    return replace(limits, delay_seconds=delay, loopback_delay_seconds=delay)
