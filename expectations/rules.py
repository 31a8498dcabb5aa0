"""Check all reports at once: cells in, outcomes and findings out. Pure Polars."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from expectations.body_rules import (
    check_basis,
    check_current_year,
    check_fees,
    check_other_bodies,
    check_paragraphs,
    check_parts,
    check_split,
)
from expectations.cell_rules import (
    check_blanks,
    check_kinds,
    check_presence,
    check_rows,
    check_writing,
)
from expectations.conditions import LAST, check_conditions, list_last_cells
from expectations.context import SKETCHES, Context
from expectations.copy_rules import check_copies
from expectations.equations import check_equations, check_totals
from expectations.facts import FACTS, describe_reports, list_known
from expectations.form import load_forms
from expectations.label_rules import check_labels
from expectations.likeness import sketch_parts
from expectations.older_rules import check_older
from expectations.privacy import check_privacy
from expectations.publication_rules import (
    check_bodies,
    check_deadlines,
    check_signing,
    check_years,
)
from expectations.remarks import REMARKS, word_remarks
from expectations.report_rules import (
    NEWEST_FORM,
    check_forms,
    check_period,
    check_signature,
    check_title,
    check_unknown_forms,
)
from expectations.rulebook import Rule, Rulebook, load_rulebook
from expectations.sheet import Sheet, lay_out
from expectations.source_rules import (
    check_documents,
    check_hosts,
    check_media,
    check_second_readings,
)
from expectations.statement_remarks import STATEMENT_RULES, remark_statements
from expectations.table_rules import check_excess, check_unit, locate_crossing, locate_part
from expectations.territory_rules import (
    check_copied_tables,
    check_missing,
    check_office,
    check_sums,
)
from expectations.text_rules import check_texts
from expectations.year_rules import check_same_figures, check_same_texts, check_versions
from storage.schema import FIGURE, FINDINGS

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
    # Polars 2.1's streaming engine misreads frames whose columns are cut into unequal chunks.
    described = describe_reports(reports, context).rechunk()
    remarks = _check(described, cells.rechunk(), context, rules, rulebook)
    worded = word_remarks(remarks, described.select(FACTS), rules)
    return Evaluation(
        outcomes=_settle_outcomes(described, worded, rules),
        findings=worded.filter(pl.col("outcome") != "not_applicable").sort(FINDINGS.key),
        not_run={key: needs for key, needs in lacking.items() if needs},
    )


def _check(
    reports: pl.DataFrame,
    cells: pl.DataFrame,
    context: Context,
    rules: dict[str, Rule],
    rulebook: Rulebook,
) -> pl.DataFrame:
    forms = load_forms()
    used = set(reports["form"].drop_nulls())
    sheets = [lay_out(reports, cells, form) for form in forms.values() if form.edition in used]
    past = _lay_out_earlier(reports, context)
    last = _list_last_values(reports, [*sheets, *past], list_last_cells(rules))
    remarks = [
        *check_forms(reports, rules),
        *check_unknown_forms(reports, rules, next(iter(forms.values()))),
        *check_title(reports),
        *check_signature(reports),
        *check_period(reports),
        *check_deadlines(reports, rules),
        *check_years(reports),
        *(check_bodies(reports) if "P-08" in rules else ()),
        *(check_signing(reports) if "P-09" in rules else ()),
        *check_media(reports),
        *check_versions(reports),
        *check_same_figures(reports, sheets, past),
        *_check_sources(reports, cells, context),
        *(() if context.parts is None else _check_prose(reports, context.parts, rules)),
        *_check_likeness(reports, context),
        *_check_territories(reports, sheets, context),
        *_check_statements(reports, context, rules),
        *(() if context.older_rows is None else check_older(reports, context.older_rows, rules)),
        *(remark for sheet in sheets for remark in _check_sheet(sheet, context, rulebook)),
        *(remark for sheet in sheets for remark in check_conditions(sheet, rules, rulebook, last)),
    ]
    is_run = pl.col("rule").is_in(list(rules))
    found: pl.DataFrame = pl.concat([REMARKS.to_frame().lazy(), *remarks]).filter(is_run).collect()
    return found


def _check_sources(
    reports: pl.DataFrame, cells: pl.DataFrame, context: Context
) -> list[pl.LazyFrame]:
    own = reports.select("report_id")
    documents, copies = context.documents, context.copies
    return [
        *(
            ()
            if documents is None
            else check_documents(documents.join(own, on="report_id", how="semi"))
        ),
        *(
            ()
            if copies is None
            else check_second_readings(cells, copies.join(own, on="report_id", how="semi"))
        ),
        *(() if context.hosts is None else check_hosts(reports, context.hosts)),
    ]


def _check_likeness(reports: pl.DataFrame, context: Context) -> list[pl.LazyFrame]:
    if context.parts is None:
        return []
    own = sketch_parts(context.parts)
    stored = SKETCHES.to_frame() if context.sketches is None else context.sketches
    sketches = pl.concat([own, stored.join(own, on="report_id", how="anti")])
    known = list_known(reports, context.other_reports)
    return [
        *check_same_texts(reports, sketches),
        *check_copies(reports, known, sketches),
    ]


def _check_statements(
    reports: pl.DataFrame, context: Context, rules: dict[str, Rule]
) -> list[pl.LazyFrame]:
    binding = {key: rules[key].applies for key in STATEMENT_RULES if key in rules}
    if context.statements is None or not binding:
        return []
    return [remark_statements(context.statements, reports, binding, context.parts).lazy()]


def _check_territories(
    reports: pl.DataFrame, sheets: list[Sheet], context: Context
) -> list[pl.LazyFrame]:
    """Check the rules about a government's bodies on the edition that they are written for."""
    known = list_known(reports, context.other_reports)
    own = reports.select("report_id")
    remarks: list[pl.LazyFrame] = []
    for sheet in [sheet for sheet in sheets if sheet.form.edition == NEWEST_FORM]:
        others = _lay_out_others(reports, sheet, context)
        values = pl.concat([one.values for one in (sheet, *others)])
        on_form = known.join(values.select("report_id"), on="report_id", how="semi")
        remarks += check_office(sheet.form, on_form, values)
        remarks += check_copied_tables([sheet, *others], on_form)
        if context.roster is not None:
            remarks += check_sums(sheet.form, on_form, values, context.roster)
    if context.roster is not None:
        remarks += check_missing(known, context.roster)
    return [remark.join(own.lazy(), on="report_id", how="semi") for remark in remarks]


