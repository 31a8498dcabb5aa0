"""From findings to what fires: an alert a finding, or a repair that explains several."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

import polars as pl

from expectations.problems import number_problems
from storage.alerts import Firing
from storage.schema import SEVERITIES

REPORT_COLUMNS = (
    *("report_id", "version", "title", "publisher", "region_name", "prefecture", "form", "url"),
    *("year", "region", "scope"),
)
FINDING = "finding"
LOST_SHARE = 0.5  # of a table's cells unreadable: its equations speak of our reading


def join_findings(
    reports: pl.DataFrame,
    findings: pl.DataFrame,
    repairs: pl.DataFrame,
    sources: Mapping[str, str],
) -> pl.DataFrame:
    """Join each failed finding that may be the publisher's to its report and its alert.

    Needs the columns of the three tables with `year` and `region`. Findings that were not
    evaluated, and those of blame `reader`, are left out; a null blame counts as unknown.

    Args:
        reports: As the table.
        findings: As the table.
        repairs: As the table.
        sources: The source of each report, by id.

    Returns:
        With `problem` as `number_problems` gives it, `name` (rule and instance, or the changes
        of the one repair that explains the problem) and the alert's `fingerprint`.

    Raises:
        ValueError: a finding names a report that is not among `reports`.
    """
    failed = number_problems(findings, repairs).drop_nulls("problem")
    strangers = failed.join(reports, on="report_id", how="anti").get_column("report_id")
    if len(strangers):
        raise ValueError(
            f"findings: expected reports for all of them, found none for {len(strangers)}, "
            f"such as {strangers[0]}; give the reports of the same run"
        )
    joined = (
        failed.filter(pl.col("blame").fill_null("unknown") != "reader")
        .drop("year", "region", strict=False)
        .join(reports.select(REPORT_COLUMNS), on="report_id", validate="m:1")
        .sort("report_id", "rule", "instance")
    )
    changes = _name_repairs(repairs)
    rows = joined.select("report_id", "rule", "instance").rows()
    names = [changes.get(row, f"{row[1]} {row[2]}") for row in rows]
    prints = [
        fingerprint(row[0], name, sources[row[0]]) for row, name in zip(rows, names, strict=True)
    ]
    return joined.with_columns(
        name=pl.Series(names, dtype=pl.String), fingerprint=pl.Series(prints, dtype=pl.String)
    )


def fingerprint(subject: str, name: str, source: str) -> str:
    """Identify an alert: the same fault in the same source gives the same value.

    `subject` holds body and year, `name` is the rule or the repair, `source` the hash of the
    bytes in which it was first found.
    """
    return hashlib.sha256(json.dumps([subject, name, source]).encode()).hexdigest()


def silence_lost_tables(joined: pl.DataFrame, cells: pl.DataFrame) -> pl.Series:
    """Say of each finding whether it binds a table that we could not read, and which.

    Args:
        joined: `report_id`, `cells`.
        cells: `report_id`, `table`, `status`.

    Returns:
        The reason, null where there is none.
    """
    lost = (
        cells.group_by("report_id", "table")
        .agg(share=(pl.col("status") == "unreadable").mean())
        .filter(pl.col("share") > LOST_SHARE)
        .select("report_id", "table", reason=pl.format("table {} is unreadable", "table"))
    )
    tables = (
        joined.select("report_id", "cells")
        .with_row_index("place")
        .explode("cells")
        .with_columns(table=pl.col("cells").str.extract(r"^(t\d)\."))
        .join(lost, on=["report_id", "table"])
        .group_by("place")
        .agg(pl.col("reason").min())
    )
    return (
        joined.select("report_id")
        .with_row_index("place")
        .join(tables, on="place", how="left", maintain_order="left")["reason"]
    )


def list_firing(joined: pl.DataFrame, sources: Mapping[str, str]) -> list[Firing]:
    """List what fires, a value an alert, from the rows of `join_findings` with `silenced`.

    An alert of several findings has the gravest severity and its message, and is waived or
    silenced only if all of them are.
    """
    found: dict[str, list[dict[str, object]]] = {}
    columns = ("fingerprint", "report_id", "name", "year", "region", "publisher", "title", "url")
    needed = (*columns, "severity", "message", "waived_for", "held", "silenced")
    for row in joined.select(needed).iter_rows(named=True):
        found.setdefault(row["fingerprint"], []).append(row)
    return [_make_firing(rows, sources) for rows in found.values()]


def _make_firing(rows: list[dict[str, object]], sources: Mapping[str, str]) -> Firing:
    first = min(rows, key=lambda row: SEVERITIES.index(str(row["severity"])))
    report_id = str(first["report_id"])
    quiet = [row["silenced"] or (row["held"] and f"family {row['held']} is held") for row in rows]
    waived = [row["waived_for"] for row in rows]
    return Firing(
        fingerprint=str(first["fingerprint"]),
        kind=FINDING,
        subject=report_id,
        name=str(first["name"]),
        source=sources[report_id],
        year=_whole(first["year"]),
        region=str(first["region"]),
        publisher=_text(first["publisher"]),
        title=_text(first["title"]),
        url=_text(first["url"]),
        severity=str(first["severity"]),
        message=str(first["message"]),
        waived_for=_join_reasons(waived) if all(waived) else None,
        silenced_by=_join_reasons(quiet) if all(quiet) else None,
    )


def _name_repairs(repairs: pl.DataFrame) -> dict[tuple[str, str, str], str]:
    """Name the changes of the one repair that explains each failed equation."""
    unique = repairs.filter(pl.col("unique"), pl.col("cell").is_not_null())
    names: dict[tuple[str, str, str], set[str]] = {}
    columns = ("report_id", "cell", "suggested", "equations")
    for report_id, cell, suggested, equations in unique.select(columns).iter_rows():
        for equation in equations:
            rule, _, instance = equation.partition(" ")
            change = f"{cell}={suggested.normalize():f}"
            names.setdefault((report_id, rule, instance), set()).add(change)
    return {key: "; ".join(sorted(changes)) for key, changes in names.items()}


def _join_reasons(reasons: Collection[object]) -> str:
    return "; ".join(sorted({str(reason) for reason in reasons}))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
