"""The declarations of the tables."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from storage.schema import Table, list_flat_tables, list_history, list_release_tables, list_tables

ROOT = Path(__file__).resolve().parents[2]
TABLES = (*list_tables(), *list_history(), *list_flat_tables(), *list_release_tables())


def test_every_table_is_declared_in_one_place() -> None:
    """No module but the schema makes a table."""
    makers = {
        path.relative_to(ROOT).as_posix()
        for layer in ("storage", "expectations", "tasks", "flows")
        for path in (ROOT / layer).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Table"
        and any(keyword.arg == "row_per" for keyword in node.keywords)
    }
    assert makers == {"storage/schema.py"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_says_what_it_holds(table: Table) -> None:
    """A table says what a row is, has a key that is never null, and means each column."""
    columns = {column.name: column for column in table.columns}
    assert table.row_per and table.key
    assert len(columns) == len(table.columns)
    assert set(table.key) <= set(columns)
    assert all(column.meaning for column in columns.values())
    assert not any(columns[name].null for name in table.key if name != "cell")
