"""Runs that failed on our side and did not succeed since: `<data>/failures.json`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from storage.folder import explain_os_errors, prepare_folder, replace_file
from storage.json_file import read_json

FILE = "failures.json"


@dataclass(frozen=True, slots=True)
class Failure:
    """The last run of a flow, which failed: when (UTC), and why, one reason a line."""

    flow: str
    run_id: str
    failed_at: datetime
    reasons: tuple[str, ...]


_FAILURES = TypeAdapter(tuple[Failure, ...])


def read_failures(data: Path) -> tuple[Failure, ...]:
    """Read the failures, by flow; none where nothing failed.

    Raises:
        StorageError: the file is damaged.
    """
    path = data / FILE
    if not path.is_file():
        return ()
    return read_json(path, _FAILURES, "the failures of runs", "Delete the file.")


def note_failure(data: Path, failure: Failure) -> None:
    """Note that a flow failed, in place of what was noted of it.

    Raises:
        StorageError: the folder cannot be written.
    """
    others = tuple(one for one in read_failures(data) if one.flow != failure.flow)
    prepare_folder(data)
    _write(data, (*others, failure))


def forget_failure(data: Path, flow: str) -> None:
    """Forget that a flow failed, for it succeeded."""
    failures = read_failures(data)
    left = tuple(one for one in failures if one.flow != flow)
    if left != failures:
        _write(data, left)


def _write(data: Path, failures: tuple[Failure, ...]) -> None:
    ordered = tuple(sorted(failures, key=lambda one: one.flow))
    with explain_os_errors(data):
        replace_file(data / FILE, _FAILURES.dump_json(ordered, indent=2))
