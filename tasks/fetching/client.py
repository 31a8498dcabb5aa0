"""The HTTP client: one whole answer for an address, or why there is none.

Nothing else in the project speaks HTTP. `FetchError` says why an address gave no answer: its
`outcome` is a word of `Miss`, its `reason` what was expected, what was found, what to do.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urljoin, urlsplit

import httpx

from tasks.fetching.answer import Answer, Exchange, FetchError, Headers
from tasks.fetching.files import describe_excess
from tasks.fetching.limits import Limits
from tasks.fetching.links import is_same_site
from tasks.fetching.page import Outcome
from tasks.fetching.politeness import Host, Hosts, find_host, is_public, postpone, take_turn
from tasks.fetching.request import Request
from tasks.fetching.source import is_address

_OUTCOMES: dict[int, Outcome] = {
    401: "blocked",
    403: "blocked",
    404: "gone",
    410: "gone",
    412: "blocked",
    451: "blocked",
    521: "blocked",
}
_PASSING = frozenset({408, 425, 429, 502, 503, 504})
_IN_REFERER = ":/?&=%+,;@~!*'()$"  # anything else of an address is escaped in a header
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Redirect:
    """The host names another address, absolute."""

    url: str


def open_client(
    limits: Limits, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Return a client for one run; close it with `async with`.

    It speaks HTTP/1.1, verifies certificates and reads no proxy or other setting of the
    environment.
    """
    return httpx.AsyncClient(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        timeout=limits.timeout_seconds,
        limits=httpx.Limits(
            max_connections=limits.sources_at_once * limits.per_host,
            max_keepalive_connections=limits.sources_at_once,
            keepalive_expiry=15,
        ),
        headers={
            "User-Agent": limits.user_agent,
            "Accept": "text/html,application/xhtml+xml,application/pdf,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9",
            "Accept-Encoding": "gzip",
        },
    )


async def fetch(
    client: httpx.AsyncClient, hosts: Hosts, request: Request, *, may_be_local: bool = False
) -> Answer:
    """Fetch one address, with redirects within its site, politely, with further tries.

    Args:
        client: from `open_client`.
        hosts: the hosts of this run.
        request: what to ask; a redirect is followed with GET.
        may_be_local: whether addresses of private networks and loopback are allowed.

    Raises:
        FetchError: there is no whole answer within the limits.
    """
    target = request
    for _ in range(hosts.limits.redirects + 1):
        answer = await _try_repeatedly(client, hosts, target, may_be_local=may_be_local)
        if isinstance(answer, Answer):
            return answer
        if not is_address(answer.url) or not is_same_site(answer.url, request.url):
            raise FetchError(
                "unreachable",
                f"expected a page on {urlsplit(request.url).hostname}, found a redirect to "
                f"{answer.url[:300]}; if the site has moved, correct the source's address",
            )
        target = replace(request, url=answer.url, form=None)
    raise FetchError(
        "unreachable",
        f"expected at most {hosts.limits.redirects} redirects, found more, the last to "
        f"{target.url[:300]}",
    )


async def _try_repeatedly(
    client: httpx.AsyncClient, hosts: Hosts, request: Request, *, may_be_local: bool
) -> Answer | Redirect:
    host, limits = find_host(hosts, request.url), hosts.limits
    for attempt in range(1, limits.tries + 1):
        async with take_turn(host):
            _refuse_dead_host(host, limits)
            try:
                if not (may_be_local or host.is_public):
                    await _refuse_private_address(request.url)
                    host.is_public = True
                answer = await _ask(client, hosts, request, may_be_local=may_be_local)
            except FetchError as error:
                trouble = error
            else:
                host.failures = 0
                return answer
        if not trouble.may_pass:
            host.failures = 0
            raise trouble
        wait = trouble.wait_seconds or limits.backoff_seconds * 2 ** (attempt - 1)
        if attempt == limits.tries or wait > limits.retry_after_seconds:
            break
        postpone(host, wait)
    host.failures += 1
    tries = "1 try" if attempt == 1 else f"{attempt} tries"
    raise FetchError(trouble.outcome, f"{trouble.reason} ({tries})")


def _refuse_dead_host(host: Host, limits: Limits) -> None:
    if host.failures >= limits.failures_per_host:
        raise FetchError(
            "unreachable",
            f"expected an answer, did not ask: {host.failures} addresses in a row of this host "
            "gave none; run again when it is back",
        )


async def _ask(
    client: httpx.AsyncClient, hosts: Hosts, request: Request, *, may_be_local: bool
) -> Answer | Redirect:
    """Make one request; every trouble with network or protocol becomes a FetchError."""
    limits = hosts.limits
    try:
        built = client.build_request(
            "GET" if request.form is None else "POST",
            request.url,
            data=dict(request.form or ()) or None,
            headers=_choose_headers(request),
        )
        async with asyncio.timeout(limits.total_seconds):
            response = await client.send(built, stream=True)
            try:
                if not may_be_local:
                    _refuse_private_peer(response)
                return await _take_response(response, request, hosts)
            finally:
                await response.aclose()
    except (httpx.TransportError, TimeoutError) as error:
        raise FetchError("unreachable", _describe_failure(error, limits), may_pass=True) from error
    except (httpx.InvalidURL, UnicodeError) as error:
        reason = f"expected an address that can be asked for, found: {error}"
        raise FetchError("unreachable", reason) from error


