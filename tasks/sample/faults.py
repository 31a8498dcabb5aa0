"""Errors planted in sample reports: each changes what is printed, never the true figures."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tasks.sample.spec import Spec, print_figures

FAULTS_FILE = Path(__file__).parent / "faults.yaml"


@cache
def load_faults() -> dict[str, dict[str, Any]]:
    """Load the faults of `faults.yaml` by name."""
    faults: dict[str, dict[str, Any]] = _load_file()["faults"]
    return faults


def list_failed_rules(names: Iterable[str], edition: str) -> frozenset[str]:
    """Name the rules of severity error that fail in a report with these faults."""
    only = _load_file()["editions"]
    failed = {rule for name in names for rule in load_faults()[name]["fails"]}
    return frozenset(rule for rule in failed if only.get(rule, edition) == edition)


def judge_faults(names: Iterable[str]) -> str | None:
    """Give the verdict on a report with these faults, None where they spoil nothing."""
    faults = [load_faults()[name] for name in names]
    verdicts = {fault.get("verdict", "invalid" if fault["fails"] else None) for fault in faults}
    return next((verdict for verdict in ("invalid", "unreadable") if verdict in verdicts), None)


def plant_fault(spec: Spec, name: str, rng: random.Random) -> Spec:
    """Return the report with one more fault, printed in a place where it shows.

    Raises:
        KeyError: `name` is no fault of `faults.yaml`.
        ValueError: the report gives the fault no place (an all-zero report has no total to
            transpose), or is not on the form that the fault needs.
    """
    fault = load_faults()[name]
    if fault.get("edition", spec.edition) != spec.edition:
        raise ValueError(f"{name}: expected form {fault['edition']}, found {spec.edition}")
    changed = _change_cells(spec, fault)
    is_idle = "needs" in fault and not spec.figures[fault["needs"]]
    if "cells" in fault and (is_idle or not changed):
        raise ValueError(
            f"{name}: no figure in {spec.title} shows it; plant it in a report of a busier body"
        )
    if fault.get("one"):
        cell = rng.choice(sorted(changed))
        changed = {cell: changed[cell]}
    first, last = spec.period
    return replace(
        spec,
        faults=(*spec.faults, name),
        overrides=spec.overrides | changed,
        row_faults=spec.row_faults | fault.get("rows", {}),
        lost_tables=spec.lost_tables | set(fault.get("lost", ())),
        signed_on=_shift_years(spec.signed_on, fault.get("signed_years", 0)),
        period=(
            _shift_years(first, fault.get("period_years", 0)),
            _shift_years(last, fault.get("period_years", 0)),
        ),
    )


@cache
def _load_file() -> dict[str, Any]:
    facts: dict[str, Any] = yaml.safe_load(FAULTS_FILE.read_text("utf-8"))
    return facts


def _change_cells(spec: Spec, fault: Mapping[str, Any]) -> dict[str, str]:
    """Map the cells that would be printed otherwise to their new text."""
    texts = print_figures(spec)
    named = [
        cell
        for cell in texts
        if any(fnmatchcase(cell, pattern) for pattern in fault.get("cells", ()))
    ]
    changed = {cell: _change_text(texts[cell], fault) for cell in named}
    return {cell: text for cell, text in changed.items() if text != texts[cell]}


def _change_text(text: str, fault: Mapping[str, Any]) -> str:
    if "add" in fault:
        return f"{Decimal(text) + fault['add']}"
    if "characters" in fault:
        return text.translate(str.maketrans(fault["characters"]))
    return re.sub(fault["match"], fault["rewrite"], text, count=1)


def _shift_years(day: date, years: int) -> date:
    return day.replace(year=day.year + years)
