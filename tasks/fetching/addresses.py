"""Which addresses may be asked: the open internet, and what a source declares local."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence

from tasks.fetching.answer import FetchError


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


async def look_up(name: str, port: int) -> Sequence[str]:
    """Return the numeric addresses of a host, those of IPv4 first, each once.

    Raises:
        FetchError: no name server knows it.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = f"expected an address for {name}, found: {error}; check the spelling"
        raise FetchError("unreachable", reason, may_pass=True) from error
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def refuse_unless_public(name: str, addresses: Iterable[str]) -> None:
    """Refuse a host of which any address is of a private network or loopback.

    Raises:
        FetchError: one is.
    """
    for address in addresses:
        if not is_public(address):
            raise FetchError(
                "refused_address",
                f"expected {name} on the open internet, found it at {address}; if that is meant, "
                "give it on the command line or mark its source with `local: true`",
            )
