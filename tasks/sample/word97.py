"""Sample reports as Word 97-2003 files, with no more in them than text and tables need.

Structures are named as in [MS-DOC].
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tasks.sample.compound import pack_compound
from tasks.sample.grids import Rows, Slot
from tasks.sample.markup import read_paragraphs
from tasks.sample.office import place_slots
from tasks.sample.render import Part, compose_parts
from tasks.sample.spec import Spec

WORD_97 = 0xC1
IN_TABLE = struct.pack("<HB", 0x2416, 1)
ROW_END = IN_TABLE + struct.pack("<HB", 0x2417, 1)
_PAGE = 512
_TEXT_AT = 1024
_TABLE_TWIPS = 9000
_RESTART, _CONTINUE = 0x60, 0x20


class Stretch(NamedTuple):
    """Text with the same properties: `grpprl` is a list of modifiers as in the file."""

    text: str
    grpprl: bytes = b""


def render_doc(spec: Spec, layout: str = "standard") -> bytes:
    """Render a report as a Word 97-2003 file, its parts as in a layout of pages.

    Raises:
        KeyError: the layout is none of `layouts.yaml`.
    """
    return write_doc([Part("title", spec.title), *compose_parts(spec, layout)])


def write_doc(parts: Iterable[Part]) -> bytes:
    """Write paragraphs and tables as a Word 97-2003 file."""
    paragraphs: list[Stretch] = []
    for part in parts:
        if part.rows is None:
            paragraphs.append(Stretch(f"{part.text}\r"))
        else:
            paragraphs += write_table(part.rows)
    return pack_doc(paragraphs)


def write_table(rows: Rows) -> Iterator[Stretch]:
    """Write a table as paragraphs: a mark ends each cell, another with its edges each row."""
    placed = list(place_slots(rows))
    step = _TABLE_TWIPS // max(cell.column + cell.slot.column_span for cell in placed)
    for row in range(len(rows)):
        cells = sorted(
            (cell for cell in placed if cell.row <= row < cell.row + cell.slot.row_span),
            key=lambda cell: cell.column,
        )
        if not cells:
            continue  # a row without cells is none
        for cell in cells:
            *others, last = _list_paragraphs(cell.slot) if cell.row == row else [""]
            yield from (Stretch(f"{text}\r", IN_TABLE) for text in others)
            yield Stretch(f"{last}\x07", IN_TABLE)
        edges = [cells[0].column * step]
        edges += [(cell.column + cell.slot.column_span) * step for cell in cells]
        flags = [
            0 if cell.slot.row_span == 1 else _RESTART if cell.row == row else _CONTINUE
            for cell in cells
        ]
        yield Stretch("\x07", ROW_END + define_row(edges, flags))


def _list_paragraphs(slot: Slot) -> list[str]:
    """List the paragraphs of a cell; what is raised stands in a line of its own."""
    return [
        "\x0b".join(
            "".join("\x0b" * piece.is_raised + piece.text for piece in line) for line in lines
        )
        for lines in read_paragraphs(slot)
    ] or [""]


def define_row(edges: Sequence[int], flags: Sequence[int]) -> bytes:
    """Write the modifier that defines a row: edges in twips, a merge flag for each cell.

    The properties of cells behind the last merged one are left out, as the format allows.
    """
    last = max((place for place, flag in enumerate(flags, 1) if flag), default=0)
    cells = b"".join(struct.pack("<H18x", flag) for flag in flags[:last])
    body = struct.pack(f"<B{len(edges)}h", len(flags), *edges) + cells
    return struct.pack("<HH", 0xD608, len(body) + 1) + body


def pack_doc(
    paragraphs: Iterable[Stretch],
    characters: Iterable[Stretch] = (),
    *,
    build: int = WORD_97,
    flags: int = 0,
) -> bytes:
    """Pack paragraphs, each with its mark at its end, as a Word 97-2003 file.

    `characters` are stretches of the same text, for the properties of characters; without
    any, characters have none.
    """
    paragraphs = list(paragraphs)
    text = "".join(paragraph.text for paragraph in paragraphs)
    encoded = text.encode("utf-16-le")
    units = len(encoded) // 2
    main = bytearray(_TEXT_AT) + encoded
    pages: list[bytes] = []
    places: list[bytes] = []
    runs = ((list(characters) or [Stretch(text)], False), (paragraphs, True))
    for stretches, is_paragraph in runs:
        written = list(_write_pages(stretches, is_paragraph))
        first = -(-len(main) // _PAGE) + len(pages)
        edges = [*(start for start, _ in written), _TEXT_AT + len(encoded)]
        numbers = range(first, first + len(written))
        places.append(struct.pack(f"<{2 * len(written) + 1}I", *edges, *numbers))
        pages += (page for _, page in written)
    main += bytes(-len(main) % _PAGE) + b"".join(pages)
    pieces = struct.pack("<IIHIH", 0, units, 0, _TEXT_AT, 0)
    structures = [(12, places[0]), (13, places[1]), (33, b"\x02" + struct.pack("<I", 16) + pieces)]
    table = b""
    struct.pack_into("<HH6xH", main, 0, 0xA5EC, build, flags)
    struct.pack_into("<H", main, 32, 14)
    struct.pack_into("<H12xi", main, 62, 22, units)
    struct.pack_into("<H", main, 152, 93)
    for number, structure in structures:
        struct.pack_into("<II", main, 154 + 8 * number, len(table), len(structure))
        table += structure
    return pack_compound({"WordDocument": bytes(main), "0Table": table})


def _write_pages(stretches: Iterable[Stretch], is_paragraph: bool) -> Iterator[tuple[int, bytes]]:
    """Write pages of formatted runs; give with each where in the file its text begins."""
    at = _TEXT_AT
    step = 17 if is_paragraph else 5
    kept: list[tuple[int, bytes]] = []
    used = 0
    for stretch in stretches:
        content = _write_properties(stretch.grpprl, is_paragraph)
        if kept and used + step + len(content) + 5 > _PAGE:
            yield kept[0][0], _write_page(kept, at, is_paragraph)
            kept, used = [], 0
        kept.append((at, content))
        used += step + len(content)
        at += len(stretch.text.encode("utf-16-le"))
    if kept:
        yield kept[0][0], _write_page(kept, at, is_paragraph)


def _write_properties(grpprl: bytes, is_paragraph: bool) -> bytes:
    """Write a list of modifiers with its length, of whole words; paragraphs have a style too."""
    if not is_paragraph:
        return (bytes([len(grpprl)]) + grpprl).ljust(2 * (len(grpprl) // 2 + 1), b"\0")
    if len(grpprl) % 2:
        return bytes([(len(grpprl) + 3) // 2]) + bytes(2) + grpprl
    return bytes([0, (len(grpprl) + 2) // 2]) + bytes(2) + grpprl


def _write_page(kept: list[tuple[int, bytes]], end: int, is_paragraph: bool) -> bytes:
    page = bytearray(_PAGE)
    page[-1] = len(kept)
    struct.pack_into(f"<{len(kept) + 1}I", page, 0, *(start for start, _ in kept), end)
    free = _PAGE - 2
    for number, (_, content) in enumerate(kept):
        free = (free - len(content)) // 2 * 2
        page[free : free + len(content)] = content
        page[4 * (len(kept) + 1) + (13 if is_paragraph else 1) * number] = free // 2
    return bytes(page)
