"""Cells that could not be read, where the form's equations leave exactly one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from expectations.form import Equation, Form
from tasks.reading.report import CellReading

MAX_UNKNOWN = 60  # in one table; with more unread there is nothing to lean on
Terms = dict[str, Fraction]


def derive_cells(readings: Mapping[str, CellReading], form: Form) -> dict[str, CellReading]:
    """Fill unreadable and absent cells that the equations of their table determine.

    Gives every cell of the form and of `readings`; a filled one is `derived`, with note
    `equations`. Blank cells are unknown and stay blank. Nothing is derived in a table in
    which an equation over known cells fails, or whose equations contradict one another; a
    value that is no integer of at least 0 is withdrawn, and with it all others of the table.
    """
    filled = {
        cell.key: readings.get(cell.key) or CellReading(cell.key, "absent", None, None, None, None)
        for cell in form.cells
    } | dict(readings)
    units = {cell.key: cell.unit for cell in form.cells}
    for table in form.tables:
        equations = [equation for equation in form.equations if equation.table == table]
        for cell, value in _solve(filled, equations).items():
            if filled[cell].status in ("unreadable", "absent"):
                filled[cell] = filled[cell]._replace(
                    status="derived", value=value, unit=units[cell], note="equations"
                )
    return filled


def _solve(readings: Mapping[str, CellReading], equations: list[Equation]) -> dict[str, Decimal]:
    """Determine unknown cells; an empty dict where the known ones contradict an equation."""
    values = {
        cell: reading.value for cell, reading in readings.items() if reading.value is not None
    }
    unknown = {c for equation in equations for c in equation.cells if c not in values}
    if not 0 < len(unknown) <= MAX_UNKNOWN:
        return {}
    rows = _eliminate(_list_unknown(equation, values) for equation in equations)
    if rows is None:
        return {}
    solved: dict[str, Fraction] = {}
    for terms, total in rows:
        if len(terms) == 1:
            ((cell, factor),) = terms.items()
            solved[cell] = total / factor
    whole = {cell: Decimal(int(value)) for cell, value in solved.items() if value.denominator == 1}
    if len(whole) < len(solved) or any(value < 0 for value in whole.values()):
        return {}
    return whole if _hold(equations, values | whole) else {}


def _list_unknown(equation: Equation, values: Mapping[str, Decimal]) -> tuple[Terms, Fraction]:
    """Bring the known cells of an equation to its right side."""
    terms: Terms = {}
    total = Fraction(0)
    for cells, side in ((equation.left, 1), (equation.right, -1)):
        for cell in cells:
            if cell in values:
                total -= side * Fraction(values[cell])
            else:
                terms[cell] = Fraction(side)
    return terms, total


def _eliminate(
    equations: Iterable[tuple[Terms, Fraction]],
) -> list[tuple[Terms, Fraction]] | None:
    """Reduce equations until each has a cell that no other has; None if they contradict."""
    pivots: dict[str, tuple[Terms, Fraction]] = {}
    for terms, total in equations:
        for cell, (others, sum_of_others) in pivots.items():
            if cell in terms:
                terms, total = _subtract(terms, total, others, sum_of_others, cell)
        if not terms:
            if total:
                return None
            continue
        pivot = next(iter(terms))
        factor = terms[pivot]
        scaled = {cell: value / factor for cell, value in terms.items()}, total / factor
        for cell, (others, sum_of_others) in list(pivots.items()):
            if pivot in others:
                pivots[cell] = _subtract(others, sum_of_others, *scaled, pivot)
        pivots[pivot] = scaled
    return list(pivots.values())


def _subtract(
    terms: Terms, total: Fraction, others: Terms, sum_of_others: Fraction, cell: str
) -> tuple[Terms, Fraction]:
    """Subtract an equation in which `cell` has the factor 1 so often that `cell` is gone."""
    factor = terms[cell]
    rest = dict(terms)
    for name, value in others.items():
        rest[name] = rest.get(name, Fraction(0)) - factor * value
    return {name: value for name, value in rest.items() if value}, total - factor * sum_of_others


def _hold(equations: Iterable[Equation], values: Mapping[str, Decimal]) -> bool:
    """Tell whether every equation holds whose cells all have a value."""
    return all(
        sum(values[cell] for cell in equation.left) == sum(values[cell] for cell in equation.right)
        for equation in equations
        if all(cell in values for cell in equation.cells)
    )
