"""One address asked for: in the host's turn, by the TLS that it speaks, again where it may pass."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import httpx
import stamina

from tasks.fetching.answer import Answer, FetchError
from tasks.fetching.limits import Limits
from tasks.fetching.politeness import (
    Host,
    Hosts,
    find_host,
    note_answer,
    note_failure,
    pace,
    postpone,
    take_turn,
)
from tasks.fetching.request import Request
from tasks.fetching.response import Redirect, take_response
from tasks.fetching.tls import climb
from tasks.fetching.transport import Reach, find_handshake_error

_IN_REFERER = ":/?&=%+,;@~!*'()$"  # anything else of an address is escaped in a header
_ANSWERED = frozenset({"gone", "blocked", "too_large", "empty"})  # the host is up


@dataclass(frozen=True, slots=True)
class Leave:
    """What a source allows: private addresses, certificates that cannot be verified."""

    may_be_local: bool = False
    may_be_unverified: bool = False


async def ask_repeatedly(
    client: httpx.AsyncClient, hosts: Hosts, request: Request, leave: Leave
) -> Answer | Redirect:
    """Ask for one address, with further tries where another may give an answer.

    A wait that the host asks for holds for all of its addresses.

    Raises:
        FetchError: there is no whole answer within the limits.
    """
    host, limits = find_host(hosts, request.url), hosts.limits
    tries = stamina.retry_context(
        on=partial(_choose_wait, limits),
        attempts=limits.tries,
        timeout=None,
        wait_initial=limits.backoff_seconds,
        wait_jitter=limits.backoff_seconds,
        wait_max=limits.retry_after_seconds,
    )
    count = 0
    try:
        async for attempt in tries:
            with attempt:
                count = attempt.num
                async with take_turn(hosts, host):
                    answer = await _climb_ladder(client, hosts, host, request, leave)
    except FetchError as error:
        if error.outcome in _ANSWERED:
            note_answer(host)
        if not error.may_pass:
            raise
        note_failure(host, limits)
        error.reason += f" ({count} {'try' if count == 1 else 'tries'})"
        raise
    note_answer(host)
    return answer


def _choose_wait(limits: Limits, error: Exception) -> bool | float:
    """Tell whether to try again, or after how many seconds where the host asks for them."""
    if not isinstance(error, FetchError) or not error.may_pass:
        return False
    wait = error.wait_seconds
    return True if wait is None else wait <= limits.retry_after_seconds and max(wait, 0.001)


async def _climb_ladder(
    client: httpx.AsyncClient, hosts: Hosts, host: Host, request: Request, leave: Leave
) -> Answer | Redirect:
    """Ask with the TLS that the host is known for, and with older TLS where it refuses that."""
    reach = Reach(
        host.level, not (leave.may_be_unverified and host.has_bad_certificate), leave.may_be_local
    )
    while True:
        try:
            answer = await _ask(client, hosts, request, reach)
        except _HandshakeError as failed:
            further = _choose_further(reach, failed.error, leave)
            if further is None:
                raise FetchError(
                    "unreachable", _describe_handshake(failed.error), may_pass=failed.may_pass
                ) from failed
            reach = further
        except FetchError as error:
            if error.wait_seconds is not None:
                postpone(host, min(error.wait_seconds, hosts.limits.retry_after_seconds))
            raise
        else:
            host.level, host.has_bad_certificate = reach.level, not reach.is_verified
            return answer


def _choose_further(reach: Reach, error: BaseException, leave: Leave) -> Reach | None:
    following = climb(reach.level, error)
    if following is not None:
        return Reach(following, reach.is_verified, reach.may_be_local)
    is_invalid = isinstance(error, ssl.SSLCertVerificationError)
    if is_invalid and reach.is_verified and leave.may_be_unverified:
        return Reach(reach.level, False, reach.may_be_local)
    return None


class _HandshakeError(Exception):
    """A connection stood, but no TLS on it; `may_pass` where it broke off without a word."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error
        self.may_pass = not isinstance(error, ssl.SSLError)


async def _ask(
    client: httpx.AsyncClient, hosts: Hosts, request: Request, reach: Reach
) -> Answer | Redirect:
    """Make one request; every trouble with network or protocol becomes a FetchError."""
    limits = hosts.limits
    try:
        built = client.build_request(
            "GET" if request.form is None else "POST",
            request.url,
            data=dict(request.form or ()) or None,
            headers=_choose_headers(request),
            extensions={"reach": reach, "trace": partial(pace, find_host(hosts, request.url))},
        )
        async with asyncio.timeout(limits.total_seconds):
            response = await client.send(built, stream=True)
            try:
                return await take_response(response, request, hosts, reach)
            finally:
                await response.aclose()
    except (httpx.TransportError, TimeoutError) as error:
        handshake = find_handshake_error(error)
        if handshake is not None:
            raise _HandshakeError(handshake) from error
        raise FetchError("unreachable", _describe_failure(error, limits), may_pass=True) from error
    except (httpx.InvalidURL, UnicodeError) as error:
        reason = f"expected an address that can be asked for, found: {error}"
        raise FetchError("unreachable", reason) from error


def _choose_headers(request: Request) -> dict[str, str]:
    """Choose the headers of a request; what a page or host gave for them is escaped or left out."""
    stated = {
        "Referer": request.referer and quote(request.referer, _IN_REFERER),
        "If-None-Match": request.etag,
        "If-Modified-Since": request.modified,
    }
    return {
        name: value
        for name, value in stated.items()
        if value and value.isascii() and value.isprintable()
    }


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


def _describe_handshake(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"expected a certificate that can be verified, found: {error.verify_message}; look at "
            "it, name its authority in GOUJI_AUTHORITIES, or mark the source with "
            "`unverified_tls: true`"
        )
    said = str(error) or type(error).__name__
    return f"expected TLS, of today or older, found that the host speaks none of them: {said}"
