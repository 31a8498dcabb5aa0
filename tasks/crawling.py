"""Begin and end a run of crawling: go on with one that was killed, and close the books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from storage.crawl_state import CrawlRun, begin_run, finish_run, list_warcs, open_state
from storage.warc import cut_back
from tasks.fetching.page import Miss
from tasks.reading.batch import Origin

JUDGED_BY_CRAWL = ("moved", "gone", "blocked")  # what the answer alone did not tell
JUDGED_BY_READING = ("not_a_report",)


def begin_crawl(data: Path, now: datetime) -> CrawlRun:
    """Begin a run of crawling, or go on with the one that was killed.

    Raises:
        StorageError: the state is damaged, or cannot be written.
    """
    with open_state(data) as connection:
        run = begin_run(connection, now)
        if run.is_resumed:
            cut_back(data, run.run_id, list_warcs(connection, run.run_id))
        return run


def finish_crawl(
    data: Path,
    run: CrawlRun,
    fetched: Sequence[Origin | Miss],
    documents: pl.DataFrame,
    now: datetime,
) -> dict[str, int]:
    """End a run once what it fetched is stored; count its addresses by outcome.

    Args:
        data: the data folder.
        run: from `begin_crawl`.
        fetched: what crawling found.
        documents: what became of it, as the table.
        now: the present instant.
    """
    with open_state(data) as connection:
        return finish_run(connection, run, tuple(_list_judged(fetched, documents)), now)


def describe_resumption(run: CrawlRun) -> tuple[str, ...]:
    """Say that a run went on with an earlier one, if it did."""
    if not run.is_resumed:
        return ()
    return (
        f"Went on with the run of {run.started_at:%Y-%m-%d %H:%M} UTC, which did not end: what it "
        "had fetched was not asked for again.",
    )


def _list_judged(
    fetched: Sequence[Origin | Miss], documents: pl.DataFrame
) -> Iterator[tuple[str, str, str | None]]:
    for found in fetched:
        if isinstance(found, Miss) and found.outcome in JUDGED_BY_CRAWL:
            yield found.url, found.outcome, found.reason
    is_none = documents.filter(pl.col("outcome").is_in(JUDGED_BY_READING))
    yield from is_none.select("url", "outcome", "reason").iter_rows()
