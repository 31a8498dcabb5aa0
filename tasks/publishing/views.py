"""`gouji.duckdb`: a view of each table with comments, and one under its Chinese names.

The file holds no data: the views read the flat files, which are all of one state of the lake and
opened in a moment, where the tree is a file for each province and year. So it is renewed only
when a table is declared otherwise, or the data folder has moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from storage.flat import FLAT
from tasks.publishing.dictionary import Description, Entry

# BI tools bring a DuckDB of their own, often years old; 1.0 and all later ones read this.
STORAGE_VERSION = "v1.0.0"


def write_views(described: Sequence[Description], data: Path) -> list[str]:
    """Write the SQL that makes the views of those tables which have files in the data folder."""
    root = data.resolve()
    return [
        statement
        for description in described
        if (source := _find_source(description, root)) is not None
        for statement in _write_view(description, source)
    ]


def build_database(path: Path, statements: Sequence[str]) -> None:
    """Make a DuckDB file of these statements, readable by DuckDB 1.0 and later."""
    with duckdb.connect() as connection:
        version = f"(STORAGE_VERSION '{STORAGE_VERSION}')"
        connection.execute(f"ATTACH {_quote_text(str(path))} AS gouji {version}")
        connection.execute("USE gouji")
        connection.begin()  # else each of a thousand statements is written and synced by itself
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.execute("USE memory")
        connection.execute("DETACH gouji")


def _find_source(description: Description, root: Path) -> str | None:
    """Give the call that reads a table's file; None where there is none."""
    folder = root / FLAT if description.is_in_lake else root
    file = folder / f"{description.table.name}.parquet"
    return f"read_parquet({_quote_text(file.as_posix())})" if file.is_file() else None


def _write_view(description: Description, source: str) -> list[str]:
    name, title = _quote_name(description.table.name), _quote_name(description.title_zh)
    columns = ", ".join(_quote_name(entry.column) for entry in description.entries)
    aliases = ", ".join(
        f"{_quote_name(entry.column)} AS {_quote_name(entry.title_zh)}"
        for entry in description.entries
    )
    said = _quote_text(f"{description.row_per_zh} · one row per {description.table.row_per}")
    return [
        f"CREATE VIEW {name} AS SELECT {columns} FROM {source}",  # noqa: S608 our own names
        f"CREATE VIEW {title} AS SELECT {aliases} FROM {name}",  # noqa: S608
        *(f"COMMENT ON VIEW {view} IS {said}" for view in (name, title)),
        *(
            f"COMMENT ON COLUMN {view}.{_quote_name(column)} IS {_quote_text(_word(entry))}"
            for entry in description.entries
            for view, column in ((name, entry.column), (title, entry.title_zh))
        ),
    ]


def _word(entry: Entry) -> str:
    unit = f" [{entry.unit_zh}]" if entry.unit else ""
    null = f" · NULL: {entry.null_zh} / {entry.null}" if entry.null else ""
    return f"{entry.title_zh}{unit}: {entry.meaning_zh} / {entry.meaning}{null}"


def _quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quote_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
