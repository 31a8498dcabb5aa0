"""Rules N-01 to N-18: from statements as compared to remarks."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from expectations.remarks import REMARKS, write_remarks
from expectations.statement_sums import KEY, ROW, name_subjects

TABLE_RULES = tuple(f"N-{number:02d}" for number in range(1, 11))
STATEMENT_RULES = (*TABLE_RULES, *(f"N-{number}" for number in (11, 12, 13, 14, 16, 17, 18)))
GROUPS = ("denied", "unavailable", "rejected", "other")
SHARES_SUM, SHARES_TOLERANCE = 100, 2
FEE_SECTION = 6
# A word with its figure, such as the noun of a statement that no table holds, has this length.
MIN_NOUN = 4
MAX_DETAIL = 80
COLUMNS = tuple(REMARKS)


def remark_statements(
    statements: pl.DataFrame,
    reports: pl.DataFrame,
    binding: Mapping[str, pl.Expr],
    parts: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Say what the rules N-01 to N-18 find.

    Args:
        statements: As `STATEMENTS`, compared.
        reports: `report_id` and the columns that `binding` reads.
        binding: Each rule's id with the condition, over `reports`, of binding a report.
        parts: `report_id`, `part` of the running text; without them N-16 says nothing.

    Returns:
        `REMARKS`, a row a finding; and one of case `none` for a report that a rule binds and
        that states nothing of the kind.
    """
    frame = statements.with_columns(detail=pl.col("sentence").str.slice(0, MAX_DETAIL))
    found = [
        *_remark_differences(frame),
        _remark_breakdowns(frame),
        _remark_repetitions(frame),
        _remark_share_sums(frame),
        _remark_notices(frame),
        _remark_contradictions(frame),
        *([] if parts is None else [_remark_fees(frame, reports, parts, binding["N-16"])]),
    ]
    remarks = pl.concat(
        [REMARKS.to_frame(), *(entry.select(*COLUMNS).collect() for entry in found)]
    )
    spoken = _list_spoken(frame)
    return pl.concat(
        [
            _bind(remarks, reports, binding),
            *(_remark_silence(rule, reports, binding[rule], spoken) for rule in spoken),
        ]
    )


def _bind(
    remarks: pl.DataFrame, reports: pl.DataFrame, binding: Mapping[str, pl.Expr]
) -> pl.DataFrame:
    bound = [
        remarks.filter(pl.col("rule") == rule).join(
            reports.filter(binds).select("report_id"), on="report_id", how="semi"
        )
        for rule, binds in binding.items()
    ]
    return pl.concat([REMARKS.to_frame(), *bound])


def _remark_silence(
    rule: str, reports: pl.DataFrame, binds: pl.Expr, spoken: dict[str, pl.Series]
) -> pl.DataFrame:
    silent = reports.filter(binds, ~pl.col("report_id").is_in(spoken[rule].implode()))
    return write_remarks(silent.lazy(), rule=rule, case="none", instance="report").collect()


