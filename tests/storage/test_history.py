"""What is replaced stays: old versions of reports, and the cells that changed with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from storage.lake import read_table
from storage.schema import CELL_CHANGES, CELLS, REPORT_VERSIONS, REPORTS
from storage.store import store_reports

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
ONE, TWO = ("r1", 2021, "CN-JX"), ("r2", 2021, "CN-JX")
MakeFrames = Callable[..., Any]


def test_what_is_new_or_the_same_leaves_no_history(tmp_path: Path, make_frames: MakeFrames) -> None:
    """A first version replaces nothing, nor does the same text with other findings."""
    store_reports(tmp_path, make_frames([ONE, TWO]), FIRST)
    store_reports(tmp_path, make_frames([ONE, TWO], failed=["r1"]), SECOND)
    assert read_table(tmp_path, REPORTS)["verdict"].to_list() == ["invalid", "valid"]
    assert read_table(tmp_path, REPORT_VERSIONS).is_empty()
    assert read_table(tmp_path, CELL_CHANGES).is_empty()


def test_another_text_leaves_the_old_version_and_its_figures(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """Old figure, new figure and when: of the cells that changed and of no other."""
    store_reports(tmp_path, make_frames([ONE, TWO]), FIRST)
    corrected = make_frames([ONE], sha="b")
    corrected[CELLS] = corrected[CELLS].with_columns(
        value=pl.when(pl.col("row") == "row_0")
        .then(Decimal(7))
        .otherwise("value")
        .cast(CELLS.schema["value"])
    )
    store_reports(tmp_path, corrected, SECOND)
    (version,) = read_table(tmp_path, REPORT_VERSIONS).rows(named=True)
    assert version["report_id"] == "r1"
    assert (version["version"], version["source_sha256"], version["cause"]) == (1, "a", "new_bytes")
    assert (version["cells_changed"], version["replaced_at"]) == (1, SECOND)
    (change,) = read_table(tmp_path, CELL_CHANGES).rows(named=True)
    assert (change["report_id"], change["row"]) == ("r1", "row_0")
    assert (change["old_value"], change["value"]) == (Decimal("1.5"), Decimal(7))
    assert (change["changed_at"], change["cause"]) == (SECOND, "new_bytes")
    assert read_table(tmp_path, REPORTS).filter(report_id="r1")["version"].item() == 2


def test_another_reading_of_the_same_text_is_told_apart(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """The same bytes read otherwise are a change of the reader; a cell may come or go."""
    store_reports(tmp_path, make_frames([ONE], cells=3), FIRST)
    store_reports(tmp_path, make_frames([ONE], cells=4), SECOND)
    (version,) = read_table(tmp_path, REPORT_VERSIONS).rows(named=True)
    assert (version["cause"], version["cells_changed"]) == ("new_reader", 1)
    (change,) = read_table(tmp_path, CELL_CHANGES).rows(named=True)
    assert (change["row"], change["old_status"], change["status"]) == ("row_3", None, "read")
    store_reports(tmp_path, make_frames([ONE], cells=3), THIRD)
    changes = read_table(tmp_path, CELL_CHANGES)
    assert changes["changed_at"].to_list() == [SECOND, THIRD]
    assert changes["status"].to_list() == ["read", None]
    assert read_table(tmp_path, REPORT_VERSIONS).height == 2


def test_history_outlives_a_withdrawn_report(tmp_path: Path, make_frames: MakeFrames) -> None:
    """A report that goes leaves its last version; others keep theirs."""
    store_reports(tmp_path, make_frames([ONE, TWO]), FIRST)
    store_reports(tmp_path, make_frames([ONE], sha="b"), SECOND)
    store_reports(tmp_path, make_frames([TWO]), THIRD, withdrawn=["r1"])
    versions = read_table(tmp_path, REPORT_VERSIONS)
    assert versions.select("report_id", "cause").rows() == [
        ("r1", "new_bytes"),
        ("r1", "withdrawn"),
    ]
    assert versions["cells_changed"].to_list() == [0, None]
    assert read_table(tmp_path, REPORTS)["report_id"].to_list() == ["r2"]


def test_a_report_that_moves_is_compared_with_what_it_was(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """Its old figures stand in another partition; a move alone changes no cell."""
    store_reports(tmp_path, make_frames([ONE, TWO]), FIRST)
    store_reports(tmp_path, make_frames([("r1", 2021, "CN-FJ")]), SECOND)
    assert read_table(tmp_path, CELL_CHANGES).is_empty()
    store_reports(tmp_path, make_frames([("r1", 2021, "CN-JX")], value="9"), THIRD)
    changes = read_table(tmp_path, CELL_CHANGES)
    assert changes.select("region", "report_id", "old_value", "value").rows() == [
        ("CN-JX", "r1", Decimal("1.5"), Decimal(9)),
        ("CN-JX", "r1", Decimal("1.5"), Decimal(9)),
    ]


def test_a_report_without_stored_cells_has_no_change_of_cells(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """What could not be read before, or whose file was lost, told no figure to replace."""
    store_reports(tmp_path, make_frames([ONE], cells=0), FIRST)
    store_reports(tmp_path, make_frames([ONE], cells=3), SECOND)
    assert read_table(tmp_path, CELL_CHANGES).is_empty()
    assert read_table(tmp_path, REPORT_VERSIONS).is_empty()
