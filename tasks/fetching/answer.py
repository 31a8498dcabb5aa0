"""What asking for an address gives: a whole answer, or why there is none. Data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from tasks.fetching.page import Outcome

Headers: TypeAlias = tuple[tuple[str, str], ...]


class FetchError(Exception):
    """An address gave no whole answer.

    Attributes:
        outcome: why, a stable word of `Miss`.
        reason: what was expected, what was found, what to do.
        may_pass: whether another try may give an answer.
        wait_seconds: how long the host asks to wait before it, None where it does not say.
        status: of HTTP, None where there was no response.
    """

    def __init__(
        self,
        outcome: Outcome,
        reason: str,
        *,
        may_pass: bool = False,
        wait_seconds: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.outcome: Outcome = outcome
        self.reason = reason
        self.may_pass = may_pass
        self.wait_seconds = wait_seconds
        self.status = status

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole body, decompressed, and where it stood after redirects.

    Attributes:
        url: where it stood, without fragment.
        content: the bytes; empty where `is_unchanged`.
        charset: what the header states, None where it states none.
        headers: of the answer, names in lower case, in the order sent.
        tls: with which settings it was reached, a word of `tls.Level`, with `+unverified` where
            the certificate was not verified; None over plain HTTP.
        is_unchanged: the host says that what the request names is still current (HTTP 304).
        is_stand_in: it is a file of the inbox.
        sha256: of the content, None where it was not made yet.
    """

    url: str
    content: bytes
    charset: str | None
    headers: Headers = field(default=(), compare=False, repr=False)
    tls: str | None = None
    is_unchanged: bool = False
    is_stand_in: bool = False
    sha256: str | None = field(default=None, compare=False, repr=False)

    @property
    def via(self) -> str:
        """How the bytes came: `inbox`, `http` or the TLS."""
        return "inbox" if self.is_stand_in else self.tls or "http"

    def find_header(self, name: str) -> str | None:
        """Return the first value of a header, None where it is not there."""
        return next((value for key, value in self.headers if key == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as sent and one response as received, its body decompressed.

    `body` is that of the request, `phrase` the words behind the status, `peer` the numeric
    address of the host, None where it is not known. `is_whole` is false where the response's
    body broke off or was over the limit.
    """

    at: datetime
    method: str
    url: str
    request_headers: Headers
    body: bytes
    status: int
    phrase: str
    headers: Headers
    content: bytes
    peer: str | None = None
    is_whole: bool = True


Watch: TypeAlias = Callable[[Exchange], None]


def watch_nothing(exchange: Exchange) -> None:
    """Look at no exchange."""
