"""Rules about when, by whom and under which year a report is published."""

from __future__ import annotations

import polars as pl

from expectations.remarks import write_remarks
from expectations.report_rules import INSTANCE
from expectations.rule import Rule
from expectations.words import load_words

YEAR = r"(20\d\d)"


def check_deadlines(reports: pl.DataFrame, rules: dict[str, Rule]) -> list[pl.LazyFrame]:
    """Compare the date of publication with the days a rule sets in the year after.

    P-01 to P-04; the case of the last day passed, or `unread`.
    """
    published = pl.col("published_on")
    found = []
    for rule in rules.values():
        if not rule.deadlines:
            continue
        bound = reports.lazy().filter(rule.applies)
        days = {
            deadline.case: pl.date(pl.col("year") + 1, deadline.month, deadline.day)
            for deadline in rule.deadlines
        }
        case = pl.coalesce(
            *(pl.when(published > day).then(pl.lit(name)) for name, day in reversed(days.items())),
            pl.when(published.is_null()).then(pl.lit("unread")),
        )
        found.append(
            write_remarks(
                bound.filter(case.is_not_null()),
                rule=rule.id,
                case=case,
                instance=INSTANCE,
                expected=next(iter(days.values())).cast(pl.String),
                reported=published.cast(pl.String),
            )
        )
    return found


def check_years(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Compare the years that title, period, list and address name (P-07).

    Cases, the first that holds: `differ` by the period, `listed` where the link to the report
    names other years only, `address` where a folder names another year (not the year of
    publication), `unread`.
    """
    words = load_words()
    titled = pl.col("title").str.extract(YEAR, 1).cast(pl.Int32)
    stated = pl.col("period_start").dt.year()
    address = pl.coalesce(
        pl.col("url").str.extract(words.patterns["url_year"], group) for group in (1, 2)
    ).cast(pl.Int32)
    link = pl.col("listed_as")
    listed = link.str.extract(words.patterns["listed_year"], 1).cast(pl.Int32)
    is_listed_so = link.str.contains(titled.cast(pl.String), literal=True)
    is_other_address = (address != titled) & (address != titled + 1)
    case = (
        pl.when(titled != stated)
        .then(pl.lit("differ"))
        .when(listed.is_not_null() & ~is_listed_so)
        .then(pl.lit("listed"))
        .when(is_other_address)
        .then(pl.lit("address"))
        .when(titled.is_null() | stated.is_null())
        .then(pl.lit("unread"))
    )
    return [
        write_remarks(
            reports.lazy().filter(case.is_not_null()),
            rule="P-07",
            case=case,
            instance=INSTANCE,
            expected=titled.cast(pl.String),
            reported=pl.when(case == "differ")
            .then(stated)
            .when(case == "listed")
            .then(listed)
            .otherwise(address)
            .cast(pl.String),
            detail=words.lists["places"]["period"],
        )
    ]


def check_bodies(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Compare the body that the title names with the one that signs (P-08).

    The same body may be put shorter, or a government sign by its office: one name must hold
    the other, endings aside.
    """
    words = load_words().patterns
    titled = pl.col("title").str.replace_all(words["title_rest"], "")
    signed = pl.col("signature").str.replace_all(r"[\s　]", "")
    stems = [name.str.replace(words["body_endings"], "") for name in (titled, signed)]
    is_same = stems[0].str.contains(stems[1], literal=True) | stems[1].str.contains(
        stems[0], literal=True
    )
    is_named = (titled.str.len_chars() > 0) & (signed.str.len_chars() > 0)
    case = (
        pl.when(~is_named.fill_null(False))
        .then(pl.lit("unread"))
        .when(~is_same)
        .then(pl.lit("differ"))
    )
    return [
        write_remarks(
            reports.lazy().filter(case.is_not_null()),
            rule="P-08",
            case=case,
            instance=INSTANCE,
            expected=titled,
            reported=signed,
        )
    ]


def check_signing(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Ask for a name and a full date under the report (P-09, `unsigned`)."""
    words = load_words().lists["places"]
    is_unnamed = pl.col("signature").fill_null("").str.strip_chars() == ""
    missing = pl.concat_str(
        [
            pl.when(is_unnamed).then(pl.lit(words["name"])),
            pl.when(pl.col("signed_on").is_null()).then(pl.lit(words["date"])),
        ],
        separator=words["and"],
        ignore_nulls=True,
    )
    return [
        write_remarks(
            reports.lazy().filter(missing != ""),
            rule="P-09",
            case="unsigned",
            instance=INSTANCE,
            detail=missing,
        )
    ]
