"""Read a batch of archived pages into frames, in several processes where it pays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.archived import read_archived
from tasks.progress import announce
from tasks.reading.batch import Origin, ReadBatch

PAGES_A_PIECE = 50
MIN_PAGES_FOR_POOL = 400  # below, starting the workers costs more than they save


@task(name="read", tags=["cpu"], cache_policy=NO_CACHE)
def read_pages(pages: Sequence[Origin], data: Path) -> list[ReadBatch]:
    """Read archived pages, in the order given; each gives a report or a reason."""
    pieces = [pages[start : start + PAGES_A_PIECE] for start in range(0, len(pages), PAGES_A_PIECE)]
    workers = min(os.cpu_count() or 1, len(pieces))
    read = partial(read_archived, data)
    batches: list[ReadBatch] = []
    if len(pages) < MIN_PAGES_FOR_POOL or workers < 2:
        for piece in pieces:
            batches.append(read(piece))
            announce("read", len(piece), None)
        return batches
    # Forking would copy the locks of the threads that run tasks and frames.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for piece, batch in zip(pieces, pool.map(read, pieces), strict=True):
            batches.append(batch)
            announce("read", len(piece), None)
    return batches
