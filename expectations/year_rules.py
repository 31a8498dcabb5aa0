"""Rules that hold a report against last year's as a whole: figures, texts, versions."""

from __future__ import annotations

import polars as pl

from expectations.digests import count_telling, digest_tables
from expectations.likeness import estimate_likeness, to_rows
from expectations.remarks import write_remarks
from expectations.report_rules import INSTANCE
from expectations.sheet import Sheet
from expectations.words import load_words

LEAST_TELLING = 2  # different figures of 10 or more that make a chance out of the question
MOST_ALIKE = 0.9
LEAST_CHARACTERS = 80
COMPARED_PARTS = (1, 5)


def check_same_figures(
    reports: pl.DataFrame, sheets: list[Sheet], past: list[Sheet]
) -> list[pl.LazyFrame]:
    """Find reports whose figures are all those of last year (Y-06).

    Cases `same`, `same_small` where so few or small figures may recur by chance, `unread`,
    and `other_form` where last year's tables are of another edition.

    Args:
        reports: With `earlier_id`.
        sheets: Of these reports.
        past: Of the earlier ones that are not among them.
    """
    linked = reports.select("report_id", "earlier_id").drop_nulls()
    if linked.is_empty() or not sheets:
        return []
    digests = pl.concat([digest_tables(sheet) for sheet in (*sheets, *past)])
    names = [name for name in digests.columns if name.startswith("digest_")]
    pairs = linked.join(digests, on="report_id").join(
        digests, left_on="earlier_id", right_on="report_id", suffix="_last"
    )
    has_figure = pl.any_horizontal(pl.col(names) != 0)
    is_same = pl.all_horizontal(pl.col(name) == pl.col(f"{name}_last") for name in names)
    marked = pairs.with_columns(
        case=pl.when(pl.col("form") != pl.col("form_last"))
        .then(pl.lit("other_form"))
        .when(is_same & has_figure)
        .then(pl.lit("same"))
        .when(is_same.is_null())
        .then(pl.lit("unread"))
    ).drop_nulls("case")
    same = marked.filter(pl.col("case") == "same")
    counts = pl.concat(
        [
            pl.DataFrame(schema={"report_id": pl.String, "count": pl.UInt32}),
            *(_count_in(sheet, same) for sheet in sheets),
        ]
    )
    is_small = (pl.col("case") == "same") & (pl.col("count") < LEAST_TELLING)
    return [
        write_remarks(
            marked.join(counts, on="report_id", how="left").lazy(),
            rule="Y-06",
            case=pl.when(is_small).then(pl.lit("same_small")).otherwise(pl.col("case")),
            instance=INSTANCE,
            count=pl.col("count"),
        )
    ]


def check_same_texts(reports: pl.DataFrame, sketches: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find parts one and five that are nearly last year's (Y-07; `alike`, `unread`).

    Args:
        reports: With `earlier_id`.
        sketches: As `SKETCHES`, of these reports and of the earlier ones.
    """
    names = pl.DataFrame(
        {"part": COMPARED_PARTS, "name": load_words().lists["part_names"]},
        schema_overrides={"part": pl.Int32},
    )
    long = sketches.filter(pl.col("length") >= LEAST_CHARACTERS).drop("length")
    pairs = (
        reports.select("report_id", "earlier_id")
        .drop_nulls()
        .join(names, how="cross")
        .join(long, on=["report_id", "part"], how="left", maintain_order="left")
        .join(
            long,
            left_on=["earlier_id", "part"],
            right_on=["report_id", "part"],
            how="left",
            suffix="_last",
            maintain_order="left",
        )
    )
    is_known = pl.col("sketch").is_not_null() & pl.col("sketch_last").is_not_null()
    known = pairs.filter(is_known)
    likeness = estimate_likeness(to_rows(known["sketch"]), to_rows(known["sketch_last"]))
    alike = known.with_columns(likeness=pl.Series(likeness)).filter(pl.col("likeness") > MOST_ALIKE)
    instance = pl.format("part-{}", "part")
    return [
        write_remarks(
            alike.lazy(),
            rule="Y-07",
            case="alike",
            instance=instance,
            name=pl.col("name"),
            reported=pl.col("likeness").round(2).cast(pl.String),
        ),
        write_remarks(
            pairs.filter(~is_known).lazy(),
            rule="Y-07",
            case="unread",
            instance=instance,
            name=pl.col("name"),
        ),
    ]


def check_versions(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find reports whose last year's text changed after it was first seen (Y-11)."""
    return [
        write_remarks(
            reports.lazy().filter(pl.col("earlier_version") > 1),
            rule="Y-11",
            case="changed",
            instance=INSTANCE,
            reported=pl.col("earlier_version").cast(pl.String),
            detail=pl.col("earlier_changed_at").dt.date().cast(pl.String),
        )
    ]


def _count_in(sheet: Sheet, chosen: pl.DataFrame) -> pl.DataFrame:
    values = sheet.values.join(chosen.select("report_id"), on="report_id", how="semi")
    return pl.DataFrame(
        {"report_id": values["report_id"], "count": count_telling(values).cast(pl.UInt32)}
    )
