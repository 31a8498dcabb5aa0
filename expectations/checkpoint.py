"""Run the suites over all reports by a Great Expectations checkpoint that writes Data Docs."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The suites come first: they switch telemetry off before Great Expectations is imported.
from expectations.suite import SHOWN_COLUMNS, build_suite  # isort: split

import great_expectations as gx
import polars as pl
from great_expectations.checkpoint import UpdateDataDocsAction
from great_expectations.core import RunIdentifier

from expectations.docs_site import finish_site
from expectations.rule_result import RuleResult
from expectations.rules import Evaluation

RESULT_FORMAT = "SUMMARY"
SITE = "results"
RUN = "check"

logger = logging.getLogger(__name__)


class CheckpointError(Exception):
    """Great Expectations and the findings disagree on which reports fail a rule."""


@dataclass(frozen=True, slots=True)
class CheckpointResult:
    """What the checkpoint found.

    `success` is true if every report passed every rule that binds it. `exceptions` say which
    expectations raised: that is our failure, their reports are not judged by them.
    """

    success: bool
    rules: tuple[RuleResult, ...]
    exceptions: tuple[str, ...]


def run_checkpoint(
    evaluation: Evaluation, reports: pl.DataFrame, docs_folder: Path | None
) -> CheckpointResult:
    """Judge the outcomes of all reports by the suite of each edition that is in use.

    Not thread-safe, as Great Expectations is not: one run a process at a time.

    Args:
        evaluation: What the rules say of these reports.
        reports: `report_id`, `form`, and `title` and `url` for the site, if they are known;
            reports of no known edition go to no suite.
        docs_folder: Where the site of results (Data Docs) goes, replacing the one there at
            once when it is complete; None writes none. Its pages need no network.

    Raises:
        CheckpointError: the reports that Great Expectations fails under a rule are not those of
            the findings.
        OSError: the site cannot be written.
    """
    told = [name for name in ("form", *SHOWN_COLUMNS) if name in reports.columns]
    frame = evaluation.outcomes.join(reports.select(told), on="report_id")
    used = sorted(set(reports["form"].drop_nulls()), reverse=True)
    if not used:
        logger.info("checkpoint: no report is on a known edition of the form, nothing to judge")
        return CheckpointResult(success=True, rules=(), exceptions=())
    if docs_folder is None:
        return _judge(frame, evaluation, used, None)
    docs_folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".docs-", dir=docs_folder.parent) as temporary:
        site = Path(temporary) / "new"
        result = _judge(frame, evaluation, used, site)
        finish_site(site, result.rules)
        _swap(site, docs_folder, Path(temporary) / "old")
    return result


def _judge(
    frame: pl.DataFrame, evaluation: Evaluation, editions: list[str], site: Path | None
) -> CheckpointResult:
    run = _build_checkpoint(editions, frame.columns, site).run(
        batch_parameters={"dataframe": frame.to_pandas()},
        run_id=RunIdentifier(run_name=RUN),
    )
    rules, exceptions = [], []
    for validation in run.run_results.values():
        for result in validation.results:
            kwargs = result.expectation_config.kwargs
            raised = _read_exception(result.exception_info)
            if raised:
                exceptions.append(f"form {kwargs['edition']}, rule {kwargs['rule']}: {raised}")
            else:
                rules.append(_read_result(kwargs, result.result["details"]))
    _compare(rules, frame, evaluation.findings)
    for exception in exceptions:
        logger.error("checkpoint: an expectation raised, its rule is not judged: %s", exception)
    return CheckpointResult(
        success=bool(run.success) and not exceptions,
        rules=tuple(rules),
        exceptions=tuple(exceptions),
    )


def _build_checkpoint(editions: list[str], run: Sequence[str], site: Path | None) -> gx.Checkpoint:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    _set_site(context, site)
    source = context.data_sources.add_pandas("reports")
    validations = []
    for edition in editions:
        asset = source.add_dataframe_asset(f"form-{edition}")
        validation = gx.ValidationDefinition(
            name=f"form-{edition}",
            data=asset.add_batch_definition_whole_dataframe("all"),
            suite=context.suites.add(build_suite(edition, run)),
        )
        validations.append(context.validation_definitions.add(validation))
    return context.checkpoints.add(
        gx.Checkpoint(
            name="reports",
            validation_definitions=validations,
            actions=[UpdateDataDocsAction(name="docs")] if site else [],
            result_format=RESULT_FORMAT,
        )
    )


def _set_site(context: Any, site: Path | None) -> None:
    """Replace the site that a context brings along, in a folder of its own, by ours."""
    for name, config in context.variables.data_docs_sites.items():
        shutil.rmtree(config["store_backend"]["base_directory"], ignore_errors=True)
        context.delete_data_docs_site(name)
    if site:
        backend = {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(site.resolve()),
        }
        context.add_data_docs_site(
            SITE,
            {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": backend,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )


def _read_exception(info: dict[str, Any] | None) -> str | None:
    """Say what an expectation raised, if it did; by metric or at the top, as it is given."""
    infos = [info] if info and "raised_exception" in info else list((info or {}).values())
    raised = [str(one["exception_message"]) for one in infos if one["raised_exception"]]
    return "; ".join(raised) or None


def _read_result(kwargs: dict[str, Any], details: dict[str, Any]) -> RuleResult:
    return RuleResult(
        edition=kwargs["edition"],
        rule=kwargs["rule"],
        evaluated=details["passed"] + details["failed"],
        failed=details["failed"],
        not_evaluated=details["not_evaluated"],
        failing=tuple(details["failing"]),
    )


def _compare(rules: list[RuleResult], frame: pl.DataFrame, findings: pl.DataFrame) -> None:
    """Make sure that the findings name the very reports that the suites fail."""
    failed = findings.filter(pl.col("outcome") == "failed").select("report_id", "rule").unique()
    named = {
        key: set(group["report_id"])
        for key, group in failed.join(frame.select("report_id", "form"), on="report_id").group_by(
            "form", "rule"
        )
    }
    for result in rules:
        odd = set(result.failing) ^ named.get((result.edition, result.rule), set())
        if odd:
            raise CheckpointError(
                f"form {result.edition}, rule {result.rule}: expected the suite and the findings "
                f"to fail the same reports, found {len(odd)} in one alone, such as {min(odd)}"
            )


def _swap(new: Path, folder: Path, old: Path) -> None:
    """Put a finished folder in the place of another; a reader never sees a half of it."""
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
