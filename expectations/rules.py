"""Check all reports at once: cells in, outcomes and findings out. Pure Polars."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from expectations.checks import check_reports
from expectations.context import Context
from expectations.facts import FACTS, describe_reports
from expectations.remarks import word_remarks
from expectations.rule import Rule
from expectations.rulebook import load_rulebook
from storage.schema import FINDINGS

# In this order the first that stands among a rule's instances is its outcome for the report.
PRECEDENCE = pl.Enum(("failed", "not_evaluated", "not_applicable", "passed"))
NOTHING = Context()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the rules say of all reports.

    `outcomes` has one row a report, in the order given: `report_id`, then a column a rule with
    its outcome (failed if it failed anywhere; passed only if it was evaluated everywhere).
    `findings` has the failed and the not evaluated, one row per report, rule and instance:
    the findings table's columns without `region`, and `year`. `not_run` names the rules that
    have no column, each with what they need and was not given.
    """

    outcomes: pl.DataFrame
    findings: pl.DataFrame
    not_run: dict[str, tuple[str, ...]] = field(default_factory=dict)


def evaluate(
    reports: pl.DataFrame, cells: pl.DataFrame, context: Context | None = None
) -> Evaluation:
    """Check every rule of the rulebook whose operands are given over all reports.

    Args:
        reports: `report_id`, `year`, `form` (null: not told), `signed_on`, `period_start`,
            `period_end` (null: not stated); other columns as in the reports table, left out
            where no rule on them is to be run.
        cells: As the cells table, of these reports; a cell of the form without a row here
            counts as absent.
        context: What else is known; None: nothing.

    Raises:
        ValueError: a report or cell stands twice, or a cell is not of the report's form.
    """
    context = context or NOTHING
    rulebook = load_rulebook()
    given = context.given.union(reports.columns)
    lacking = {rule.id: tuple(sorted(rule.needs - given)) for rule in rulebook.rules.values()}
    rules = {key: rule for key, rule in rulebook.rules.items() if not lacking[key]}
    described = describe_reports(reports, context).rechunk()
    worded = word_remarks(
        check_reports(described, cells, context, rules, rulebook), described.select(FACTS), rules
    )
    return Evaluation(
        outcomes=_settle_outcomes(described, worded, rules),
        findings=worded.filter(pl.col("outcome") != "not_applicable").sort(FINDINGS.key),
        not_run={key: needs for key, needs in lacking.items() if needs},
    )


def _settle_outcomes(
    reports: pl.DataFrame, worded: pl.DataFrame, rules: dict[str, Rule]
) -> pl.DataFrame:
    """Bring the remarks of each report and rule to one outcome; without a remark it passed."""
    marks = (
        worded.lazy()
        .group_by("report_id", "rule")
        .agg(pl.col("outcome").cast(PRECEDENCE).min())
        .collect()
        .pivot(on="rule", on_columns=list(rules), index="report_id", values="outcome")
    )
    joined = reports.select(FACTS).join(marks, on="report_id", how="left", maintain_order="left")
    passed, inapplicable = pl.lit("passed", PRECEDENCE), pl.lit("not_applicable", PRECEDENCE)
    return joined.select(
        "report_id",
        *(
            pl.when(rule.applies)
            .then(pl.col(rule.id).fill_null(passed))
            .otherwise(inapplicable)
            .alias(rule.id)
            for rule in rules.values()
        ),
    )
