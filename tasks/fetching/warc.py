"""Exchanges as WARC 1.1 records: request and response, or a revisit where the text is known."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tasks.fetching.answer import Exchange

SOFTWARE = "gouji/0.1"
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_ENCODINGS = ("content-encoding", "transfer-encoding")
_LEVEL = 1  # of compression: most of the time of a record, and pages shrink to a fifth with it


def begin_file(host: str, now: datetime) -> bytes:
    """Write the record with which a file begins: what made it, and when."""
    filled = {"software": SOFTWARE, "format": "WARC File Format 1.1", "isPartOf": host}
    out = BytesIO()
    writer = WARCWriter(out, gzip=False, warc_version="1.1")
    record = writer.create_warcinfo_record(None, filled)
    record.rec_headers.replace_header("WARC-Date", _write_moment(now))
    writer.write_record(record)
    return gzip.compress(out.getvalue(), _LEVEL, mtime=0)


def write_exchange(exchange: Exchange, known: tuple[str, str, datetime] | None) -> bytes:
    """Write the records of one exchange, each a gzip member of its own.

    The body is kept decompressed; the headers that say otherwise are kept with the prefix
    `X-Archive-Orig-`.

    Args:
        exchange: what was asked and answered.
        known: sha256, address and instant of the same text fetched earlier: the record then
            refers to it instead of repeating it. None where the text is new.
    """
    out = BytesIO()
    writer = WARCWriter(out, gzip=False, warc_version="1.1")
    response = _build_response(writer, exchange, known)
    request = writer.create_warc_record(
        exchange.url,
        "request",
        payload=BytesIO(exchange.body),
        length=len(exchange.body),
        http_headers=StatusAndHeaders(
            f"{exchange.method} {_name_target(exchange.url)} HTTP/1.1",
            list(exchange.request_headers),
            is_http_request=True,
        ),
        warc_headers_dict={
            "WARC-Date": _write_moment(exchange.at),
            "WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID"),
        },
    )
    members = bytearray()
    for record in (response, request):
        out.seek(0)
        out.truncate()
        writer.write_record(record)
        members += gzip.compress(out.getvalue(), _LEVEL, mtime=0)
    return bytes(members)


def _build_response(
    writer: WARCWriter, exchange: Exchange, known: tuple[str, str, datetime] | None
) -> Any:
    facts = {"WARC-Date": _write_moment(exchange.at)}
    if exchange.peer is not None:
        facts["WARC-IP-Address"] = exchange.peer
    if not exchange.is_whole:
        facts["WARC-Truncated"] = "unspecified"
    status = f"{exchange.status} {exchange.phrase}".rstrip()
    if known is not None:
        sha256, url, fetched_at = known
        headers = StatusAndHeaders(status, list(exchange.headers), protocol="HTTP/1.1")
        record = writer.create_revisit_record(
            exchange.url, _write_digest(sha256), url, _write_moment(fetched_at), headers, facts
        )
        if exchange.status == 304:
            record.rec_headers.replace_header("WARC-Profile", _NOT_MODIFIED)
        return record
    facts["WARC-Payload-Digest"] = _write_digest(hashlib.sha256(exchange.content).hexdigest())
    return writer.create_warc_record(
        exchange.url,
        "response",
        payload=BytesIO(exchange.content),
        length=len(exchange.content),
        http_headers=StatusAndHeaders(status, _list_plain_headers(exchange), protocol="HTTP/1.1"),
        warc_headers_dict=facts,
    )


def _list_plain_headers(exchange: Exchange) -> Sequence[tuple[str, str]]:
    """List the headers as they would be with a body that is sent as it is."""
    if not any(name.lower() in _ENCODINGS for name, _ in exchange.headers):
        return list(exchange.headers)
    changed = (*_ENCODINGS, "content-length")
    return [
        *(
            (f"X-Archive-Orig-{name}" if name.lower() in changed else name, value)
            for name, value in exchange.headers
        ),
        ("Content-Length", str(len(exchange.content))),
    ]


def _name_target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _write_digest(sha256: str) -> str:
    return "sha256:" + base64.b32encode(bytes.fromhex(sha256)).decode()


def _write_moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
