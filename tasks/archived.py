"""Read pages from the archive, without the network; also the work of a reading process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from storage import archive
from tasks.converting import convert_word
from tasks.reading.batch import Origin, ReadBatch, read_batch


def read_archived(data: Path, pages: Sequence[Origin]) -> ReadBatch:
    """Read the archived bytes of these pages, each with a report or a reason.

    Raises:
        ArchiveError: bytes are missing or damaged.
    """
    return read_batch(_load(data, pages), convert_word)


def _load(data: Path, pages: Sequence[Origin]) -> Iterator[tuple[Origin, bytes]]:
    for page in pages:
        yield page, archive.get(data, page.sha256)
