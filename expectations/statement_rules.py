"""Compare what the prose states with the tables, and with what else it states."""

from __future__ import annotations

import polars as pl

from expectations.statement_ratios import judge_growth, judge_shares
from expectations.statement_sums import (
    CLAIMS,
    KEY,
    ROW,
    load_subjects,
    name_values,
    settle,
    spell_terms,
    sum_cells,
    write_value,
)
from storage.schema import STATEMENTS

ROW_RULE, RATIO_RULE, UNIT_RULE = "N-05", "N-13", "N-15"
RATIOS = ("share", "growth")
# Words that make a figure another than the one the table holds.
APART = ("about", "change", "each", "planned", "filed", "other_unit")


def compare_statements(
    statements: pl.DataFrame,
    reports: pl.DataFrame,
    cells: pl.DataFrame,
    earlier_cells: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Compare each statement with every value that it may mean.

    A statement differs only when none of its values fits and all could be read; it is not
    evaluated when none fits and one could not be read. A statement of another scope, period
    or unit, or about nothing that is tabled, is not applicable.

    Args:
        statements: As `STATED`.
        reports: `report_id`, `year`, `form`.
        cells: As the cells table, of these reports.
        earlier_cells: The cells of the reports of a year before, under the `report_id` of
            this year's, by which growth is recomputed. None: not known.

    Returns:
        `STATEMENTS.frame_schema`, a row a statement in the order given.
    """
    dated = (
        statements.lazy()
        .with_row_index("order")
        .join(reports.lazy().select("report_id", "form"), on="report_id", how="left")
        .with_columns(is_plain=_is_plain())
        .collect()
    )
    subjects = load_subjects()
    pairs = dated.select("subject", "form").unique().drop_nulls()
    terms = spell_terms(pairs, subjects)
    tabled = sum_cells(dated.filter("is_plain"), terms, name_values(cells, terms))
    earlier = None if earlier_cells is None else name_values(earlier_cells, terms)
    admissible = pl.concat(
        [
            _judge_counts(tabled),
            judge_shares(dated, cells),
            judge_growth(dated, terms, earlier),
        ]
    )
    rules = pl.DataFrame(
        {"subject": list(subjects), "rule": [entry.rule for entry in subjects.values()]}
    )
    return (
        dated.lazy()
        .join(admissible.lazy(), on=KEY, how="left")
        .join(rules.lazy(), on="subject", how="left")
        .with_columns(
            rule=_tell_rule(),
            outcome=pl.when(_is_excused())
            .then(pl.lit("agrees"))
            .otherwise(pl.col("outcome").fill_null("not_applicable")),
            cells=pl.col("cells").fill_null([]),
            admissible=pl.col("admissible").fill_null([]),
        )
        .sort("order")
        .select(*STATEMENTS.frame_schema)
        .cast(STATEMENTS.frame_schema)
        .collect()
    )


def list_stated_values(compared: pl.DataFrame, reports: pl.DataFrame) -> pl.DataFrame:
    """List the cells whose value the prose states without another reading.

    Args:
        compared: As `STATEMENTS`.
        reports: `report_id`, `form`.

    Returns:
        `report_id`, `source` (always `prose`), `cell`, `value`: what repairing asks for.
    """
    dated = compared.join(reports.select("report_id", "form"), on="report_id")
    terms = spell_terms(dated.select("subject", "form").unique().drop_nulls(), load_subjects())
    single = terms.filter(pl.len().over("subject", "form") == 1)
    return (
        dated.filter(_is_plain(), ~pl.col("subject").is_in(CLAIMS))
        .join(single, on=["subject", "form"])
        .select("report_id", "cell", source=pl.lit("prose"), value="quantity")
        .unique(["report_id", "cell"], keep="first", maintain_order=True)
        .select("report_id", "source", "cell", "value")
    )


def _is_plain() -> pl.Expr:
    """Tell a statement of what the report covers, in its year, of one definite figure."""
    apart = pl.col("qualifiers").list.set_intersection(list(APART)).list.len() > 0
    return (pl.col("scope") == "whole") & (pl.col("period") == "current") & ~apart


def _is_excused() -> pl.Expr:
    """Tell a claim that all was closed in a prose that also states what was carried out."""
    states_rest = (pl.col("subject") == "carried_out").any().over("report_id")
    return pl.col("subject").is_in(CLAIMS) & pl.col("is_plain") & states_rest


def _tell_rule() -> pl.Expr:
    is_request = pl.col("rule").is_in(["N-01", "N-02", "N-05"])
    other_unit = pl.col("qualifiers").list.contains("other_unit")
    return (
        pl.when(is_request & other_unit)
        .then(pl.lit(UNIT_RULE))
        .when(pl.col("subject").str.starts_with(ROW))
        .then(pl.lit(ROW_RULE))
        .when(pl.col("subject").is_in(RATIOS))
        .then(pl.lit(RATIO_RULE))
        .otherwise("rule")
    )


def _judge_counts(sums: pl.DataFrame) -> pl.DataFrame:
    return settle(
        sums.lazy().with_columns(
            fits=pl.col("value") == pl.col("wanted"), written=write_value(pl.col("value"))
        )
    )
