"""The main job: discover and fetch, read, check, store, alert."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import UUID

import polars as pl
from prefect import flow
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from pydantic import BaseModel, Field

from flows.failing import tell_maintainers
from flows.finish import begin_run, finish_run
from flows.parameters import (
    CONFIG,
    Accepted,
    DataFolder,
    PagesPerTask,
    Region,
    SendAlerts,
    Sources,
    Waivers,
    Year,
    name_scope,
)
from flows.reading import read_what_changed, select_reports
from flows.summary import RunSummary, count_by, list_faults, rank_findings
from storage.access import hold_data, prepare_data
from storage.crawl_state import CrawlRun
from storage.documents import read_documents
from storage.failures import forget_failure
from storage.schema import DOCUMENTS
from storage.settings import Settings, load_settings
from tasks.alert import alert, choose_recipients
from tasks.alerting.message import parse_sender
from tasks.check import check_reports
from tasks.crawling import begin_crawl, describe_resumption, finish_crawl
from tasks.fetch import fetch_batch
from tasks.fetching.inbox import load_inbox
from tasks.fetching.limits import choose_limits
from tasks.fetching.page import Miss
from tasks.fetching.source import Source, load_sources, parse_source_argument
from tasks.known import gather_known
from tasks.missing import record_missing
from tasks.policy import choose_policy, limit_losses
from tasks.publish import publish_lake
from tasks.reading.batch import Origin
from tasks.reading.joining import tie_attachments
from tasks.roster import load_roster
from tasks.store import store_checked
from tasks.stored import add_dependents, choose_reports

log = logging.getLogger(__name__)

SOURCE_LISTS = (".yaml", ".yml")
INBOX = "inbox"  # in the data folder


class CollectParameters(BaseModel):
    """What a run of `collect` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    sources: Sources = Field(default_factory=list)
    year: Year = None
    last_year: Year = Field(
        None,
        title="Last report year",
        description="The report years from the one above up to this one; none: that one only.",
    )
    region: Region = None
    data: DataFolder = None
    waivers: Waivers = None
    accepted: Accepted = Field(default_factory=list)
    send_alerts: SendAlerts = True
    pages_per_task: PagesPerTask = 1000


def name_run() -> str:
    """Name a run after what it was asked for."""
    return "collect " + (name_scope() or "everything")


@flow(
    name="collect",
    flow_run_name=name_run,
    validate_parameters=True,
    on_failure=[tell_maintainers],
    on_crashed=[tell_maintainers],
)
def collect(parameters: CollectParameters = CollectParameters()) -> RunSummary:  # noqa: B008
    """Fetch the reports of the sources, read, check and store them, and mail what is invalid.

    A broken document, host or page is a row in `documents` with its reason. What was stored
    before stays until its report is stored anew. A run that was killed is gone on with.
    """
    started_at = datetime.now(UTC)
    settings = load_settings(parameters.data, waivers=parameters.waivers)
    with hold_data(settings):
        return _collect(parameters, settings, started_at)


def _collect(parameters: CollectParameters, settings: Settings, started_at: datetime) -> RunSummary:
    run_id, tell = begin_run(settings.data, "collect", started_at)
    policy = choose_policy(settings, parameters.accepted, started_at)
    sources = choose_sources(parameters, settings)
    progress = cast(UUID, create_progress_artifact(progress=0.0, key="collect-progress"))
    crawl = begin_crawl(settings.data, started_at)
    fetched = _fetch(sources, settings, crawl)
    tell("fetched", sources=len(sources), pages=len(fetched))
    update_progress_artifact(progress, 40.0)
    wanted = choose_reports(parameters.year, parameters.region, parameters.last_year)
    batch, unchanged = read_what_changed(fetched, settings, wanted, parameters.pages_per_task)
    batch = select_reports(batch, wanted)
    tell("read", documents=batch.documents.height, reports=batch.reports.height)
    update_progress_artifact(progress, 70.0)
    data = settings.data
    documents = pl.concat([batch.documents, unchanged], rechunk=True).sort("url")
    documents = _list_documents(documents, fetched, read_documents(data))
    renamed = find_renamed(data, documents)
    known = gather_known(settings, sources, documents, renamed)
    batch = add_dependents(batch, data, documents, renamed)
    enforced = check_reports(batch.reports, batch.details, data, known, policy, started_at)
    stored = store_checked(
        enforced.checked, documents, renamed, data, started_at, limit_losses(settings, policy)
    )
    tell("stored", reports=stored.added + stored.replaced, files=len(stored.files))
    addresses = finish_crawl(data, crawl, fetched, documents, datetime.now(UTC))
    overdue = record_missing(data, known, policy.today)
    update_progress_artifact(progress, 90.0)
    checked = enforced.checked
    published, unpublished = publish_lake(data)
    failures = (*list_faults(batch.documents), *enforced.exceptions, *unpublished)
    if not failures:
        forget_failure(data, "collect")  # before mails are sent: one says so
    is_told = parameters.send_alerts and not failures
    alerted = alert(settings, datetime.now(UTC)) if is_told else None
    update_progress_artifact(progress, 100.0)
    said = alerted.sending.errors if alerted else ()
    summary = RunSummary(
        run_id=run_id,
        data=settings.data,
        place=settings.place,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        outcomes=count_by(documents, "outcome"),
        addresses=addresses,
        verdicts=count_by(checked.reports, "verdict"),
        findings=rank_findings(checked.reports, checked.findings),
        problems=int(checked.reports["problems"].sum()),
        waived=checked.findings["waived_for"].count(),
        held=checked.findings["held"].count(),
        stored=stored,
        overdue=overdue,
        alerted=alerted,
        failures=failures,
        troubles=(
            *enforced.troubles,
            *stored.troubles,
            *(said if settings.smtp_url else ()),
        ),
        notes=(
            *describe_resumption(crawl),
            *enforced.notes,
            *(() if settings.smtp_url else said),
        ),
        expired_waivers=len(enforced.expired),
        published=published,
    )
    told = parameters.model_dump(mode="json")
    return finish_run(summary, "collect", told, settings, documents)


