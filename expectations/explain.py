"""Explain the failed equations of one report: all smallest sets of wrong cells, ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from expectations.fewest import count_fewest
from expectations.form import Equation, Form
from expectations.localise import Sets, find_sets
from expectations.ranking import Change, Repair, load_words, rank_repairs
from expectations.system import Integers, Part, split_equations

MOST_CELLS = 3
# Figures that other places state, by reason (`last_year`, `prose`) and cell.
Stated: TypeAlias = Mapping[str, Mapping[str, int]]
NOTHING_STATED: Stated = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Explanation:
    """What explains one problem: failed equations that hang together by shared cells.

    `repairs` are all sets of `size` cells, the smallest size that does, likeliest first; empty
    if more than three cells are wrong, then at least `size` are. `is_unique`
    is said of one set with one figure a cell, where the equations are enough to tell: never
    in table 4. `is_truncated`: there may be further sets.

    The truth is among the sets unless fewer cells explain it as well. Then the figures are
    those of another table that adds up with so many cells wrong, and no method can tell the
    two apart: three errors in the corners of a rectangle look like one in the fourth.
    """

    equations: tuple[str, ...]
    size: int
    is_unique: bool
    is_truncated: bool
    repairs: tuple[Repair, ...]


def explain(
    values: Mapping[str, Decimal | int | None],
    form: Form,
    stated: Stated = NOTHING_STATED,
) -> tuple[Explanation, ...]:
    """Find all smallest sets of cells whose change satisfies every evaluated equation.

    An equation is evaluated if each of its cells has a whole figure; a cell of no evaluated
    equation is not suspected. New figures are whole and at least 0. Among the smallest sets,
    those that leave alone what an independent place confirms are kept, if there are any: last
    year's report does, the prose of the same report only speaks for what it states.

    Args:
        values: The figures of one report by cell, below 10**14; None where none was read.
        form: The edition.
        stated: Figures that other places state, by reason (`last_year`, `prose`) and cell.

    Returns:
        One explanation a problem, in the order of the form; none where all equations hold.
    """
    figures = {
        cell: int(value) for cell, value in values.items() if value is not None and value % 1 == 0
    }
    evaluated = tuple(
        equation for equation in form.equations if all(cell in figures for cell in equation.cells)
    )
    whole = {part.equations for part in split_equations(form.equations)}
    return tuple(
        _explain_part(part, figures, form, stated, is_whole=part.equations in whole)
        for part in split_equations(evaluated)
        if (part.matrix @ _gather(part, figures)).any()
    )


def _explain_part(
    part: Part,
    figures: Mapping[str, int],
    form: Form,
    stated: Stated,
    is_whole: bool,
) -> Explanation:
    values = _gather(part, figures)
    residuals = part.matrix @ values
    failed = [equation for equation, odd in zip(part.equations, residuals, strict=True) if odd]
    held = [equation for equation, odd in zip(part.equations, residuals, strict=True) if not odd]
    found = _find_smallest(part, residuals, values)
    if not len(found.cells):
        fewest = max(MOST_CELLS + 1, count_fewest(part, residuals, values))
        return Explanation(_name_equations(failed), fewest, False, found.is_cut, ())
    candidates = _spell_out(found, part, values, failed, form)
    kept = [changes for changes in candidates if not _is_denied(changes, stated)] or candidates
    is_single = len(kept) == 1 and not found.is_cut
    return Explanation(
        equations=_name_equations(failed),
        size=found.cells.shape[1],
        is_unique=is_single and _is_settled(part, residuals, values, kept[0], is_whole),
        is_truncated=found.is_cut,
        repairs=rank_repairs(kept, form, held, stated),
    )


def _find_smallest(part: Part, residuals: Integers, values: Integers) -> Sets:
    """Find the sets of the smallest size there are any of; none if more than three cells."""
    is_cut = False
    for size in range(1, MOST_CELLS + 1):
        found = find_sets(part, residuals, values, size)
        is_cut = is_cut or found.is_cut
        if len(found.cells):
            break
    return replace(found, is_cut=is_cut)


def _is_settled(
    part: Part, residuals: Integers, values: Integers, changes: Sequence[Change], is_whole: bool
) -> bool:
    """Tell whether the equations are enough to call a single smallest set the only one.

    They are not for a cell that stands in the same equations as another, such as any of a row
    of table 4, nor for one cell where two explain as well. Where equations are left out, nor
    if fewer cells would do but for a figure below 0: two that stand in the same equations may
    then share the change, in more than one way, which no single set shows.
    """
    if any(_has_twin(part, change.cell) for change in changes):
        return False
    if len(changes) == 1:
        return not len(find_sets(part, residuals, values, 2).cells)
    return is_whole or not any(
        len(find_sets(part, residuals, None, fewer).cells) for fewer in range(1, len(changes))
    )


def _has_twin(part: Part, cell: str) -> bool:
    """Tell whether another cell stands in the same equations, on the same sides or opposite."""
    column = part.matrix[:, [part.cells.index(cell)]]
    is_alike = (part.matrix == column).all(axis=0) | (part.matrix == -column).all(axis=0)
    return int(np.count_nonzero(is_alike)) > 1


def _spell_out(
    found: Sets, part: Part, values: Integers, failed: list[Equation], form: Form
) -> list[tuple[Change, ...]]:
    order = {cell.key: place for place, cell in enumerate(form.cells)}
    names = {
        cell: _name_equations([equation for equation in failed if cell in equation.cells])
        for cell in (part.cells[place] for place in np.unique(found.cells))
    }
    sets = []
    for places, excesses in zip(found.cells.tolist(), found.excesses.tolist(), strict=True):
        changes = [
            Change(
                part.cells[place],
                int(values[place]),
                int(values[place]) - excess,
                names[part.cells[place]],
            )
            for place, excess in zip(places, excesses, strict=True)
        ]
        sets.append(tuple(sorted(changes, key=lambda change: order[change.cell])))
    return sorted(sets, key=lambda changes: [order[change.cell] for change in changes])


def _is_denied(changes: tuple[Change, ...], stated: Stated) -> bool:
    """Tell whether a set changes a figure that an independent place confirms."""
    return any(
        figures.get(change.cell) == change.reported
        for change in changes
        for reason, figures in stated.items()
        if reason in load_words().confirming
    )


def _name_equations(equations: list[Equation]) -> tuple[str, ...]:
    return tuple(f"{equation.rule} {equation.instance}" for equation in equations)


def _gather(part: Part, figures: Mapping[str, int]) -> Integers:
    return np.array([figures[cell] for cell in part.cells], dtype=np.int64)
