"""The rules as data."""

from __future__ import annotations

import polars as pl
import pytest

from expectations.form import load_forms
from expectations.remarks import REMARKS
from expectations.rule import Rule
from expectations.rulebook import PLACE, load_rulebook, write_message
from storage.schema import OUTCOMES, SEVERITIES

ISSUE_RULES = (
    *("S-06", "S-07", "S-08", "S-13", "S-14", "C-01", "C-02", "C-03"),
    *("T3-01", "T3-02", "T3-03", "T4-01", "P-05", "P-06"),
)


def test_rules_of_the_main_job() -> None:
    """The rules that the main job promises are all there."""
    assert set(ISSUE_RULES) <= set(load_rulebook().rules)


@pytest.mark.parametrize("rule", load_rulebook().rules.values(), ids=lambda rule: rule.id)
def test_rule_is_complete(rule: Rule) -> None:
    """A rule is described in both languages, and each of its cases uses known words and places."""
    assert all((rule.name, rule.description, rule.formula, rule.source))
    assert rule.severity in SEVERITIES
    assert any(case.outcome == "failed" for case in rule.cases.values())
    for case in rule.cases.values():
        assert case.outcome in OUTCOMES
        assert case.severity in SEVERITIES
        assert case.blame in (("unknown", "reader") if case.outcome == "failed" else (None,))
        assert set(PLACE.findall(case.message)) <= {*REMARKS, "year"}


def test_words_cover_every_kind() -> None:
    """Each kind of cell, and each severity, has its Chinese words."""
    book = load_rulebook()
    kinds = {cell.kind for form in load_forms().values() for cell in form.cells}
    assert set(book.kinds) == kinds
    assert set(book.severities) == set(SEVERITIES)


@pytest.mark.parametrize(
    ("template", "message"),
    [("{name}：应为 {count}", "表三：应为 3"), ("无", "无"), ("{detail}。", "。")],
    ids=["places", "none", "null"],
)
def test_messages(template: str, message: str) -> None:
    """A message takes its places from the columns of these names, null as nothing."""
    frame = pl.DataFrame(
        {"name": ["表三"], "count": [3], "detail": [None]}, schema_overrides={"detail": pl.String}
    )
    assert frame.select(write_message(template)).item() == message


@pytest.mark.parametrize(
    ("rule", "form", "year", "applies"),
    [
        ("S-06", None, 2019, True),
        ("S-06", None, 2018, False),
        ("S-06", "2014", 2022, False),
        ("S-07", "2014", 2021, True),
        ("S-07", "2021", 2020, False),
        ("S-08", None, 2020, True),
        ("S-08", "2019", 2021, False),
        ("S-13", None, 2022, False),
        ("P-05", None, 2010, True),
    ],
)
def test_applies(rule: str, form: str | None, year: int, applies: bool) -> None:
    """A rule binds the editions and years it names, and no others."""
    report = pl.DataFrame(
        {"form": [form], "year": [year]}, schema={"form": pl.String, "year": pl.Int32}
    )
    assert report.select(load_rulebook().rules[rule].applies).item() is applies
