"""What looking at an address or file gives: a page with its bytes, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Outcome = Literal[
    "unreachable",
    "gone",
    "blocked",
    "too_large",
    "empty",
    "refused_address",
    "unreadable_file",
    "no_reports",
    "cut_short",
    "failed",
    "moved",
    "refused_by_robots",
    "pending",
]


@dataclass(frozen=True, slots=True)
class Page:
    """One response or file.

    `url` is where it stood in the end, after redirects, or its path as given; `source` is
    the name of the source it was found through. `media_type` is told by the bytes.
    `link_text` is the text of the link that led here, None where there was no link. `page` is
    the address of the report page that has this attached, None where it stands by itself.
    `via` is how the bytes came, as `Answer.via`; None of a file.
    """

    url: str
    source: str
    fetched_at: datetime
    sha256: str
    media_type: str
    content: bytes
    link_text: str | None = None
    page: str | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Miss:
    """An address or file that gave no page.

    Attributes:
        url: the address or path that was tried.
        source: name of the source it was found through.
        outcome: a stable word. `unreachable`: no whole answer; `gone`: HTTP 404 or 410;
            `blocked`: the host refuses us; `too_large`: over the limit of bytes; `empty`: no
            bytes; `refused_address`: we refuse the address; `unreadable_file`: the file
            cannot be opened; `no_reports`: the source lists none; `cut_short`: the source has
            more pages than the limit; `moved`: the source's address is gone, its reports were
            found from the home page; `refused_by_robots`: the host's robots.txt forbids it;
            `pending`: not asked for yet, a later run will; `failed`: our own fault.
        reason: what was expected, what was found, and what to do.
        page: as of `Page`.
    """

    url: str
    source: str
    outcome: Outcome
    reason: str
    page: str | None = None
