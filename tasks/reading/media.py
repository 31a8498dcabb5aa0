"""Which kind of file some bytes are, told by the bytes alone, never by a name or a header."""

from __future__ import annotations

import re

from tasks.reading.decoding import decode
from tasks.reading.report import UnreadableError

EMPTY = "application/x-empty"
UNKNOWN = "application/octet-stream"

_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_PDF_WITHIN_BYTES = 1024
_HEAD_BYTES = 16 * 1024
_ELEMENT = (
    r"<(?:!doctype\s+html|(?:html|head|meta|title|body|table|tbody|tr|td|div|p|span|section"
    r"|article|h[1-6]|ul|ol|li|br|center|font|a|script|style|link)(?=[\s/>]))"
)
_HTML_FROM_START = re.compile(rf"\s*+(?>(?:<!--.*?-->|<\?xml[^>]*>)\s*+)*+{_ELEMENT}", re.I | re.S)
_HTML_BYTES = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)[\s>]", re.I)
_HTML_WITHIN = re.compile(r"<(?:!doctype\s+html|html|body|table|td|div|p)(?=[\s/>])", re.I)


def tell_media_type(content: bytes) -> str:
    """Return the media type of `content`.

    Text in any encoding that `decode` knows is `text/html`, `application/xml` or
    `text/plain`; `application/x-empty` stands for no bytes at all, and
    `application/octet-stream` for what is not recognised.
    """
    if not content:
        return EMPTY
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in content[:_PDF_WITHIN_BYTES]:
        return "application/pdf"
    if _HTML_BYTES.match(content) and b"\0" not in content[:_HEAD_BYTES]:
        return "text/html"
    try:
        head = decode(content[:_HEAD_BYTES])
    except UnreadableError:
        return UNKNOWN
    if _HTML_FROM_START.match(head) or _HTML_WITHIN.search(head):
        return "text/html"
    return "application/xml" if head.lstrip().startswith("<?xml") else "text/plain"