def _choose_headers(request: Request) -> dict[str, str]:
    stated = {
        "Referer": request.referer and quote(request.referer, _IN_REFERER),
        "If-None-Match": request.etag,
        "If-Modified-Since": request.modified,
    }
    return {name: value for name, value in stated.items() if value}


async def _take_response(
    response: httpx.Response, request: Request, hosts: Hosts
) -> Answer | Redirect:
    content, trouble = b"", None
    try:
        content = await _read_body(response, hosts.limits)
    except FetchError as error:
        trouble = error
    except (httpx.TransportError, TimeoutError):
        hosts.watch(_record(response, b"", hosts, is_whole=False))
        raise
    hosts.watch(_record(response, content, hosts, is_whole=trouble is None))
    location = response.headers.get("location")
    if response.status_code in _REDIRECTS and location:
        return Redirect(urljoin(request.url, location).partition("#")[0])
    is_unchanged = response.status_code == 304 and bool(request.etag or request.modified)
    if response.status_code != 200 and not is_unchanged:
        raise _judge_status(response)
    if trouble is not None:
        raise trouble
    if not content and not is_unchanged:
        raise FetchError("empty", "expected a page, found an answer of 0 bytes")
    return Answer(
        request.url,
        content,
        response.charset_encoding,
        headers=_list_headers(response.headers),
        is_unchanged=is_unchanged,
    )


def _record(response: httpx.Response, content: bytes, hosts: Hosts, *, is_whole: bool) -> Exchange:
    request = response.request
    stream = response.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    return Exchange(
        at=hosts.now(),
        method=request.method,
        url=str(request.url),
        request_headers=_list_headers(request.headers),
        body=request.content,
        status=response.status_code,
        phrase=response.reason_phrase,
        headers=_list_headers(response.headers),
        content=content,
        peer=str(peer[0]) if peer else None,
        is_whole=is_whole,
    )


def _list_headers(headers: httpx.Headers) -> Headers:
    return tuple(headers.multi_items())


async def _read_body(response: httpx.Response, limits: Limits) -> bytes:
    """Read and decompress a body, holding at most the limit of bytes."""
    stated = response.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limits.max_bytes:
        raise FetchError("too_large", describe_excess(limits, int(stated)))
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise FetchError(
            "unreachable", f"expected a body in gzip or plain, found content-encoding {encoding!r}"
        )
    inflater = None if encoding in ("", "identity") else zlib.decompressobj(wbits=47)
    content = bytearray()
    async for chunk in response.aiter_raw():
        room = limits.max_bytes - len(content) + 1
        try:
            content += chunk if inflater is None else inflater.decompress(chunk, room)
        except zlib.error as error:
            reason = f"expected a body compressed with {encoding}, found damage: {error}"
            raise FetchError("unreachable", reason, may_pass=True) from error
        if len(content) > limits.max_bytes:
            raise FetchError("too_large", describe_excess(limits, None))
    if inflater is not None and content and not inflater.eof:
        reason = f"expected a whole body, found its end missing after {len(content):,} bytes"
        raise FetchError("unreachable", reason, may_pass=True)
    return bytes(content)


def _judge_status(response: httpx.Response) -> FetchError:
    status = response.status_code
    phrase = response.reason_phrase[:60]
    reason = f"expected HTTP status 200, found {status} {phrase}".rstrip()
    wait = _read_retry_after(response.headers.get("retry-after"), datetime.now(UTC))
    if status in _PASSING and wait is not None:
        reason += f", to be asked again in {wait:.0f} s"
    outcome = _OUTCOMES.get(status, "unreachable")
    if outcome == "blocked":
        reason += "; open it in a browser, save it, and give the file as a source"
    return FetchError(outcome, reason, may_pass=status in _PASSING, wait_seconds=wait)


def _read_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks for, None where it says nothing."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)


def _describe_failure(error: Exception, limits: Limits) -> str:
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return f"expected a connection within {limits.timeout_seconds:g} s, found none"
    if isinstance(error, httpx.TimeoutException):
        return f"expected data within {limits.timeout_seconds:g} s, found silence"
    if isinstance(error, TimeoutError):
        return f"expected a whole answer within {limits.total_seconds:g} s, found a part of it"
    if isinstance(error, httpx.ConnectError):
        return f"expected a connection, found: {error}"
    return f"expected a whole answer, found: {error or type(error).__name__}"


async def _refuse_private_address(url: str) -> None:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = f"expected an address for {parts.hostname}, found: {error}; check the spelling"
        raise FetchError("unreachable", reason, may_pass=True) from error
    _refuse_unless_public(str(parts.hostname), [str(entry[4][0]) for entry in found])


def _refuse_private_peer(response: httpx.Response) -> None:
    """Refuse an answer whose sender is not where the name pointed when we looked."""
    stream = response.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    if peer:
        _refuse_unless_public(str(response.url.host), [str(peer[0])])


def _refuse_unless_public(name: str, addresses: list[str]) -> None:
    for address in addresses:
        if not is_public(address):
            raise FetchError(
                "refused_address",
                f"expected {name} on the open internet, found it at {address}; if that is meant, "
                "give it on the command line or mark its source with `local: true`",
            )
