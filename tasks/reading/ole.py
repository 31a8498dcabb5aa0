"""Compound files of Microsoft, the container of Word, Excel and PowerPoint until 2007."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

import olefile

from tasks.reading.document import Document
from tasks.reading.report import UnreadableError

log = logging.getLogger(__name__)
SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SHIFTS_AT = 30  # offset in the header: sizes of sectors and of small sectors, as powers of 2
_SHIFTS = ((9, 6), (12, 6))


def list_streams(content: bytes) -> list[str]:
    """List the streams at the top of a compound file, none where it cannot be opened."""
    try:
        with _open(content) as ole:
            return [path[0] for path in ole.listdir() if len(path) == 1]
    except UnreadableError:
        return []


def read_streams(content: bytes, names: tuple[str, ...]) -> dict[str, bytes]:
    """Read those of the named streams that stand at the top of a compound file.

    Raises:
        UnreadableError: `damaged_file`.
    """
    with _open(content) as ole:
        found = [name for name in names if ole.exists(name)]
        if any(ole.get_size(name) > len(content) for name in found):
            raise ValueError("a stream is larger than the file")
        return {name: ole.openstream(name).read() for name in found}


def refuse_encrypted(content: bytes) -> Document:
    """Refuse an office file that a password locks: it is wrapped as a whole.

    Raises:
        UnreadableError: `encrypted`, always.
    """
    raise UnreadableError(
        "encrypted", f"a password locks this file of {len(content)} bytes; save it without one"
    )


@contextmanager
def _open(content: bytes) -> Iterator[olefile.OleFileIO]:
    """Open a compound file; whatever fails in it comes out as `damaged_file`."""
    try:
        if struct.unpack_from("<HH", content, _SHIFTS_AT) not in _SHIFTS:
            raise ValueError("its sectors have no size that is in use")
        with olefile.OleFileIO(BytesIO(content)) as ole:
            ole.loadminifat()
            if _has_loop(ole.fat) or _has_loop(ole.minifat or ()):
                raise ValueError("a chain of its sectors runs in a circle")
            yield ole
    except Exception as error:  # a damaged file makes the library fail in many ways
        log.debug("broken compound file", exc_info=True)
        raise UnreadableError(
            "damaged_file", f"expected a whole compound file, found a broken one: {error}"
        ) from error


def _has_loop(followers: Sequence[int]) -> bool:
    """Tell whether a chain comes back to itself: other readers would follow it until memory ends.

    `followers` has, for each sector, the one that follows it; larger numbers end a chain.
    """
    is_done = bytearray(len(followers))
    for start in range(len(followers)):
        chain, sector = [], start
        while sector < len(followers) and not is_done[sector]:
            is_done[sector] = True
            chain.append(sector)
            sector = followers[sector]
        if sector < len(followers) and sector in chain:
            return True
    return False
