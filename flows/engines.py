"""Read archived pages on an engine: processes of this machine, Dask, or workers of a pool."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from prefect import flow, get_client
from prefect.deployments import run_deployment

from flows.artifacts import publish_slowest
from storage.handover import open_handover
from storage.settings import DASK, PROCESSES, Settings
from tasks.parts import cut_parts, hand_part, read_part, take_reading
from tasks.progress import announce
from tasks.read import read_pages
from tasks.reading.batch import Origin, ReadBatch
from tasks.workers import Workers, open_workers

Groups: TypeAlias = Sequence[Sequence[Origin]]
ReadGroups: TypeAlias = Callable[[Groups], list[ReadBatch]]

DEPLOYMENT = "read-part/read-part"
POLL_SECONDS = 2.0


@contextmanager
def open_reading(settings: Settings, pages_per_task: int = 1000) -> Iterator[ReadGroups]:
    """Give what reads groups of archived pages, in tasks of so many each.

    `GOUJI_ENGINE` chooses where; what comes back is the same.

    Raises:
        ValueError: the engine is Dask, and its extra is not installed.
    """
    if settings.engine == PROCESSES:
        with open_workers(settings.reading) as workers:
            yield partial(_read_here, settings, workers, pages_per_task)
            publish_slowest(workers.slowest)
    else:
        run_parts = _make_dask_flow(settings) if settings.engine == DASK else _run_on_pool
        yield partial(_read_elsewhere, settings, run_parts, pages_per_task)


def _read_here(
    settings: Settings, workers: Workers, pages_per_task: int, groups: Groups
) -> list[ReadBatch]:
    batches: list[ReadBatch] = []
    for start in range(0, len(groups), pages_per_task):
        chunk = groups[start : start + pages_per_task]
        named = read_pages.with_options(task_run_name=f"read {start + 1}-{start + len(chunk)}")
        batches.extend(named(chunk, settings.data, workers))
    return batches


def _read_elsewhere(
    settings: Settings,
    run_parts: Callable[[str, str, list[str]], None],
    pages_per_task: int,
    groups: Groups,
) -> list[ReadBatch]:
    """Hand parts over, have them read, and take back what they gave."""
    if not groups:
        return []
    with open_handover(settings) as run:
        parts = cut_parts(groups, settings.data, pages_per_task)
        for number, part in enumerate(parts):
            hand_part(settings, run, number, part)
        run_parts(settings.place, run, [part.name for part in parts])
        batches = [take_reading(settings, run, number) for number in range(len(parts))]
    announce("read", sum(batch.documents.height for batch in batches), None)
    return batches


@flow(name="read-on-dask")
def read_on_dask(place: str, run: str, names: list[str]) -> None:
    """Read parts that were handed over as tasks of the flow's task runner."""
    futures = [
        read_part.with_options(task_run_name=f"read {name}").submit(place, run, number)
        for number, name in enumerate(names)
    ]
    for future in futures:
        future.result()


def _make_dask_flow(settings: Settings) -> Callable[[str, str, list[str]], Any]:
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise ValueError(
            "GOUJI_ENGINE: expected the extra that dask needs, found that it is not installed; "
            'run pip install "gouji[dask]", or unset GOUJI_ENGINE'
        ) from error
    if settings.dask_address is not None:
        return read_on_dask.with_options(task_runner=DaskTaskRunner(address=settings.dask_address))
    cluster = {"n_workers": settings.reading.workers, "threads_per_worker": 1}
    quiet = {"dashboard_address": None}
    return read_on_dask.with_options(task_runner=DaskTaskRunner(cluster_kwargs=cluster | quiet))


def _run_on_pool(place: str, run: str, names: list[str]) -> None:
    """Have a run of the deployment `read-part` for each part, and wait for all.

    Raises:
        RuntimeError: a run failed, or was cancelled.
    """
    waiting: dict[UUID, str] = {}
    for number, name in enumerate(names):
        parameters = {"data": place, "run": run, "number": number}
        started: Any = run_deployment(
            DEPLOYMENT,
            parameters={"parameters": parameters},
            flow_run_name=f"read {name}",
            timeout=0,
        )
        waiting[started.id] = name
    with get_client(sync_client=True) as client:
        while waiting:
            for run_id in list(waiting):
                state = client.read_flow_run(run_id).state
                if state is not None and state.is_completed():
                    del waiting[run_id]
                elif state is not None and state.is_final():
                    raise RuntimeError(_explain(waiting[run_id], run_id, state.name))
            time.sleep(POLL_SECONDS)


def _explain(name: str, run_id: UUID, state: str | None) -> str:
    return (
        f"reading {name}: expected flow run {run_id} to complete, found it {state}; its log says "
        "why. Nothing was stored; run again."
    )
