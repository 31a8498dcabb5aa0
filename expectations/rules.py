"""Check all reports at once: cells in, outcomes and findings out. Pure Polars."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from expectations.cell_rules import (
    check_blanks,
    check_kinds,
    check_presence,
    check_rows,
    check_writing,
)
from expectations.equations import check_equations, check_totals
from expectations.form import load_forms
from expectations.remarks import REMARKS, word_remarks
from expectations.report_rules import (
    check_forms,
    check_period,
    check_signature,
    check_unknown_forms,
)
from expectations.rulebook import Rulebook, load_rulebook
from expectations.sheet import Sheet, lay_out
from storage.schema import FINDINGS

# In this order the first that stands among a rule's instances is its outcome for the report.
PRECEDENCE = pl.Enum(("failed", "not_evaluated", "not_applicable", "passed"))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the rules say of all reports.

    `outcomes` has one row a report, in the order given: `report_id`, then a column a rule with
    its outcome (failed if it failed anywhere; passed only if it was evaluated everywhere).
    `findings` has the failed and the not evaluated, one row per report, rule and instance:
    the findings table's columns without `region`, and `year`.
    """

    outcomes: pl.DataFrame
    findings: pl.DataFrame


def evaluate(reports: pl.DataFrame, cells: pl.DataFrame) -> Evaluation:
    """Check every rule of the rulebook over all reports.

    Args:
        reports: `report_id`, `year`, `form` (null: not told), `signed_on`, `period_start`,
            `period_end` (null: not stated).
        cells: As the cells table, of these reports; a cell of the form without a row here
            counts as absent.

    Raises:
        ValueError: a report or cell stands twice, or a cell is not of the report's form.
    """
    rulebook = load_rulebook()
    # Polars 2.1's streaming engine misreads frames whose columns are cut into unequal chunks.
    remarks = _check(reports.rechunk(), cells.rechunk(), rulebook)
    worded = word_remarks(remarks, reports.select("report_id", "year"), rulebook.rules)
    return Evaluation(
        outcomes=_settle_outcomes(reports, worded, rulebook),
        findings=worded.filter(pl.col("outcome") != "not_applicable").sort(FINDINGS.key),
    )


def _check(reports: pl.DataFrame, cells: pl.DataFrame, rulebook: Rulebook) -> pl.DataFrame:
    forms = load_forms()
    used = set(reports["form"].drop_nulls())
    sheets = [lay_out(reports, cells, form) for form in forms.values() if form.edition in used]
    remarks = [
        *check_forms(reports, rulebook.rules),
        *check_unknown_forms(reports, rulebook.rules, next(iter(forms.values()))),
        *check_signature(reports),
        *check_period(reports),
        *(remark for sheet in sheets for remark in _check_sheet(sheet, rulebook)),
    ]
    return pl.concat([REMARKS.to_frame().lazy(), *remarks]).collect()


def _check_sheet(sheet: Sheet, rulebook: Rulebook) -> list[pl.LazyFrame]:
    return [
        *check_presence(sheet),
        *check_kinds(sheet, rulebook.kinds),
        *check_blanks(sheet),
        *check_writing(sheet),
        *check_rows(sheet),
        *check_totals(sheet),
        *check_equations(sheet),
    ]


def _settle_outcomes(
    reports: pl.DataFrame, worded: pl.DataFrame, rulebook: Rulebook
) -> pl.DataFrame:
    """Bring the remarks of each report and rule to one outcome; without a remark it passed."""
    marks = (
        worded.lazy()
        .group_by("report_id", "rule")
        .agg(pl.col("outcome").cast(PRECEDENCE).min())
        .collect()
        .pivot(on="rule", on_columns=list(rulebook.rules), index="report_id", values="outcome")
    )
    joined = reports.select("report_id", "form", "year").join(
        marks, on="report_id", how="left", maintain_order="left"
    )
    passed, inapplicable = pl.lit("passed", PRECEDENCE), pl.lit("not_applicable", PRECEDENCE)
    return joined.select(
        "report_id",
        *(
            pl.when(rule.applies)
            .then(pl.col(rule.id).fill_null(passed))
            .otherwise(inapplicable)
            .alias(rule.id)
            for rule in rulebook.rules.values()
        ),
    )
