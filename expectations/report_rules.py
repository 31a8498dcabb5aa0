"""Rules about a report as a whole: its edition of the form, its signature, its period."""

from __future__ import annotations

import polars as pl

from expectations.cell_rules import name_tables
from expectations.form import Form
from expectations.remarks import write_remarks
from expectations.rule import Rule
from expectations.words import load_words

INSTANCE = "report"
NEWEST_FORM = "2021"
# The edition that each rule wants.
FORM_RULES = {"S-07": "2021", "S-08": "2019", "S-09": "2019"}


def check_forms(reports: pl.DataFrame, rules: dict[str, Rule]) -> list[pl.LazyFrame]:
    """Compare the edition used with the one due.

    S-07, S-08, S-09 (`other_form`, `unread`), and S-10 (`too_new`) where an edition is used
    that was not yet in force.
    """
    form = pl.col("form")
    too_new = reports.lazy().filter(rules["S-10"].applies, form == NEWEST_FORM)
    return [
        write_remarks(too_new, rule="S-10", case="too_new", instance=INSTANCE, reported=form),
        *(
            write_remarks(
                reports.lazy().filter(rules[rule].applies, form.is_null() | (form != edition)),
                rule=rule,
                case=pl.when(form.is_null()).then(pl.lit("unread")).otherwise(pl.lit("other_form")),
                instance=INSTANCE,
                expected=edition,
                reported=form,
            )
            for rule, edition in FORM_RULES.items()
        ),
    ]


def check_title(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Ask whether the title calls the document an annual report (S-16)."""
    title = pl.col("title")
    case = (
        pl.when(title.is_null())
        .then(pl.lit("unread"))
        .when(~title.str.contains(load_words().patterns["report_title"]))
        .then(pl.lit("other_title"))
    )
    return [_remark_reports(reports, rule="S-16", case=case, reported=title)]


def check_unknown_forms(
    reports: pl.DataFrame, rules: dict[str, Rule], newest: Form
) -> list[pl.LazyFrame]:
    """Report every table as missing where no edition was recognised though one is due (S-06)."""
    unknown = reports.lazy().filter(pl.col("form").is_null(), rules["S-06"].applies)
    return [
        write_remarks(
            unknown.join(name_tables(newest).lazy(), how="cross"),
            rule="S-06",
            case="missing",
            instance=pl.col("table"),
            name=pl.col("table_name"),
            expected=pl.col("table_title"),
        )
    ]


def check_signature(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Compare the date of signature with the year after the report year.

    P-05; cases `early` (not after the end of the report year), `late` and `unread`.
    """
    signed, due = pl.col("signed_on"), pl.col("year") + 1
    case = (
        pl.when(signed.is_null())
        .then(pl.lit("unread"))
        .when(signed.dt.year() < due)
        .then(pl.lit("early"))
        .when(signed.dt.year() > due)
        .then(pl.lit("late"))
    )
    return [
        _remark_reports(
            reports,
            rule="P-05",
            case=case,
            expected=_write_span(pl.date(due, 1, 1), pl.date(due, 12, 31)),
            reported=signed.cast(pl.String),
        )
    ]


def check_period(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Compare the stated period with the report year, 1 January to 31 December.

    P-06; cases `other_year` (a date of another year is named), `other_days` and `unread`.
    """
    year, start, end = pl.col("year"), pl.col("period_start"), pl.col("period_end")
    first, last = pl.date(year, 1, 1), pl.date(year, 12, 31)
    case = (
        pl.when((start.dt.year() != year) | (end.dt.year() != year))
        .then(pl.lit("other_year"))
        .when(start.is_null() | end.is_null())
        .then(pl.lit("unread"))
        .when((start != first) | (end != last))
        .then(pl.lit("other_days"))
    )
    return [
        _remark_reports(
            reports,
            rule="P-06",
            case=case,
            expected=_write_span(first, last),
            reported=_write_span(start, end),
        )
    ]


def _write_span(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    """Write a span of days as ISO 8601 does, `2022-01-01/2022-12-31`; null if an end is."""
    return pl.format("{}/{}", first.cast(pl.String), last.cast(pl.String))


def _remark_reports(reports: pl.DataFrame, case: pl.Expr, **columns: pl.Expr | str) -> pl.LazyFrame:
    frame = reports.lazy().filter(case.is_not_null())
    return write_remarks(frame, case=case, instance=INSTANCE, **columns)
