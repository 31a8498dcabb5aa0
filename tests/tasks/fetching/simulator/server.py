"""A small web server on loopback: many hosts by address, one port, and a log of what was asked."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl, urlsplit

Fault: TypeAlias = Literal["reset", "cut", "stall"]
HTML = (("Content-Type", "text/html"),)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it; `at` in seconds of the monotonic clock.

    `address` is the loopback address that was asked; header names are in lower case;
    `at_once` counts the requests to that address under way, this one included.
    """

    at: float
    address: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    at_once: int = 1

    @property
    def path(self) -> str:
        """The path without query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The values of the query."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The values of a form that was posted."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers.

    Faults: `reset` tears the connection down without a byte, `cut` closes it after half of
    the body, `stall` falls silent there until the other side gives up.
    """

    body: bytes = b""
    status: int = 200
    headers: Sequence[tuple[str, str]] = HTML
    delay_seconds: float = 0.0
    fault: Fault | None = None


NOT_FOUND = Reply(b"<title>404</title>", 404)
Respond: TypeAlias = Callable[[Asked], Reply]


@dataclass(slots=True)
class Simulator:
    """The running server: its port and what was asked, in order of arrival."""

    port: int
    asked: list[Asked] = field(default_factory=list)
    under_way: dict[str, int] = field(default_factory=dict)
    scheme: str = "http"

    def url(self, address: str, path: str = "/") -> str:
        """Return the absolute address of a path on a host."""
        return f"{self.scheme}://{address}:{self.port}{path}"


@contextmanager
def serve(hosts: Mapping[str, Respond], tls: ssl.SSLContext | None = None) -> Iterator[Simulator]:
    """Serve hosts, each on its loopback address 127.x.y.z, from a thread of its own."""
    loop = asyncio.new_event_loop()
    sockets = _listen(list(hosts))
    simulator = Simulator(sockets[0].getsockname()[1], scheme="https" if tls else "http")
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(_open(simulator, hosts, sockets, tls), loop).result(10)
        yield simulator
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for opened in sockets:
            opened.close()
        loop.close()


def _listen(addresses: Sequence[str]) -> list[socket.socket]:
    """Listen on all addresses at one port, which is free on each of them."""
    for _ in range(20):
        opened: list[socket.socket] = []
        try:
            for address in addresses:
                port = opened[0].getsockname()[1] if opened else 0
                opened.append(socket.create_server((address, port), backlog=256))
        except OSError:
            for listening in opened:
                listening.close()
        else:
            return opened
    raise OSError("expected a port that is free on every address, found none in 20 tries")


async def _open(
    simulator: Simulator,
    hosts: Mapping[str, Respond],
    sockets: Sequence[socket.socket],
    tls: ssl.SSLContext | None,
) -> None:
    loop = asyncio.get_running_loop()
    for (address, respond), listening in zip(hosts.items(), sockets, strict=True):
        await loop.create_server(
            lambda address=address, respond=respond: _Connection(simulator, address, respond),
            sock=listening,
            ssl=tls,
        )


class _Connection(asyncio.Protocol):
    """One connection with its requests, one after another."""

    def __init__(self, simulator: Simulator, address: str, respond: Respond) -> None:
        self.simulator, self.address, self.respond = simulator, address, respond
        self.received = bytearray()
        self.is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        if not self.is_busy:
            self._take_request()

    def _take_request(self) -> None:
        head, separator, rest = bytes(self.received).partition(b"\r\n\r\n")
        if not separator:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self.received = bytearray(rest[length:])
        self.is_busy = True
        counts = self.simulator.under_way
        counts[self.address] = counts.get(self.address, 0) + 1
        at = time.monotonic()
        body = rest[:length]
        asked = Asked(at, self.address, method, target, headers, body, counts[self.address])
        self.simulator.asked.append(asked)
        reply = self.respond(asked)
        if reply.delay_seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(reply.delay_seconds, self._answer, replace(reply, delay_seconds=0))
        else:
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        self.simulator.under_way[self.address] -= 1
        if reply.fault == "reset":
            opened = self.transport.get_extra_info("socket")
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.transport.abort()
            return
        head = [f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, 'Odd')}"]
        head += [f"{name}: {value}" for name, value in reply.headers]
        if reply.status != 304:
            head.append(f"Content-Length: {len(reply.body)}")
        body = reply.body[: len(reply.body) // 2] if reply.fault else reply.body
        self.transport.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        if reply.fault == "cut":
            self.transport.close()
        if reply.fault is None:
            self.is_busy = False
            self._take_request()
