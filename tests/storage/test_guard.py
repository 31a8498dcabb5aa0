"""Promises of the guard before publishing: no partition loses much without being looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from storage.guard import LossLimit, find_losses
from storage.lake import list_partitions, read_table
from storage.schema import CELLS, REPORTS, Table
from storage.store import store_reports

MakeFrames = Callable[..., dict[Table, pl.DataFrame]]

NOW = datetime(2026, 2, 1, tzinfo=UTC)
LIMIT = LossLimit(0.2)


def _reports(*figures: int, region: str = "CN-JX") -> pl.DataFrame:
    """Reports of one partition with so many figures each."""
    return pl.DataFrame(
        {
            "report_id": [f"r{number}" for number in range(len(figures))],
            "year": 2023,
            "region": region,
            "cells_read": figures,
            "cells_derived": 0,
        },
        schema_overrides={"report_id": pl.String, "year": pl.Int32, "region": pl.String}
        | dict.fromkeys(("cells_read", "cells_derived"), pl.Int32),
    )


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        pytest.param([100] * 10, [100] * 8, None, id="a fifth of the reports"),
        pytest.param([100] * 10, [125] * 7, "7 of 10 reports", id="more than a fifth"),
        pytest.param([100] * 10, [125] * 9, None, id="one of many"),
        pytest.param([100, 100], [200], None, id="one alone is no flood"),
        pytest.param([100], [], "0 of 100 figures", id="the only one"),
        pytest.param([100] * 10, [80] * 10, None, id="a fifth of the figures"),
        pytest.param([100] * 10, [79] * 10, "790 of 1000 figures", id="more of the figures"),
        pytest.param([100] * 5, [100] * 5 + [0] * 5, None, id="half the rate"),
        pytest.param([100] * 5, [100] * 5 + [0] * 6, "45 figures a report", id="under half"),
        pytest.param([100] * 4, [100] * 4 + [0] * 9, None, id="a rate over few"),
        pytest.param([0] * 6, [0] * 6, None, id="never a figure"),
        pytest.param([], [0] * 6, None, id="a new partition"),
    ],
)
def test_what_counts_as_a_loss(before: list[int], after: list[int], found: str | None) -> None:
    """Over a fifth of reports or figures, or half the fill rate; the reason gives the counts."""
    losses = find_losses(_reports(*before), _reports(*after), LIMIT)
    assert [found in loss.reason for loss in losses if found] == ([True] if found else [])
    assert bool(losses) == (found is not None)


def test_what_leaves_the_unresolved_is_no_loss() -> None:
    """Settling the regions of reports empties that partition, and is what one hopes for."""
    before = _reports(*[100] * 9, region="unresolved")
    assert find_losses(before, before.clear(), LIMIT) == ()
    assert find_losses(_reports(*[100] * 9), before.clear(), LIMIT) != ()


def test_an_accepted_loss_goes_on() -> None:
    """The partition named is let through, any other is not; without a limit all are."""
    before = _reports(*[100] * 9)
    assert find_losses(before, before.clear(), LossLimit(0.2, ["2023/CN-JX"])) == ()
    (loss,) = find_losses(before, before.clear(), LossLimit(0.2, ["2022/CN-JX"]))
    assert "0 of 9 reports (at most 20% may go)" in loss.message
    assert loss.message.endswith("--accept 2023/CN-JX")
    assert find_losses(before, before.clear(), LossLimit()) == ()


def test_only_the_losing_partition_is_left_alone(tmp_path: Path, make_frames: MakeFrames) -> None:
    """A run that loses one partition's figures still publishes the others, whole in every table."""
    places = [(f"r{number}", 2023, ("CN-JX", "CN-JS")[number % 2]) for number in range(6)]
    store_reports(tmp_path, _count(make_frames(places)), NOW)
    worse = make_frames(places, sha="b", value="2")
    is_jx = pl.col("region") == "CN-JX"
    worse[REPORTS] = worse[REPORTS].with_columns(
        cells_read=pl.when(is_jx).then(0).otherwise(3).cast(pl.Int32)
    )
    summary = store_reports(tmp_path, worse, NOW, limit=LIMIT)
    assert [loss.name for loss in summary.losses] == ["2023/CN-JX"]
    assert summary.held_back == {"r0", "r2", "r4"}
    assert (summary.replaced, summary.kept) == (3, 0)
    texts = read_table(tmp_path, REPORTS).select("region", "source_sha256").unique()
    assert dict(texts.rows()) == {"CN-JX": "a", "CN-JS": "b"}
    cells = read_table(tmp_path, CELLS).drop_nulls("value")
    assert {(row[0], str(row[1])) for row in cells.select("region", "value").unique().rows()} == {
        ("CN-JX", "1.500000"),
        ("CN-JS", "2.000000"),
    }


def test_a_report_that_would_move_is_seen_once(tmp_path: Path, make_frames: MakeFrames) -> None:
    """Where reports flee a partition, they stay there, and do not appear in another as well."""
    places = [(f"r{number}", 2023, "CN-JX") for number in range(4)]
    store_reports(tmp_path, _count(make_frames(places)), NOW)
    moved = [(name, year, "unresolved") for name, year, _ in places] + [("new", 2023, "CN-JS")]
    summary = store_reports(tmp_path, _count(make_frames(moved, sha="b")), NOW, limit=LIMIT)
    assert [loss.name for loss in summary.losses] == ["2023/CN-JX"]
    stored = read_table(tmp_path, REPORTS)
    assert sorted(stored.select("report_id", "region").rows()) == [
        ("new", "CN-JS"),
        *((name, "CN-JX") for name, _, _ in places),
    ]
    assert "unresolved" not in {partition.region for partition in list_partitions(tmp_path, CELLS)}
    accepted = LossLimit(0.2, ["2023/CN-JX"])
    summary = store_reports(tmp_path, _count(make_frames(moved, sha="b")), NOW, limit=accepted)
    assert summary.moved == 4
    assert summary.losses == ()


def test_a_withdrawn_report_stays_in_a_losing_partition(
    tmp_path: Path, make_frames: MakeFrames
) -> None:
    """What a run would drop is kept with the rest of the partition until the loss is accepted."""
    places = [(f"r{number}", 2023, "CN-JX") for number in range(4)]
    store_reports(tmp_path, _count(make_frames(places)), NOW)
    nothing = {table: frame.clear() for table, frame in make_frames(places).items()}
    summary = store_reports(tmp_path, nothing, NOW, ["r0", "r1", "r2"], limit=LIMIT)
    assert summary.withdrawn == 0
    assert summary.held_back == {"r0", "r1", "r2"}
    assert read_table(tmp_path, REPORTS).height == 4


def _count(frames: dict[Table, pl.DataFrame]) -> dict[Table, pl.DataFrame]:
    """Give each report three figures."""
    return {**frames, REPORTS: frames[REPORTS].with_columns(cells_read=pl.lit(3, pl.Int32))}
