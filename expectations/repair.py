"""Repairs: which cells explain the failed equations of each report, as a table of their own.

A suggestion is never written into the cells. More than three wrong cells are no matter for
suggestions: then our own reading is looked at first.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl

from expectations.explain import NOTHING_STATED, Explanation, explain
from expectations.form import load_forms
from expectations.ranking import load_words, write_reason
from expectations.sheet import lay_out
from storage.packing import choose_rows
from storage.schema import REPAIRS

STORED_SETS = 20


def repair_reports(
    reports: pl.DataFrame,
    cells: pl.DataFrame,
    findings: pl.DataFrame,
    stated: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Explain every report with a failed equation.

    Args:
        reports: `report_id`, `form`, `year`, `region`.
        cells: The cells of these reports, columns as in the cells table.
        findings: `report_id`, `rule`, `outcome`.
        stated: What other places state: `report_id`, `source` (`last_year`, `prose`),
            `cell`, `value`.

    Returns:
        `REPAIRS.frame_schema`, sorted by the key, at most 20 explanations a problem.

    Raises:
        ValueError: a report or cell stands twice, or a cell is not of the report's form.
    """
    failed = findings.filter(pl.col("outcome") == "failed")
    elsewhere = _group_statements(stated)
    rows: list[dict[str, Any]] = []
    for form in load_forms().values():
        rules = {equation.rule for equation in form.equations}
        broken = failed.filter(pl.col("rule").is_in(list(rules)))
        suspects = reports.filter(pl.col("form") == form.edition).join(
            broken, on="report_id", how="semi"
        )
        if suspects.is_empty():
            continue
        theirs = choose_rows(cells, suspects).rechunk()
        figures = lay_out(suspects, theirs, form).values
        places = suspects.select("report_id", "year", "region").iter_rows(named=True)
        for place, values in zip(places, figures.iter_rows(named=True), strict=True):
            del values["report_id"]
            found = explain(values, form, elsewhere.get(place["report_id"], NOTHING_STATED))
            rows += [
                {**place, **row}
                for number, one in enumerate(found, 1)
                for row in _list_rows(number, one)
            ]
    frame = pl.DataFrame(rows, schema=REPAIRS.frame_schema, orient="row")
    return frame.sort(REPAIRS.key)


def list_broken(findings: pl.DataFrame) -> pl.Series:
    """List the reports with a failed equation: those that have repairs.

    Args:
        findings: `report_id`, `rule`, `outcome`.
    """
    rules = {equation.rule for form in load_forms().values() for equation in form.equations}
    failed = (pl.col("outcome") == "failed") & pl.col("rule").is_in(list(rules))
    return findings.filter(failed)["report_id"].unique()


def list_repairs(repairs: pl.DataFrame) -> list[dict[str, Any]]:
    """List the explanations of one report as `gouji inspect --json` gives them.

    Args:
        repairs: The rows of one report, as `REPAIRS`.

    Returns:
        `unique`, `changes` (`cell`, `reported`, `suggested`) and `reason`, by problem and
        rank; no changes where more than three cells are wrong.
    """
    order = repairs.sort("problem", "rank", "cell")
    return [
        {
            "unique": group["unique"][0],
            "changes": [
                {"cell": cell, "reported": int(reported), "suggested": int(suggested)}
                for cell, reported, suggested in group.select("cell", "reported", "suggested")
                .drop_nulls("cell")
                .iter_rows()
            ],
            "reason": group["reason"][0],
        }
        for group in order.partition_by("problem", "rank", maintain_order=True)
    ]


def _list_rows(number: int, explanation: Explanation) -> list[dict[str, Any]]:
    facts = {
        "problem": number,
        "unique": explanation.is_unique,
        "size": explanation.size,
        "sets": len(explanation.repairs),
        "truncated": explanation.is_truncated,
    }
    if not explanation.repairs:
        reason = load_words().too_many.format(size=explanation.size)
        none = {"cell": None, "reported": None, "suggested": None}
        equations = list(explanation.equations)
        return [{**facts, "rank": 1, **none, "reason": reason, "equations": equations}]
    return [
        {
            **facts,
            "rank": rank,
            "cell": change.cell,
            "reported": Decimal(change.reported),
            "suggested": Decimal(change.suggested),
            "reason": write_reason(repair),
            "equations": list(change.equations),
        }
        for rank, repair in enumerate(explanation.repairs[:STORED_SETS], 1)
        for change in repair.changes
    ]


def _group_statements(stated: pl.DataFrame | None) -> dict[str, dict[str, dict[str, int]]]:
    """Group statements by report, source and cell."""
    grouped: dict[str, dict[str, dict[str, int]]] = {}
    if stated is None:
        return grouped
    whole = stated.filter(pl.col("value") == pl.col("value").floor())
    for report_id, source, cell, value in whole.select(
        "report_id", "source", "cell", "value"
    ).iter_rows():
        grouped.setdefault(report_id, {}).setdefault(source, {})[cell] = int(value)
    return grouped
