"""The data dictionary says of every column what it is, in both languages."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from expectations.wide import WIDE
from storage.schema import (
    PARTITION_SCHEMA,
    REPORTS,
    Column,
    list_flat_tables,
    list_history,
    list_release_tables,
    list_tables,
)
from tasks.publishing import dictionary
from tasks.publishing.dictionary import describe_tables, render_page, write_csv
from tests.test_house_rules import HAN


def test_every_column_of_every_table_is_described_in_both_languages() -> None:
    """Name, meaning and meaning of null stand in Chinese and English; nothing is left out."""
    found = {description.table.name: description for description in describe_tables()}
    lake = (*list_tables(), WIDE, *list_history())
    assert set(found) == {
        table.name for table in (*lake, *list_flat_tables(), *list_release_tables())
    }
    for name, description in found.items():
        partition = list(PARTITION_SCHEMA) if description.table in lake else []
        columns = [entry.column for entry in description.entries]
        declared = [column.name for column in description.table.columns]
        assert columns == [*partition, *declared], name
        for entry in description.entries:
            assert HAN.search(entry.title_zh), entry
            assert HAN.search(entry.meaning_zh), entry
            assert not HAN.search(entry.meaning) and entry.meaning, entry
            assert bool(entry.null) == bool(entry.null_zh), entry


def test_a_column_without_chinese_is_noticed() -> None:
    """A new column cannot be forgotten; the message names it."""
    added = Column("colour", REPORTS.schema["url"], "x")
    table = replace(REPORTS, columns=(*REPORTS.columns, added))
    with pytest.raises(ValueError, match="expected column colour of table reports"):
        dictionary._describe(table, is_in_lake=True)


def test_the_csv_opens_in_excel_with_every_column() -> None:
    """It starts with the mark that Excel needs and has a line for each column."""
    content = write_csv(describe_tables())
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == sum(len(description.entries) for description in describe_tables())
    row = next(row for row in rows if (row["table"], row["column"]) == ("cells", "value"))
    assert (row["title_zh"], row["type"], row["is_key"]) == ("数值", "decimal128(20, 6)", "false")


def test_the_page_needs_nothing_beside_it() -> None:
    """Every table and column is on the page, which loads nothing."""
    page = render_page(describe_tables()).decode()
    assert "src=" not in page and "<link" not in page
    for description in describe_tables():
        assert f'id="{description.table.name}"' in page
        assert all(entry.title_zh in page for entry in description.entries)
