"""The list of rules, for the terminal and for programs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from expectations.context import Context
from expectations.rulebook import load_rulebook, load_unbuilt
from tasks.checking import GIVEN


def list_rules() -> list[dict[str, Any]]:
    """List every rule with edition, severity, description, source and whether it is run.

    `implemented` is true for a rule that every check runs where it applies; `reason` says why
    another is not: it has no outcome of its own, or no step gives what it needs yet.
    """
    built = [
        {
            "rule": rule.id,
            "name": rule.name,
            "forms": list(rule.forms) if rule.forms else None,
            "first_year": rule.first_year,
            "last_year": rule.last_year,
            "severity": rule.severity,
            "description": rule.description,
            "formula": rule.formula,
            "source": rule.source,
            "implemented": not (lacking := list_lacking(rule.needs)),
            "reason": f"no step gives it yet: {', '.join(lacking)}" if lacking else None,
        }
        for rule in load_rulebook().rules.values()
    ]
    unbuilt = [
        {
            "rule": rule.id,
            "name": None,
            "forms": list(rule.forms) if rule.forms else None,
            "severity": rule.severity,
            "description": rule.description,
            "source": rule.source,
            "implemented": False,
            "reason": rule.reason,
        }
        for rule in load_unbuilt().values()
    ]
    return sorted([*built, *unbuilt], key=lambda rule: str(rule["rule"]))


def list_lacking(needs: Collection[str]) -> list[str]:
    """List the frames that a rule needs and no check is given."""
    frames = {field.name for field in fields(Context)}
    return sorted(frames.intersection(needs) - GIVEN)


def show_rules(rules: list[dict[str, Any]], console: Console) -> None:
    """Print the rules as a table."""
    table = Table("rule", "forms", "severity", "name", "description", "run", box=None)
    for rule in rules:
        forms = ", ".join(rule["forms"] or ["all"])
        table.add_row(
            rule["rule"],
            forms,
            rule["severity"],
            escape(rule["name"] or ""),
            escape(rule["description"]),
            "yes" if rule["implemented"] else escape(rule["reason"]),
        )
    console.print(table)
