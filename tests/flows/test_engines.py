"""Promises of reading on an engine: wherever archived pages are read, the lake is the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from prefect.settings import PREFECT_API_URL

from flows import check as check_flow
from flows import engines
from flows.check import CheckParameters, check
from flows.engines import open_reading
from flows.reading import read_all
from storage.access import hold_data
from storage.checksums import SUMS
from storage.folder import StorageError
from storage.handover import take_over
from storage.settings import DASK, WORK_POOL, Settings, load_settings
from tasks import parts
from tasks.parts import cut_parts, decode_batch, encode_batch, read_handed
from tasks.reading.batch import Origin, ReadBatch
from tasks.reading.joining import group_pages, join_batches
from tasks.stored import list_archived

ROOT = Path(__file__).resolve().parents[2]
PREFECT = Path(sys.executable).with_name("prefect")
POOL = "test-engines"
Groups = list[list[Origin]]


def _read(settings: Settings, groups: Groups) -> ReadBatch:
    with open_reading(settings, pages_per_task=25) as read:
        return join_batches(read(groups))


def _is_same(one: ReadBatch, other: ReadBatch) -> bool:
    return (
        one.reports.equals(other.reports)
        and one.documents.equals(other.documents)
        and one.details.keys() == other.details.keys()
        and all(
            frame.sort(pl.all()).equals(other.details[name].sort(pl.all()))
            for name, frame in one.details.items()
        )
    )


def _read_in_turn(place: str, run: str, names: list[str]) -> None:
    for number in range(len(names)):
        read_handed(place, run, number)


@pytest.fixture(scope="module")
def here(sample_runs: Any) -> tuple[Settings, Groups, ReadBatch]:
    """Read some archived pages of the sample in processes of this machine."""
    settings = load_settings(sample_runs.folder, environment={"GOUJI_WORKERS": "2"})
    groups = group_pages(list_archived(settings.data))[:40]
    return settings, groups, _read(settings, groups)


def test_parts_are_cut_by_region_and_year(sample_runs: Any) -> None:
    """Every page is in one part with its attachments, and parts go by region and year."""
    groups = group_pages(list_archived(sample_runs.folder))
    cut = cut_parts(groups, sample_runs.folder, 10)
    found = [group for part in cut for group in part.groups]
    assert sorted(group[0].url for group in found) == sorted(group[0].url for group in groups)
    assert sorted(map(len, found)) == sorted(map(len, groups))
    assert {len(part.groups) for part in cut[:-1]} == {10}
    names = [part.name for part in cut]
    assert names == sorted(names)
    assert names[0] == "CN-AH 2019"
    assert "CN-JX 2021" in {part.name for part in cut_parts(groups, sample_runs.folder, 1)}


def test_a_batch_comes_back_as_it_was(here: tuple[Settings, Groups, ReadBatch]) -> None:
    """What a helper hands back has every row, column and type."""
    batch = here[2]
    back = decode_batch(encode_batch(batch))
    assert back.reports.equals(batch.reports)
    assert back.documents.schema == batch.documents.schema
    assert {name: frame.schema for name, frame in back.details.items()} == {
        name: frame.schema for name, frame in batch.details.items()
    }
    assert _is_same(back, batch)


def test_read_elsewhere_is_read_alike(
    here: tuple[Settings, Groups, ReadBatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that are handed over give what they give here, and nothing is left behind."""
    settings, groups, batch = here
    monkeypatch.setattr(engines, "_run_on_pool", _read_in_turn)
    monkeypatch.setenv("GOUJI_WORKERS", "1")
    assert _is_same(_read(replace(settings, engine=WORK_POOL), groups), batch)
    assert not (settings.data / "handover").exists()


