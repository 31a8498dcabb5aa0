"""Which kind of file some bytes are, told by the bytes alone, never by a name or a header."""

from __future__ import annotations

import re

from tasks.reading import ole
from tasks.reading.container import Archive
from tasks.reading.decoding import decode
from tasks.reading.report import UnreadableError

EMPTY = "application/x-empty"
UNKNOWN = "application/octet-stream"
ENCRYPTED = "application/encrypted"
DOC, XLS = "application/msword", "application/vnd.ms-excel"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX = _OPEN_XML + "wordprocessingml.document", _OPEN_XML + "spreadsheetml.sheet"
OFD = "application/ofd"
PDF = "application/pdf"
ZIP = "application/zip"
OLE = "application/x-ole-storage"

PICTURES = frozenset(f"image/{kind}" for kind in ("png", "jpeg", "gif", "tiff", "bmp", "webp"))

_SIGNATURES = (
    (ole.SIGNATURE, OLE),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
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
# Streams at the top of a compound file, in the order of what they tell.
_STREAMS = {
    "EncryptedPackage": ENCRYPTED,
    "WordDocument": DOC,
    "Workbook": XLS,
    "Book": XLS,
    "PowerPoint Document": "application/vnd.ms-powerpoint",
    "MatOST": "application/vnd.ms-works",
}
# Main parts of an Open XML package, templates and those with macros alike.
_MAIN_PARTS = (
    (re.compile(rb"(?:wordprocessingml|ms-word)\.(?:document|template)[.\w]*\.main"), DOCX),
    (
        re.compile(rb"ms-excel\.sheet\.binary\.\w+\.main"),
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ),
    (re.compile(rb"(?:spreadsheetml|ms-excel)\.(?:sheet|template)[.\w]*\.main"), XLSX),
    (
        re.compile(rb"(?:presentationml|ms-powerpoint)\.[.\w]+\.main"),
        _OPEN_XML + "presentationml.presentation",
    ),
)
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_CONTENT_TYPES = "[Content_Types].xml"
_BMP_HEADERS = tuple(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))
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

    Office files are told by what their container holds: `application/encrypted` is one that
    a password locks, `application/zip` and `application/x-ole-storage` hold something else.
    Text in any encoding that `decode` knows is `text/html`, `application/xml` or
    `text/plain`; `application/x-empty` stands for no bytes at all, and
    `application/octet-stream` for what is not recognised.
    """
    if not content:
        return EMPTY
    signed = (told for signature, told in _SIGNATURES if content.startswith(signature))
    media_type = next(signed, None)
    if media_type is None:
        return _tell_unsigned(content)
    if media_type == OLE:
        return _tell_compound(content)
    return _tell_zipped(content) if media_type == ZIP else media_type


def _tell_compound(content: bytes) -> str:
    streams = ole.list_streams(content)
    return next((told for name, told in _STREAMS.items() if name in streams), OLE)


def _tell_zipped(content: bytes) -> str:
    try:
        archive = Archive(content)
        if _CONTENT_TYPES in archive.by_name:
            types = archive.read(_CONTENT_TYPES)
            return next((told for part, told in _MAIN_PARTS if part.search(types)), ZIP)
        if "mimetype" in archive.by_name:
            named = archive.read("mimetype").decode("ascii", "replace").strip()
            return named if named.startswith(_OPEN_DOCUMENT) else ZIP
    except UnreadableError:
        return ZIP
    return OFD if any(name.lower() == "ofd.xml" for name in archive.by_name) else ZIP


def _tell_unsigned(content: bytes) -> str:
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"BM") and content[6:10] == bytes(4) and content[14:18] in _BMP_HEADERS:
        return "image/bmp"
    if b"%PDF-" in content[:_PDF_WITHIN_BYTES]:
        return PDF
    if _HTML_BYTES.match(content) and b"\0" not in content[:_HEAD_BYTES]:
        return "text/html"
    try:
        head = decode(content[:_HEAD_BYTES])
    except UnreadableError:
        return UNKNOWN
    if _HTML_FROM_START.match(head) or _HTML_WITHIN.search(head):
        return "text/html"
    return "application/xml" if head.lstrip().startswith("<?xml") else "text/plain"
