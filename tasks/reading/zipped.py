"""The files in a zip archive, archives in it unpacked too, within limits."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.reading.container import MAX_UNPACKED_BYTES, Archive, is_locked, name_member
from tasks.reading.media import ZIP, tell_media_type
from tasks.reading.report import UnreadableError

MAX_DEPTH = 2
MAX_FILES = 200
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def list_members(content: bytes) -> list[tuple[str, bytes]]:
    """Unpack an archive of files, at most 200 and 128 MiB, each with its name.

    The name of a file in an inner archive follows that archive's, after a slash.

    Raises:
        UnreadableError: `damaged_file`, `encrypted` (naming the locked members), or
            `too_large_inside` (too many files or bytes, or archives too deep in each other).
    """
    members: list[tuple[str, bytes]] = []
    left_bytes = MAX_UNPACKED_BYTES
    for name, member in _unpack(content, 1):
        left_bytes -= len(member)
        members.append((name, member))
        if left_bytes < 0 or len(members) > MAX_FILES:
            raise UnreadableError(
                "too_large_inside",
                f"expected at most {MAX_FILES} files and {MAX_UNPACKED_BYTES} bytes, found more",
            )
    return members


def _unpack(content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    archive = Archive(content)
    files = [(name_member(info), info) for info in archive.infos]
    files = [(name, info) for name, info in files if not any(litter in name for litter in _LITTER)]
    locked = [name for name, info in files if is_locked(info)]
    if locked:
        raise UnreadableError("encrypted", f"locked by a password: {', '.join(locked[:10])}")
    for name, info in files:
        member = archive.unpack(info)
        if tell_media_type(member) != ZIP:
            yield name, member
        elif depth == MAX_DEPTH:
            raise UnreadableError(
                "too_large_inside", f"expected archives {MAX_DEPTH} deep at most, found {name}"
            )
        else:
            yield from ((f"{name}/{inner}", inside) for inner, inside in _unpack(member, depth + 1))
