"""The rulebook against the project's rule table, and what is run with what is known."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from expectations.conditions import CELL, LAST
from expectations.context import Context
from expectations.form import load_forms
from expectations.rule import Rule, Unbuilt
from expectations.rulebook import load_rulebook, load_unbuilt
from expectations.rules import evaluate
from storage.schema import DOCUMENTS, REPORTS

TABLE = Path(__file__).resolve().parents[3] / "shared/rules.tsv"
# Columns of the reports beside those of the table of the lake.
FRAMES = {*Context.__dataclass_fields__, *REPORTS.frame_schema, "signature"}


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, str]]:
    """Give the rule table by id."""
    if not TABLE.is_file():
        pytest.skip(f"no rule table at {TABLE}")
    with TABLE.open(encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file, delimiter="\t")}


def test_every_rule_is_built_or_excused(table: dict[str, dict[str, str]]) -> None:
    """Each rule of the table is checked or stands with a reason, none both; at least 100 are."""
    built, unbuilt = set(load_rulebook().rules), set(load_unbuilt())
    assert built | unbuilt == set(table)
    assert not built & unbuilt
    assert len(built) >= 100
    assert all(one.reason for one in load_unbuilt().values())


def test_severities_and_sources_are_those_of_the_table(table: dict[str, dict[str, str]]) -> None:
    """Severity and source of each rule are as in the table."""
    rules: list[Rule | Unbuilt] = [*load_rulebook().rules.values(), *load_unbuilt().values()]
    for rule in rules:
        assert table[rule.id]["severity"].startswith(rule.severity), rule.id
        assert table[rule.id]["source"] == rule.source, rule.id


def test_editions_are_those_of_the_table(table: dict[str, dict[str, str]]) -> None:
    """A rule that the table binds to editions binds no others."""
    for rule in load_rulebook().rules.values():
        named = {
            form
            for form in ("2021", "2019", "2014", "2008")
            if f"F{form}" in table[rule.id]["forms"]
        }
        if named and rule.forms is not None:
            assert set(rule.forms) <= named, rule.id


@pytest.mark.parametrize("rule", load_rulebook().rules.values(), ids=lambda rule: rule.id)
def test_needs_are_known_frames(rule: Any) -> None:
    """What a rule needs is a frame of the context or a column of the reports."""
    assert rule.needs <= FRAMES


def test_table_2_is_never_compared_across_editions() -> None:
    """Y-10: a rule that reads table 2 of last year binds reports of one edition in both years."""
    reading = [
        rule
        for rule in load_rulebook().rules.values()
        if rule.condition
        and any("t2." in text for text in (rule.condition.holds, *rule.condition.each))
        and LAST in rule.condition.holds
    ]
    assert {rule.id for rule in reading} == {"X-03", "Y-03", "Y-04", "Y-05", "Y-09"}
    for rule in reading:
        assert rule.forms == rule.earlier and len(rule.earlier or ()) == 1


def test_conditions_name_cells_of_their_editions() -> None:
    """Every cell that a condition reads is a cell of each edition that its rule binds."""
    for rule in load_rulebook().rules.values():
        if rule.condition is None:
            continue
        texts = [rule.condition.holds.replace("{each}", each) for each in rule.condition.each]
        for name in {name for text in texts for name in CELL.findall(text)}:
            editions = rule.earlier if name.startswith(LAST) and rule.earlier else rule.forms
            for edition in editions or ():
                cells = {cell.key for cell in load_forms()[edition].cells}
                assert name.removeprefix(LAST) in cells, rule.id


def test_rules_without_their_frames_are_listed(make: Any) -> None:
    """A rule whose frames are not given has no outcome, and is named with what it lacks."""
    report, cells = (
        make.build_report("a-2022", "2021"),
        make.build_cells("a-2022", make.fill("2021")),
    )
    evaluation = evaluate(report, cells)
    assert evaluation.not_run["S-01"] == ("parts",)
    assert "S-01" not in evaluation.outcomes.columns
    everything = {*evaluation.not_run, *evaluation.outcomes.columns} - {"report_id"}
    assert everything == set(load_rulebook().rules)


def test_without_last_year_rules_on_it_do_not_apply(make: Any) -> None:
    """Where no report of last year is known, rules on two years do not apply, and say nothing."""
    report, cells = (
        make.build_report("a-2022", "2021"),
        make.build_cells("a-2022", make.fill("2021")),
    )
    context = Context(other_reports=report.clear(), other_cells=cells.clear())
    evaluation = evaluate(report, cells, context)
    years = [
        rule for rule in evaluation.outcomes.columns if rule.startswith("Y-") and rule != "Y-08"
    ]
    assert set(evaluation.outcomes.select(years).row(0)) == {"not_applicable"}
    assert evaluation.findings.is_empty()


def test_last_year_may_be_checked_together(make: Any) -> None:
    """Two years of a body given together are linked as if one had been stored."""
    figures = make.fill("2021")
    reports = pl.concat(
        [make.build_report(f"a-{year}", "2021", year=year) for year in (2021, 2022)]
    )
    cells = pl.concat([make.build_cells(f"a-{year}", figures) for year in (2021, 2022)])
    context = Context(other_reports=reports.clear(), other_cells=cells.clear())
    outcomes = evaluate(reports, cells, context).outcomes
    assert outcomes["Y-06"].to_list() == ["not_applicable", "failed"]


@pytest.mark.parametrize(
    ("url", "hosts", "outcome"),
    [
        ("https://www.sg.gov.cn/1.html", (), "passed"),
        ("https://gov.cn/1.html", (), "passed"),
        ("https://www.sggov.cn/1.html", (), "failed"),
        ("https://www.sg.example.org/1.html", (), "failed"),
        ("https://www.sg.example.org:8080/1.html", ("www.sg.example.org",), "passed"),
        ("https://m.walengineering.com/1.html", ("m.walengineering.com",), "failed"),
        ("reports/1.html", (), "passed"),
    ],
    ids=["government", "its root", "alike", "foreign", "named", "a mirror though named", "a file"],
)
def test_hosts(make: Any, url: str, hosts: tuple[str, ...], outcome: str) -> None:
    """A host is a government's, or named as a source and no known mirror (P-14)."""
    report = make.build_report("a", "2021", url=url)
    evaluation = evaluate(report, make.build_cells("a", make.fill("2021")), Context(hosts=hosts))
    assert evaluation.outcomes["P-14"].to_list() == [outcome]


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        (["read", "not_a_report"], "passed"),
        (["unreachable"], "not_evaluated"),
        (["blocked", "unreachable"], "not_evaluated"),
        (["unreachable", "gone"], "failed"),
        (["encrypted"], "failed"),
    ],
    ids=" ".join,
)
def test_access(make: Any, outcomes: list[str], outcome: str) -> None:
    """What is gone or cannot be opened fails; what gives no answer today is not evaluated."""
    rows = [
        {"url": f"https://a.gov.cn/{number}", "outcome": one, "report_id": "a"}
        for number, one in enumerate(outcomes)
    ]
    documents = pl.DataFrame(rows, schema=DOCUMENTS.schema)
    report = make.build_report("a", "2021")
    cells = make.build_cells("a", make.fill("2021"))
    evaluation = evaluate(report, cells, Context(documents=documents))
    assert evaluation.outcomes["P-10"].to_list() == [outcome]
