"""Promises of what need not be read again: anything in doubt is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pytest

from storage.documents import update_documents
from storage.parquet import write_file
from storage.schema import DOCUMENTS, REPORTS
from tasks.fetching.page import Miss
from tasks.reading.batch import Origin
from tasks.unchanged import find_unchanged

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAGE = Origin("http://a/1", "s", "0" * 64, "text/html", NOW, None, "http", "2022年报告")
ROW = {
    **{name: getattr(PAGE, name) for name in ("url", "source", "sha256", "media_type")},
    "via": "http",
    "link_text": "2022年报告",
    "bytes": 3,
    "seen_at": NOW,
    "outcome": "read",
    "report_id": "r-2022",
    "reader": "this",
}
OTHER = {**ROW, "url": "http://a/2", "outcome": "duplicate", "reason": "the text counts at"}
Change: TypeAlias = Callable[[Origin], Origin]


def store(data: Path, rows: list[dict[str, Any]], **report: object) -> None:
    """Store documents, and a report that the first of them gave."""
    documents = pl.DataFrame(rows, schema=DOCUMENTS.schema, orient="row")
    update_documents(data, documents)
    row = {
        "report_id": "r-2022",
        "url": PAGE.url,
        "listed_as": PAGE.link_text,
        "source_sha256": PAGE.sha256,
        "media_type": PAGE.media_type,
        **report,
    }
    path = data / "lake/reports/year=2022/region=CN-JX/part.parquet"
    path.parent.mkdir(parents=True)
    write_file(path, REPORTS, pl.DataFrame([row], schema=REPORTS.schema, orient="row"))


def find(data: Path, *fetched: Origin | Miss, wanted: pl.Expr = pl.lit(True)) -> list[str]:  # noqa: B008
    """Find what need not be read, by today's reader `this`."""
    return find_unchanged(fetched, data, "this", wanted)["url"].to_list()


def test_a_page_as_it_was_is_not_read_again(tmp_path: Path) -> None:
    """Its document is given as it is stored."""
    store(tmp_path, [ROW])
    found = find_unchanged([PAGE], tmp_path, "this", pl.lit(True))
    assert found.select(*ROW).to_dicts() == [ROW]
    assert found.schema == DOCUMENTS.schema


@pytest.mark.parametrize(
    "change",
    [
        lambda page: replace(page, url="http://a/9"),
        lambda page: replace(page, sha256="1" * 64),
        lambda page: replace(page, source="t"),
        lambda page: replace(page, media_type="application/pdf"),
        lambda page: replace(page, via="inbox"),
        lambda page: replace(page, link_text=None),
        lambda page: replace(page, page="http://a/0"),
    ],
    ids=["new", "bytes", "source", "type", "via", "link", "attached"],
)
def test_a_page_found_otherwise_is_read_again(tmp_path: Path, change: Change) -> None:
    """Whatever is told of a page counts."""
    store(tmp_path, [ROW])
    assert find(tmp_path, change(PAGE)) == []


@pytest.mark.parametrize(
    "rows",
    [
        [ROW | {"reader": "that"}],
        [ROW | {"reader": None}],
        [ROW | {"outcome": "not_selected"}],
        [ROW | {"outcome": "tables_not_found", "reason": "no tables"}],
        [ROW, OTHER],
        [ROW, OTHER | {"report_id": None, "page": PAGE.url}],
        [],
    ],
    ids=["reader", "unknown_reader", "left_out", "no_report", "twice", "page", "unknown"],
)
def test_what_is_stored_in_doubt_is_read_again(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """Another reader, another outcome, another text of the report, or an attachment."""
    store(tmp_path, rows)
    assert find(tmp_path, PAGE) == []


@pytest.mark.parametrize(
    "report",
    [{"source_sha256": "1" * 64}, {"url": "http://a/2"}, {"listed_as": None}, {"report_id": "q"}],
    ids=["bytes", "url", "link", "report"],
)
def test_a_report_that_is_not_stored_as_found_is_read_again(
    tmp_path: Path, report: dict[str, object]
) -> None:
    """A document alone does not do: the lake must have the report, from these bytes."""
    store(tmp_path, [ROW], **report)
    assert find(tmp_path, PAGE) == []


def test_a_file_is_read_again(tmp_path: Path) -> None:
    """What becomes of a file depends on what is installed, too."""
    pdf = {"media_type": "application/pdf"}
    store(tmp_path, [ROW | pdf], **pdf)
    assert find(tmp_path, replace(PAGE, media_type="application/pdf")) == []


def test_what_this_run_found_beside_a_page_counts(tmp_path: Path) -> None:
    """A page is read again where it was found twice or has an attachment, even one that is gone."""
    store(tmp_path, [ROW])
    attached = replace(PAGE, url="http://a/1.pdf", page=PAGE.url)
    lost = Miss("http://a/1.pdf", "s", "gone", "attachment: gone", PAGE.url)
    assert find(tmp_path, PAGE, replace(PAGE, source="t")) == []
    assert find(tmp_path, PAGE, attached) == []
    assert find(tmp_path, PAGE, lost) == []
    assert find(tmp_path, PAGE, replace(lost, page=None)) == [PAGE.url]


def test_what_is_not_asked_for_is_read_again(tmp_path: Path) -> None:
    """Reports of another year or region get another outcome, so their pages are read."""
    store(tmp_path, [ROW])
    assert find(tmp_path, PAGE, wanted=pl.col("year") == 2022) == [PAGE.url]
    assert find(tmp_path, PAGE, wanted=pl.col("year") == 2021) == []
    assert find(tmp_path, PAGE, wanted=pl.col("region") == "CN-JS") == []
