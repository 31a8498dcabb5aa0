"""Run the rules again over what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from prefect import flow
from pydantic import BaseModel, Field

from expectations.wide import WIDE
from flows.collect import find_renamed
from flows.failing import tell_maintainers
from flows.finish import begin_run, finish_run
from flows.parameters import CONFIG, Accepted, DataFolder, Region, Waivers, Year
from flows.reading import read_all
from flows.summary import RunSummary, count_by, list_faults, rank_findings
from storage.access import hold_data
from storage.schema import DOCUMENTS, list_tables
from storage.settings import Settings, load_settings
from storage.together import refuse_mixed
from tasks.check import check_reports
from tasks.known import Known, gather_known
from tasks.missing import record_missing
from tasks.policy import Policy, choose_policy, limit_losses
from tasks.publish import publish_lake
from tasks.reading.batch import ReadBatch
from tasks.rereading import choose_archived, list_rivals
from tasks.store import store_checked
from tasks.stored import add_dependents, read_stored


class CheckParameters(BaseModel):
    """What a run of `check` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    year: Year = None
    region: Region = None
    data: DataFolder = None
    waivers: Waivers = None
    accepted: Accepted = Field(default_factory=list)
    read_again: bool = Field(
        False,
        title="Read again",
        description="First read the archived pages again with today's reader; no network.",
    )


@dataclass(frozen=True, slots=True)
class Material:
    """What is to be checked, and what is known beside it.

    `documents` are those that were read again, None where the reports come from the lake.
    `renamed` are stored reports that have another name now.
    """

    batch: ReadBatch
    documents: pl.DataFrame | None
    renamed: frozenset[str]
    known: Known


@flow(
    name="check",
    validate_parameters=True,
    on_failure=[tell_maintainers],
    on_crashed=[tell_maintainers],
)
def check(parameters: CheckParameters = CheckParameters()) -> RunSummary:  # noqa: B008
    """Evaluate today's rules on what is stored and store verdicts and findings anew.

    No figure changes, unless the archived pages are read again. Partitions whose outcome
    stays the same are not written. Where tables of a partition are not of one run it stops, as
    findings compare reports of several partitions.
    """
    started_at = datetime.now(UTC)
    settings = load_settings(parameters.data, waivers=parameters.waivers)
    with hold_data(settings):
        refuse_mixed(settings.data, (*list_tables(), WIDE))
        policy = choose_policy(settings, parameters.accepted, started_at)
        take = take_archived if parameters.read_again else take_stored
        material = take(settings, parameters.year, parameters.region)
        told = parameters.model_dump(mode="json")
        return check_material(material, settings, policy, started_at, "check", told)


def take_stored(settings: Settings, year: int | None, region: str | None) -> Material:
    """Take the stored reports of a year and region, or of all.

    Raises:
        StorageError: a stored file is damaged.
    """
    years = None if year is None else [year]
    reports, details = read_stored(settings.data, years, None if region is None else [region])
    batch = ReadBatch(reports, DOCUMENTS.schema.to_frame(), details)
    return Material(batch, None, frozenset(), gather_known(settings))


def take_archived(settings: Settings, year: int | None, region: str | None) -> Material:
    """Read what the archive has of a year and region, or of all, with today's reader.

    A year and region are those of the reports as they are stored.

    Raises:
        ArchiveError: archived bytes are missing or damaged.
    """
    data = settings.data
    chosen = choose_archived(data, year, region)
    batch = read_all(chosen, settings)
    if rivals := list_rivals(data, chosen, batch):
        batch = read_all([*chosen, *rivals], settings)
    renamed = find_renamed(data, batch.documents)
    known = gather_known(settings, documents=batch.documents, withdrawn=renamed)
    return Material(batch, batch.documents, renamed, known)


def check_material(
    material: Material,
    settings: Settings,
    policy: Policy,
    started_at: datetime,
    flow_name: str,
    told: dict[str, Any],
) -> RunSummary:
    """Check reports, store them, publish, and leave the record of the run, `told` in it.

    What was read again comes with the stored reports that depend on it. The caller holds the
    lock of the run.
    """
    data, documents, known = settings.data, material.documents, material.known
    batch = material.batch
    run_id, tell = begin_run(data, flow_name, started_at)
    if documents is not None:
        batch = add_dependents(batch, data, documents, material.renamed)
    enforced = check_reports(batch.reports, batch.details, data, known, policy, started_at)
    checked = enforced.checked
    stored = store_checked(
        checked,
        documents,
        material.renamed,
        data,
        started_at,
        limit_losses(settings, policy),
        is_in_place=documents is None,
    )
    tell("stored", reports=stored.replaced + stored.rechecked, files=len(stored.files))
    overdue = record_missing(data, known, policy.today)
    published, unpublished = publish_lake(data)
    faults = () if documents is None else list_faults(documents)
    summary = RunSummary(
        run_id=run_id,
        data=settings.data,
        place=settings.place,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        outcomes={} if documents is None else count_by(documents, "outcome"),
        verdicts=count_by(checked.reports, "verdict"),
        findings=rank_findings(checked.reports, checked.findings),
        problems=int(checked.reports["problems"].sum()),
        waived=checked.findings["waived_for"].count(),
        held=checked.findings["held"].count(),
        stored=stored,
        overdue=overdue,
        alerted=None,
        failures=(*faults, *enforced.exceptions, *unpublished),
        troubles=(*enforced.troubles, *stored.troubles),
        notes=enforced.notes,
        expired_waivers=len(enforced.expired),
        published=published,
    )
    return finish_run(summary, flow_name, told, settings, documents)


if __name__ == "__main__":
    check()
