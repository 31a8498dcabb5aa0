"""The same archive, reader and rules give the same bytes, whoever reads and in whatever order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.reading import read_all
from storage.checksums import list_files
from storage.schema import REPORTS
from storage.settings import load_settings
from storage.together import find_mixed
from tasks.check import check_reports
from tasks.known import gather_known
from tasks.policy import NO_POLICY
from tasks.reading.batch import Origin
from tasks.store import store_checked
from tasks.stored import list_archived

if TYPE_CHECKING:
    from tests.flows.conftest import SampleRuns

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def build_lake(
    folder: Path, archive: Path, origins: Sequence[Origin], workers: int
) -> dict[str, bytes]:
    """Read, check and store archived pages at one instant; the bytes of every file by name."""
    folder.mkdir()
    (folder / "archive").symlink_to(archive, target_is_directory=True)
    settings = load_settings(str(folder))
    settings = replace(settings, reading=replace(settings.reading, workers=workers))
    batch = read_all(origins, settings, pages_per_task=20 // workers)
    known = gather_known(settings, documents=batch.documents)
    enforced = check_reports(batch.reports, batch.details, folder, known, NO_POLICY, NOW)
    store_checked(enforced.checked, batch.documents, frozenset(), folder, NOW)
    return {str(name): (folder / name).read_bytes() for name in list_files(folder)}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_workers_and_order_do_not_show_in_the_bytes(
    sample_runs: SampleRuns, tmp_path: Path
) -> None:
    """One worker and two, given the pages of the sample site in other orders, agree in all."""
    origins = list_archived(sample_runs.folder)
    shuffled = random.Random(11).sample(origins, len(origins))
    archive = (sample_runs.folder / "archive").resolve()
    alone = build_lake(tmp_path / "alone", archive, origins, workers=1)
    both = build_lake(tmp_path / "both", archive, shuffled, workers=2)
    assert sum(name.startswith("lake/reports/") for name in alone) > 5
    assert sorted(alone) == sorted(both)
    assert [name for name, content in alone.items() if both[name] != content] == []
    assert find_mixed(tmp_path / "alone", [REPORTS]) == ()
