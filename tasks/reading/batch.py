"""Read many sources in one go: reports and cells as frames, and what became of each source."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

import polars as pl

from storage.reference.gazetteer import load_gazetteer
from storage.schema import DOCUMENTS
from tasks.reading.document import Document
from tasks.reading.frames import Reading, build_details, build_reports
from tasks.reading.media import UNKNOWN, ZIP, tell_media_type
from tasks.reading.read import read_document, read_report
from tasks.reading.report import Place, Report, UnreadableError
from tasks.reading.statements import read_statements
from tasks.reading.zipped import list_members

log = logging.getLogger(__name__)

Convert: TypeAlias = Callable[[bytes], bytes]
Begin: TypeAlias = Callable[[str], None]  # told an address
Refused: TypeAlias = Mapping[str, tuple[str, str]]  # outcome and reason by address
MEMBER = "!/"  # between the address of an archive and the name of a file in it
CONVERTIBLE = ("word6_unsupported",)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the bytes of a source came from.

    `page` is the page that has it attached, `via` how the bytes came, as in `documents`,
    `link_text` the text of the link that led there, None where there was no link.
    """

    url: str
    source: str
    sha256: str
    media_type: str
    fetched_at: datetime
    page: str | None = None
    via: str | None = None
    link_text: str | None = None

    @property
    def place(self) -> Place:
        """Where it was found; an attachment on the site of its page."""
        return Place(self.page or self.url, self.link_text)


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """What a batch gave: `reports` and `documents` as in the schema, `details` by name.

    The details are those of `frames.build_details`, with their column `url` until batches
    are joined, and then `copies` beside them.
    """

    reports: pl.DataFrame
    documents: pl.DataFrame
    details: dict[str, pl.DataFrame]


def begin_silently(url: str) -> None:
    """Tell nobody what is begun."""


def read_batch(
    sources: Iterable[tuple[Origin, bytes]],
    convert: Convert | None = None,
    begin: Begin = begin_silently,
    refused: Refused = MappingProxyType({}),
) -> ReadBatch:
    """Read each source on its own; one that cannot be read becomes a document with a reason.

    The files in an archive are sources of their own, `<address>!/<name>`. What an attachment
    does not say of itself it takes from its page.

    Args:
        sources: what to read; attachments follow their page.
        convert: makes a file that no reader opens into one that we read, or raises
            `UnreadableError`.
        begin: told the address before anything is done with a source or a file in it.
        refused: addresses that are not opened, each with the outcome and reason it gets.

    Raises:
        MemoryError: there is no memory for the source begun last.
    """
    readings: list[Reading] = []
    documents: list[dict[str, object]] = []
    latest: tuple[str, bytes] | None = None  # the page whose attachments may follow
    page: Document | None = None
    for origin, content in _unpack(sources, documents, begin, refused):
        if origin.page is None:
            latest, page = (origin.url, content), None
        elif page is None and latest is not None and latest[0] == origin.page:
            page = _open_page(latest[1])
        reading, outcome, reason = _read_one(origin, content, convert, page)
        if reading is not None:
            readings.append(reading)
        report_id = reading.report_id if reading else None
        documents.append(_describe(origin, content, outcome, reason, report_id))
    return ReadBatch(
        reports=build_reports(readings),
        documents=pl.DataFrame(documents, schema=DOCUMENTS.schema, orient="row"),
        details=build_details(readings),
    )


def _unpack(
    sources: Iterable[tuple[Origin, bytes]],
    documents: list[dict[str, object]],
    begin: Begin,
    refused: Refused,
) -> Iterator[tuple[Origin, bytes]]:
    """Put the files of an archive in its place; what became of the archive is a document.

    So is what is refused.
    """
    for origin, content in sources:
        if origin.url in refused:
            documents.append(_describe(origin, content, *refused[origin.url], None))
            continue
        begin(origin.url)
        if tell_media_type(content) != ZIP:
            yield origin, content
            continue
        try:
            members = list_members(content)
        except UnreadableError as error:
            documents.append(_describe(origin, content, error.code, error.message, None))
            continue
        said = f"an archive of {len(members)} files, each read as a document of its own"
        documents.append(_describe(origin, content, "archive", said, None))
        for name, member in members:
            url = f"{origin.url}{MEMBER}{name}"
            if url in refused:
                unopened = replace(origin, url=url, media_type=UNKNOWN)
                documents.append(_describe(unopened, member, *refused[url], None))
                continue
            begin(url)
            yield replace(origin, url=url, media_type=tell_media_type(member)), member


def _read_one(
    origin: Origin, content: bytes, convert: Convert | None, page: Document | None
) -> tuple[Reading | None, str, str | None]:
    try:
        report = _read_or_convert(content, convert, page, origin.place)
        statements = read_statements(report.text, year=report.year, scope=report.scope)
    except UnreadableError as error:
        return None, error.code, error.message
    except MemoryError:
        raise
    except Exception as error:  # one broken source never stops a run
        log.exception("reading %s failed", origin.url)
        reason = f"expected no fault of our own, found {type(error).__name__}: {error}; report it"
        return None, "failed", reason
    reading = Reading(
        report,
        statements,
        origin.url,
        origin.sha256,
        origin.media_type,
        origin.fetched_at,
        origin.link_text,
    )
    outcome, _, reason = (report.problem or "read: ").partition(": ")
    return reading, outcome, reason or None


def _open_page(content: bytes) -> Document | None:
    try:
        return read_document(content)
    except UnreadableError:
        return None


def _read_or_convert(
    content: bytes, convert: Convert | None, page: Document | None, place: Place
) -> Report:
    try:
        return read_report(content, load_gazetteer(), page, place)
    except UnreadableError as error:
        if convert is None or error.code not in CONVERTIBLE:
            raise
        return read_report(convert(content), load_gazetteer(), page, place)


def _describe(
    origin: Origin, content: bytes, outcome: str, reason: str | None, report_id: str | None
) -> dict[str, object]:
    return {
        "url": origin.url,
        "source": origin.source,
        "outcome": outcome,
        "reason": reason,
        "report_id": report_id,
        "sha256": origin.sha256,
        "media_type": origin.media_type,
        "bytes": len(content),
        "seen_at": origin.fetched_at,
        "page": origin.page,
        "via": origin.via,
        "link_text": origin.link_text,
    }
