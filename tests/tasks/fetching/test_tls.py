"""What is promised of hosts with old TLS or bad certificates, over real handshakes."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest

from tasks.fetching.answer import Answer, FetchError
from tasks.fetching.client import fetch, open_client
from tasks.fetching.limits import Limits
from tasks.fetching.politeness import Hosts, find_host
from tasks.fetching.request import Request
from tests.tasks.fetching.simulator.certificates import (
    Authority,
    make_authority,
    make_server_context,
)
from tests.tasks.fetching.simulator.server import Asked, Reply, serve

ADDRESS = "127.0.8.1"
PAGE = b"<html><body>report</body></html>"
Make: TypeAlias = Callable[[Path, Authority], ssl.SSLContext]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that is none of those the world trusts."""
    return make_authority(tmp_path_factory.mktemp("authority"))


def respond(asked: Asked) -> Reply:
    """Answer any address with a page, but have no robots.txt."""
    return Reply(PAGE) if asked.path != "/robots.txt" else Reply(b"none", 404)


def ask(
    context: ssl.SSLContext, trusted: Path | None, *, may_be_unverified: bool = False
) -> tuple[Answer, Hosts]:
    """Fetch one address from a server with these settings."""
    limits = Limits(timeout_seconds=5, tries=1, authorities=trusted)

    async def run(url: str) -> tuple[Answer, Hosts]:
        hosts = Hosts(limits)
        async with open_client(limits) as client:
            answer = await fetch(
                client,
                hosts,
                Request(url),
                may_be_local=True,
                may_be_unverified=may_be_unverified,
            )
        return answer, hosts

    with serve({ADDRESS: respond}, tls=context) as simulator:
        return asyncio.run(run(simulator.url(ADDRESS, "/a")))


def make_tls_1_0(folder: Path, authority: Authority) -> ssl.SSLContext:
    """Make a server that speaks TLS 1.0 alone."""
    context = make_server_context(folder, authority, ADDRESS, ciphers="ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # which is the point
        context.maximum_version = ssl.TLSVersion.TLSv1
    return context


def make_rsa(folder: Path, authority: Authority) -> ssl.SSLContext:
    """Make a server that knows key exchange by RSA alone."""
    context = make_server_context(folder, authority, ADDRESS, ciphers="AES128-GCM-SHA256")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def make_short_key(folder: Path, authority: Authority) -> ssl.SSLContext:
    """Make a server whose key is too short for today."""
    return make_server_context(folder, authority, ADDRESS, bits=1024)


def make_modern(folder: Path, authority: Authority) -> ssl.SSLContext:
    """Make a server of today."""
    return make_server_context(folder, authority, ADDRESS)


@pytest.mark.parametrize(
    ("make", "level"),
    [
        pytest.param(make_modern, "modern", id="modern"),
        pytest.param(make_rsa, "rsa_key_exchange", id="rsa-key-exchange"),
        pytest.param(make_short_key, "rsa_key_exchange", id="short-key"),
        pytest.param(make_tls_1_0, "legacy", id="tls-1.0"),
    ],
)
def test_an_old_server_is_read_with_the_least_old_settings(
    tmp_path: Path, authority: Authority, make: Make, level: str
) -> None:
    """The first rung of the ladder that a server speaks is taken, remembered and recorded."""
    answer, hosts = ask(make(tmp_path, authority), authority.file)
    assert (answer.content, answer.tls) == (PAGE, level)
    assert find_host(hosts, answer.url).level == level


@pytest.mark.parametrize(
    "make", [pytest.param(make_rsa, id="rsa"), pytest.param(make_tls_1_0, id="tls-1.0")]
)
def test_old_servers_are_beyond_settings_of_today(
    tmp_path: Path, authority: Authority, make: Make
) -> None:
    """Without the ladder these servers could not be read, so the ladder is what reads them."""
    with serve({ADDRESS: respond}, tls=make(tmp_path, authority)) as simulator:
        trusting = ssl.create_default_context(cafile=str(authority.file))
        with pytest.raises(httpx.ConnectError), httpx.Client(verify=trusting) as client:
            client.get(simulator.url(ADDRESS))


def test_a_certificate_that_cannot_be_verified_is_refused(
    tmp_path: Path, authority: Authority
) -> None:
    """Unless the source says so, no page is read from a host nobody vouches for."""
    with pytest.raises(FetchError, match="certificate that can be verified") as caught:
        ask(make_modern(tmp_path, authority), None)
    assert caught.value.outcome == "unreachable"
    assert "unverified_tls: true" in caught.value.reason


@pytest.mark.parametrize(
    ("make", "tls"),
    [
        pytest.param(make_modern, "modern+unverified", id="modern"),
        pytest.param(make_tls_1_0, "legacy+unverified", id="tls-1.0"),
    ],
)
def test_what_was_not_verified_is_marked(
    tmp_path: Path, authority: Authority, make: Make, tls: str
) -> None:
    """Where the source allows it, the page is read, and carries that nobody vouched for it."""
    answer, _ = ask(make(tmp_path, authority), None, may_be_unverified=True)
    assert (answer.content, answer.tls) == (PAGE, tls)


def test_leave_alone_does_not_make_a_page_unverified(tmp_path: Path, authority: Authority) -> None:
    """A good certificate is verified also where the source would do without."""
    answer, _ = ask(make_modern(tmp_path, authority), authority.file, may_be_unverified=True)
    assert answer.tls == "modern"
