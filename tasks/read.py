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

GROUPS_A_PIECE = 20


@task(name="read", tags=["cpu"], cache_policy=NO_CACHE)
def read_pages(groups: Sequence[Sequence[Origin]], data: Path, workers: Workers) -> list[ReadBatch]:
    """Read archived pages with their attachments, in the order given.

    Each gives a report or a reason, also where it hangs or ends its process.
    """
    return read_groups(groups, data, workers)


def read_groups(
    groups: Sequence[Sequence[Origin]], data: Path, workers: Workers
) -> list[ReadBatch]:
    """Read as `read_pages` does, as part of a task."""
    starts = range(0, len(groups), GROUPS_A_PIECE)
    pieces = (groups[start : start + GROUPS_A_PIECE] for start in starts)
    batches: list[ReadBatch] = []
    for batch in workers.read(partial(read_archived, data), pieces):
        batches.append(batch)
        announce("read", batch.documents.height, None)
    return batches
