"""Counting problems: failed rules that one repair explains are one."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from expectations.problems import RESTATING, count_problems, number_problems
from expectations.repair import repair_reports
from expectations.rules import evaluate


def number(make: Any, *changes: dict[str, Any]) -> pl.DataFrame:
    """Check consistent reports `0`, `1`, … with some cells changed; number what failed of them."""
    ids = [str(place) for place in range(len(changes))]
    reports = pl.concat([make.build_report(one, "2021", adcode=f"44020{one}") for one in ids])
    cells = pl.concat(
        [
            make.build_cells(one, make.fill("2021") | change)
            for one, change in zip(ids, changes, strict=True)
        ]
    )
    findings = evaluate(reports, cells).findings
    is_arithmetic = pl.col("rule").str.starts_with("T3") | pl.col("rule").str.starts_with("T4")
    findings = findings.filter(is_arithmetic)
    return number_problems(findings, repair_reports(reports, cells, findings))


def test_equations_that_one_cell_explains_are_one_problem(make: Any) -> None:
    """One wrong cell fails three equations and a rule that names it: one problem."""
    numbered = number(make, {"t3.closed.company": 900})
    rules = numbered.filter(pl.col("outcome") == "failed")["rule"].to_list()
    assert {"T3-01", "T3-02", "T3-03"} <= set(rules)
    assert len(rules) >= 3
    assert count_problems(numbered) == 1


def test_errors_that_share_no_equation_are_problems_apart(make: Any) -> None:
    """Two wrong cells in rows and columns of their own are two problems, of one explanation."""
    numbered = number(make, {"t3.granted.company": 500, "t3.rejected_repeat.nonprofit": 700})
    failed = numbered.filter(pl.col("outcome") == "failed")
    assert count_problems(numbered) == 2
    of_row = dict(failed.select("instance", "problem").iter_rows())
    assert of_row["t3.granted"] == of_row["t3.company"]
    assert of_row["t3.rejected_repeat"] == of_row["t3.nonprofit"]
    assert of_row["t3.granted"] != of_row["t3.nonprofit"]


def test_wrong_cells_of_one_equation_are_one_problem(make: Any) -> None:
    """A row of totals left 0 is one problem, though some of its equations hold."""
    row = {
        f"t3.{row}.{column}": figure
        for row, figure in {"new": 1, "granted": 1, "closed": 0}.items()
        for column in ("natural_person", "total")
    }
    zeros = dict.fromkeys(make.fill("2021"), 0)
    numbered = number(make, zeros | row)
    assert numbered.filter(pl.col("outcome") == "failed").height >= 4
    assert count_problems(numbered) == 1


def test_problems_of_tables_and_reports_are_counted_apart(make: Any) -> None:
    """Tables 3 and 4 share no equation, and each report counts from 1."""
    numbered = number(
        make, {"t3.granted.company": 500, "t4.review.total": 900}, {"t4.review.total": 900}
    )
    assert numbered.group_by("report_id").agg(pl.col("problem").n_unique()).sort(
        "report_id"
    ).rows() == [("0", 2), ("1", 1)]
    assert numbered["problem"].min() == 1


def test_too_many_wrong_cells_are_one_problem(make: Any) -> None:
    """Where no three cells explain a table, its failed equations are one problem."""
    figures = make.fill("2021")
    numbered = number(make, {cell: figures[cell] + 1 for cell in figures if ".company" in cell})
    assert numbered.filter(pl.col("outcome") == "failed").height > 20
    assert count_problems(numbered) == 1


def test_what_no_repair_explains_counts_by_itself(make: Any) -> None:
    """Failed rules that no repair explains are a problem each; what was not evaluated is none."""
    numbered = number(make, {"t3.granted.company": 500})
    others = pl.DataFrame(
        {
            "report_id": ["0", "0", "1"],
            "rule": ["C-01", "C-02", "C-01"],
            "instance": ["report", "report", "report"],
            "outcome": ["failed", "failed", "not_evaluated"],
            "cells": [[], [], []],
        },
        schema_overrides={"cells": pl.List(pl.String)},
    )
    columns = [*others.columns]
    findings = pl.concat([others, numbered.select(columns)])
    reports = make.build_report("0", "2021")
    cells = make.build_cells("0", make.fill("2021") | {"t3.granted.company": 500})
    again = number_problems(findings, repair_reports(reports, cells, findings))
    assert again["problem"].to_list()[:3] == [1, 2, None]
    assert count_problems(again) == 3


@pytest.mark.parametrize("rule", RESTATING)
def test_rules_that_point_to_an_error_go_with_it_alone(make: Any, rule: str) -> None:
    """A rule that says where an error sits counts by itself where it is about another cell."""
    numbered = number(make, {"t3.granted.company": 500})
    other = numbered.head(1).with_columns(
        rule=pl.lit(rule), instance=pl.lit("x"), cells=pl.lit(["t3.new.nonprofit"])
    )
    findings = pl.concat([numbered, other]).drop("problem")
    reports = make.build_report("0", "2021")
    cells = make.build_cells("0", make.fill("2021") | {"t3.granted.company": 500})
    repairs = repair_reports(reports, cells, findings)
    assert count_problems(number_problems(findings, repairs)) == 2
