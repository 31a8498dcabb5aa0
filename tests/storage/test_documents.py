"""Promises of the list of documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from storage.documents import read_documents, update_documents
from storage.folder import StorageError
from storage.schema import DOCUMENTS

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def _rows(outcomes: dict[str, str], seen_at: datetime = NOW) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"url": url, "source": "s", "outcome": outcome, "seen_at": seen_at}
            for url, outcome in outcomes.items()
        ],
        schema_overrides=DOCUMENTS.schema,
    ).match_to_schema(DOCUMENTS.schema, missing_columns="insert")


def test_documents_are_kept_by_address(tmp_path: Path) -> None:
    """A changed row replaces the one of its address; others stay; all are sorted by address."""
    assert update_documents(tmp_path, _rows({"b": "http_404", "a": "read"}))
    later = NOW + timedelta(days=1)
    assert update_documents(tmp_path, _rows({"b": "read", "c": "no_table"}, later))
    assert read_documents(tmp_path).select("url", "outcome", "seen_at").rows() == [
        ("a", "read", NOW),
        ("b", "read", later),
        ("c", "no_table", later),
    ]


def test_the_same_state_seen_again_changes_nothing(tmp_path: Path) -> None:
    """A row that says the same keeps its `seen_at`, and the file is not touched."""
    update_documents(tmp_path, _rows({"a": "read", "b": "http_404"}))
    path = tmp_path / "documents.parquet"
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
    assert not update_documents(tmp_path, _rows({"a": "read"}, NOW + timedelta(days=1)))
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_an_address_is_there_once(tmp_path: Path) -> None:
    """Two rows of one address are refused by name, and the stored list stays."""
    update_documents(tmp_path, _rows({"a": "read"}))
    twice = pl.concat([_rows({"a": "http_404"}), _rows({"a": "no_table"})])
    with pytest.raises(StorageError, match="url='a' more than once"):
        update_documents(tmp_path, twice)
    assert read_documents(tmp_path)["outcome"].to_list() == ["read"]


def test_nothing_stored_reads_as_no_documents(tmp_path: Path) -> None:
    """Without a file there is an empty frame with all columns."""
    assert read_documents(tmp_path).schema == DOCUMENTS.schema
