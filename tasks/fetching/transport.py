"""The connections of a run: to checked addresses only, a few for each host, with its TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

import httpcore
import httpx

from tasks.fetching.addresses import look_up, refuse_unless_public
from tasks.fetching.tls import Level, make_context

_MOST_ADDRESSES = 3  # of one host that are tried
_IDLE_SECONDS = 15.0
_SAME_NAME = (
    "ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout", "ConnectError", "ReadError",
    "WriteError", "LocalProtocolError", "RemoteProtocolError", "UnsupportedProtocol",
)  # fmt: skip
_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    getattr(httpcore, name): getattr(httpx, name) for name in _SAME_NAME
}
_Origin: TypeAlias = tuple[bytes, bytes, int | None]


@dataclass(frozen=True, slots=True)
class Reach:
    """How a host may be reached: by which TLS, and whether it may be local or unverified."""

    level: Level = "modern"
    is_verified: bool = True
    may_be_local: bool = False


@dataclass(slots=True)
class _Pool:
    """The connections of one host that wait for a request, and how many requests are under way."""

    idle: list[httpcore.AsyncHTTPConnection] = field(default_factory=list)
    under_way: int = 0


class Transport(httpx.AsyncBaseTransport):
    """Sends the requests of a client; each carries its `Reach` in the extension `reach`.

    Each host has connections of its own, so that a request costs the same however many hosts
    there are; how many at once is for the caller to bound. Beyond `hosts_kept` hosts, the
    connections of those idle for longest are closed.
    """

    def __init__(self, hosts_kept: int, authorities: Path | None = None) -> None:
        self._hosts_kept = hosts_kept
        self._authorities = authorities
        self._contexts: dict[tuple[Level, bool], ssl.SSLContext] = {}
        self._pools: OrderedDict[tuple[_Origin, Reach], _Pool] = OrderedDict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; its errors are those of httpx, and `FetchError` of an address."""
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=cast(httpx.AsyncByteStream, request.stream),
            extensions=request.extensions,
        )
        reach = request.extensions.get("reach", Reach())
        pool = self._find_pool((url.raw_scheme, url.raw_host, url.port), reach)
        pool.under_way += 1
        try:
            await self._close_idle()
            connection = await _take_idle(pool) or self._connect(sent.url.origin, reach)
            with _name_errors():
                response = await connection.handle_async_request(sent)
        except BaseException:
            pool.under_way -= 1
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Stream(response, connection, pool),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        while self._pools:
            await _close_all(self._pools.popitem()[1])

    def _find_pool(self, origin: _Origin, reach: Reach) -> _Pool:
        key = (origin, reach)
        if key not in self._pools:
            self._pools[key] = _Pool()
        self._pools.move_to_end(key)
        return self._pools[key]

    async def _close_idle(self) -> None:
        while len(self._pools) > self._hosts_kept:
            idle = (key for key, pool in self._pools.items() if not pool.under_way)
            oldest = next(idle, None)
            if oldest is None:
                return
            await _close_all(self._pools.pop(oldest))

    def _connect(self, origin: httpcore.Origin, reach: Reach) -> httpcore.AsyncHTTPConnection:
        return httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._choose_context(reach) if origin.scheme == b"https" else None,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=_Backend(may_be_local=reach.may_be_local),
        )

    def _choose_context(self, reach: Reach) -> ssl.SSLContext:
        key = (reach.level, reach.is_verified)
        if key not in self._contexts:
            self._contexts[key] = make_context(
                reach.level, is_verified=reach.is_verified, authorities=self._authorities
            )
        return self._contexts[key]


class _Backend(httpcore.AsyncNetworkBackend):
    """Looks a host up once, checks what it finds, and connects to nothing else."""

    def __init__(self, *, may_be_local: bool) -> None:
        self._may_be_local = may_be_local
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await look_up(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        if not self._may_be_local:
            refuse_unless_public(host, addresses)
        tried = addresses[:_MOST_ADDRESSES]
        for address in tried[:-1]:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(
            tried[-1], port, timeout, local_address, socket_options
        )


class _Stream(httpx.AsyncByteStream):
    """The body of a response, as it comes; at its end the connection waits for a request."""

    def __init__(
        self, response: httpcore.Response, connection: httpcore.AsyncHTTPConnection, pool: _Pool
    ) -> None:
        self._response, self._connection, self._pool = response, connection, pool
        self._is_open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _name_errors():
            async for chunk in self._response.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._pool.under_way -= 1
        with _name_errors():
            await self._response.aclose()
            if self._connection.is_idle():
                self._pool.idle.append(self._connection)
            else:
                await self._connection.aclose()


async def _take_idle(pool: _Pool) -> httpcore.AsyncHTTPConnection | None:
    """Take a connection that can be used again, and close those that cannot."""
    while pool.idle:
        connection = pool.idle.pop()
        if connection.is_idle() and not connection.has_expired():
            return connection
        await connection.aclose()
    return None


async def _close_all(pool: _Pool) -> None:
    while pool.idle:
        await pool.idle.pop().aclose()


@contextmanager
def _name_errors() -> Iterator[None]:
    """Turn the errors of connections into those of httpx, each with its cause."""
    try:
        yield
    except tuple(_ERRORS) as error:
        raise _ERRORS[type(error)](str(error)) from error


def find_handshake_error(error: BaseException) -> BaseException | None:
    """Return what failed while TLS was agreed on, None where something else failed."""
    cause = error.__cause__
    if not isinstance(error, httpx.ConnectError) or not isinstance(cause, httpcore.ConnectError):
        return None
    inner = cause.args[0] if cause.args else None  # its own cause is dropped on the way
    is_of_tcp = isinstance(inner, OSError) and not isinstance(inner, ssl.SSLError)
    return inner if isinstance(inner, BaseException) and not is_of_tcp else None
