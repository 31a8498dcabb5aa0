"""Rules that the rulebook declares over the running text: what it must hold, or must not."""

from __future__ import annotations

import polars as pl

from expectations.remarks import write_remarks
from expectations.report_rules import INSTANCE
from expectations.rule import Rule, TextTest
from expectations.words import load_words

SHOWN_CHARACTERS = 40


def check_texts(
    reports: pl.DataFrame, parts: pl.DataFrame, rules: dict[str, Rule]
) -> list[pl.LazyFrame]:
    """Check every text test of the rules over the parts of all reports.

    Cases: `lacks`, `too_long`, `too_short` of one part, `found` of any part or the title.
    A part that was not found is not judged: S-01 is about that.
    """
    joined = parts.lazy().join(reports.lazy().select("report_id"), on="report_id", how="semi")
    remarks: list[pl.LazyFrame] = []
    for rule in rules.values():
        if rule.text is None:
            continue
        text = pl.col("text")
        chosen = (
            joined if rule.text.part is None else joined.filter(pl.col("part") == rule.text.part)
        )
        if rule.text.requires:
            remarks.append(_remark_lacking(chosen, rule))
        if rule.text.longest is not None or rule.text.shortest is not None:
            remarks.append(_remark_length(chosen.with_columns(length=_measure(text)), rule))
        if rule.text.forbids:
            remarks.append(_remark_found(chosen, rule, rule.text))
        if rule.text.title is not None:
            remarks.append(_remark_title(reports, rule, rule.text.title))
    return remarks


def _measure(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"\s", "").str.len_chars().cast(pl.Int64)


def _remark_lacking(parts: pl.LazyFrame, rule: Rule) -> pl.LazyFrame:
    requires = rule.text.requires if rule.text else {}
    joint = load_words().lists["places"]["list"]
    lacking = parts.group_by("report_id").agg(
        (~pl.col("text").str.contains(pattern).any()).alias(name)
        for name, pattern in requires.items()
    )
    missing = pl.concat_str(
        [pl.when(pl.col(name)).then(pl.lit(name)) for name in requires],
        separator=joint,
        ignore_nulls=True,
    )
    return write_remarks(
        lacking.filter(pl.any_horizontal(*requires)),
        rule=rule.id,
        case="lacks",
        instance=INSTANCE,
        detail=missing,
    )


def _remark_length(parts: pl.LazyFrame, rule: Rule) -> pl.LazyFrame:
    test = rule.text or TextTest()
    whole = parts.group_by("report_id").agg(pl.col("length").sum())
    length = pl.col("length")
    limit = test.shortest if test.longest is None else test.longest
    is_off = length < limit if test.longest is None else length > limit
    case = pl.when(is_off).then(pl.lit("too_short" if test.longest is None else "too_long"))
    return write_remarks(
        whole.filter(case.is_not_null()),
        rule=rule.id,
        case=case,
        instance=INSTANCE,
        expected=str(limit),
        reported=length.cast(pl.String),
        difference=length - limit,
    )


def _remark_found(parts: pl.LazyFrame, rule: Rule, test: TextTest) -> pl.LazyFrame:
    """Remark on the first of the forbidden patterns that stands in the text often enough."""
    text = pl.col("text")
    any_of = "|".join(f"(?:{one.pattern})" for one in test.forbids.values())
    hits = parts.filter(text.str.contains(any_of)).group_by("report_id").agg(text.str.join("\n"))
    is_found = {
        name: text.str.count_matches(one.pattern) >= one.least for name, one in test.forbids.items()
    }
    name = pl.coalesce(pl.when(found).then(pl.lit(name)) for name, found in is_found.items())
    quoted = pl.coalesce(
        pl.when(is_found[name]).then(text.str.extract(f"({one.pattern})", 1))
        for name, one in test.forbids.items()
    )
    return write_remarks(
        hits.filter(pl.any_horizontal(is_found.values())),
        rule=rule.id,
        case="found",
        instance=INSTANCE,
        detail=name,
        reported=quoted.str.slice(0, SHOWN_CHARACTERS),
    )


def _remark_title(reports: pl.DataFrame, rule: Rule, pattern: str) -> pl.LazyFrame:
    title = pl.col("title")
    return write_remarks(
        reports.lazy().filter(title.str.contains(pattern)),
        rule=rule.id,
        case="found",
        instance="title",
        detail=load_words().lists["places"]["title"],
        reported=title.str.slice(0, SHOWN_CHARACTERS),
    )
