"""The work of a reading process: pages from the archive, or those that come with their bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from expectations.form import load_forms
from storage import archive
from storage.reference.gazetteer import load_gazetteer
from tasks.converting import convert_word
from tasks.reading.batch import MEMBER, Origin, ReadBatch, Refused, read_batch
from tasks.reading.labels import index_labels
from tasks.reading.statements import read_statements
from tasks.reading.stream import match_stream
from tasks.stamps import name_reader
from tasks.workers import BeginAt


def read_archived(
    data: Path, groups: Sequence[Sequence[Origin]], begin: BeginAt, refused: Refused
) -> ReadBatch:
    """Read the archived bytes of pages and their attachments, each with a report or a reason.

    Args:
        data: the data folder.
        groups: pages, each with its attachments behind it.
        begin: told the place of a group, from 0, and the address that is begun.
        refused: as of `read_batch`.

    Raises:
        ArchiveError: bytes are missing or damaged.
    """
    pages = [page for group in groups for page in group]
    sources = ((page, archive.get(data, page.sha256)) for page in pages)
    told = partial(_tell, _find_places(groups), begin)
    batch = read_batch(sources, convert_word, told, refused)
    reader = pl.lit(name_reader())  # of this very process, which may be on another machine
    return replace(batch, documents=batch.documents.with_columns(reader=reader))


def read_fetched(
    groups: Sequence[Sequence[tuple[Origin, bytes]]], begin: BeginAt, refused: Refused
) -> ReadBatch:
    """Read pages that come with their bytes, as `read_archived` does."""
    places = _find_places([[page for page, _ in group] for group in groups])
    pages = [page for group in groups for page in group]
    return read_batch(pages, convert_word, partial(_tell, places, begin), refused)


def _find_places(groups: Sequence[Sequence[Origin]]) -> dict[str, int]:
    return {page.url: place for place, group in enumerate(groups) for page in group}


def _tell(places: Mapping[str, int], begin: BeginAt, url: str) -> None:
    """Tell the place of the group with this address, or with the archive that it is in."""
    archive_url = url if url in places else url.rpartition(MEMBER)[0]
    while archive_url not in places:
        archive_url = archive_url.rpartition(MEMBER)[0]
    begin(places[archive_url], url)


def warm_up() -> None:
    """Load and compile once what every reading needs: divisions, labels and words."""
    load_gazetteer()
    for edition, form in load_forms().items():
        match_stream("", index_labels(edition))
        read_statements("", year=form.first_year, scope="other")
    read_batch([])