def plan_run(parameters: CollectParameters) -> None:
    """Find out before a run starts whether its folder, sources and recipients are usable.

    Raises:
        ValueError: settings, source list, recipients, waivers or roster are not as expected.
        StorageError: the data folder cannot be written.
    """
    settings = load_settings(parameters.data, waivers=parameters.waivers)
    prepare_data(settings)
    choose_sources(parameters, settings)
    choose_limits(settings)
    load_inbox(settings.data / INBOX)
    choose_recipients(settings)
    parse_sender(settings.sender)
    choose_policy(settings, parameters.accepted, datetime.now(UTC))
    load_roster(settings)


def choose_sources(parameters: CollectParameters, settings: Settings) -> tuple[Source, ...]:
    """List the sources of a run: those named, also by their name in the list, else the list.

    Raises:
        ValueError: a source does not exist, the list is malformed, or there is none.
    """
    path = settings.sources or settings.data / "sources.yaml"
    if parameters.sources:
        listed = load_sources(path) if path.exists() else ()
        named = {source.name: source for source in listed}
        return tuple(
            source
            for text in parameters.sources
            for source in ([named[text]] if text in named else _expand(text))
        )
    if not path.exists():
        raise ValueError(
            f"sources: expected a source list, found none at {path}; name what to read with "
            "--source FILE|DIR|URL, or write a list there or where GOUJI_SOURCES points"
        )
    listed = load_sources(path)
    return (
        tuple(source for source in listed if parameters.region in (None, source.region)) or listed
    )


def _expand(argument: str) -> tuple[Source, ...]:
    """Give the sources of a source list that is named, else the one source that is."""
    if argument.endswith(SOURCE_LISTS) and Path(argument).is_file():
        return load_sources(Path(argument))
    return (_make_absolute(parse_source_argument(argument)),)


def _make_absolute(source: Source) -> Source:
    """Give a file or folder its full path: reports and mails link to it from elsewhere."""
    if source.kind == "url":
        return source
    return replace(source, location=str(Path(source.location).resolve()))


def _fetch(sources: Sequence[Source], settings: Settings, crawl: CrawlRun) -> list[Origin | Miss]:
    """Fetch the sources in one task, for hosts may belong to several of them."""
    named = fetch_batch.with_options(task_run_name=f"fetch {len(sources)} sources")
    inbox = load_inbox(settings.data / INBOX)
    return named(sources, settings.data, choose_limits(settings), crawl, inbox)


def _list_documents(
    documents: pl.DataFrame, fetched: Sequence[Origin | Miss], stored: pl.DataFrame
) -> pl.DataFrame:
    """Join the documents that were read with the addresses that gave nothing.

    An address that gave a report before keeps its `report_id`.
    """
    now = datetime.now(UTC)
    misses = pl.DataFrame(
        [
            {
                "url": miss.url,
                "source": miss.source,
                "outcome": miss.outcome,
                "reason": miss.reason,
                "seen_at": now,
                "page": miss.page,
            }
            for miss in fetched
            if isinstance(miss, Miss)
        ],
        schema=DOCUMENTS.schema,
    )
    before = stored.select("url", gave="report_id")
    known = misses.join(before, on="url", how="left", maintain_order="left").with_columns(
        report_id=pl.coalesce("report_id", "gave")
    )
    every = pl.concat([documents, known.drop("gave")])
    return tie_attachments(every.unique("url", keep="first", maintain_order=True))


def find_renamed(data: Path, documents: pl.DataFrame) -> frozenset[str]:
    """Find stored reports whose only source now gives a report of another name.

    A better reading may settle a region or a title anew; the old row must not stay beside it.
    """
    stored = read_documents(data).filter(pl.col("report_id").is_not_null())
    given = documents.filter(pl.col("report_id").is_not_null()).select("url", new="report_id")
    renamed = stored.join(given, on="url").filter(pl.col("new") != pl.col("report_id"))
    still_given = set(given["new"]) | set(stored.join(given, on="url", how="anti")["report_id"])
    return frozenset(set(renamed["report_id"]) - still_given)


if __name__ == "__main__":
    collect()
