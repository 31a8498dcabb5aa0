"""The binary of Word 97-2003: its pieces of text, and the properties at each character."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from tasks.reading.ole import read_streams
from tasks.reading.report import UnreadableError
from tasks.reading.word97_properties import P_HUGE, SHORT, Prl, read_prls

MAX_CHARACTERS = 5_000_000
_IDENT = 0xA5EC
_FIRST_BUILD = 0xC1  # Word 97; Word 6 and 95 write up to 0x69
_IS_ENCRYPTED, _IS_TABLE_1 = 0x0100, 0x0200
_CHPX, _PAPX, _CLX = 12, 13, 33  # numbers of the structures in FibRgFcLcb97
_PAGE_BYTES = 512
_IS_8_BIT = 0x40000000


class Piece(NamedTuple):
    """A run of characters from `start` on, kept at byte `offset`, `width` bytes each."""

    start: int
    end: int
    offset: int
    width: int
    prls: tuple[Prl, ...]


class Run(NamedTuple):
    """Bytes of the text with the same properties."""

    start: int
    end: int
    content: bytes


@dataclass(frozen=True)
class Word97File:
    """An opened file. `text` has one character a code unit, surrogates apart.

    The body ends at `body_end`; the text boxes of the body stand in `boxes`.
    """

    main: bytes
    table: bytes
    data: bytes
    pieces: tuple[Piece, ...]
    text: str
    body_end: int
    boxes: tuple[int, int]

    def find_paragraph_prls(self, position: int) -> list[Prl]:
        """Give the properties of the paragraph whose mark stands at `position`."""
        piece = self.pieces[bisect_right(self._starts, position) - 1]
        at = piece.offset + (position - piece.start) * piece.width
        number = bisect_right(self._paragraph_starts, at) - 1
        prls: list[Prl] = []
        if number >= 0 and at < self._paragraphs[number].end:
            for prl in read_prls(self._paragraphs[number].content):
                prls.append(prl)
                if prl.sprm in P_HUGE:
                    prls.extend(self._read_huge(prl.value))
        return [*prls, *piece.prls]

    def list_character_runs(self) -> Iterator[tuple[int, int, list[Prl]]]:
        """List runs of characters with their properties, those with none left out."""
        runs = read_runs(self.main, self.table, _CHPX)
        starts = [run.start for run in runs]
        for piece in self.pieces:
            end = piece.offset + (piece.end - piece.start) * piece.width
            if piece.prls:
                yield piece.start, piece.end, list(piece.prls)
            for run in runs[max(bisect_right(starts, piece.offset) - 1, 0) :]:
                if run.start >= end:
                    break
                first = max(run.start, piece.offset)
                if run.content and first < run.end:
                    yield (
                        piece.start + (first - piece.offset) // piece.width,
                        piece.start + (min(run.end, end) - piece.offset) // piece.width,
                        list(read_prls(run.content)),
                    )

    def _read_huge(self, at: int) -> Iterator[Prl]:
        length = int.from_bytes(self.data[at : at + 2], "little")
        return read_prls(self.data[at + 2 : at + 2 + length])

    @cached_property
    def _starts(self) -> list[int]:
        return [piece.start for piece in self.pieces]

    @cached_property
    def _paragraphs(self) -> list[Run]:
        return read_runs(self.main, self.table, _PAPX)

    @cached_property
    def _paragraph_starts(self) -> list[int]:
        return [run.start for run in self._paragraphs]


def open_word97(content: bytes) -> Word97File:
    """Open a Word 97-2003 file.

    Raises:
        UnreadableError: `damaged_file`, `encrypted`, `word6_unsupported` or
            `too_large_inside`.
    """
    streams = read_streams(content, ("WordDocument", "0Table", "1Table", "Data"))
    main = streams.get("WordDocument", b"")
    try:
        return _open_streams(main, streams)
    except (struct.error, IndexError) as error:
        raise UnreadableError(
            "damaged_file", f"expected a whole Word file, found one cut off: {error}"
        ) from error


def _open_streams(main: bytes, streams: dict[str, bytes]) -> Word97File:
    ident, build = struct.unpack_from("<HH", main, 0)
    (flags,) = struct.unpack_from("<H", main, 0x0A)
    if build < _FIRST_BUILD:
        raise UnreadableError(
            "word6_unsupported",
            f"expected Word 97 or newer, found build {build} (Word 6 or 95); "
            "save it anew in Word, or install LibreOffice",
        )
    if ident != _IDENT:
        raise UnreadableError("damaged_file", f"expected a Word file, found mark {ident:#x}")
    if flags & _IS_ENCRYPTED:
        raise UnreadableError("encrypted", "a password locks this file; save it without one")
    table = streams.get("1Table" if flags & _IS_TABLE_1 else "0Table", b"")
    (words,) = struct.unpack_from("<H", main, 32)
    counts = struct.unpack_from("<11i", main, 36 + 2 * words)
    body, notes, headers, _, comments, endnotes, boxes = counts[3:10]
    first_box = body + notes + headers + comments + endnotes
    pieces = _read_pieces(main, table)
    text = "".join(_read_text(main, piece) for piece in pieces)
    if min(body, first_box, boxes) < 0 or body > len(text):
        raise UnreadableError(
            "damaged_file", f"expected a body of {body} characters, found {len(text)} in all"
        )
    data = streams.get("Data", b"")
    return Word97File(main, table, data, pieces, text, body, (first_box, first_box + boxes))


def _find_structure(main: bytes, table: bytes, number: int) -> bytes:
    """Find one of the structures that the head of the file lists."""
    (words,) = struct.unpack_from("<H", main, 32)
    (longs,) = struct.unpack_from("<H", main, 34 + 2 * words)
    start, length = struct.unpack_from("<II", main, 38 + 2 * words + 4 * longs + 8 * number)
    if start + length > len(table):
        raise struct.error(f"structure {number} ends behind its stream")
    return table[start : start + length]


def _read_pieces(main: bytes, table: bytes) -> tuple[Piece, ...]:
    """Read the Clx: lists of modifiers, then the table of pieces."""
    clx = _find_structure(main, table, _CLX)
    modifiers: list[bytes] = []
    at = 0
    while clx[at] == 1:
        (length,) = struct.unpack_from("<H", clx, at + 1)
        modifiers.append(clx[at + 3 : at + 3 + length])
        at += 3 + length
    (length,) = struct.unpack_from("<I", clx, at + 1)
    if clx[at] != 2 or at + 5 + length > len(clx):
        raise struct.error("no whole table of pieces")
    at += 5
    count = (length - 4) // 12
    starts = struct.unpack_from(f"<{count + 1}I", clx, at)
    if starts[-1] > MAX_CHARACTERS:
        raise UnreadableError(
            "too_large_inside", f"expected {MAX_CHARACTERS} characters at most, found {starts[-1]}"
        )
    if starts[0] != 0 or any(a >= b for a, b in pairwise(starts)):
        raise struct.error("pieces out of order")
    pieces = []
    for number in range(count):
        place = at + 4 * (count + 1) + 8 * number + 2
        offset, modifier = struct.unpack_from("<IH", clx, place)
        narrow = bool(offset & _IS_8_BIT)
        offset = (offset & ~_IS_8_BIT) // 2 if narrow else offset
        prls = tuple(_read_modifier(modifier, modifiers))
        pieces.append(Piece(starts[number], starts[number + 1], offset, 2 - narrow, prls))
    return tuple(pieces)


def _read_modifier(modifier: int, modifiers: list[bytes]) -> Iterator[Prl]:
    """Read what a piece says of its text: one modifier in short, or the number of a list."""
    if modifier & 1:
        yield from read_prls(modifiers[modifier >> 1])
    elif sprm := SHORT.get(modifier >> 1 & 0x7F):
        yield Prl(sprm, bytes([modifier >> 8]))


def _read_text(main: bytes, piece: Piece) -> str:
    """Decode a piece, one character a code unit, so that positions stay what they are."""
    count = piece.end - piece.start
    raw = main[piece.offset : piece.offset + count * piece.width]
    if len(raw) < count * piece.width:
        raise struct.error("a piece of text ends behind the stream")
    if piece.width == 1:
        return raw.decode("cp1252", "replace")
    text = raw.decode("utf-16-le", "surrogatepass")
    return text if len(text) == count else "".join(map(chr, struct.unpack(f"<{count}H", raw)))


def read_runs(main: bytes, table: bytes, number: int) -> list[Run]:
    """Read the pages of properties of characters (12) or paragraphs (13), by place."""
    plc = _find_structure(main, table, number)
    count = (len(plc) - 4) // 8
    pages = struct.unpack_from(f"<{count}I", plc, 4 * (count + 1)) if count > 0 else ()
    is_paragraph = number == _PAPX
    runs = [
        run
        for page in dict.fromkeys(page & 0x3FFFFF for page in pages)
        for run in _read_page(main[page * _PAGE_BYTES :][:_PAGE_BYTES], is_paragraph)
    ]
    return sorted(runs, key=lambda run: run.start)


def _read_page(page: bytes, is_paragraph: bool) -> Iterator[Run]:
    count = page[_PAGE_BYTES - 1]
    edges = struct.unpack_from(f"<{count + 1}I", page)
    step = 13 if is_paragraph else 1
    for number in range(count):
        at = 2 * page[4 * (count + 1) + step * number]
        content = b""
        if at and not is_paragraph:
            content = page[at + 1 : at + 1 + page[at]]
        elif at and page[at]:
            content = page[at + 1 : at + 2 * page[at]][2:]
        elif at:
            content = page[at + 2 : at + 2 + 2 * page[at + 1]][2:]
        yield Run(edges[number], edges[number + 1], content)
