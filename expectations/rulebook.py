"""The rules as data: typed values loaded from `rules.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

RULES_FILE = Path(__file__).parent / "rules.yaml"
PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing a rule may find: its outcome, severity, blame (None: nobody's) and message."""

    outcome: str
    severity: str
    blame: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the rule table. `forms` is None where it binds every edition.

    `name`, `formula` and `source` are Chinese, for data stewards; `description` is English.
    """

    id: str
    name: str
    description: str
    formula: str
    source: str
    severity: str
    forms: tuple[str, ...] | None
    first_year: int | None
    last_year: int | None
    unknown_form_from: int | None
    cases: dict[str, Case]

    @property
    def applies(self) -> pl.Expr:
        """Tell, over `form` and `year` of a report, whether the rule binds it."""
        form, year = pl.col("form"), pl.col("year")
        binds = pl.lit(True) if self.forms is None else form.is_in(self.forms).fill_null(False)
        if self.unknown_form_from is not None:
            binds = binds | (form.is_null() & (year >= self.unknown_form_from))
        if self.first_year is not None:
            binds = binds & (year >= self.first_year)
        if self.last_year is not None:
            binds = binds & (year <= self.last_year)
        return binds

    def covers(self, edition: str) -> bool:
        """Tell whether the rule can bind a report on this edition of the form."""
        return self.forms is None or edition in self.forms


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule in the order of `rules.yaml`, and the words that messages share."""

    rules: dict[str, Rule]
    kinds: dict[str, str]
    severities: dict[str, str]
    verdicts: dict[str, str]
    title: str
    observed: str


@cache
def load_rulebook() -> Rulebook:
    """Load `rules.yaml`.

    Raises:
        KeyError: an entry lacks a mandatory field.
    """
    facts = yaml.safe_load(RULES_FILE.read_text("utf-8"))
    words = facts["words"]
    return Rulebook(
        rules={entry["id"]: _build_rule(entry) for entry in facts["rules"]},
        kinds=words["kinds"],
        severities=words["severities"],
        verdicts=words["verdicts"],
        title=words["title"],
        observed=words["observed"],
    )


def write_message(template: str) -> pl.Expr:
    """Turn a message with `{places}` into an expression over the columns of these names.

    A null in a place is written as nothing.
    """
    places = [pl.col(place).cast(pl.String).fill_null("") for place in PLACE.findall(template)]
    return pl.format(PLACE.sub("{}", template), *places) if places else pl.lit(template)


def _build_rule(entry: dict[str, Any]) -> Rule:
    forms = entry.get("forms")
    return Rule(
        id=entry["id"],
        name=entry["name"],
        description=entry["description"],
        formula=entry["formula"],
        source=entry["source"],
        severity=entry["severity"],
        forms=None if forms is None else tuple(forms),
        first_year=entry.get("first_year"),
        last_year=entry.get("last_year"),
        unknown_form_from=entry.get("unknown_form_from"),
        cases={
            case: _build_case(facts, entry["severity"]) for case, facts in entry["cases"].items()
        },
    )


def _build_case(facts: dict[str, Any], severity: str) -> Case:
    outcome = facts.get("outcome", "failed")
    return Case(
        outcome=outcome,
        severity=facts.get("severity", severity),
        blame=facts.get("blame", "unknown") if outcome == "failed" else None,
        message=facts["message"],
    )