def _check_prose(
    reports: pl.DataFrame, parts: pl.DataFrame, rules: dict[str, Rule]
) -> list[pl.LazyFrame]:
    own = parts.join(reports.select("report_id"), on="report_id", how="semi")
    return [
        *check_texts(reports, own, rules),
        *check_parts(reports, own),
        *check_basis(reports, own),
        *check_current_year(reports, own),
        *check_paragraphs(own),
        *check_other_bodies(reports, own),
        *check_split(own),
        *check_privacy(own),
    ]


def _check_sheet(sheet: Sheet, context: Context, rulebook: Rulebook) -> list[pl.LazyFrame]:
    return [
        *check_presence(sheet),
        *check_kinds(sheet, rulebook.kinds),
        *check_blanks(sheet),
        *check_writing(sheet),
        *check_rows(sheet),
        *check_totals(sheet),
        *check_equations(sheet),
        *check_unit(sheet),
        *check_fees(sheet),
        *check_excess(sheet),
        *locate_crossing(sheet),
        *locate_part(sheet),
        *(() if context.labels is None else check_labels(sheet, context.labels)),
    ]


def _list_last_values(reports: pl.DataFrame, sheets: list[Sheet], names: list[str]) -> pl.DataFrame:
    """Give the values of some cells under `last.`, of every report a year before one of these."""
    wanted = reports.lazy().select(report_id="earlier_id").drop_nulls().unique()
    empty = pl.DataFrame(schema={"report_id": pl.String, **{LAST + name: FIGURE for name in names}})
    return pl.concat(
        [
            empty,
            *(
                sheet.values.lazy()
                .join(wanted, on="report_id", how="semi")
                .select("report_id", *_name_last(sheet, names))
                .collect()
                for sheet in sheets
            ),
        ]
    )


def _name_last(sheet: Sheet, names: list[str]) -> list[pl.Expr]:
    known = set(sheet.values.columns)
    return [
        (pl.col(name) if name in known else pl.lit(None, FIGURE)).alias(LAST + name)
        for name in names
    ]


def _lay_out_earlier(reports: pl.DataFrame, context: Context) -> list[Sheet]:
    """Lay out the reports a year before one of these that are not among them."""
    if context.other_reports is None:
        return []
    wanted = reports.select(report_id="earlier_id").drop_nulls()
    others = context.other_reports.join(wanted, on="report_id", how="semi").join(
        reports, on="report_id", how="anti"
    )
    return _lay_out_stored(others, context)


def _lay_out_others(reports: pl.DataFrame, sheet: Sheet, context: Context) -> list[Sheet]:
    """Lay out the other reports of the same years and edition, for governments to be held to."""
    if context.other_reports is None:
        return []
    others = context.other_reports.filter(pl.col("form") == sheet.form.edition).join(
        sheet.reports, on="year", how="semi"
    )
    return _lay_out_stored(others.join(reports, on="report_id", how="anti"), context)


def _lay_out_stored(others: pl.DataFrame, context: Context) -> list[Sheet]:
    if context.other_cells is None:
        return []
    cells = context.other_cells.join(others.select("report_id"), on="report_id", how="semi")
    used = set(others["form"].drop_nulls())
    return [
        lay_out(others, cells.rechunk(), form)
        for form in load_forms().values()
        if form.edition in used
    ]


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
