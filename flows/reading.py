"""What a run reads, in tasks of so many pages: all of them, or those that may have changed."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from flows.engines import open_reading
from storage.settings import Settings
from tasks.fetching.page import Miss
from tasks.progress import announce
from tasks.reading.batch import Origin, ReadBatch
from tasks.reading.joining import group_pages, join_batches
from tasks.stamps import name_reader
from tasks.unchanged import find_unchanged


def read_what_changed(
    fetched: Sequence[Origin | Miss], settings: Settings, wanted: pl.Expr, pages_per_task: int
) -> tuple[ReadBatch, pl.DataFrame]:
    """Read the pages that may give something else than is stored.

    A page whose report a page that is read gives as well is read with it: which of them counts
    is settled anew.

    Args:
        fetched: what crawling found.
        settings: for the data folder and the limits of reading.
        wanted: of reports, which of them are asked for (`tasks.stored.choose_reports`).
        pages_per_task: most pages of a task.

    Returns:
        What was read, and the documents of the other pages, whose reports are in the lake.
    """
    unchanged = find_unchanged(fetched, settings.data, name_reader(), wanted)
    known = set(unchanged["url"])
    pages = [found for found in fetched if isinstance(found, Origin)]
    changed = [page for page in pages if page.url not in known]
    announce("read", 0, len(changed))
    with open_reading(settings, pages_per_task) as read:
        batches = read(group_pages(changed))
        given = {name for batch in batches for name in batch.reports["report_id"]}
        is_shared = pl.col("report_id").is_in(sorted(given))
        shared = set(unchanged.filter(is_shared)["url"])
        batches += read(group_pages(page for page in pages if page.url in shared))
    return join_batches(batches), unchanged.filter(~is_shared)


def read_all(pages: Sequence[Origin], settings: Settings, pages_per_task: int = 1000) -> ReadBatch:
    """Read archived pages in tasks of so many each, and settle which text of a report counts."""
    announce("read", 0, len(pages))
    with open_reading(settings, pages_per_task) as read:
        return join_batches(read(group_pages(pages)))


def select_reports(batch: ReadBatch, wanted: pl.Expr) -> ReadBatch:
    """Keep the reports that are asked for; the documents say what was left out."""
    reports = batch.reports.filter(wanted)
    is_left_out = pl.col("report_id").is_not_null() & ~pl.col("report_id").is_in(
        reports["report_id"].implode()
    )
    return ReadBatch(
        reports=reports,
        documents=batch.documents.with_columns(
            outcome=pl.when(is_left_out).then(pl.lit("not_selected")).otherwise("outcome")
        ),
        details={
            name: frame.join(reports, on="report_id", how="semi")
            for name, frame in batch.details.items()
        },
    )
