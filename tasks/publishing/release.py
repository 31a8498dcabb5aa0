"""Make a release: an immutable snapshot, and what is otherwise in it than in the one before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from storage.lake import list_partitions, locate_file
from storage.parquet import write_file
from storage.releases import FACTS, list_releases, locate_release, open_release
from storage.schema import RELEASE_CELLS, RELEASE_REPORTS
from tasks.publishing.dictionary import describe_tables, render_page, write_csv
from tasks.publishing.difference import compare_lakes
from tasks.stamps import name_reader, name_rules

CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was made: its folder, and the facts that `release.json` says of it.

    `difference` counts reports and cells by what became of them since the `previous` release,
    and changed reports by why; None for the first release.
    """

    folder: Path
    name: str
    previous: str | None
    rows: dict[str, int]
    difference: dict[str, dict[str, int]] | None


def make_release(data: Path, name: str, now: datetime) -> Release:
    """Copy the lake into `<data>/releases/<name>` and compare it with the last release.

    Beside the tables it holds the data dictionary, `release.json`, `SHA256SUMS` and in
    `changes/` the tables of what changed. The caller sees to it that no run stores meanwhile.

    Raises:
        StorageError: the name is taken or none for a folder, nothing is stored, a stored file
            is damaged, or the folder cannot be written.
    """
    earlier = list_releases(data)
    last = earlier[-1] if earlier else None
    rules = name_rules()
    facts: dict[str, Any] = {
        "name": name,
        "released_at": now.astimezone(UTC).isoformat(),
        "reader": name_reader(),
        "rules": rules,
        "tables": {},
        "previous": last["name"] if last else None,
        "difference": None,
    }
    with open_release(data, name) as folder:
        facts["tables"] = _describe_tables(folder)
        described = describe_tables()
        (folder / "data_dictionary.csv").write_bytes(write_csv(described))
        (folder / "data_dictionary.html").write_bytes(render_page(described))
        if last:
            before = locate_release(data, last["name"])
            found = compare_lakes(before, folder, last["rules"] != rules)
            (folder / CHANGES).mkdir()
            write_file(folder / CHANGES / "reports.parquet", RELEASE_REPORTS, found.reports)
            write_file(folder / CHANGES / "cells.parquet", RELEASE_CELLS, found.cells)
            facts["difference"] = found.counts
        content = json.dumps(facts, ensure_ascii=False, indent=1)
        (folder / FACTS).write_text(content + "\n", "utf-8")
    return Release(
        folder=locate_release(data, name),
        name=name,
        previous=facts["previous"],
        rows={table: found["rows"] for table, found in facts["tables"].items()},
        difference=facts["difference"],
    )


def _describe_tables(data: Path) -> dict[str, dict[str, int]]:
    """Count the rows of every table of the lake, and name its version."""
    return {
        found.table.name: {
            "version": found.table.version,
            "rows": sum(
                pq.read_metadata(data / locate_file(found.table, place)).num_rows
                for place in list_partitions(data, found.table)
            ),
        }
        for found in describe_tables()
        if found.is_in_lake
    }
