"""Zip archives and the XML in them, opened with limits: no bomb, entity or broken sum passes."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO
from typing import TypeAlias
from zipfile import ZipInfo

from lxml import etree

from tasks.reading.report import UnreadableError

Element: TypeAlias = etree._Element
MAX_MEMBERS = 2_000
MAX_UNPACKED_BYTES = 128 * 1024 * 1024
MAX_XML_BYTES = 24 * 1024 * 1024  # a tree takes about ten times as much
MAX_RATIO = 200
FREE_BYTES = 16 * 1024 * 1024  # up to here any ratio is harmless
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED, _IS_UTF8 = 0x1, 0x800
_ENTRY_SIGNATURE = b"PK\x01\x02"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    IndexError,
    NotImplementedError,
    RuntimeError,
)


class Archive:
    """A zip archive that unpacks no more than its limits, in all its reads together."""

    def __init__(self, content: bytes, most_bytes: int = MAX_UNPACKED_BYTES) -> None:
        """Open an archive.

        Raises:
            UnreadableError: `damaged_file` or `too_large_inside`.
        """
        count = content.count(_ENTRY_SIGNATURE)
        if count > MAX_MEMBERS:
            raise UnreadableError(
                "too_large_inside", f"expected at most {MAX_MEMBERS} members, found {count}"
            )
        try:
            self._zip = zipfile.ZipFile(BytesIO(content))
        except _BROKEN as error:
            raise UnreadableError(
                "damaged_file", f"expected a whole zip archive, found none: {error}"
            ) from error
        self._most_bytes = min(most_bytes, max(FREE_BYTES, MAX_RATIO * len(content)))
        self._left_bytes = self._most_bytes
        self.infos = [info for info in self._zip.infolist() if not info.filename.endswith("/")]
        self.by_name = {info.filename: info for info in self.infos}

    def read(self, name: str) -> bytes:
        """Unpack the member of this name; raises as `unpack` says."""
        info = self.by_name.get(name)
        if info is None:
            raise UnreadableError("damaged_file", f"expected {name} in the archive, found none")
        return self.unpack(info)

    def unpack(self, info: ZipInfo) -> bytes:
        """Unpack one member and check its sum.

        Raises:
            UnreadableError: `encrypted`, `damaged_file` or `too_large_inside`.
        """
        name = name_member(info)
        if is_locked(info):
            raise UnreadableError("encrypted", f"{name} is locked; save it without a password")
        if info.compress_type not in _METHODS:
            raise UnreadableError(
                "damaged_file",
                f"{name}: expected it stored or deflated, found method {info.compress_type}",
            )
        try:
            with self._zip.open(info) as stream:
                content = stream.read(self._left_bytes + 1)
        except _BROKEN as error:
            raise UnreadableError("damaged_file", f"{name} cannot be unpacked: {error}") from error
        self._left_bytes -= len(content)
        if self._left_bytes < 0:
            raise UnreadableError(
                "too_large_inside",
                f"expected at most {self._most_bytes} bytes inside, found more at {name}",
            )
        return content


def is_locked(info: ZipInfo) -> bool:
    """Tell whether a member is encrypted."""
    return bool(info.flag_bits & _IS_ENCRYPTED)


def name_member(info: ZipInfo) -> str:
    """Name a member: where nothing says UTF-8 it may be that or GB 18030, as in China."""
    if info.flag_bits & _IS_UTF8:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def parse_xml(content: bytes, name: str) -> Element:
    """Parse one part of an office file; a document type, hence any entity, is refused.

    Raises:
        UnreadableError: `damaged_file` or `too_large_inside`.
    """
    if len(content) > MAX_XML_BYTES:
        raise UnreadableError(
            "too_large_inside", f"{name}: expected at most {MAX_XML_BYTES} bytes of XML"
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableError("damaged_file", f"{name} is no well-formed XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise UnreadableError("damaged_file", f"{name}: expected no document type, found one")
    return root


def name_tag(element: Element) -> str:
    """Name an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def find_value(element: Element, ending: str) -> str | None:
    """Find the first attribute whose name, its namespace in braces before it, ends so."""
    return next((value for name, value in element.items() if name.endswith(ending)), None)
