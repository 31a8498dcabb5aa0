"""Compound files of Microsoft as sample containers: whole sectors, no small streams."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_SECTOR = 512
_LEAST = 4096  # a stream below this size would go among the small ones
_FREE, _END, _FAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_ROOT, _STREAM = 5, 2


def pack_compound(streams: Mapping[str, bytes]) -> bytes:
    """Pack streams of at most 6 MB in all, filled up with zeros to whole sectors."""
    filled = {name: _fill(max(len(part), _LEAST), part) for name, part in streams.items()}
    directory_size = _round_up(128 * (len(filled) + 1))
    counts = [directory_size // _SECTOR, *(len(part) // _SECTOR for part in filled.values())]
    fat_count = 1
    while fat_count * 128 < fat_count + sum(counts):
        fat_count += 1
    fat = [_FAT] * fat_count
    starts: list[int] = []
    for count in counts:
        starts.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + count), _END]
    fat += [_FREE] * (fat_count * 128 - len(fat))
    entries = [_write_entry("Root Entry", _ROOT, _NONE, 1, _END, 0)]
    for number, (name, part) in enumerate(filled.items(), 1):
        after = number + 1 if number < len(filled) else _NONE
        entries.append(_write_entry(name, _STREAM, after, _NONE, starts[number], len(part)))
    difat = [*range(fat_count), *[_FREE] * (109 - fat_count)]
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
        + struct.pack("<4I", 0, fat_count, starts[0], 0)
        + struct.pack("<5I", _LEAST, _END, 0, _END, 0)
        + struct.pack("<109I", *difat)
    )
    body = struct.pack(f"<{len(fat)}I", *fat) + _fill(directory_size, b"".join(entries))
    return header + body + b"".join(filled.values())


def _write_entry(name: str, kind: int, after: int, child: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le")
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBB3I", len(encoded) + 2, kind, 1, _NONE, after, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def _round_up(size: int) -> int:
    return -(-size // _SECTOR) * _SECTOR


def _fill(size: int, content: bytes) -> bytes:
    return content.ljust(_round_up(size), b"\0")
