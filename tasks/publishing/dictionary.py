"""The data dictionary: every table and column in English and Chinese, as CSV and as a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import storage
from expectations.form import load_cells
from expectations.wide import WIDE
from storage.parquet import build_arrow_schema
from storage.schema import (
    Column,
    Table,
    add_partition,
    list_flat_tables,
    list_history,
    list_release_tables,
    list_tables,
)

_CHINESE = Path(storage.__file__).with_name("chinese.yaml")
_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Entry:
    """A column of a table in both languages; null is empty where the column has none.

    `type` is the Arrow type. `is_key` tells whether the column is part of the table's key, and
    `is_partition` whether it stands in the path of the lake's files and not in them.
    """

    table: str
    column: str
    title_zh: str
    type: str
    unit: str
    unit_zh: str
    is_key: bool
    is_partition: bool
    meaning: str
    meaning_zh: str
    null: str
    null_zh: str


@dataclass(frozen=True, slots=True)
class Description:
    """A table in both languages with its columns, for a table of the lake the partition's first."""

    table: Table
    is_in_lake: bool
    title_zh: str
    row_per_zh: str
    entries: tuple[Entry, ...]


@cache
def describe_tables() -> tuple[Description, ...]:
    """Describe every table of the data folder, in the order of the schema.

    Raises:
        ValueError: a table or column has no Chinese name, or two columns have the same.
    """
    lake = (*list_tables(), WIDE, *list_history())
    return (
        *(_describe(table, is_in_lake=True) for table in lake),
        *(
            _describe(table, is_in_lake=False)
            for table in (*list_flat_tables(), *list_release_tables())
        ),
    )


def write_csv(described: Sequence[Description]) -> bytes:
    """Write the dictionary as CSV, one line a column, with the mark that Excel needs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([field.name for field in fields(Entry)])
    for description in described:
        writer.writerows(_write_flags(entry) for entry in description.entries)
    return text.getvalue().encode("utf-8-sig")


def render_page(described: Sequence[Description]) -> bytes:
    """Render the dictionary as one page that needs nothing beside it."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("dictionary.html.j2").render(tables=described).encode()


def _describe(table: Table, is_in_lake: bool) -> Description:
    chinese = _load_chinese()
    words = chinese["tables"].get(table.name)
    if words is None:
        raise ValueError(f"storage/chinese.yaml: expected table {table.name}, found none")
    flat = add_partition(table) if is_in_lake else table
    types = build_arrow_schema(flat)
    entries = []
    for column in flat.columns:
        title, meaning, none = _translate(table, column, words, chinese["shared"])
        entries.append(
            Entry(
                table=table.name,
                column=column.name,
                title_zh=title,
                type=str(types.field(column.name).type),
                unit=column.unit,
                unit_zh=chinese["units"].get(column.unit, column.unit),
                is_key=column.name in table.key,
                is_partition=column not in table.columns,
                meaning=_word_meaning(column),
                meaning_zh=meaning,
                null=column.null,
                null_zh=none,
            )
        )
    titles = [entry.title_zh for entry in entries]
    repeated = sorted({title for title in titles if titles.count(title) > 1})
    if repeated:
        raise ValueError(
            f"storage/chinese.yaml: expected a name of its own for each column of table "
            f"{table.name}, found {repeated[0]} twice"
        )
    return Description(table, is_in_lake, words["title"], words["row_per"], tuple(entries))


def _translate(
    table: Table, column: Column, words: dict[str, Any], shared: dict[str, Any]
) -> tuple[str, str, str]:
    """Give name, meaning and meaning of null in Chinese; those of the form's cells it gives."""
    cell = load_cells().get(column.name)
    if cell is not None:
        return cell.title, cell.title, words["figures"]["none"]
    found = words["columns"].get(column.name) or shared.get(column.name)
    if found is None or bool(column.null) != ("none" in found):
        raise ValueError(
            f"storage/chinese.yaml: expected column {column.name} of table {table.name} with "
            f"title, meaning and {'' if column.null else 'no '}meaning of null (`none`), "
            f"found {found}"
        )
    return found["title"], found["meaning"], found.get("none", "")


def _word_meaning(column: Column) -> str:
    """Give the meaning in English; that of a cell of the form is its name."""
    cell = load_cells().get(column.name)
    if cell is None or column.meaning != cell.title:
        return column.meaning
    line = f"row {cell.row}, column {cell.column}".replace("_", " ")
    return f"table {cell.table.removeprefix('t')}, {line}"


def _write_flags(entry: Entry) -> list[str]:
    return [str(value).lower() if isinstance(value, bool) else value for value in astuple(entry)]


@cache
def _load_chinese() -> dict[str, Any]:
    facts: dict[str, Any] = yaml.safe_load(_CHINESE.read_text("utf-8"))
    return facts
