"""A release is a snapshot that stays, with what changed since the one before, and why."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from storage.checksums import read_sums
from storage.folder import StorageError
from storage.schema import CELLS, list_history, list_tables
from storage.store import store_reports
from tasks.publishing import release
from tasks.publishing.release import make_release
from tests.storage.conftest import make_frames

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ONE, TWO, THREE = ("r1", 2021, "CN-JX"), ("r2", 2021, "CN-JX"), ("r3", 2022, "CN-FJ")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with three reports and a release of them."""
    store_reports(tmp_path, make_frames([ONE, TWO, THREE]), NOW)
    make_release(tmp_path, "first", NOW)
    return tmp_path


def test_a_release_is_the_lake_with_its_checksums(data: Path) -> None:
    """Every file of the lake is there, byte for byte; `sha256sum` finds all as it was made."""
    folder = data / "releases/first"
    for path in (data / "lake").rglob("*.parquet"):
        assert (folder / path.relative_to(data)).read_bytes() == path.read_bytes()
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True
    )
    assert done.returncode == 0
    listed = {str(path) for path in read_sums(folder)}
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert listed == found - {"SHA256SUMS"}
    assert not any(path.stat().st_mode & 0o222 for path in folder.rglob("*") if path.is_file())


def test_the_first_release_has_nothing_to_compare(tmp_path: Path) -> None:
    """There is no difference then, and every table is counted."""
    store_reports(tmp_path, make_frames([ONE]), NOW)
    made = make_release(tmp_path, "first", NOW)
    assert made.difference is None and made.previous is None
    assert {table.name for table in (*list_tables(), *list_history())} <= set(made.rows)
    assert (made.rows["reports"], made.rows["cells"]) == (1, 3)


def test_later_runs_do_not_touch_a_release(data: Path) -> None:
    """What is stored afterwards is in the lake and not in the release; its name is taken."""
    before = read_sums(data / "releases/first")
    store_reports(data, make_frames([ONE], sha="b", value="9"), LATER)
    assert read_sums(data / "releases/first") == before
    with pytest.raises(StorageError, match="this release exists"):
        make_release(data, "first", LATER)
    assert [path.name for path in (data / "releases").iterdir()] == ["first"]


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "版本"])
def test_a_name_that_is_none_for_a_folder_is_refused(data: Path, name: str) -> None:
    """The message says which characters are expected."""
    with pytest.raises(StorageError, match="expected a name of letters, digits"):
        make_release(data, name, LATER)


def test_a_damaged_file_is_not_released(data: Path) -> None:
    """A file that is not as it was written stops the release, and leaves nothing of it."""
    path = next((data / "lake/cells").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(StorageError, match="gouji check --files"):
        make_release(data, "second", LATER)
    assert [path.name for path in (data / "releases").iterdir()] == ["first"]


def _correct(data: Path) -> None:
    store_reports(data, make_frames([ONE], sha="b", value="9"), LATER)


def _read_otherwise(data: Path) -> None:
    frames = make_frames([ONE])
    frames[CELLS] = frames[CELLS].with_columns(
        value=pl.when(pl.col("row") == "row_0")
        .then(Decimal(4))
        .otherwise("value")
        .cast(CELLS.schema["value"])
    )
    store_reports(data, frames, LATER)


def _judge_otherwise(data: Path) -> None:
    store_reports(data, make_frames([ONE], failed=["r1"]), LATER)


def _settle_region(data: Path) -> None:
    store_reports(data, make_frames([("r1", 2021, "CN-FJ")]), LATER)


Counts = dict[str, dict[str, int]]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (
            _correct,
            {"reports": {"changed": 1}, "cells": {"changed": 2}, "why": {"new_bytes": 1}},
        ),
        (
            _read_otherwise,
            {"reports": {"changed": 1}, "cells": {"changed": 1}, "why": {"new_reader": 1}},
        ),
        (_judge_otherwise, {"reports": {"changed": 1}, "cells": {}, "why": {"beside": 1}}),
        (_settle_region, {"reports": {"changed": 1}, "cells": {}, "why": {"new_reader": 1}}),
        (
            lambda data: store_reports(data, make_frames([("r4", 2022, "CN-FJ")]), LATER),
            {"reports": {"added": 1}, "cells": {"added": 3}, "why": {}},
        ),
        (
            lambda data: store_reports(data, make_frames([ONE]), LATER, withdrawn=["r2"]),
            {"reports": {"removed": 1}, "cells": {"removed": 3}, "why": {}},
        ),
        (lambda _: None, {"reports": {}, "cells": {}, "why": {}}),
    ],
    ids=["new bytes", "new reader", "judged", "moved", "added", "removed", "nothing"],
)
def test_the_difference_says_what_changed_and_why(
    data: Path, change: Callable[[Path], Any], counts: Counts
) -> None:
    """Reports and cells added, changed and removed are counted and listed with the reason."""
    change(data)
    made = make_release(data, "second", LATER)
    assert made.previous == "first"
    assert made.difference == counts
    reports = pl.read_parquet(made.folder / "changes/reports.parquet")
    cells = pl.read_parquet(made.folder / "changes/cells.parquet")
    assert reports.height == sum(counts["reports"].values())
    in_both = counts["reports"].get("changed", 0)
    assert cells.height == (sum(counts["cells"].values()) if in_both else 0)
    if change is _read_otherwise:
        (row,) = cells.rows(named=True)
        assert (row["old_value"], row["value"]) == (Decimal("1.5"), Decimal(4))
        assert (row["report_id"], row["row"], row["why"]) == ("r1", "row_0", "new_reader")


def test_new_rules_are_told_from_what_stands_beside_a_report(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged otherwise under other rules is the rules' doing."""
    monkeypatch.setattr(release, "name_rules", lambda: "other")
    _judge_otherwise(data)
    made = make_release(data, "second", LATER)
    assert made.difference is not None
    assert made.difference["why"] == {"new_rules": 1}


def test_the_last_release_is_what_is_compared_with(data: Path) -> None:
    """A third release is compared with the second, whatever their names."""
    _correct(data)
    make_release(data, "a-second", LATER)
    made = make_release(data, "third", LATER + timedelta(days=1))
    assert made.previous == "a-second"
    assert made.difference == {"reports": {}, "cells": {}, "why": {}}


def test_a_lost_release_does_not_hinder_the_next(data: Path) -> None:
    """Releases may be moved away; the next is then compared with what is left."""
    shutil.rmtree(data / "releases/first")
    assert make_release(data, "second", LATER).previous is None
