"""Rules about where a report comes from: access, media, copies, hosts."""

from __future__ import annotations

import polars as pl

from expectations.form import load_cells
from expectations.remarks import write_figure, write_remarks
from expectations.report_rules import INSTANCE
from expectations.words import load_words

MOST_NAMED = 20  # cells that a message names


def check_documents(documents: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find documents of a report that cannot be opened (P-10) or that repeat it (P-13)."""
    outcome = pl.col("outcome")
    groups = {
        "P-10": ("broken", outcome.is_in(load_words().lists["not_accessible"])),
        "P-13": ("several", outcome == "duplicate"),
    }
    return [
        write_remarks(
            documents.lazy()
            .filter(pl.col("report_id").is_not_null(), chosen)
            .sort("url")
            .group_by("report_id", maintain_order=True)
            .agg(pl.len().alias("count"), pl.col("url", "outcome").first()),
            rule=rule,
            case=case,
            instance=INSTANCE,
            count=pl.col("count"),
            detail=pl.col("url"),
            reported=pl.col("outcome"),
        )
        for rule, (case, chosen) in groups.items()
    ]


def check_media(reports: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find reports that are pictures (P-11)."""
    words = load_words()
    is_picture = pl.col("media_type").str.contains(words.patterns["picture_media"]) | pl.col(
        "reason"
    ).str.contains_any(words.lists["picture_outcomes"])
    return [
        write_remarks(
            reports.lazy().filter(is_picture),
            rule="P-11",
            case="picture",
            instance=INSTANCE,
            reported=pl.col("media_type"),
        )
    ]


def check_hosts(reports: pl.DataFrame, hosts: tuple[str, ...]) -> list[pl.LazyFrame]:
    """Find reports from a host that is neither a government's nor approved (P-14).

    A file has no host, and is not judged.
    """
    words = load_words().patterns
    host = pl.col("url").str.extract(words["host"], 1).str.to_lowercase()
    is_trusted = host.str.contains(words["government_host"]) | host.is_in(list(hosts))
    return [
        write_remarks(
            reports.lazy().filter(~is_trusted),
            rule="P-14",
            case="foreign",
            instance=INSTANCE,
            reported=host,
        )
    ]


def check_second_readings(cells: pl.DataFrame, copies: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find cells that page and attachment print differently (P-12); unread ones do not count."""
    key = ["table", "row", "column"]
    titles = {name: cell.title for name, cell in load_cells().items()}
    compared = cells.join(copies, on="report_id", how="semi").rechunk()
    own = compared.lazy().select("report_id", *key, reported="value")
    differing = (
        copies.lazy()
        .rename({"value": "expected"})
        .join(own, on=["report_id", *key])
        .filter(pl.col("reported") != pl.col("expected"))
        .with_columns(cell=pl.concat_str(key, separator="."))
        .with_columns(
            pair=pl.format(
                "{} {}/{}",
                pl.col("cell").replace_strict(titles, default=pl.col("cell")),
                write_figure("reported"),
                write_figure("expected"),
            )
        )
        .sort("report_id", "url", "cell")
        .group_by("report_id", maintain_order=True)
        .agg(
            pl.len().alias("count"),
            pl.col("cell").alias("cells"),
            pl.col("pair").head(MOST_NAMED).str.join("; ")
            + pl.when(pl.len() > MOST_NAMED).then(pl.lit("; …")).otherwise(pl.lit("")),
            pl.col("url", "expected", "reported").first(),
        )
    )
    return [
        write_remarks(
            differing,
            rule="P-12",
            case="differ",
            instance=INSTANCE,
            cells=pl.col("cells"),
            name=pl.col("pair"),
            count=pl.col("count"),
            expected=write_figure("expected"),
            reported=write_figure("reported"),
            difference=pl.col("reported") - pl.col("expected"),
            detail=pl.col("url"),
        )
    ]
