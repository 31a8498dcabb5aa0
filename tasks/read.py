"""Read a batch of archived pages into frames, in reading processes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.archived import read_archived
from tasks.progress import announce
from tasks.reading.batch import Origin, ReadBatch
from tasks.workers import Workers

PAGES_A_PIECE = 50


@task(name="read", tags=["cpu"], cache_policy=NO_CACHE)
def read_pages(pages: Sequence[Origin], data: Path, workers: Workers) -> list[ReadBatch]:
    """Read archived pages, in the order given; each gives a report or a reason.

    A page that hangs, or ends its process, is a document with a reason as well.
    """
    pieces = [pages[start : start + PAGES_A_PIECE] for start in range(0, len(pages), PAGES_A_PIECE)]
    batches: list[ReadBatch] = []
    for batch in workers.read(partial(read_archived, data), pieces):
        batches.append(batch)
        announce("read", batch.documents.height, None)
    return batches
