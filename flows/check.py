"""Run the rules again over what is stored."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow
from prefect.runtime import flow_run
from pydantic import BaseModel, ConfigDict, Field

from flows.collect import find_renamed, finish_run
from flows.reading import choose_reports, read_all, select_reports
from flows.summary import RunSummary, count_by, rank_findings
from storage.access import hold_data
from storage.settings import Settings, load_settings
from tasks.check import check_reports
from tasks.known import gather_known
from tasks.missing import record_missing
from tasks.policy import choose_policy, limit_losses
from tasks.publish import publish_lake
from tasks.store import store_checked
from tasks.stored import add_dependents, list_archived, read_stored


class CheckParameters(BaseModel):
    """What a run of `check` may be told; the form of the Prefect UI."""

    model_config = ConfigDict(extra="forbid")

    year: int | None = Field(None, ge=2003, le=2100, description="Check this report year only.")
    region: str | None = Field(
        None, pattern=r"^(CN(-[A-Z]{2})?|unresolved)$", description="Check this region only."
    )
    data: str | None = Field(None, description="Data folder; none: GOUJI_DATA, else ./data.")
    waivers: str | None = Field(
        None,
        description="YAML of findings to set aside; none: GOUJI_WAIVERS, else waivers.yaml in "
        "the data folder.",
    )
    accepted: list[str] = Field(
        default_factory=list,
        description="What was looked at and is right: a family of reports whose failures jumped, "
        "such as host www.example.gov.cn, or a partition that loses reports or figures, such as "
        "2023/CN-JX.",
    )
    read_again: bool = Field(
        False, description="First read the archived pages again with today's reader; no network."
    )


@flow(name="check", validate_parameters=True)
def check(parameters: CheckParameters = CheckParameters()) -> RunSummary:  # noqa: B008
    """Evaluate today's rules on what is stored and store verdicts and findings anew.

    No figure changes, unless the archived pages are read again. Partitions whose outcome
    stays the same are not written.
    """
    started_at = datetime.now(UTC)
    settings = load_settings(parameters.data, waivers=parameters.waivers)
    with hold_data(settings):
        return _check(parameters, settings, started_at)


def _check(parameters: CheckParameters, settings: Settings, started_at: datetime) -> RunSummary:
    data = settings.data
    policy = choose_policy(settings, parameters.accepted, started_at)
    if parameters.read_again:
        wanted = choose_reports(parameters.year, parameters.region)
        batch = select_reports(read_all(list_archived(data), settings), wanted)
        documents = batch.documents
        renamed = find_renamed(data, documents)
        known = gather_known(settings, documents=documents, withdrawn=renamed)
        batch = add_dependents(batch, data, documents, renamed)
        reports, details = batch.reports, batch.details
    else:
        documents, renamed = None, frozenset[str]()
        known = gather_known(settings)
        reports, details = read_stored(
            data,
            None if parameters.year is None else [parameters.year],
            None if parameters.region is None else [parameters.region],
        )
    enforced = check_reports(reports, details, data, known, policy, started_at)
    checked = enforced.checked
    stored = store_checked(
        checked,
        documents,
        renamed,
        data,
        started_at,
        limit_losses(settings, policy),
        is_in_place=not parameters.read_again,
    )
    overdue = record_missing(data, known, policy.today)
    published, unpublished = publish_lake(data)
    summary = RunSummary(
        run_id=str(flow_run.id or started_at.strftime("%H%M%S%f")),
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
        troubles=(
            *enforced.troubles,
            *(loss.message for loss in stored.losses),
            *unpublished,
        ),
        notes=enforced.notes,
        expired_waivers=len(enforced.expired),
        published=published,
    )
    finish_run(summary, "check", parameters.model_dump(mode="json"))
    return summary


if __name__ == "__main__":
    check()
