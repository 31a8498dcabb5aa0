"""Cells that could not be read, where the form's equations leave exactly one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from expectations.form import Equation, Form
from tasks.reading.report import CellReading

MAX_UNKNOWN = 60  # in one table; with more unread there is nothing to lean on
Terms = dict[str, Fraction]


class Due(NamedTuple):
    """The value that the equations give a cell.

    `is_checked` says that it hangs on no single figure: whichever known figure were wrong,
    the equations would contradict one another or still give this value.
    """

    value: Decimal
    is_checked: bool


class _Sum(NamedTuple):
    """An identity: the unknown cells and the known ones, each with its factor, sum to 0."""

    unknown: Terms
    known: Terms


def find_due(readings: Mapping[str, CellReading], form: Form) -> dict[str, Due]:
    """Find what the equations of its table leave for each cell without a value, by name.

    Cells of the form that are missing in `readings`, blank or unread have no value. Nothing
    is due in a table in which an equation over known cells fails, whose equations contradict
    one another, or where a value would be no integer of at least 0.
    """
    values = {
        cell: reading.value for cell, reading in readings.items() if reading.value is not None
    }
    due: dict[str, Due] = {}
    for table in form.tables:
        due |= _solve(values, [one for one in form.equations if one.table == table])
    return due


def _solve(values: Mapping[str, Decimal], equations: list[Equation]) -> dict[str, Due]:
    """Determine unknown cells; an empty dict where the known ones contradict an equation."""
    unknown = {c for equation in equations for c in equation.cells if c not in values}
    if not 0 < len(unknown) <= MAX_UNKNOWN:
        return {}
    solved, checks = _eliminate(_split_known(equation, values) for equation in equations)
    if any(_add_up(check, values) for check in checks):
        return {}
    found: dict[str, Due] = {}
    checked = set().union(*checks)
    for terms, known in solved:
        if len(terms) > 1:
            continue
        (cell,) = terms
        value = -_add_up(known, values)
        if value < 0 or value.denominator != 1:
            return {}
        found[cell] = Due(Decimal(int(value)), checked.issuperset(known))
    return found


def _split_known(equation: Equation, values: Mapping[str, Decimal]) -> _Sum:
    """Bring all cells of an equation to its left side."""
    split = _Sum({}, {})
    for cells, side in ((equation.left, 1), (equation.right, -1)):
        for cell in cells:
            (split.known if cell in values else split.unknown)[cell] = Fraction(side)
    return split


def _eliminate(sums: Iterable[_Sum]) -> tuple[list[_Sum], list[Terms]]:
    """Reduce identities until each has an unknown, of factor 1, that no other has.

    Gives them, and the identities between known cells alone that are left over.
    """
    pivots: dict[str, _Sum] = {}
    checks: list[Terms] = []
    for one in sums:
        for cell, pivot in pivots.items():
            one = _subtract(one, pivot, cell)
        if not one.unknown:
            checks.append(one.known)
            continue
        cell, factor = next(iter(one.unknown.items()))
        scaled = _Sum(*({name: part / factor for name, part in side.items()} for side in one))
        for other, pivot in pivots.items():
            pivots[other] = _subtract(pivot, scaled, cell)
        pivots[cell] = scaled
    return list(pivots.values()), checks


def _subtract(one: _Sum, pivot: _Sum, cell: str) -> _Sum:
    """Subtract an identity in which `cell` has the factor 1 so often that `cell` is gone."""
    factor = one.unknown.get(cell)
    if factor is None:
        return one
    return _Sum(
        *(
            {
                name: rest
                for name in {**mine, **its}
                if (rest := mine.get(name, Fraction(0)) - factor * its.get(name, Fraction(0)))
            }
            for mine, its in zip(one, pivot, strict=True)
        )
    )


def _add_up(terms: Terms, values: Mapping[str, Decimal]) -> Fraction:
    return sum((factor * Fraction(values[cell]) for cell, factor in terms.items()), Fraction(0))
