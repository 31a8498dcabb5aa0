"""Promises of collecting piece by piece: planned at no cost, and gone on with where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from flows.backfill import BackfillError, BackfillParameters, backfill, plan_backfill
from flows.collect import CollectParameters, collect
from flows.failing import RunFailedError
from flows.summary import RunSummary
from storage.documents import read_documents
from storage.runs import list_runs
from storage.settings import load_settings
from tasks.backfilling import plan_pieces
from tasks.fetching.limits import choose_limits
from tasks.fetching.source import load_sources
from tests.tasks.fetching.simulator.families import FAMILIES, tell_the_truth
from tests.tasks.fetching.simulator.server import serve

pytestmark = pytest.mark.usefixtures("lake_alone")

REGIONS = ["CN-AH", "CN-FJ"]
NAMES = [f"{region} list" for region in REGIONS]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder whose source list names a column of reports of each of two regions."""
    for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES", "GOUJI_ROSTER"):
        monkeypatch.delenv(name, raising=False)
    site = FAMILIES["trs"](2, tell_the_truth)
    data = tmp_path / "data"
    data.mkdir()
    addresses = ["127.0.9.1", "127.0.9.2"]
    with serve(dict.fromkeys(addresses, site)) as simulator:
        entries = [
            {
                "name": name,
                "url": simulator.url(address, site.column),
                "region": region,
                "local": True,
            }
            for name, region, address in zip(NAMES, REGIONS, addresses, strict=True)
        ]
        (data / "sources.yaml").write_text(yaml.safe_dump({"sources": entries}), "utf-8")
        yield data


def test_a_stopped_backfill_goes_on_where_it_stopped(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece that fails on our side costs itself; started again, only that one is collected.

    Then a plan knows the pages and their least time, and collects nothing.
    """
    asked: list[list[str]] = []

    def fail_once(parameters: CollectParameters) -> RunSummary:
        asked.append(parameters.sources)
        if len(asked) == 1:
            failed: Any = SimpleNamespace(failures=("a bug",))
            raise RunFailedError(failed)
        return collect(parameters)

    monkeypatch.setattr("flows.backfill.collect", fail_once)
    parameters = BackfillParameters(data=str(data))
    with pytest.raises(BackfillError, match=REGIONS[0]) as raised:
        backfill(parameters)
    assert "a bug" in str(raised.value)
    assert REGIONS[1] not in str(raised.value)
    assert set(read_documents(data)["source"]) == {NAMES[1]}

    assert [piece.is_done for piece in backfill(parameters)] == [False, True]
    assert asked == [[name] for name in (*NAMES, NAMES[0])]
    assert set(read_documents(data)["source"]) == set(NAMES)

    runs = len(list_runs(data))
    pieces = backfill(BackfillParameters(data=str(data), fresh_days=0, dry_run=True))
    assert [(piece.is_done, piece.unknown, piece.hosts) for piece in pieces] == [(False, 0, 1)] * 2
    assert all(piece.pages >= 2 for piece in pieces)
    slow = replace(choose_limits(load_settings(str(data))), loopback_delay_seconds=3.0)
    sources = load_sources(data / "sources.yaml")
    for piece in plan_pieces(sources, [], data, slow):
        assert piece.seconds == piece.pages * 3.0
    assert len(list_runs(data)) == runs
    chosen = BackfillParameters(data=str(data), regions=[REGIONS[0]])
    assert [piece.is_done for piece in plan_backfill(chosen, datetime.now(UTC))] == [True]


def test_years_in_the_wrong_order_are_refused(data: Path) -> None:
    """The message names both years."""
    parameters = BackfillParameters(data=str(data), first_year=2023, last_year=2022)
    with pytest.raises(ValueError, match="2023 and 2022"):
        plan_backfill(parameters, datetime.now(UTC))
