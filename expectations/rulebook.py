"""The rules as data: typed values loaded from `rules.yaml` and the families it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

RULES_FILE = Path(__file__).parent / "rules.yaml"
FAMILIES_FOLDER = Path(__file__).parent / "families"
PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing a rule may find: its outcome, severity, blame (None: nobody's) and message."""

    outcome: str
    severity: str
    blame: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold among the cells of a report, in SQL over cell names and report facts.

    `{each}` stands for every one of `each` in turn. A name after `last.` is that cell a year
    earlier. `expected` and `reported` are SQL as well, for the message.
    """

    holds: str
    each: tuple[str, ...]
    instance: str
    expected: str | None
    reported: str | None


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A pattern that may not stand in a text `least` times or more."""

    pattern: str
    least: int


@dataclass(frozen=True, slots=True)
class TextTest:
    """What the running text must hold, by name, or must not; `part` None: any part.

    `longest` and `shortest` count characters, white space aside; `title` is a pattern that
    the title may not have.
    """

    part: int | None = None
    requires: Mapping[str, str] = field(default_factory=dict)
    forbids: Mapping[str, Forbidden] = field(default_factory=dict)
    longest: int | None = None
    shortest: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """A row of the older statistics and those that sum to it, or that it bounds.

    `totals` are the labels that the row may have. `case` is what a difference is: `unequal`,
    or `exceeds` where the row only bounds them. Of the parts at least `least` must be read;
    `is_below` where they stand below the row. A table may lack the row if `is_optional`.
    """

    totals: tuple[str, ...]
    parts: tuple[str, ...]
    case: str
    least: int
    is_below: bool
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day of the year after the report year, as (month, day), and the case past it."""

    case: str
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the rule table. `forms`, `scopes`, `adcodes` are None where it binds any.

    `name`, `formula` and `basis` are Chinese, for data stewards; `description` is English;
    `source` is that of the rule table. `needs` names the frames and report columns without
    which the rule is not run. `earlier` holds the editions that last year's report may be
    on: without such a report the rule does not apply.
    """

    id: str
    name: str
    description: str
    formula: str
    source: str
    basis: str
    severity: str
    forms: tuple[str, ...] | None
    first_year: int | None
    last_year: int | None
    unknown_form_from: int | None
    scopes: tuple[str, ...] | None
    adcodes: tuple[str, ...] | None
    earlier: tuple[str, ...] | None
    needs: frozenset[str]
    condition: Condition | None
    text: TextTest | None
    sums: tuple[Sum, ...]
    deadlines: tuple[Deadline, ...]
    cases: dict[str, Case]

    @property
    def applies(self) -> pl.Expr:
        """Tell, over the facts of a report (`facts.FACTS`), whether the rule binds it."""
        form, year = pl.col("form"), pl.col("year")
        binds = pl.lit(True) if self.forms is None else _is_one_of(form, self.forms)
        if self.unknown_form_from is not None:
            binds = binds | (form.is_null() & (year >= self.unknown_form_from))
        if self.first_year is not None:
            binds = binds & (year >= self.first_year)
        if self.last_year is not None:
            binds = binds & (year <= self.last_year)
        if self.scopes is not None:
            binds = binds & _is_one_of(pl.col("scope"), self.scopes)
        if self.adcodes is not None:
            binds = binds & _is_one_of(pl.col("adcode"), self.adcodes)
        if self.earlier == ("any",):
            binds = binds & pl.col("earlier_id").is_not_null()
        elif self.earlier is not None:
            binds = binds & _is_one_of(pl.col("earlier_form"), self.earlier)
        return binds

    def covers(self, edition: str) -> bool:
        """Tell whether the rule can bind a report on this edition of the form."""
        return self.forms is None or edition in self.forms


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """A rule of the rule table that no outcome is given for, and the reason.

    `is_method` where the rule binds how the others calculate, and they keep it.
    """

    id: str
    description: str
    source: str
    severity: str
    forms: tuple[str, ...] | None
    is_method: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule, family by family, and the words that messages share."""

    rules: dict[str, Rule]
    kinds: dict[str, str]
    severities: dict[str, str]
    verdicts: dict[str, str]
    facts: dict[str, str]
    title: str
    observed: str


@cache
def load_rulebook() -> Rulebook:
    """Load `rules.yaml` and the families of rules in the order it names them.

    Raises:
        KeyError: an entry lacks a mandatory field.
        FileNotFoundError: a family has no file.
        ValueError: an id stands twice.
    """
    facts = yaml.safe_load(RULES_FILE.read_text("utf-8"))
    words = facts["words"]
    entries = [entry for name in facts["families"] for entry in _load_family(name)]
    rules = {entry["id"]: _build_rule(entry, words) for entry in entries}
    if len(rules) < len(entries):
        ids = [entry["id"] for entry in entries]
        twice = next(one for one in ids if ids.count(one) > 1)
        raise ValueError(f"{FAMILIES_FOLDER}: expected each rule once, found {twice} twice")
    return Rulebook(
        rules=rules,
        kinds=words["kinds"],
        severities=words["severities"],
        verdicts=words["verdicts"],
        facts=words["facts"],
        title=words["title"],
        observed=words["observed"],
    )


@cache
def load_unbuilt() -> dict[str, Unbuilt]:
    """Load the rules that have no outcome, with the reason why."""
    facts = yaml.safe_load(RULES_FILE.read_text("utf-8"))
    return {
        entry["id"]: Unbuilt(
            id=entry["id"],
            description=entry["description"],
            source=entry["source"],
            severity=entry["severity"],
            forms=_list(entry, "forms"),
            is_method=entry.get("is_method", False),
            reason=entry["reason"],
        )
        for entry in facts["unbuilt"]
    }


def write_message(template: str) -> pl.Expr:
    """Turn a message with `{places}` into an expression over the columns of these names.

    A null in a place is written as nothing.
    """
    places = [pl.col(place).cast(pl.String).fill_null("") for place in PLACE.findall(template)]
    return pl.format(PLACE.sub("{}", template), *places) if places else pl.lit(template)


def _load_family(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load(
        (FAMILIES_FOLDER / f"{name}.yaml").read_text("utf-8")
    )
    return entries


def _build_rule(entry: dict[str, Any], words: dict[str, Any]) -> Rule:
    cases = entry["cases"]
    if "condition" in entry:
        cases = {"unread": words["unread"], **cases}
    return Rule(
        id=entry["id"],
        name=entry["name"],
        description=entry["description"],
        formula=entry["formula"],
        source=entry["source"],
        basis=_spell_source(entry["source"], words["sources"]),
        severity=entry["severity"],
        forms=_list(entry, "forms"),
        first_year=entry.get("first_year"),
        last_year=entry.get("last_year"),
        unknown_form_from=entry.get("unknown_form_from"),
        scopes=_list(entry, "scopes"),
        adcodes=_list(entry, "adcodes"),
        earlier=_list(entry, "earlier"),
        needs=frozenset(entry.get("needs", ())),
        condition=_build_condition(entry["condition"]) if "condition" in entry else None,
        text=_build_text_test(entry["text"]) if "text" in entry else None,
        sums=_build_sums(entry),
        deadlines=tuple(
            Deadline(case, *map(int, day.split("-")))
            for case, day in entry.get("deadlines", {}).items()
        ),
        cases={case: _build_case(facts, entry["severity"]) for case, facts in cases.items()},
    )


def _build_condition(facts: dict[str, Any]) -> Condition:
    each = tuple(facts.get("each", ("",)))
    return Condition(
        holds=facts["holds"],
        each=each,
        instance=facts.get("instance", "{each}"),
        expected=facts.get("expected"),
        reported=facts.get("reported"),
    )


def _build_text_test(facts: dict[str, Any]) -> TextTest:
    return TextTest(
        part=facts.get("part"),
        requires=facts.get("requires", {}),
        forbids={
            name: Forbidden(one["pattern"], one.get("least", 1))
            for name, one in facts.get("forbids", {}).items()
        },
        longest=facts.get("longest"),
        shortest=facts.get("shortest"),
        title=facts.get("title"),
    )


def _build_sums(entry: dict[str, Any]) -> tuple[Sum, ...]:
    if "at_most" in entry:
        bound = entry["at_most"]
        return (Sum((bound["most"],), (bound["least"],), "exceeds", 1, False),)
    declared = entry.get("sum", [])
    return tuple(
        Sum(
            totals=tuple(one["total"] if isinstance(one["total"], list) else [one["total"]]),
            parts=tuple(one["parts"]),
            case="unequal",
            least=one.get("least", len(one["parts"])),
            is_below=True,
            is_optional=one.get("is_optional", False),
        )
        for one in (declared if isinstance(declared, list) else [declared])
    )


def _build_case(facts: dict[str, Any], severity: str) -> Case:
    outcome = facts.get("outcome", "failed")
    return Case(
        outcome=outcome,
        severity=facts.get("severity", severity),
        blame=facts.get("blame", "unknown") if outcome == "failed" else None,
        message=facts["message"],
    )


def _spell_source(source: str, words: dict[str, str]) -> str:
    """Spell out the codes of a source in Chinese, each once; a note in brackets is left out."""
    codes = re.split(r"[;+]", re.sub(r"\(.*?\)|（.*?）", "", source))
    spelt = [
        next(word for sign, word in words.items() if code.strip().startswith(sign))
        for code in codes
        if code.strip()
    ]
    return "; ".join(dict.fromkeys(spelt))


def _list(entry: dict[str, Any], name: str) -> tuple[str, ...] | None:
    return tuple(entry[name]) if name in entry else None


def _is_one_of(column: pl.Expr, values: Iterable[str]) -> pl.Expr:
    return column.is_in(list(values)).fill_null(False)
