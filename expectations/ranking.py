"""What speaks for an explanation: the slips that happen in practice, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from expectations.form import Equation, Form

REPAIRS_FILE = Path(__file__).parent / "repairs.yaml"


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of an explanation: the figure it has, and the one that it should have.

    `equations` are the failed ones that bind the cell, as `<rule> <instance>`.
    """

    cell: str
    reported: int
    suggested: int
    equations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """One explanation: changes in the order of the form, and keys of what speaks for it."""

    changes: tuple[Change, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of `repairs.yaml`; `reasons` by key, in the order of likelihood.

    `confirming` are those reasons whose source is independent of the report.
    """

    reasons: dict[str, str]
    confirming: list[str]
    separator: str
    summed: str
    too_many: str


@cache
def load_words() -> Words:
    """Load `repairs.yaml`.

    Raises:
        TypeError: an entry is missing, or there is one too many.
    """
    return Words(**yaml.safe_load(REPAIRS_FILE.read_text("utf-8")))


def rank_repairs(
    candidates: Sequence[tuple[Change, ...]],
    form: Form,
    held: Sequence[Equation],
    stated: Mapping[str, Mapping[str, int]],
) -> tuple[Repair, ...]:
    """Order sets of changes by what happens in practice, and say what speaks for each.

    A set is as likely as the least likely slip it needs. A total that merely sums a wrong
    figure is no slip of its own.

    Args:
        candidates: Sets of changes; those equally likely keep this order.
        form: The edition.
        held: The equations that hold as reported.
        stated: Figures that other places state, by reason (`last_year`, `prose`) and cell.

    Raises:
        KeyError: `stated` has a reason that `repairs.yaml` does not name.
    """
    summing = [equation for equation in held if len(equation.right) == 1]
    totals = {equation.right[0] for equation in form.equations if len(equation.right) == 1}
    order = {reason: place for place, reason in enumerate(load_words().reasons)}
    ranked = []
    for changes in candidates:
        sums = _find_sums(changes, summing)
        slips = tuple(change for change in changes if change.cell not in sums)
        is_swap = _is_swap(slips, form)
        kinds = [
            "swapped" if is_swap else _name_slip(slip, slip.cell in totals, stated)
            for slip in slips
        ]
        reasons = sorted(set(kinds), key=lambda kind: order[kind])
        likelihood = (
            max(order[kind] for kind in kinds),
            sum(order[kind] for kind in kinds),
            sum(abs(slip.reported - slip.suggested) for slip in slips),
        )
        is_summed = bool(sums) and reasons != ["total_empty"]
        ranked.append((likelihood, Repair(changes, (*reasons, *(["summed"] * is_summed)))))
    return tuple(repair for _, repair in sorted(ranked, key=lambda pair: pair[0]))


def write_reason(repair: Repair) -> str:
    """Say in Chinese what speaks for an explanation."""
    words = load_words()
    texts = {**words.reasons, "summed": words.summed}
    return words.separator.join(texts[reason] for reason in repair.reasons)


def _find_sums(changes: Sequence[Change], summing: Sequence[Equation]) -> set[str]:
    """Find the changed totals whose equation held: they sum another cell that is changed."""
    changed = {change.cell for change in changes}
    return {
        equation.right[0]
        for equation in summing
        if equation.right[0] in changed and not changed.isdisjoint(equation.left)
    }


def _is_swap(changes: Sequence[Change], form: Form) -> bool:
    """Tell whether two neighbours in a row or column have each other's figure."""
    if len(changes) != 2:
        return False
    one, other = changes
    if (one.reported, other.reported) != (other.suggested, one.suggested):
        return False
    for block in (block for table in form.tables.values() for block in table.blocks):
        width = len(block.columns)
        places = {cell.key: divmod(number, width) for number, cell in enumerate(block.cells)}
        if one.cell in places and other.cell in places:
            (row, column), (other_row, other_column) = places[one.cell], places[other.cell]
            return abs(row - other_row) + abs(column - other_column) == 1
    return False


def _name_slip(change: Change, is_total: bool, stated: Mapping[str, Mapping[str, int]]) -> str:
    """Name the likeliest slip that turns the figure that is due into the one reported."""
    if is_total and change.reported == 0:
        return "total_empty"
    for reason, figures in stated.items():
        if figures.get(change.cell) == change.suggested:
            return reason
    if change.reported == 0:
        return "left_out"
    return _compare_digits(str(change.reported), str(change.suggested))


def _compare_digits(reported: str, due: str) -> str:
    if len(reported) == len(due):
        differing = [
            place
            for place, pair in enumerate(zip(reported, due, strict=True))
            if len(set(pair)) > 1
        ]
        if len(differing) == 1:
            return "digit_wrong"
        first, last = differing[0], differing[-1]
        is_turned = reported[first] == due[last] and reported[last] == due[first]
        return "transposed" if len(differing) == 2 and last - first == 1 and is_turned else "other"
    if _lacks_one(reported, due):
        return "digit_missing"
    return "digit_doubled" if _lacks_one(due, reported) else "other"


def _lacks_one(shorter: str, longer: str) -> bool:
    """Tell whether one text is the other without one of its characters."""
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))
