"""Pages that need not be read again: the lake has what reading them would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from storage.documents import read_documents
from storage.lake import read_table
from storage.schema import DOCUMENTS, REPORTS
from tasks.fetching.page import Miss
from tasks.reading.batch import Origin

# How a web page is read depends on nothing but its bytes, its address and link, and the reader;
# what becomes of files depends on what is installed, too.
READ_ALIKE = "text/html"
_SEEN = ("url", "source", "sha256", "media_type", "via", "link_text")


def find_unchanged(
    fetched: Sequence[Origin | Miss], data: Path, reader: str, wanted: pl.Expr
) -> pl.DataFrame:
    """Find the pages of which reading again would give what is stored.

    These are web pages that were read by this very reader from the same bytes, found in the same
    way, and alone gave a report that is stored. What has attachments, shares its report with
    another text, was seen twice or gave no report is read again.

    Args:
        fetched: what crawling found.
        data: the data folder.
        reader: the name of today's reader.
        wanted: of reports, which of them are asked for.

    Returns:
        Their documents as stored, in the order of their addresses.
    """
    pages = [found for found in fetched if isinstance(found, Origin)]
    seen = Counter(page.url for page in pages)
    tied = {found.page for found in fetched if found.page is not None}
    rows = [
        {name: getattr(page, name) for name in _SEEN}
        for page in pages
        if seen[page.url] == 1 and page.page is None and page.url not in tied
    ]
    now = pl.DataFrame(rows, schema={name: DOCUMENTS.schema[name] for name in _SEEN}, orient="row")
    stored = read_documents(data)
    reports = (
        read_table(data, REPORTS)
        .filter(wanted)
        .select("report_id", "url", "media_type", sha256="source_sha256", link_text="listed_as")
    )
    return (
        stored.filter(
            (pl.col("outcome") == "read")
            & (pl.col("reader") == reader)
            & (pl.col("media_type") == READ_ALIKE)
            & pl.col("reason").is_null()
            & pl.col("page").is_null()
            & ~pl.col("report_id").is_duplicated()
            & ~pl.col("url").is_in(stored["page"].drop_nulls().implode())
        )
        .join(now, on=_SEEN, how="semi", nulls_equal=True)
        .join(reports, on=reports.columns, how="semi", nulls_equal=True)
        .sort("url")
    )
