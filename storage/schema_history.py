"""Which versions each table has had: `schema_versions.yaml`, held to what is declared now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from storage.schema import Table

_FILE = Path(__file__).with_name("schema_versions.yaml")


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A version of a table: what it changed, and the fingerprint of its declaration."""

    note: str
    fingerprint: str


@cache
def load_history() -> dict[str, tuple[TableVersion, ...]]:
    """Load the versions of every table, the first one first, by name of the table."""
    listed = yaml.safe_load(_FILE.read_text("utf-8"))
    return {
        name: tuple(TableVersion(**version) for version in versions)
        for name, versions in listed.items()
    }


def fingerprint_table(table: Table) -> str:
    """Digest all that a table declares: its key, and name, type, unit and meanings of columns."""
    declared = {
        "name": table.name,
        "row_per": table.row_per,
        "key": table.key,
        "columns": [
            [column.name, str(column.dtype), column.meaning, column.null, column.unit, column.since]
            for column in table.columns
        ],
    }
    text = json.dumps(declared, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def find_undeclared(table: Table, versions: tuple[TableVersion, ...]) -> str | None:
    """Say what is missing where a table changed without a version and a note; None: nothing."""
    found = fingerprint_table(table)
    if len(versions) == table.version and versions[-1].fingerprint == found:
        return None
    return (
        f"table {table.name}: expected version {table.version} with fingerprint {found} as the "
        f"last entry of storage/schema_versions.yaml, found {len(versions)} versions, the last "
        f"with {versions[-1].fingerprint if versions else 'none'}. After a change of the "
        "declaration raise its version, set `since` of new columns to it, and add the entry "
        "with a note."
    )
