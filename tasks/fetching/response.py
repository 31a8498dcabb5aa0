"""What one response is: an answer, a redirect, or trouble. It is shown to who watches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import httpx

from tasks.fetching.answer import Answer, Exchange, FetchError, Headers, watch_nothing
from tasks.fetching.body import read_body
from tasks.fetching.page import Outcome
from tasks.fetching.politeness import Hosts
from tasks.fetching.request import Request
from tasks.fetching.stub import is_wall
from tasks.fetching.transport import Reach

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
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ERROR_BYTES = 1_000_000  # most of the body of a response that is no page
_BY_HAND = "; open it in a browser, save it, and put the file into the inbox"


@dataclass(frozen=True, slots=True)
class Redirect:
    """The host names another address, absolute."""

    url: str


async def take_response(
    response: httpx.Response, request: Request, hosts: Hosts, reach: Reach
) -> Answer | Redirect:
    """Read a response within the limits, and tell what it is.

    Raises:
        FetchError: it is neither a whole page nor a redirect.
    """
    is_page = response.status_code == 200
    max_bytes = hosts.limits.max_bytes if is_page else min(_ERROR_BYTES, hosts.limits.max_bytes)
    content, trouble = b"", None
    try:
        content = await read_body(response, max_bytes)
    except FetchError as error:
        trouble = error
    except (httpx.TransportError, TimeoutError):
        _show(response, b"", hosts, is_whole=False)
        raise
    _show(response, content, hosts, is_whole=trouble is None)
    location = response.headers.get("location")
    if response.status_code in _REDIRECTS and location:
        return Redirect(_resolve(request.url, location))
    is_unchanged = response.status_code == 304 and bool(request.etag or request.modified)
    if not is_page and not is_unchanged:
        raise _judge_status(response, content, hosts.now())
    if trouble is not None:
        raise trouble
    if not content and not is_unchanged:
        raise FetchError("empty", "expected a page, found an answer of 0 bytes", status=200)
    if is_wall(content):
        reason = "expected a page, found a script wall that only a browser passes" + _BY_HAND
        raise FetchError("blocked", reason, status=200)
    return Answer(
        request.url,
        content,
        response.charset_encoding,
        headers=_list_headers(response.headers),
        tls=_name_tls(request.url, reach),
        is_unchanged=is_unchanged,
    )


def _name_tls(url: str, reach: Reach) -> str | None:
    if not url.startswith("https:"):
        return None
    return reach.level if reach.is_verified else f"{reach.level}+unverified"


def _resolve(base: str, location: str) -> str:
    try:
        return urljoin(base, location.strip().replace(" ", "%20")).partition("#")[0]
    except ValueError:
        return location  # no address, and refused as such


def _show(response: httpx.Response, content: bytes, hosts: Hosts, *, is_whole: bool) -> None:
    if hosts.watch is not watch_nothing:
        hosts.watch(_record(response, content, hosts, is_whole=is_whole))


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


def _judge_status(response: httpx.Response, content: bytes, now: datetime) -> FetchError:
    status = response.status_code
    phrase = response.reason_phrase[:60]
    reason = f"expected HTTP status 200, found {status} {phrase}".rstrip()
    wait = read_retry_after(response.headers.get("retry-after"), now)
    if status in _PASSING and wait is not None:
        reason += f", to be asked again in {wait:.0f} s"
    outcome = _OUTCOMES.get(status, "unreachable")
    if outcome != "gone" and is_wall(content):
        outcome, reason = "blocked", reason + " with a script wall"
    if outcome == "blocked":
        reason += _BY_HAND
    may_pass = status in _PASSING and outcome != "blocked"
    return FetchError(outcome, reason, may_pass=may_pass, wait_seconds=wait, status=status)


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, None where it says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
