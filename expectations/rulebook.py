"""The rules as data: typed values loaded from `rules.yaml` and the families it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from expectations.rule import Case, Condition, Deadline, Forbidden, Rule, Sum, TextTest, Unbuilt

RULES_FILE = Path(__file__).parent / "rules.yaml"
FAMILIES_FOLDER = Path(__file__).parent / "families"
PLACE = re.compile(r"\{(\w+)\}")


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
    failing: str

    def name_rule(self, rule_id: str) -> str:
        """Name a rule in Chinese with its id, severity and formula.

        Raises:
            KeyError: there is no such rule.
        """
        rule = self.rules[rule_id]
        return self.title.format(
            id=rule.id,
            severity=self.severities[rule.severity],
            name=rule.name,
            formula=rule.formula,
        )


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
        failing=words["failing"],
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
