"""The runbook tells of what tests produce."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def list_rows() -> list[list[str]]:
    """List the rows of the runbook: what, how it looks, what to do, test."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Runbook")[2]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_the_runbook_has_ten_things_with_what_to_do() -> None:
    """Each says what goes wrong, how that looks, and what to do."""
    rows = list_rows()
    assert len(rows) >= 10
    assert all(len(row) == 4 and all(len(cell) > 10 for cell in row) for row in rows)


def test_each_thing_is_produced_in_a_test() -> None:
    """The test that a row names exists, and no two rows name the same."""
    named = [row[3].strip("`") for row in list_rows()]
    assert len(set(named)) == len(named)
    for name in named:
        path, _, function = name.partition("::")
        assert re.search(rf"^def {function}\(", (ROOT / path).read_text("utf-8"), re.M), name
