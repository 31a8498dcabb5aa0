"""What is asked of a host: an address, and for some lists a form and headers. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One request: GET, or POST where there is a form.

    Attributes:
        url: an absolute http(s) address without fragment.
        form: the fields to post, in order; None where nothing is posted.
        referer: the page that makes the request, None where none does.
        etag: ask only for what differs from this stored ETag, None to ask for all.
        modified: as `etag`, by the stored Last-Modified.
    """

    url: str
    form: tuple[tuple[str, str], ...] | None = None
    referer: str | None = None
    etag: str | None = None
    modified: str | None = None
