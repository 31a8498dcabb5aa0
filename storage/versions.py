"""What a report read again is to the one stored: new, a new version, or the same as before."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from storage.schema import FINDINGS, INSTANT, REPORTS

_OUTCOME = ("verdict", "reason", "errors", "warnings", "not_evaluated")
_SLICE = 10_000
_STORED = ("version", "source_sha256", "fetched_at", "checked_at", "changed_at", *_OUTCOME)


def reserve_settled(reports: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Put in the columns that `settle_versions` sets, as if every report were new."""
    return reports.with_columns(
        version=pl.lit(1, pl.Int32),
        checked_at=pl.lit(now).cast(INSTANT),
        changed_at=pl.lit(None, INSTANT),
    )


def compare_reports(
    reports: pl.DataFrame,
    findings: pl.DataFrame,
    stored_reports: pl.DataFrame,
    stored_findings: pl.DataFrame,
) -> pl.DataFrame:
    """Set each new report beside the stored one.

    All frames have the `frame_schema` of their table; the stored ones may hold other reports.
    Returns `reports` with the stored columns prefixed by `stored_` (null for a new report),
    and the booleans `is_new`, `is_same_text` (same bytes) and `is_same_outcome` (same bytes,
    verdict and findings).
    """
    before = stored_reports.select(
        "report_id",
        *(pl.col(name).alias(f"stored_{name}") for name in ("region", "year", *_STORED)),
    ).unique("report_id")
    other_findings = list_differing(findings, stored_findings)
    is_same_text = pl.col("source_sha256") == pl.col("stored_source_sha256")
    return (
        reports.join(before, on="report_id", how="left", maintain_order="left")
        .with_columns(
            is_new=pl.col("stored_version").is_null(),
            is_same_text=is_same_text.fill_null(value=False),
        )
        .with_columns(
            is_same_outcome=pl.col("is_same_text")
            & ~pl.col("report_id").is_in(other_findings.implode())
            & pl.all_horizontal(
                pl.col(name).eq_missing(pl.col(f"stored_{name}")) for name in _OUTCOME
            )
        )
    )


def settle_versions(compared: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Give the reports of `compare_reports` their version and instants.

    New: version 1. Same bytes: version, `fetched_at` and `changed_at` stay, and `checked_at`
    too unless the outcome differs. Other bytes: one version more, changed `now`. What the
    caller put into `version`, `checked_at` and `changed_at` does not matter.
    """
    same = pl.when("is_same_text")
    moment = pl.lit(now).cast(INSTANT)
    return compared.with_columns(
        version=same.then("stored_version")
        .otherwise(pl.col("stored_version").fill_null(0) + 1)
        .cast(pl.Int32),
        fetched_at=same.then("stored_fetched_at").otherwise("fetched_at"),
        checked_at=pl.when("is_same_outcome").then("stored_checked_at").otherwise(moment),
        changed_at=same.then("stored_changed_at").when(~pl.col("is_new")).then(moment),
    ).select(REPORTS.frame_schema.names())


def foresee_versions(
    reports: pl.DataFrame, stored_reports: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    """Give reports the version and instants that storing them `now` will give them."""
    nothing = FINDINGS.frame_schema.to_frame()
    return settle_versions(compare_reports(reports, nothing, stored_reports, nothing), now)


def list_differing(findings: pl.DataFrame, stored: pl.DataFrame) -> pl.Series:
    """Return the ids of the reports whose findings differ in any column but the partition's."""
    reports = pl.concat([frame.select("report_id") for frame in (findings, stored)]).unique()
    found = [pl.Series("report_id", dtype=pl.String)]
    # Printed, findings take several times their memory: so many reports at a time only.
    for chosen in reports.sort("report_id").iter_slices(_SLICE):
        here, before = (
            _print_by_report(frame.join(chosen, on="report_id", how="semi"))
            for frame in (findings, stored)
        )
        both = here.join(before, on="report_id", how="full", coalesce=True, suffix="_stored")
        is_other = pl.col("rows").ne_missing(pl.col("rows_stored"))
        found.append(both.filter(is_other)["report_id"])
    return pl.concat(found)


def _print_by_report(findings: pl.DataFrame) -> pl.DataFrame:
    row = pl.struct(FINDINGS.schema.names()).struct.json_encode()
    return findings.sort(FINDINGS.key).group_by("report_id").agg(rows=row.str.join("\n"))
