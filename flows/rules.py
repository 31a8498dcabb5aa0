"""The list of rules, for the terminal and for programs."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from expectations.rulebook import load_rulebook


def list_rules() -> list[dict[str, Any]]:
    """List every rule with edition, severity, description, source and whether it is built."""
    return [
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
            "implemented": True,
        }
        for rule in load_rulebook().rules.values()
    ]


def show_rules(rules: list[dict[str, Any]], console: Console) -> None:
    """Print the rules as a table."""
    table = Table("rule", "forms", "severity", "name", "description", box=None)
    for rule in rules:
        forms = ", ".join(rule["forms"] or ["all"])
        table.add_row(
            rule["rule"], forms, rule["severity"], escape(rule["name"]), escape(rule["description"])
        )
    console.print(table)
