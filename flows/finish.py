"""How a run begins and ends: its log, artifacts, record and metrics, and whether we failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
from prefect.runtime import flow_run

from flows.artifacts import publish_artifacts
from flows.failing import RunFailedError
from flows.hosts import describe_hosts
from flows.summary import RunSummary
from storage.events import append_events
from storage.failures import forget_failure
from storage.lake import read_table, tell_partition
from storage.runs import RunRecord, write_run
from storage.schema import REPORTS
from storage.settings import Settings
from tasks.metrics import write_metrics
from tasks.stamps import name_reader, name_rules

log = logging.getLogger(__name__)
_TOLD = ("report_id", "year", "region", "version", "verdict", "errors", "warnings", "url")


def begin_run(data: Path, flow_name: str, started_at: datetime) -> tuple[str, Callable[..., None]]:
    """Begin the log of a run; give its id, and what tells of each step that is done.

    The latter is called with the name of the step and the facts to tell of it.
    """
    run_id = str(flow_run.id or started_at.strftime("%H%M%S%f"))
    tell = partial(_log_step, data, run_id)
    tell("run_started", flow=flow_name, reader=name_reader(), rules=name_rules())
    return run_id, tell


def finish_run(
    summary: RunSummary,
    flow_name: str,
    parameters: dict[str, Any],
    settings: Settings,
    documents: pl.DataFrame | None = None,
) -> RunSummary:
    """Leave what a run did in the data folder and the UI, and give it back.

    `documents` are those it looked at. A failure of ours ends the run as failed, after
    everything else was stored.

    Raises:
        RunFailedError: something of ours failed; it has the summary.
    """
    data = summary.data
    append_events(
        data, summary.run_id, summary.finished_at, _list_events(summary, flow_name, documents)
    )
    told = {"flow": flow_name, "reader": name_reader(), "rules": name_rules(), **parameters}
    write_run(
        data,
        RunRecord(
            run_id=summary.run_id,
            started_at=summary.started_at,
            finished_at=summary.finished_at,
            parameters=told,
            counts=summary.counts,
            files=tuple(summary.stored.files),
        ),
    )
    publish_artifacts(summary, flow_name, describe_hosts(settings))
    if not summary.failures:
        forget_failure(data, flow_name)
    write_metrics(data)
    if summary.failures:
        raise RunFailedError(summary)
    return summary


def _log_step(data: Path, run_id: str, event: str, **facts: object) -> None:
    """Tell that a step of a run is done, in its log and in the UI, as one line."""
    log.info("%s %s", event, " ".join(f"{name}={value}" for name, value in facts.items()))
    append_events(data, run_id, datetime.now(UTC), [{"event": event, **facts}])


def _list_events(
    summary: RunSummary, flow_name: str, documents: pl.DataFrame | None
) -> Iterator[dict[str, Any]]:
    """List what became of documents that were not plainly read, and of reports, then the end."""
    if documents is not None:
        odd = documents.filter(pl.col("outcome") != "read")
        for row in odd.select("report_id", "url", "outcome", "reason").iter_rows(named=True):
            yield {"event": "document", **row}
    paths = map(PurePosixPath, summary.stored.files)
    written = [place for path in paths if (place := tell_partition(path))]
    years, regions = {place.year for place in written}, {place.region for place in written}
    stored = read_table(summary.data, REPORTS, years, regions)
    of_run = stored.filter(checked_at=summary.started_at)
    for row in of_run.select(_TOLD).iter_rows(named=True):
        yield {"event": "report_stored", **row}
    for kind, told in (("failure", summary.failures), ("trouble", summary.troubles)):
        yield from ({"event": kind, "reason": one} for one in told)
    counts = {name: count for name, count in summary.counts.items() if count}
    yield {"event": "run_finished", "flow": flow_name, **counts}
