"""Archived pages cut into parts by region and year, and read by helpers wherever they are.

A part goes over as JSON, what it gave comes back as Arrow files in a zip; nothing that comes
back is run.
"""

from __future__ import annotations

import atexit
import io
import threading
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import TypeAdapter

from storage.documents import read_documents
from storage.handover import find_archive, hand_over, take_over
from storage.lake import read_table
from storage.schema import REPORTS
from storage.settings import ReadLimits, Settings, load_settings
from tasks.read import read_groups
from tasks.reading.batch import Origin, ReadBatch
from tasks.reading.joining import concatenate
from tasks.workers import Workers

_GROUPS = TypeAdapter(list[list[Origin]])
_REPORTS, _DOCUMENTS = "reports", "documents"
_turn = threading.Lock()  # of the threads of a helper: its reading processes serve one at a time


@dataclass(frozen=True, slots=True)
class Part:
    """Pages, each with its attachments behind it; `name` is the region and year of the first."""

    name: str
    groups: Sequence[Sequence[Origin]]


def cut_parts(
    groups: Iterable[Sequence[Origin]], data: Path, pages_per_part: int
) -> tuple[Part, ...]:
    """Cut pages by the region and year of the reports that they gave when last read.

    Places of few pages share a part, of many pages take several; those that gave no report yet
    come last. The order within a place stays.
    """
    places = _list_places(data)
    named = sorted(
        ((places.get(group[0].url, "unknown"), group) for group in groups), key=lambda pair: pair[0]
    )
    cut = [named[start : start + pages_per_part] for start in range(0, len(named), pages_per_part)]
    return tuple(Part(part[0][0], [group for _, group in part]) for part in cut)


def hand_part(settings: Settings, run: str, number: int, part: Part) -> None:
    """Hand a part over to whoever reads it."""
    hand_over(settings, run, f"{number}.json", _GROUPS.dump_json([*map(list, part.groups)]))


def take_reading(settings: Settings, run: str, number: int) -> ReadBatch:
    """Take what a part gave.

    Raises:
        StorageError: nobody has read it.
    """
    return decode_batch(take_over(settings, run, f"{number}.zip"))


@task(name="read", tags=["cpu"], cache_policy=NO_CACHE)
def read_part(place: str, run: str, number: int) -> None:
    """Read a part as `read_handed` does; of use where a task runner sends it elsewhere."""
    read_handed(place, run, number)


def read_handed(place: str, run: str, number: int) -> None:
    """Read a part that was handed over, and hand back what it gave.

    Args:
        place: the data folder as a setting.
        run: from `open_handover`.
        number: of the part.

    Raises:
        StorageError: the part is not there.
        ArchiveError: archived bytes are missing or damaged.
    """
    settings = load_settings(place)
    groups = _GROUPS.validate_json(take_over(settings, run, f"{number}.json"))
    find_archive(settings)
    with _turn:
        batches = read_groups(groups, settings.data, _keep_workers(settings.reading))
    hand_over(settings, run, f"{number}.zip", encode_batch(concatenate(batches)))


def encode_batch(batch: ReadBatch) -> bytes:
    """Write a batch as Arrow files in a zip."""
    packed = io.BytesIO()
    frames = {_REPORTS: batch.reports, _DOCUMENTS: batch.documents}
    frames |= {f"details/{name}": frame for name, frame in batch.details.items()}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archived:
        for name, frame in frames.items():
            content = io.BytesIO()
            frame.write_ipc(content)
            archived.writestr(name, content.getvalue())
    return packed.getvalue()


def decode_batch(content: bytes) -> ReadBatch:
    """Read what `encode_batch` wrote."""
    with zipfile.ZipFile(io.BytesIO(content)) as archived:
        frames = {name: pl.read_ipc(archived.read(name)) for name in archived.namelist()}
    return ReadBatch(
        reports=frames.pop(_REPORTS),
        documents=frames.pop(_DOCUMENTS),
        details={name.removeprefix("details/"): frame for name, frame in frames.items()},
    )


def _list_places(data: Path) -> dict[str, str]:
    """List the addresses that gave a report with its region and year."""
    reports = read_table(data, REPORTS, columns=("report_id", "region", "year"))
    given = read_documents(data).join(reports, on="report_id")
    place = pl.format("{} {}", "region", "year")
    return dict(given.select("url", place.alias("place")).iter_rows())


@cache
def _keep_workers(limits: ReadLimits) -> Workers:
    """Keep one reading process for all parts that this process reads."""
    workers = Workers(replace(limits, workers=1))
    atexit.register(workers.close)
    return workers
