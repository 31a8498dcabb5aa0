"""Waivers: findings that are set aside for a reason, by a person, until a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from storage.schema import FINDINGS, PolarsType


@dataclass(frozen=True, slots=True)
class Waiver:
    """One rule that is waived for one report or one publisher, `until` (that day included).

    `report` is a report id, `publisher` the name of a body as in the reports table; exactly
    one of them is given. `reason` and `who` are for those who read the finding later.
    """

    report: str | None
    publisher: str | None
    rule: str
    reason: str
    who: str
    until: date

    @property
    def subject(self) -> str:
        """The report or publisher it is for."""
        return self.report or self.publisher or ""


def waive_findings(
    findings: pl.DataFrame, reports: pl.DataFrame, waivers: Sequence[Waiver], today: date
) -> pl.DataFrame:
    """Mark each failed finding that a waiver in force is for; of several, the longest counts.

    Args:
        findings: As the findings table. A finding that was not evaluated stays open: a waiver
            excuses an error, it does not read a cell.
        reports: `report_id`, `publisher`.
        waivers: In force and expired.
        today: The day, as the publishers count it.

    Returns:
        `findings` in the order given, `waived_for`, `waived_by` and `waived_until` set anew:
        null where no waiver is in force.
    """
    names = ("waived_for", "waived_by", "waived_until")
    order = sorted((one for one in waivers if one.until >= today), key=lambda one: one.until)
    rows = [
        (one.report, one.publisher, one.rule, one.reason, one.who, one.until)
        for one in reversed(order)
    ]
    schema: dict[str, PolarsType] = {
        "report": pl.String,
        "publisher": pl.String,
        "rule": pl.String,
        **{name: FINDINGS.schema[name] for name in names},
    }
    table = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("place")
    given = findings.drop(names, strict=False).with_row_index("number")
    owned = given.filter(pl.col("outcome") == "failed").select("number", "report_id", "rule")
    named = owned.join(reports.select("report_id", "publisher"), on="report_id", how="left")
    found = pl.concat(
        [
            owned.join(
                table.filter(pl.col("report").is_not_null()).drop("publisher"),
                left_on=["report_id", "rule"],
                right_on=["report", "rule"],
            ).select("number", "place", *names),
            named.join(table.drop("report"), on=["publisher", "rule"]).select(
                "number", "place", *names
            ),
        ]
    )
    chosen = found.sort("place").unique("number", keep="first").drop("place")
    return (
        given.join(chosen, on="number", how="left", maintain_order="left")
        .drop("number")
        .select(findings.columns)
    )


def list_remarks(
    waivers: Sequence[Waiver], known: pl.DataFrame, today: date
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say which waivers have expired, and which are for nothing that is known.

    Args:
        waivers: All of the file.
        known: `report_id` and `publisher` of every report, stored or checked now.
        today: The day, as the publishers count it.

    Returns:
        A sentence for each that expired, and one for each whose report or publisher is unknown.
    """
    reports, publishers = set(known["report_id"]), set(known["publisher"].drop_nulls())
    expired = tuple(
        f"waiver of {one.rule} for {one.subject} expired on {one.until} ({one.who}: "
        f"{one.reason}): it has no effect. Give it a later day, or remove it."
        for one in waivers
        if one.until < today
    )
    unknown = tuple(
        f"waiver of {one.rule} for {one.subject}: expected a report id or publisher that is "
        "stored, found none of this name. See reports.report_id and reports.publisher."
        for one in waivers
        if one.until >= today
        and (one.report not in reports if one.report else one.publisher not in publishers)
    )
    return expired, unknown
