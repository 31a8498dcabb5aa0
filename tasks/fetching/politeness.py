"""How we behave towards one host: how often we ask, how many at once, when we give up."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tasks.fetching.answer import Watch, watch_nothing
from tasks.fetching.limits import Limits


@dataclass(slots=True)
class Host:
    """What a run knows of one host.

    `next_at` is the loop's time before which no request may start; `failures` counts the
    addresses in a row that gave no answer. `is_public`: its name was looked up and leads to
    the open internet.
    """

    slots: asyncio.Semaphore
    delay_seconds: float
    next_at: float = 0.0
    failures: int = 0
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of a run; `watch` is shown every exchange with them, `now` gives the instant."""

    limits: Limits
    known: dict[str, Host] = field(default_factory=dict)
    watch: Watch = watch_nothing
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def find_host(hosts: Hosts, url: str) -> Host:
    """Return what is known of the host of an address."""
    name = urlsplit(url).hostname or ""
    if name not in hosts.known:
        delay = 0.0 if is_loopback(name) else hosts.limits.delay_seconds
        hosts.known[name] = Host(asyncio.Semaphore(hosts.limits.per_host), delay)
    return hosts.known[name]


@asynccontextmanager
async def take_turn(host: Host) -> AsyncIterator[None]:
    """Hold one of the host's slots, after the least time since the last request started."""
    async with host.slots:
        now = asyncio.get_running_loop().time()
        start = max(now, host.next_at)
        host.next_at = start + host.delay_seconds
        if start > now:
            await asyncio.sleep(start - now)
        yield


def postpone(host: Host, seconds: float) -> None:
    """Let no request to the host start within the next `seconds`."""
    host.next_at = max(host.next_at, asyncio.get_running_loop().time() + seconds)


def is_loopback(name: str) -> bool:
    """Tell whether a host name is loopback by itself, without asking a name server."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def is_public(address: str) -> bool:
    """Tell whether a numeric address belongs to the open internet."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    number = mapped or number
    return number.is_global and not number.is_multicast
