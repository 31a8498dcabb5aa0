"""Each declared condition at its edges, and that no other formula would pass there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from expectations.conditions import CELL
from expectations.rule import Rule
from expectations.rulebook import load_rulebook
from expectations.rules import evaluate
from storage.schema import CELLS, FIGURE, PolarsType

EDGES: dict[str, list[tuple[bool | None, dict[str, Any]]]] = yaml.safe_load(
    (Path(__file__).parent / "edges.yaml").read_text("utf-8")
)
CONDITIONS = {
    rule.id: rule.condition for rule in load_rulebook().rules.values() if rule.condition is not None
}
FACTS: dict[str, PolarsType] = {
    "level": pl.String,
    "scope": pl.String,
    "is_party_body": pl.Boolean,
    "has_fee_sentence": pl.Boolean,
    "explains_stock": pl.Boolean,
    "fee_yuan": FIGURE,
    "stated_natural": FIGURE,
    "stated_others": FIGURE,
}
OPERATORS = {
    ">=": (">", "<"),
    "<=": ("<", ">"),
    ">": (">=", "<"),
    "<": ("<=", ">"),
    "=": ("<>",),
    "<>": ("=",),
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
    "AND": ("OR",),
    "OR": ("AND",),
}
TOKEN = re.compile(r">=|<=|<>|[=<>]|(?<= )[-+*](?= )|\bAND\b|\bOR\b|(?<![\w.'])\d+(?![\w.'])")


def spell(rule: str) -> str:
    """Give the condition of a rule about the first line that it is about."""
    condition = CONDITIONS[rule]
    return condition.holds.replace("{each}", condition.each[0])


def judge(sql: str, rule: str) -> list[bool | None]:
    """Judge a condition at the edges of a rule."""
    expression = pl.sql_expr(CELL.sub(r'"\1"', sql))
    each = CONDITIONS[rule].each[0]
    rows = [
        {name.replace("{each}", each): value for name, value in known.items()}
        for _, known in EDGES[rule]
    ]
    schema = {
        name: FACTS.get(name, FIGURE)
        for name in {*expression.meta.root_names(), *(name for row in rows for name in row)}
    }
    columns = {
        name: [convert(row.get(name, None if name in FACTS else 0)) for row in rows]
        for name in schema
    }
    return pl.DataFrame(columns, schema=schema).select(expression).to_series().to_list()


def convert(value: Any) -> Any:
    """Turn a whole number into a figure."""
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def mutate(sql: str) -> Iterator[tuple[str, str]]:
    """Change one operator or number of a condition at a time; say what was changed."""
    for token in TOKEN.finditer(sql):
        text = token.group()
        others = OPERATORS.get(text) or (str(int(text) + 1), str(int(text) - 1))
        for other in others:
            yield (
                f"{text} at {token.start()} to {other}",
                sql[: token.start()] + other + sql[token.end() :],
            )


def test_every_condition_has_edges() -> None:
    """No condition goes without, and each has rows on which it holds and on which it fails."""
    assert set(EDGES) == set(CONDITIONS)
    for rule, rows in EDGES.items():
        assert {True, False} <= {holds for holds, _ in rows}, rule


@pytest.mark.parametrize("rule", CONDITIONS)
def test_condition_holds_up_to_its_edge(rule: str) -> None:
    """A condition holds, fails or is left open exactly where the rule table sets its edge."""
    assert judge(spell(rule), rule) == [holds for holds, _ in EDGES[rule]]


@pytest.mark.parametrize("rule", CONDITIONS)
def test_no_other_formula_passes(rule: str) -> None:
    """Whichever operator or number of the formula were another, some row would tell."""
    due = [holds for holds, _ in EDGES[rule]]
    survivors = [said for said, sql in mutate(spell(rule)) if judge(sql, rule) == due]
    assert survivors == []


@pytest.mark.parametrize(
    ("rule", "number"),
    [
        (rule, number)
        for rule in load_rulebook().rules.values()
        for number in range(len(rule.deadlines))
    ],
    ids=lambda one: getattr(one, "id", one),
)
def test_last_day_is_in_time(rule: Rule, number: int, make: Any) -> None:
    """On the last day a report is in time, on the next it is late; without a day, not judged."""
    year = rule.first_year or rule.last_year or 2022
    facts = {
        "year": year,
        "scope": (rule.scopes or ("department",))[0],
        "adcode": (rule.adcodes or ("440200",))[0],
    }
    deadline = rule.deadlines[number]
    last = date(year + 1, deadline.month, deadline.day)
    cases = []
    for published in (last, last + timedelta(days=1), None):
        report = make.build_report("a", None, published_on=published, **facts)
        found = evaluate(report, CELLS.schema.to_frame()).findings.filter(pl.col("rule") == rule.id)
        cases.append([(one["outcome"], one["severity"]) for one in found.to_dicts()])
    past = ("failed", rule.cases[deadline.case].severity)
    before = [("failed", rule.cases[one.case].severity) for one in rule.deadlines[:number][-1:]]
    assert cases == [before, [past], [("not_evaluated", rule.severity)]]
