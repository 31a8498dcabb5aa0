"""Every check there is, run over all reports: what each finds becomes remarks."""

from __future__ import annotations

from dataclasses import replace

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
from expectations.conditions import check_conditions, list_last_cells
from expectations.context import SKETCHES, Context
from expectations.copy_rules import check_copies
from expectations.equations import check_equations, check_totals
from expectations.facts import list_known
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
from expectations.remarks import REMARKS
from expectations.report_rules import (
    NEWEST_FORM,
    check_forms,
    check_period,
    check_signature,
    check_title,
    check_unknown_forms,
)
from expectations.rule import Rule
from expectations.rulebook import Rulebook
from expectations.sheet import Sheet, join_sheets, lay_out_slices
from expectations.source_rules import (
    check_documents,
    check_hosts,
    check_media,
    check_script,
    check_second_readings,
)
from expectations.statement_remarks import STATEMENT_RULES, remark_statements
from expectations.stored import lay_out_earlier, lay_out_others, list_last_values
from expectations.table_rules import check_excess, check_unit, locate_crossing, locate_part
from expectations.territory_rules import (
    check_copied_tables,
    check_missing,
    check_office,
    check_sums,
)
from expectations.text_rules import check_texts
from expectations.year_rules import check_same_figures, check_same_texts, check_versions


def check_reports(
    reports: pl.DataFrame,
    cells: pl.DataFrame,
    context: Context,
    rules: dict[str, Rule],
    rulebook: Rulebook,
) -> pl.DataFrame:
    """Run every check on all reports.

    Args:
        reports: With the columns of `facts.FACTS` and of the reports table.
        cells: As the cells table, of these reports.
        context: What else is known.
        rules: The rules whose operands are given, by id.
        rulebook: For the words.

    Returns:
        As `REMARKS`, of these rules alone.

    Raises:
        ValueError: a report or cell stands twice, or a cell is not of the report's form.
    """
    remarks, sheets = _check_sheets(reports, cells, context, rulebook)
    earlier = lay_out_earlier(reports, context)
    last = list_last_values(reports, [*sheets, *earlier], list_last_cells(rules))
    found = [
        *_check_facts(reports, rules),
        *check_same_figures(reports, sheets, earlier),
        *_check_sources(reports, cells, context, rules),
        *(() if context.parts is None else _check_prose(reports, context.parts, rules)),
        *_check_likeness(reports, context),
        *_check_territories(reports, sheets, context),
        *_check_statements(reports, context, rules),
        *(() if context.older_rows is None else check_older(reports, context.older_rows, rules)),
        *(remark for sheet in sheets for remark in check_conditions(sheet, rules, rulebook, last)),
    ]
    joined: pl.DataFrame = pl.concat(
        [*remarks, pl.concat([REMARKS.to_frame().lazy(), *found]).collect()]
    )
    return joined.filter(pl.col("rule").is_in(list(rules)))


def _check_sheets(
    reports: pl.DataFrame, cells: pl.DataFrame, context: Context, rulebook: Rulebook
) -> tuple[list[pl.DataFrame], list[Sheet]]:
    """Check the cells of each report by themselves, some thousand reports at a time.

    Gives the remarks, and one sheet an edition that has lost its texts: they are most of it.
    """
    remarks: list[pl.DataFrame] = []
    sheets: list[Sheet] = []
    for sheet in lay_out_slices(reports, cells):
        found = _check_sheet(sheet, context, rulebook)
        remarks.append(pl.concat([REMARKS.to_frame().lazy(), *found]).collect())
        sheets.append(replace(sheet, cells=sheet.cells.select("has_unit")))
    return remarks, join_sheets(sheets)


def _check_facts(reports: pl.DataFrame, rules: dict[str, Rule]) -> list[pl.LazyFrame]:
    newest = next(iter(load_forms().values()))
    return [
        *check_forms(reports, rules),
        *check_unknown_forms(reports, rules, newest),
        *check_title(reports),
        *check_signature(reports),
        *check_period(reports),
        *check_deadlines(reports, rules),
        *check_years(reports),
        *(check_bodies(reports) if "P-08" in rules else ()),
        *(check_signing(reports) if "P-09" in rules else ()),
        *check_media(reports),
        *check_versions(reports),
    ]


def _check_sources(
    reports: pl.DataFrame, cells: pl.DataFrame, context: Context, rules: dict[str, Rule]
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
        *(check_script(reports, context.hosts or ()) if "P-15" in rules else ()),
    ]


def _check_likeness(reports: pl.DataFrame, context: Context) -> list[pl.LazyFrame]:
    if context.parts is None:
        return []
    stored = SKETCHES.to_frame() if context.sketches is None else context.sketches
    own = sketch_parts(context.parts.join(stored, on="report_id", how="anti"))
    sketches = pl.concat([own, stored])
    owners = [
        frame for frame in (context.other_reports, context.sketched_reports) if frame is not None
    ]
    known = list_known(reports, pl.concat(owners, how="diagonal") if owners else None)
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
        others = lay_out_others(reports, sheet, context)
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
