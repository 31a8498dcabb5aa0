"""Join batches: of several texts of a report one counts; attachments belong to their page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from storage.schema import COPIES, DOCUMENTS
from tasks.reading.batch import Origin, ReadBatch, read_batch

LOST = ("unreadable", "absent")
MANY = 10_000  # more than a report has cells: what a report without any has lost
REASONS = {
    "duplicate": "the text of the same report counts that is newer, or more complete, at",
    "copy": "both were read and compared; the report is taken from",
    "cover": "the report is attached to this page, and was read from",
    "": "",
}
COVERS = ("not_a_report", "no_report_year")  # outcomes of a page whose report is attached


def group_pages(origins: Iterable[Origin]) -> list[list[Origin]]:
    """Put attachments behind their page, and both into one group; else the order stays.

    Attachments whose page is not there stay together where the first of them stands.
    """
    groups: dict[str, list[Origin]] = {}
    for origin in origins:
        groups.setdefault(origin.page or origin.url, []).append(origin)
    return [sorted(group, key=_is_attached) for group in groups.values()]


def _is_attached(origin: Origin) -> bool:
    return origin.page is not None


def concatenate(batches: Sequence[ReadBatch]) -> ReadBatch:
    """Put the rows of batches, of which there is at least one, behind each other."""
    return ReadBatch(
        reports=pl.concat([batch.reports for batch in batches], rechunk=True),
        documents=pl.concat([batch.documents for batch in batches], rechunk=True),
        details={
            name: pl.concat([batch.details[name] for batch in batches], rechunk=True)
            for name in batches[0].details
        },
    )


def join_batches(batches: Sequence[ReadBatch]) -> ReadBatch:
    """Join batches; of several sources of one report the newest text counts.

    The newest is the one published last, then signed last, then the one with the fewest cells
    lost, then a page before its attachments, then the first by address; a page and its
    attachments are of one date. The others stay in `documents`, naming the one that counts:
    as `copy` or `cover` what belongs to the same page, as `duplicate` the rest. What copies
    print is in the details as `copies`, columns as the lake's table; equal figures too.
    """
    joined = concatenate([read_batch([]), *batches])
    documents = joined.documents.unique("url", keep="first", maintain_order=True)
    reports = joined.reports.unique("url", keep="first", maintain_order=True)
    details = joined.details
    ranked = _rank(reports, documents, details)
    chosen = ranked.unique("report_id", keep="first", maintain_order=True).sort("report_id")
    copies = ranked.join(
        chosen.select("report_id", "group", taken_from="url"), on=["report_id", "group"]
    ).filter(pl.col("url") != pl.col("taken_from"))
    chosen = chosen.select(reports.columns)
    return ReadBatch(
        reports=chosen,
        documents=_describe_choice(documents, chosen),
        details={
            **{name: _keep(frame, chosen).drop("url") for name, frame in details.items()},
            "copies": _keep(details["cells"].filter(pl.col("status") == "read"), copies)
            .select(COPIES.frame_schema.names())
            .sort("report_id", "url"),
        },
    )


def _rank(
    reports: pl.DataFrame, documents: pl.DataFrame, details: dict[str, pl.DataFrame]
) -> pl.DataFrame:
    """Sort texts, the one that counts before the others of its report; add their `group`."""
    lost = (
        details["cells"].group_by("url").agg(lost=pl.col("status").is_in(LOST).sum().cast(pl.Int64))
    )
    rows = details["legacy_rows"].group_by("url").agg(rows=pl.len().cast(pl.Int64))
    dates = ("published_on", "signed_on")
    return (
        reports.join(documents.select("url", "page"), on="url", how="left", maintain_order="left")
        .join(lost, on="url", how="left", maintain_order="left")
        .join(rows, on="url", how="left", maintain_order="left")
        .with_columns(
            group=pl.coalesce("page", "url"),
            lost=pl.coalesce("lost", MANY - pl.col("rows").fill_null(0)),
        )
        .with_columns(
            pl.col(date).max().over("report_id", "group").alias(f"last_{date}") for date in dates
        )
        .sort(
            [*(f"last_{date}" for date in dates), "lost", pl.col("page").is_not_null(), "url"],
            descending=[True, True, False, False, False],
            nulls_last=True,
        )
    )


def _keep(frame: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows of some texts, once where a text was looked at twice."""
    return frame.join(texts, on=["report_id", "url"], how="semi", maintain_order="left").unique(
        maintain_order=True
    )


def _describe_choice(documents: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """Say of each document that is not the chosen text of its report which one is."""
    group = pl.coalesce("page", "url")
    taken = chosen.select("report_id", taken_from="url").join(
        documents.select(taken_from="url", taken_group=group), on="taken_from"
    )
    is_other = pl.col("taken_from").is_not_null() & (pl.col("taken_from") != pl.col("url"))
    is_together = group == pl.col("taken_group")
    is_cover = pl.col("outcome").is_in([*COVERS, "tables_not_found"]) & pl.col("page").is_null()
    choice = (
        pl.when(~is_other)
        .then(None)
        .when(~is_together)
        .then(pl.lit("duplicate"))
        .otherwise(pl.when(is_cover).then(pl.lit("cover")).otherwise(pl.lit("copy")))
    )
    return (
        _name_covers(documents)
        .join(taken, on="report_id", how="left", maintain_order="left")
        .with_columns(choice=choice.fill_null(""))
        .with_columns(
            outcome=pl.when(is_other).then("choice").otherwise("outcome"),
            reason=pl.when(is_other)
            .then(pl.format("{} {}", pl.col("choice").replace_strict(REASONS), "taken_from"))
            .otherwise("reason"),
        )
        .select(DOCUMENTS.schema.names())
        .pipe(tie_attachments)
        .sort("url")
    )


def _name_covers(documents: pl.DataFrame) -> pl.DataFrame:
    """Give a page that is no report itself the `report_id` of the one that is attached."""
    attached = (
        documents.filter(pl.col("page").is_not_null() & pl.col("report_id").is_not_null())
        .select(url="page", attached_id="report_id")
        .unique(maintain_order=True)
        .filter(pl.len().over("url") == 1)
    )
    is_cover = pl.col("outcome").is_in(COVERS)
    return documents.join(attached, on="url", how="left", maintain_order="left").with_columns(
        report_id=pl.when(is_cover).then("attached_id").otherwise("report_id")
    )


def tie_attachments(documents: pl.DataFrame) -> pl.DataFrame:
    """Give attachments that gave no report the `report_id` of their page."""
    pages = documents.select(page="url", page_id="report_id")
    return (
        documents.join(pages, on="page", how="left", maintain_order="left")
        .with_columns(report_id=pl.coalesce("report_id", "page_id"))
        .drop("page_id")
    )
