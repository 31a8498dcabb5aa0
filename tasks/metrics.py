"""Metrics of a data folder as a Prometheus text file: `<data>/metrics.prom`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from storage.alerts import count_alerts
from storage.crawl_state import has_state, list_hosts, open_state
from storage.failures import read_failures
from storage.folder import explain_os_errors, replace_file
from storage.lake import read_table
from storage.mails import count_mails
from storage.missing import read_missing
from storage.outbox import FILE as OUTBOX
from storage.outbox import open_outbox
from storage.runs import FAILED, RunRecord, list_runs
from storage.schema import REPORTS

FILE = "metrics.prom"


def write_metrics(data: Path) -> Path:
    """Write the metrics anew, all at once; a collector of text files takes them from there.

    Raises:
        StorageError: a stored file is damaged, or the folder cannot be written.
    """
    path = data / FILE
    content = render_metrics(data)
    with explain_os_errors(data):
        replace_file(path, content)
    return path


def render_metrics(data: Path) -> bytes:
    """Render what is stored, waits, is down and failed, in the text format of Prometheus."""
    registry = CollectorRegistry()
    named = ("year", "region", "verdict")
    reports = read_table(data, REPORTS, columns=named).group_by(named).len()
    _set(
        Gauge("gouji_reports", "stored reports", reports.columns[:3], registry=registry),
        ((row[:3], row[3]) for row in reports.sort(pl.all()).rows()),
    )
    missing = read_missing(data).group_by("year", is_down=pl.col("host_down").is_not_null()).len()
    _set(
        Gauge("gouji_missing_reports", "owed, not found", ["year", "down"], registry=registry),
        (((row[0], str(row[1]).lower()), row[2]) for row in missing.sort(pl.all()).rows()),
    )
    if has_state(data):
        with open_state(data) as state:
            hosts = list_hosts(state)
        up = sum(host.is_up for host in hosts)
        _set(
            Gauge("gouji_hosts", "hosts asked so far", ["state"], registry=registry),
            ((("up",), up), (("down",), len(hosts) - up)),
        )
    if (data / OUTBOX).exists():
        with open_outbox(data) as connection:
            counted = {"alerts": count_alerts(connection), "mails": count_mails(connection)}
        for name, counts in counted.items():
            gauge = Gauge(f"gouji_{name}", f"{name} by state", ["state"], registry=registry)
            _set(gauge, (((state,), count) for state, count in sorted(counts.items())))
    _add_runs(list_runs(data), registry)
    _set(
        Gauge("gouji_failing", "1: the last run of the flow failed", ["flow"], registry=registry),
        (((one.flow,), 1) for one in read_failures(data)),
    )
    return generate_latest(registry)


def _add_runs(runs: Iterable[RunRecord], registry: CollectorRegistry) -> None:
    """Add the last run of each flow, and when it last succeeded."""
    last = {str(run.parameters.get("flow")): run for run in runs}
    good = {str(run.parameters.get("flow")): run for run in runs if not run.counts.get(FAILED)}
    seconds = Gauge("gouji_run_seconds", "time of the last run", ["flow"], registry=registry)
    _set(
        seconds,
        (((flow,), (r.finished_at - r.started_at).total_seconds()) for flow, r in last.items()),
    )
    _set(
        Gauge(
            "gouji_last_success_timestamp_seconds",
            "end of the last run without a failure of ours",
            ["flow"],
            registry=registry,
        ),
        (((flow,), run.finished_at.timestamp()) for flow, run in good.items()),
    )
    _set(
        Gauge("gouji_run_count", "counts of the last run", ["flow", "of"], registry=registry),
        (((flow, name), n) for flow, run in last.items() for name, n in run.counts.items()),
    )


def _set(gauge: Gauge, values: Iterable[tuple[Iterable[object], float]]) -> None:
    for labels, value in values:
        gauge.labels(*map(str, labels)).set(value)