def test_helpers_need_nothing_but_the_bucket(
    here: tuple[Settings, Groups, ReadBatch],
    s3_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Where the data folder is in a bucket, a machine without a copy of it reads its part."""
    settings, groups, _ = here
    there = replace(load_settings(s3_url), engine=WORK_POOL)
    groups = groups[:6]
    with hold_data(there):
        shutil.copytree(settings.data / "archive", there.data / "archive")
    helper = tmp_path / "helper"

    def read_on_another_machine(place: str, run: str, names: list[str]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GOUJI_WORKING_COPIES", str(helper))
            patch.setenv("GOUJI_WORKERS", "1")
            _read_in_turn(place, run, names)

    parts._keep_workers.cache_clear()  # its process knows another environment
    monkeypatch.setattr(engines, "_run_on_pool", read_on_another_machine)
    assert _is_same(_read(there, groups), _read(settings, groups))
    pages = {page.sha256 for group in groups for page in group}
    kept = {path.name for path in helper.rglob("*") if path.name in pages}
    assert kept == pages


def test_a_part_that_is_gone_is_named(tmp_path: Path) -> None:
    """A helper that does not see the data folder says what several machines need."""
    with pytest.raises(StorageError, match="several machines need a shared folder"):
        take_over(load_settings(tmp_path), "run", "0.json")


@pytest.mark.parametrize("last", ["Failed", "Crashed", "Cancelled"])
def test_a_part_that_failed_ends_the_run(monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """A run that waits for parts ends when one of them failed, and names it."""
    states = {uuid4(): "Completed", uuid4(): last}
    started = iter(states)

    @contextmanager
    def open_client(**_: object) -> Iterator[Any]:
        yield SimpleNamespace(read_flow_run=lambda run_id: SimpleNamespace(state=_state(run_id)))

    def _state(run_id: Any) -> Any:
        name = states[run_id]
        is_completed = name == "Completed"
        return SimpleNamespace(name=name, is_completed=lambda: is_completed, is_final=lambda: True)

    monkeypatch.setattr(engines, "get_client", open_client)
    monkeypatch.setattr(
        engines, "run_deployment", lambda *_, **__: SimpleNamespace(id=next(started))
    )
    with pytest.raises(RuntimeError, match=rf"reading CN-JX 2022: expected .* found it {last}"):
        engines._run_on_pool("data", "run", ["CN-JX 2021", "CN-JX 2022"])


def test_an_unknown_engine_is_refused() -> None:
    """The message names the engines there are."""
    with pytest.raises(ValueError, match="expected one of processes, dask, work-pool, found 'ray'"):
        load_settings(environment={"GOUJI_ENGINE": "ray"})


def test_without_the_extra_of_dask_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who has not installed the extra is told its name."""
    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    settings = load_settings(tmp_path, environment={"GOUJI_ENGINE": DASK})
    with pytest.raises(ValueError, match=r'pip install "gouji\[dask\]"'), open_reading(settings):
        pass


@contextmanager
def _two_workers(tmp_path: Path) -> Iterator[None]:
    """Deploy `read-part`, and run two process workers that take one run each at a time."""
    environment = os.environ | {
        "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        "GOUJI_HOME": str(ROOT),
        "PYTHONPATH": str(ROOT),
        "PATH": f"{PREFECT.parent}{os.pathsep}{os.environ['PATH']}",
        "GOUJI_WORKERS": "1",
    }

    def prefect(*words: str) -> list[str]:
        return [str(PREFECT), *words]

    deploy = prefect("--no-prompt", "deploy", "--name", "read-part", "--pool", POOL)
    for command in (prefect("work-pool", "create", POOL, "--type", "process"), deploy):
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    with ExitStack() as stack:
        for name in ("one", "two"):
            words = ("worker", "start", "--pool", POOL, "--name", name, "--limit", "1")
            log = stack.enter_context((tmp_path / f"{name}.log").open("w"))
            worker = stack.enter_context(
                subprocess.Popen(prefect(*words), cwd=ROOT, env=environment, stdout=log, stderr=log)
            )
            stack.callback(worker.terminate)
        yield
    for name in ("one", "two"):
        assert "completed successfully" in (tmp_path / f"{name}.log").read_text(), name


def _list_lake(data: Path) -> dict[str, bytes]:
    found = sorted((data / "lake").rglob("*.parquet"))
    return {str(path.relative_to(data)): path.read_bytes() for path in found}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("engine", ["processes", DASK, WORK_POOL])
def test_every_engine_gives_the_same_lake(
    sample_runs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, engine: str
) -> None:
    """Two workers and a two-process Dask cluster give, byte for byte, what one process gives."""
    data = tmp_path / "data"
    shutil.copytree(sample_runs.folder, data)
    expected = _list_lake(data)
    for table in (data / "lake").iterdir():
        if table.name not in ("reports", "findings"):  # which say since when they are as they are
            shutil.rmtree(table)
    (data / SUMS).unlink()  # what is gone is no damage then
    monkeypatch.setenv("GOUJI_ENGINE", engine)
    monkeypatch.setenv("GOUJI_WORKERS", "1" if engine == "processes" else "2")
    monkeypatch.setattr(check_flow, "read_all", lambda pages, at: read_all(pages, at, 20))
    with ExitStack() as stack:
        if engine == WORK_POOL:
            stack.enter_context(_two_workers(tmp_path))
        check(CheckParameters(data=str(data), read_again=True))
    assert _list_lake(data) == expected
