"""`datapackage.json`: the flat files as a Frictionless data package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tasks.publishing.dictionary import Description, Entry

TABLE_SCHEMA = {
    "string": {"type": "string"},
    "int32": {"type": "integer"},
    "int64": {"type": "integer"},
    "decimal128(20, 6)": {"type": "number"},
    "bool": {"type": "boolean"},
    "date32[day]": {"type": "date"},
    "timestamp[us, tz=UTC]": {"type": "datetime"},
    "list<element: string>": {"type": "array"},
    "list<element: uint32>": {"type": "array"},
}


def describe_package(
    data: Path, described: Sequence[Description], files: Collection[str]
) -> dict[str, Any]:
    """Describe the flat files as a data package.

    Args:
        data: The data folder, where the description is to stand.
        described: The tables.
        files: The flat files, relative to the data folder.

    Returns:
        The descriptor, ready for JSON.
    """
    found = {description.table.name: description for description in described}
    resources = []
    for file in files:
        path = data / file
        describe = _describe_sheet if path.suffix == ".csv" else _describe_resource
        resources.append(describe(data, found[path.stem], path))
    return {
        "profile": "data-package",
        "name": "gouji",
        "title": "gouji",
        "description": "Annual reports on government information disclosure, read and checked. "
        "Every figure has a status, every report a verdict; a null is never 0.",
        "resources": resources,
    }


def write_json(descriptor: dict[str, Any]) -> bytes:
    """Write a descriptor as JSON."""
    return (json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n").encode()


def _describe_resource(data: Path, description: Description, path: Path) -> dict[str, Any]:
    return {
        **_describe_file(data, description.table.name, description, path),
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "rows": pq.read_metadata(path).num_rows,
        "schema": {
            "fields": [_describe_field(entry) for entry in description.entries],
            "primaryKey": list(description.table.key),
            "missingValues": [""],
        },
    }


def _describe_sheet(data: Path, description: Description, path: Path) -> dict[str, Any]:
    fields = [
        {**_describe_field(entry), "name": entry.title_zh, "title": entry.column}
        for entry in description.entries
        if entry.column in description.table.frame_schema
    ]
    titles = {entry.column: entry.title_zh for entry in description.entries}
    return {
        **_describe_file(data, f"{description.table.name}-csv", description, path),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8-sig",
        "dialect": {"csv": {"lineTerminator": "\r\n"}},
        "schema": {
            "fields": fields,
            "primaryKey": [titles[name] for name in description.table.key],
            "missingValues": [""],
        },
    }


def _describe_file(data: Path, name: str, description: Description, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "name": name.replace("_", "-"),
        "type": "table",
        "title": description.title_zh,
        "description": f"One row per {description.table.row_per}.",
        "path": path.relative_to(data).as_posix(),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest}",
    }


def _describe_field(entry: Entry) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": entry.column,
        **TABLE_SCHEMA[entry.type],
        "title": entry.title_zh,
        "description": entry.meaning if not entry.null else f"{entry.meaning}. Null: {entry.null}",
    }
    if not entry.null:
        described["constraints"] = {"required": True}
    if entry.unit:
        described["unit"] = entry.unit
    return described
