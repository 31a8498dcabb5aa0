"""Which archived pages to read again: all, or those that gave the reports of a year and region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from expectations.territories import UNRESOLVED
from storage.documents import read_documents
from storage.lake import read_table
from storage.schema import REPORTS
from tasks.reading.batch import MEMBER, Origin, ReadBatch
from tasks.stored import choose_reports, list_archived


def choose_archived(data: Path, year: int | None, region: str | None) -> list[Origin]:
    """Choose what the archive has of the stored reports of a year and region, or everything.

    Pages come with all that is attached to them, and with the other texts of their reports.
    What gave no report stands with the region `unresolved`, so that the regions together are
    the whole archive.

    Raises:
        StorageError: a stored file is damaged.
    """
    archived = list_archived(data)
    if year is None and region is None:
        return archived
    gave = _list_given(data)
    chosen = set(gave.filter(choose_reports(year, region))["group"])
    if year is None and region == UNRESOLVED:
        known = set(gave.drop_nulls("region")["group"])
        chosen.update(name for origin in archived if (name := _name_group(origin)) not in known)
    return [origin for origin in archived if _name_group(origin) in chosen]


def list_rivals(data: Path, read: Sequence[Origin], batch: ReadBatch) -> list[Origin]:
    """List what was not read, and gave a report that what was read now gives too.

    Which text of a report counts is settled among all of them.
    """
    groups = {_name_group(origin) for origin in read}
    ids = batch.reports["report_id"].implode()
    gave = _list_given(data).filter(pl.col("report_id").is_in(ids))
    rivals = set(gave["group"]).difference(groups)
    if not rivals:
        return []
    return [origin for origin in list_archived(data) if _name_group(origin) in rivals]


def _list_given(data: Path) -> pl.DataFrame:
    """List which page gave which report, with where it is stored; null where it is not."""
    stored = read_table(data, REPORTS, columns=("report_id", "year", "region"))
    file = pl.coalesce("page", "url").str.split(MEMBER).list.first()
    documents = read_documents(data).select("report_id", group=file)
    return documents.join(stored, on="report_id", how="left")


def _name_group(origin: Origin) -> str:
    return (origin.page or origin.url).partition(MEMBER)[0]
