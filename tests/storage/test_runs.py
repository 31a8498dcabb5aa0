"""Promises of the run records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from storage.folder import StorageError
from storage.runs import RunRecord, last_success, list_runs, write_run

START = datetime(2026, 2, 1, 2, 0, tzinfo=UTC)


def _record(run_id: str, started_at: datetime) -> RunRecord:
    return RunRecord(
        run_id=run_id,
        started_at=started_at,
        finished_at=started_at + timedelta(minutes=3),
        parameters={"source": ["https://example.test/"], "year": None},
        counts={"read": 60, "invalid": 8},
        files=("lake/cells/year=2021/region=CN-JX/part.parquet",),
    )


def test_runs_are_listed_by_time(tmp_path: Path) -> None:
    """Records come back as written, the earliest first, in whatever zone they were started."""
    shanghai = timezone(timedelta(hours=8))
    second = _record("b", START)
    first = _record("a", (START - timedelta(hours=1)).astimezone(shanghai))
    for record in (second, first):
        write_run(tmp_path, record)
    assert list_runs(tmp_path) == (first, second)
    assert last_success(tmp_path) == second


def test_a_folder_without_runs_has_none(tmp_path: Path) -> None:
    """Before the first run there is no record and no error."""
    assert list_runs(tmp_path / "missing") == ()
    assert last_success(tmp_path / "missing") is None


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    """A record that cannot be understood is reported with its path."""
    path = write_run(tmp_path, _record("a", START))
    path.write_text('{"run_id": "a"}', encoding="utf-8")
    with pytest.raises(StorageError, match=rf"{path.name}: expected the record of a run"):
        list_runs(tmp_path)
