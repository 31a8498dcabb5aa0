"""The rules as Great Expectations suites: one suite an edition, one expectation a rule."""

from __future__ import annotations

import html
from collections.abc import Collection
from typing import Any, ClassVar, TypedDict

import great_expectations as gx
import pandas as pd
import polars as pl
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.render import (
    LegacyDiagnosticRendererType,
    RenderedStringTemplateContent,
    RenderedTableContent,
)
from great_expectations.render.renderer.renderer import renderer

from expectations.form import load_forms
from expectations.rule import Rule
from expectations.rulebook import Rulebook, load_rulebook
from storage.schema import OUTCOMES

METRIC = "report_rules.outcomes"
# Great Expectations' own words for our severities.
SEVERITIES = {"error": "critical", "warning": "warning", "info": "info"}
SHOWN_REPORTS = 20
SHOWN_COLUMNS = ("report_id", "title", "url")


class Tally(TypedDict):
    """How many reports came to each outcome of a rule, and which failed.

    `shown` holds `report_id`, `title` and `url` of the first of them, for readers.
    """

    counts: dict[str, int]
    failing: list[str]
    shown: list[dict[str, str | None]]


def build_suite(edition: str, run: Collection[str] | None = None) -> gx.ExpectationSuite:
    """Build the suite of an edition: one expectation for each rule that can bind it.

    `run` names the rules that were run; None: all. Of the tables before 2019 there is no form,
    but their rules are judged as well.

    The batch it judges has one row a report: `report_id`, `form`, and a column a rule with its
    outcome. Each expectation carries `meta={"rule": id, ...}` and the severity of its rule.
    """
    rulebook, form = load_rulebook(), load_forms().get(edition)
    return gx.ExpectationSuite(
        name=f"form-{edition}",
        expectations=[
            _build_expectation(edition, rule, rulebook)
            for rule in rulebook.rules.values()
            if rule.covers(edition) and (run is None or rule.id in run)
        ],
        meta={"form": edition, "document": form.document if form else None},
    )


class ReportRuleOutcomes(TableMetricProvider):  # type: ignore[misc]
    """Tally the outcomes of every rule, once for all expectations of a suite."""

    metric_name = METRIC
    value_keys = ("edition",)

    @metric_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,  # noqa: N805 - the signature is Great Expectations'
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],  # noqa: ARG002 - as above
        runtime_configuration: dict[str, Any],  # noqa: ARG002 - as above
    ) -> dict[str, Tally]:
        frame, _, _ = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        return tally_outcomes(frame, metric_value_kwargs["edition"])


class ExpectReportsToSatisfyRule(BatchExpectation):  # type: ignore[misc]
    """Expect every report that a rule binds to have been evaluated under it and to pass.

    A report that could not be evaluated is never counted as passed: it is not among the failed
    reports, but the expectation does not succeed.
    """

    edition: str
    rule: str
    metric_dependencies: ClassVar[tuple[str, ...]] = (METRIC,)
    success_keys: ClassVar[tuple[str, ...]] = ("edition", "rule")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
        execution_engine: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        tally: Tally = metrics[METRIC][self.rule]
        counts = tally["counts"]
        applicable = sum(counts.values()) - counts["not_applicable"]
        return {
            "success": counts["passed"] == applicable,
            "result": {
                "observed_value": say_counts(counts, load_rulebook()),
                "element_count": applicable,
                "unexpected_count": counts["failed"],
                "unexpected_percent": 100 * counts["failed"] / max(1, applicable),
                "partial_unexpected_list": tally["failing"][:SHOWN_REPORTS],
                "details": {**counts, "failing": tally["failing"], "shown": tally["shown"]},
            },
        }

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)  # type: ignore[untyped-decorator]
    def _diagnostic_unexpected_table_renderer(
        cls,
        configuration: Any = None,  # noqa: ARG003 - the signature is Great Expectations'
        result: Any = None,
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG003
    ) -> list[Any] | None:
        """List the first failing reports, each with a link to where it was read."""
        shown = (result.result.get("details") or {}).get("shown") if result else None
        if not shown:
            return None
        heading = load_rulebook().failing.format(count=len(shown))
        return [
            RenderedTableContent(
                content_block_type="table",
                table=[[link_report(report)] for report in shown],
                header_row=[heading],
                styling={"body": {"classes": ["table-bordered", "table-sm", "mt-3"]}},
            )
        ]


def link_report(report: dict[str, str | None]) -> Any:
    """Link a report's title (its id where it has none) to its address, if that is of the web."""
    url = report.get("url") or ""
    template: dict[str, Any] = {
        "template": "$name",
        "params": {"name": report.get("title") or report["report_id"]},
        "styling": {},
    }
    if url.startswith(("http://", "https://")):
        template |= {"tag": "a", "styling": {"attributes": {"href": html.escape(url)}}}
    return RenderedStringTemplateContent(
        content_block_type="string_template", string_template=template
    )


def say_counts(counts: dict[str, int], rulebook: Rulebook) -> str:
    """Say in Chinese how many reports came to each outcome, the worst outcome first."""
    order = ("failed", "not_evaluated", "passed")
    worst = next((outcome for outcome in order if counts[outcome]), "not_applicable")
    return rulebook.observed.format(
        verdict=rulebook.verdicts[worst],
        applicable=sum(counts.values()) - counts["not_applicable"],
        evaluated=counts["passed"] + counts["failed"],
        **counts,
    )


def tally_outcomes(frame: pd.DataFrame, edition: str) -> dict[str, Tally]:
    """Count the outcomes of each rule over the reports of an edition, and list the failed."""
    outcomes = pl.from_pandas(frame).filter(pl.col("form") == edition)
    shown = [name for name in SHOWN_COLUMNS if name in outcomes.columns]
    rules = [name for name in outcomes.columns if name not in (*SHOWN_COLUMNS, "form")]
    counts = outcomes.select(
        (pl.col(rule) == outcome).sum().alias(f"{rule} {outcome}")
        for rule in rules
        for outcome in OUTCOMES
    ).row(0, named=True)
    failed = {
        rule: outcomes.filter(pl.col(rule) == "failed").select(shown)
        if counts[f"{rule} failed"]
        else outcomes.select(shown).clear()
        for rule in rules
    }
    return {
        rule: Tally(
            counts={outcome: counts[f"{rule} {outcome}"] for outcome in OUTCOMES},
            failing=failed[rule]["report_id"].to_list(),
            shown=failed[rule].head(SHOWN_REPORTS).to_dicts(),
        )
        for rule in rules
    }


def _build_expectation(edition: str, rule: Rule, rulebook: Rulebook) -> ExpectReportsToSatisfyRule:
    return ExpectReportsToSatisfyRule(
        edition=edition,
        rule=rule.id,
        description=rulebook.name_rule(rule.id),
        severity=SEVERITIES[rule.severity],
        notes=[rule.description, rule.basis],
        meta={
            "rule": rule.id,
            "name": rule.name,
            "formula": rule.formula,
            "description": rule.description,
            "source": rule.source,
            "basis": rule.basis,
            "severity": rule.severity,
        },
    )