def _list_spoken(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Name the reports that state anything that a rule can judge."""
    judged = pl.col("outcome") != "not_applicable"
    conditions = {
        rule: (pl.col("rule") == rule) & judged for rule in (*TABLE_RULES, "N-13", "N-14")
    }
    conditions["N-11"] = pl.col("part_of").is_not_null()
    conditions["N-12"] = pl.col("quantity").is_not_null()
    conditions["N-17"] = (pl.col("subject") == "fee.collected") & (pl.col("quantity") > 0)
    conditions["N-18"] = pl.col("subject").str.starts_with("claim.")
    return {
        rule: frame.filter(condition)["report_id"].unique()
        for rule, condition in conditions.items()
    }


def _instance(number: str = "number") -> pl.Expr:
    return pl.format("statement.{}", pl.col(number))


def _written(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.replace(r"\.?0+$", "")


def _remark_differences(frame: pl.DataFrame) -> list[pl.LazyFrame]:
    """N-01 to N-10, N-13, N-14: `differs`, `unread`."""
    compared = (
        frame.lazy()
        .filter(pl.col("outcome").is_in(["differs", "not_evaluated"]))
        .join(name_subjects(frame["subject"]).lazy(), on="subject", how="left")
    )
    is_single = pl.col("admissible").list.len() == 1
    value = pl.when(is_single).then(pl.col("admissible").list.first())
    return [
        write_remarks(
            compared,
            rule=pl.col("rule"),
            case=pl.when(pl.col("outcome") == "differs")
            .then(pl.lit("differs"))
            .otherwise(pl.lit("unread")),
            instance=_instance(),
            cells=pl.col("cells"),
            name=pl.coalesce("name", "noun"),
            expected=pl.col("admissible").list.join(" / "),
            reported=_written("quantity"),
            difference=pl.col("quantity") - value.cast(pl.Decimal(20, 6)),
            detail=pl.col("detail"),
        )
    ]


def _remark_breakdowns(frame: pl.DataFrame) -> pl.LazyFrame:
    """N-11: a closed breakdown falls `short` of its whole, or any goes `over` it.

    Parts told apart by different things, such as outcome and applicant, may overlap, as may
    a group of outcomes and one of its rows: these are not added up. Nor are those that agree
    with the table each, for then the prose leaves parts out without an error.
    """
    parts = frame.lazy().filter(pl.col("part_of").is_not_null(), pl.col("quantity").is_not_null())
    subject = pl.col("subject")
    kind = (
        pl.when(subject.str.starts_with(ROW))
        .then(pl.lit("outcome"))
        .when(subject == "carried_out")
        .then(None)
        .when(subject.str.contains(r"^(from|review|suit)"))
        .then(subject.str.extract(r"^(from|review|suit)"))
        .when(subject.is_in(["closed", "channel"]))
        .then(subject)
        .otherwise(pl.lit("other"))
    )
    overlaps = pl.any_horizontal(
        (subject == f"{ROW}{group}").any() & subject.str.starts_with(f"{ROW}{group}_").any()
        for group in GROUPS
    )
    sums = (
        parts.with_columns(kind=kind)
        .group_by("report_id", "part_of")
        .agg(
            total=pl.col("quantity").sum(),
            count=pl.len(),
            kinds=pl.col("kind").drop_nulls().n_unique(),
            overlaps=overlaps,
            is_closed=pl.col("is_closed").all(),
            is_tabled=(pl.col("outcome") == "agrees").all(),
        )
        .join(
            frame.lazy().select(*KEY, "quantity", "outcome", "detail"),
            left_on=["report_id", "part_of"],
            right_on=KEY,
        )
        .filter(pl.col("kinds") <= 1, ~pl.col("overlaps"))
    )
    is_over = pl.col("total") > pl.col("quantity")
    is_short = pl.col("is_closed") & (pl.col("total") < pl.col("quantity"))
    agrees = pl.col("is_tabled") & (pl.col("outcome") == "agrees")
    return write_remarks(
        sums.filter(is_over | is_short, ~agrees),
        rule="N-11",
        case=pl.when(is_over).then(pl.lit("over")).otherwise(pl.lit("short")),
        instance=_instance("part_of"),
        expected=_written("total"),
        reported=_written("quantity"),
        difference=pl.col("quantity") - pl.col("total"),
        count=pl.col("count"),
        detail=pl.col("detail"),
    )


def _remark_repetitions(frame: pl.DataFrame) -> pl.LazyFrame:
    """N-12: what one thing is said to count differs between two places.

    Readings that each agree with the table in a sense of its own are no contradiction.
    """
    qualifiers = pl.col("qualifiers").list.sort().list.join(",")
    is_named = ~pl.col("subject").is_in(["stated", "disclosed"])
    known = frame.lazy().filter(
        pl.col("quantity").is_not_null(),
        pl.col("unit").is_not_null(),
        pl.col("part_of").is_null(),
        pl.col("scope") == "whole",
        pl.col("period") == "current",
        pl.col("subject").str.contains(r"^(share|growth|rate|closing_rate|channel)$").not_(),
        pl.col("qualifiers")
        .list.set_intersection(["change", "about", "each", "planned", "all"])
        .list.len()
        == 0,
        is_named | (pl.col("noun").str.len_chars() >= MIN_NOUN),
    )
    thing = pl.when(is_named).then(pl.lit("")).otherwise("noun")
    keyed = known.with_columns(thing=thing, marks=qualifiers)
    keys = ["report_id", "subject", "thing", "unit", "marks"]
    first = (
        keyed.sort(KEY)
        .group_by(keys, maintain_order=True)
        .agg(
            first=pl.col("quantity").first(),
            first_outcome=pl.col("outcome").first(),
            first_sentence=pl.col("sentence").first(),
        )
    )
    repeated = keyed.join(first, on=keys).filter(
        pl.col("quantity") != pl.col("first"),
        pl.col("sentence") != pl.col("first_sentence"),
        ~((pl.col("outcome") == "agrees") & (pl.col("first_outcome") == "agrees")),
    )
    return write_remarks(
        repeated.join(name_subjects(frame["subject"]).lazy(), on="subject", how="left"),
        rule="N-12",
        case="differs",
        instance=_instance(),
        name=pl.coalesce("name", "noun"),
        expected=_written("first"),
        reported=_written("quantity"),
        difference=pl.col("quantity") - pl.col("first"),
        detail=pl.col("detail"),
    )


def _remark_share_sums(frame: pl.DataFrame) -> pl.LazyFrame:
    """N-13: the shares of a breakdown that claims to be complete do not sum to 100."""
    parts = (
        frame.lazy()
        .filter(pl.col("part_of").is_not_null())
        .select("report_id", "part_of", "is_closed", share_of="number")
    )
    shares = (
        frame.lazy()
        .filter(pl.col("subject") == "share")
        .select("report_id", "share_of", share="quantity")
    )
    sums = (
        parts.join(shares, on=["report_id", "share_of"], how="left")
        .group_by("report_id", "part_of")
        .agg(
            total=pl.col("share").sum(),
            is_whole=pl.col("share").is_not_null().all() & pl.col("is_closed").all(),
        )
        .filter("is_whole", (pl.col("total") - SHARES_SUM).abs() > SHARES_TOLERANCE)
        .join(frame.lazy().select(*KEY, "detail"), left_on=["report_id", "part_of"], right_on=KEY)
    )
    return write_remarks(
        sums,
        rule="N-13",
        case="sum",
        instance=_instance("part_of"),
        expected=str(SHARES_SUM),
        reported=_written("total"),
        difference=pl.col("total") - SHARES_SUM,
        detail=pl.col("detail"),
    )


def _remark_fees(
    frame: pl.DataFrame, reports: pl.DataFrame, parts: pl.DataFrame, binds: pl.Expr
) -> pl.LazyFrame:
    """N-16: part six is silent on the fee (`missing`), or another part speaks of it."""
    fees = frame.lazy().filter(pl.col("subject").str.starts_with("fee."))
    spoken = fees.group_by("report_id").agg(
        is_there=(pl.col("section") == FEE_SECTION).any(), detail=pl.col("detail").first()
    )
    sixth = (
        parts.lazy().filter(pl.col("part") == FEE_SECTION).select("report_id").unique()
    ).with_columns(has_part=True)
    judged = (
        reports.lazy()
        .filter(binds)
        .select("report_id")
        .join(spoken, on="report_id", how="left")
        .join(sixth, on="report_id", how="left")
        .filter(~pl.col("is_there").fill_null(False))
    )
    case = (
        pl.when(pl.col("detail").is_not_null())
        .then(pl.lit("elsewhere"))
        .when(pl.col("has_part").is_null())
        .then(pl.lit("no_part"))
        .otherwise(pl.lit("missing"))
    )
    return write_remarks(judged, rule="N-16", case=case, instance="report", detail=pl.col("detail"))


def _remark_notices(frame: pl.DataFrame) -> pl.LazyFrame:
    """N-17: a fee was collected, and no notice sent or none spoken of."""
    notices = (
        frame.lazy()
        .filter(pl.col("subject") == "fee.notices")
        .group_by("report_id")
        .agg(notices=pl.col("quantity").max())
    )
    collected = (
        frame.lazy()
        .filter(
            pl.col("subject") == "fee.collected",
            pl.col("quantity") > 0,
            pl.col("scope") == "whole",
            pl.col("period") == "current",
        )
        .unique("report_id", keep="first", maintain_order=True)
        .join(notices, on="report_id", how="left")
        .filter(pl.col("notices").fill_null(0) == 0)
    )
    return write_remarks(
        collected,
        rule="N-17",
        case=pl.when(pl.col("notices").is_null())
        .then(pl.lit("unread"))
        .otherwise(pl.lit("unnoticed")),
        instance=_instance(),
        reported=_written("quantity"),
        detail=pl.col("detail"),
    )


def _remark_contradictions(frame: pl.DataFrame) -> pl.LazyFrame:
    """N-18: part five admits what part one denies."""
    topic = pl.col("subject").str.extract(r"\.(\w+)$")
    spoken = frame.lazy().with_columns(topic=topic)
    claims = spoken.filter(pl.col("subject").str.starts_with("claim."))
    problems = spoken.filter(pl.col("subject").str.starts_with("problem."))
    pairs = (
        claims.select("report_id", "topic", claim="noun")
        .unique(["report_id", "topic"], keep="first", maintain_order=True)
        .join(problems, on=["report_id", "topic"])
        .unique(["report_id", "topic"], keep="first", maintain_order=True)
    )
    return write_remarks(
        pairs,
        rule="N-18",
        case="contradicts",
        instance=_instance(),
        expected=pl.col("claim"),
        reported=pl.col("noun"),
        detail=pl.col("detail"),
    )
