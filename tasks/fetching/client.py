"""The HTTP client: one whole answer for an address, or why there is none.

Nothing else in the project speaks HTTP. `FetchError` says why an address gave no answer: its
`outcome` is a word of `Miss`, its `reason` what was expected, what was found, what to do.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import httpx
from protego import Protego

from tasks.fetching.answer import Answer, FetchError
from tasks.fetching.asking import Leave, ask_repeatedly
from tasks.fetching.limits import Limits
from tasks.fetching.links import is_redirect_allowed
from tasks.fetching.politeness import Hosts, find_host
from tasks.fetching.request import Request
from tasks.fetching.robots import (
    find_delay,
    is_unavailable,
    locate_robots,
    read_robots,
    refuse_if_forbidden,
)
from tasks.fetching.stub import find_redirect
from tasks.fetching.transport import Transport


def open_client(
    limits: Limits, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Return a client for one run; close it with `async with`.

    It speaks HTTP/1.1, verifies certificates and reads no proxy or other setting of the
    environment.
    """
    return httpx.AsyncClient(
        transport=transport or Transport(2 * limits.sources_at_once, limits.authorities),
        trust_env=False,
        follow_redirects=False,
        timeout=limits.timeout_seconds,
        headers={
            "User-Agent": limits.user_agent,
            "Accept": "text/html,application/xhtml+xml,application/pdf,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9",
            "Accept-Encoding": "gzip",
        },
    )


async def fetch(
    client: httpx.AsyncClient,
    hosts: Hosts,
    request: Request,
    *,
    may_be_local: bool = False,
    may_be_unverified: bool = False,
) -> Answer:
    """Fetch one address, with redirects within its site, politely, with further tries.

    Args:
        client: from `open_client`.
        hosts: the hosts of this run.
        request: what to ask; a redirect is followed with GET.
        may_be_local: whether addresses of private networks and loopback are allowed.
        may_be_unverified: whether a certificate that cannot be verified is put up with.

    Raises:
        FetchError: there is no whole answer within the limits, or we may not ask.
    """
    leave = Leave(may_be_local, may_be_unverified)
    target = request
    for _ in range(hosts.limits.redirects + 1):
        await _obey_robots(client, hosts, target.url, leave)
        answer = await ask_repeatedly(client, hosts, target, leave)
        further = find_redirect(answer) if isinstance(answer, Answer) else answer.url
        if isinstance(answer, Answer) and further is None:
            return answer
        target = replace(request, url=_check_redirect(request.url, further or ""), form=None)
    raise _describe_loop(hosts, target)


async def _obey_robots(client: httpx.AsyncClient, hosts: Hosts, url: str, leave: Leave) -> None:
    """Refuse what the host's robots.txt forbids, and keep the time that it asks for."""
    host, where = find_host(hosts, url), locate_robots(url)
    async with host.robots_lock:
        if where not in host.robots:
            host.robots[where] = await _fetch_robots(client, hosts, where, leave)
    robots = host.robots[where]
    refuse_if_forbidden(robots, url, hosts.limits.crawl_delay_seconds)
    host.delay_seconds = max(host.delay_seconds, find_delay(robots))


async def _fetch_robots(client: httpx.AsyncClient, hosts: Hosts, url: str, leave: Leave) -> Protego:
    """Fetch a robots.txt; where there is none, everything is allowed.

    Raises:
        FetchError: the host did not say whether there is one, so nothing may be asked.
    """
    target = Request(url)
    try:
        for _ in range(hosts.limits.redirects + 1):
            answer = await ask_repeatedly(client, hosts, target, leave)
            if isinstance(answer, Answer):
                return read_robots(answer.content)
            target = Request(_check_redirect(url, answer.url))
    except FetchError as error:
        if is_unavailable(error):
            return read_robots(b"")
        if error.status is not None:
            error.reason += f" for {url}, without which nothing may be asked (RFC 9309)"
        raise
    return read_robots(b"")


def _check_redirect(url: str, target: str) -> str:
    if not is_redirect_allowed(url, target):
        raise FetchError(
            "unreachable",
            f"expected a page on {urlsplit(url).hostname}, found a redirect to {target[:300]!r}; "
            "if the site has moved, correct the source's address",
            status=302,
        )
    return target


def _describe_loop(hosts: Hosts, target: Request) -> FetchError:
    return FetchError(
        "unreachable",
        f"expected at most {hosts.limits.redirects} redirects, found more, the last to "
        f"{target.url[:300]}",
        status=302,
    )
