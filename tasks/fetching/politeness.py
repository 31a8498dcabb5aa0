"""How we behave towards one host: how often we ask, how many at once, when we give up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from protego import Protego

from tasks.fetching.addresses import is_loopback
from tasks.fetching.answer import FetchError, Watch, watch_nothing
from tasks.fetching.limits import Limits
from tasks.fetching.tls import Level
from tasks.fetching.window import CHINA, is_open

_SENT = "http11.send_request_headers.started"


@dataclass(slots=True)
class Host:
    """What a run knows of one host.

    Attributes:
        slots: one for each request at once.
        gate: held while a request waits for its turn.
        delay_seconds: least time between two requests.
        next_at: the loop's time before which no request may start.
        sent_at: the loop's time at which the last one was sent.
        sending: held while a request waits to be sent.
        failures: addresses in a row that gave no answer.
        down_until: the loop's time before which it counts as down.
        level: the TLS with which it was last reached.
        has_bad_certificate: its certificate could not be verified.
        robots: what was read of robots.txt, by its address.
        robots_lock: held while robots.txt is fetched.
    """

    slots: asyncio.Semaphore
    delay_seconds: float
    next_at: float = 0.0
    sent_at: float = float("-inf")
    failures: int = 0
    down_until: float = 0.0
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    level: Level = "modern"
    has_bad_certificate: bool = False
    robots: dict[str, Protego] = field(default_factory=dict)
    robots_lock: asyncio.Lock = field(default_factory=asyncio.Lock)


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
        slots = asyncio.Semaphore(hosts.limits.per_host)
        hosts.known[name] = Host(slots, choose_delay(hosts.limits, name))
    return hosts.known[name]


def choose_delay(limits: Limits, name: str) -> float:
    """Choose the least seconds between two requests to a host."""
    return limits.loopback_delay_seconds if is_loopback(name) else limits.delay_seconds


@asynccontextmanager
async def take_turn(hosts: Hosts, host: Host) -> AsyncIterator[None]:
    """Hold one of the host's slots, after the least time since the last request started.

    Raises:
        FetchError: the host is down, or this is no hour to ask.
    """
    async with host.slots:
        async with host.gate:
            _refuse_dead_host(host, hosts.limits)
            _refuse_closed_hours(hosts)
            await _wait_until_due(host)
        yield


async def _wait_until_due(host: Host) -> None:
    """Wait for the host's next request, also where that is postponed in the meantime.

    The next one is due after this one starts, however late that is: what a busy machine was
    late with is not made up for.
    """
    tell_time = asyncio.get_running_loop().time
    while (wait := host.next_at - tell_time()) > 0:
        await asyncio.sleep(wait)
    host.next_at = tell_time() + host.delay_seconds


async def pace(host: Host, event: str, _: Mapping[str, object]) -> None:
    """Let no request be sent sooner after another than their starts may be apart.

    A connection that took long to open has a request sent late, and the one behind it on time. It
    is called with each event of httpcore's trace.
    """
    if event != _SENT:
        return
    tell_time = asyncio.get_running_loop().time
    async with host.sending:
        while (wait := host.sent_at + host.delay_seconds - tell_time()) > 0:
            await asyncio.sleep(wait)
        host.sent_at = tell_time()
        postpone(host, host.delay_seconds)


def postpone(host: Host, seconds: float) -> None:
    """Let no request to the host start within the next `seconds`."""
    host.next_at = max(host.next_at, asyncio.get_running_loop().time() + seconds)


def note_failure(host: Host, limits: Limits) -> None:
    """Count an address that gave no answer; with enough of them in a row the host is down."""
    host.failures += 1
    if host.failures >= limits.failures_per_host:
        host.down_until = asyncio.get_running_loop().time() + limits.down_seconds


def note_answer(host: Host) -> None:
    """Count the host as up."""
    host.failures, host.down_until = 0, 0.0


def _refuse_dead_host(host: Host, limits: Limits) -> None:
    now = asyncio.get_running_loop().time()
    if host.failures < limits.failures_per_host:
        return
    if now < host.down_until:
        raise FetchError(
            "unreachable",
            f"expected an answer, did not ask: {host.failures} addresses in a row of this host "
            "gave none; run again when it is back",
        )
    host.down_until = now + limits.down_seconds  # this one tries it out, others do not


def _refuse_closed_hours(hosts: Hosts) -> None:
    window, now = hosts.limits.window, hosts.now()
    if window is not None and not is_open(window, now):
        raise FetchError(
            "pending",
            f"expected an hour from {window.start:%H:%M} to {window.end:%H:%M} in China, found "
            f"{now.astimezone(CHINA):%H:%M}; the next run within these hours asks for it",
        )
