"""What each run did: one small JSON file a run in `<data>/runs`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from storage.folder import explain_os_errors, prepare_folder, replace_file
from storage.json_file import read_json

FAILED = "failures"  # the count of a run's failures of ours


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One finished run. Instants are UTC; `files` are those of the lake that it replaced."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    parameters: dict[str, JsonValue]
    counts: dict[str, int]
    files: tuple[str, ...]


_RECORD = TypeAdapter(RunRecord)


def write_run(data: Path, record: RunRecord) -> Path:
    """Write the record of a run and return its path; a second one of the same run replaces it.

    Raises:
        StorageError: the folder cannot be written.
    """
    stamp = record.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    path = data / "runs" / f"{stamp}-{record.run_id}.json"
    prepare_folder(data)
    with explain_os_errors(data):
        replace_file(path, _RECORD.dump_json(record, indent=2))
    return path


def list_runs(data: Path) -> tuple[RunRecord, ...]:
    """Return the records of all runs, the earliest first; none where there is no such folder.

    Raises:
        StorageError: a record is damaged.
    """
    return tuple(_read_run(path) for path in _list_files(data))


def last_success(data: Path) -> RunRecord | None:
    """Return the record of the last run without a failure of ours, or None."""
    records = (_read_run(path) for path in reversed(_list_files(data)))
    return next((record for record in records if not record.counts.get(FAILED)), None)


def _list_files(data: Path) -> list[Path]:
    return sorted((data / "runs").glob("[0-9]*.json"))


def _read_run(path: Path) -> RunRecord:
    return read_json(path, _RECORD, "the record of a run", "Move the file away.")
