"""The work of a reading process: pages from the archive, or those that come with their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from expectations.form import load_forms
from storage import archive
from storage.reference.gazetteer import load_gazetteer
from tasks.converting import convert_word
from tasks.reading.batch import Begin, Origin, ReadBatch, Refused, read_batch
from tasks.reading.labels import index_labels
from tasks.reading.statements import read_statements
from tasks.reading.stream import match_stream


def read_archived(data: Path, pages: Sequence[Origin], begin: Begin, refused: Refused) -> ReadBatch:
    """Read the archived bytes of these pages, each with a report or a reason.

    `begin` and `refused` are those of `read_batch`.

    Raises:
        ArchiveError: bytes are missing or damaged.
    """
    return read_batch(_load(data, pages), convert_word, begin, refused)


def read_fetched(
    pages: Sequence[tuple[Origin, bytes]], begin: Begin, refused: Refused
) -> ReadBatch:
    """Read pages that come with their bytes, as `read_archived` does."""
    return read_batch(pages, convert_word, begin, refused)


def _load(data: Path, pages: Sequence[Origin]) -> Iterator[tuple[Origin, bytes]]:
    for page in pages:
        yield page, archive.get(data, page.sha256)


def warm_up() -> None:
    """Load and compile once what every reading needs: divisions, labels and words."""
    load_gazetteer()
    for edition, form in load_forms().items():
        match_stream("", index_labels(edition))
        read_statements("", year=form.first_year, scope="other")
    read_batch([])
