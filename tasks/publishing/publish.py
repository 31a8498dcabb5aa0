"""Renew what stands beside the lake for its readers, where the lake has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from expectations.wide import WIDE
from storage.flat import FLAT, digest_inputs, write_flat, write_sheet
from storage.folder import explain_os_errors, replace_file
from storage.lake import list_partitions
from storage.migration import migrate_lake
from storage.schema import REPORTS, Table
from tasks.publishing.dictionary import describe_tables, render_page, write_csv
from tasks.publishing.package import describe_package, write_json
from tasks.publishing.views import build_database, write_views

DATABASE = "gouji.duckdb"
PACKAGE = "datapackage.json"
_STATE = Path(FLAT, ".inputs.json")


@dataclass(frozen=True, slots=True)
class _Plan:
    """A file to publish: its table, the digest of what it is made of, and how to write it."""

    table: Table
    digest: str
    write: Callable[[Path], object]


def publish_files(data: Path) -> tuple[str, ...]:
    """Write the flat files, the dictionary, the data package and the DuckDB views anew.

    `flat/<table>.parquet`, `flat/wide.csv`, `data_dictionary.csv`, `data_dictionary.html`,
    `datapackage.json` and `gouji.duckdb`, each put in place at once, and only if its content
    may have changed. Files of the lake that an earlier version of a table wrote are brought to
    the present one first. The caller sees to it that no run stores meanwhile.

    Returns:
        The files written, relative to the data folder; those of the lake too.

    Raises:
        StorageError: a stored file is damaged, or the folder cannot be written.
    """
    before = _read_state(data)
    with explain_os_errors(data):
        planned = _plan_files(data)
        stale = {plan.table for name, plan in planned.items() if before.get(name) != plan.digest}
        written = list(migrate_lake(data, sorted(stale, key=lambda table: table.name)))
        planned = _plan_files(data) if written else planned
        for name, plan in planned.items():
            if before.get(name) != plan.digest or not (data / name).is_file():
                plan.write(data / name)
                written.append(name)
        statements = write_views(describe_tables(), data)
        state = {name: plan.digest for name, plan in planned.items()}
        state[DATABASE] = hashlib.sha256("\n".join(statements).encode()).hexdigest()
        if before.get(DATABASE) != state[DATABASE] or not (data / DATABASE).is_file():
            _put_in_place(data / DATABASE, partial(build_database, statements=statements))
            written.append(DATABASE)
        written += _write_documents(data, planned, bool(written))
        if before != state:
            replace_file(data / _STATE, json.dumps(state, indent=1).encode())
    return tuple(written)


def _plan_files(data: Path) -> dict[str, _Plan]:
    """Plan the flat files of all tables of the lake; none where nothing is stored."""
    if not list_partitions(data, REPORTS):
        return {}
    planned = {}
    for found in describe_tables():
        table = found.table
        if not found.is_in_lake:
            continue
        digest = digest_inputs(data, table)
        write = partial(write_flat, data, table)
        planned[f"{FLAT}/{table.name}.parquet"] = _Plan(table, digest, write)
        if table is WIDE:
            titles = {entry.column: entry.title_zh for entry in found.entries}
            sheet = partial(write_sheet, data, table, titles)
            planned[f"{FLAT}/{table.name}.csv"] = _Plan(table, digest, sheet)
    return planned


def _write_documents(data: Path, planned: Mapping[str, _Plan], is_changed: bool) -> list[str]:
    """Write what says what the files hold, where it says something else now."""
    described = describe_tables()
    documents = {
        "data_dictionary.csv": write_csv(described),
        "data_dictionary.html": render_page(described),
    }
    if is_changed or not (data / PACKAGE).is_file():
        documents[PACKAGE] = write_json(describe_package(data, described, planned))
    changed = [
        name
        for name, content in documents.items()
        if not (data / name).is_file() or (data / name).read_bytes() != content
    ]
    for name in changed:
        replace_file(data / name, documents[name])
    return changed


def _put_in_place(target: Path, make: Callable[[Path], None]) -> None:
    """Make a file beside its place and put it there at once."""
    beside = target.with_name(f".{target.name}-{uuid4().hex}")
    try:
        make(beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _read_state(data: Path) -> dict[str, str]:
    """Read what the files were made of; what cannot be read makes all files anew."""
    try:
        found = json.loads((data / _STATE).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
