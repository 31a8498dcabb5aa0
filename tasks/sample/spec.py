"""What one sample report says, whatever its layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from expectations.form import Cell, Form, load_form
from tasks.reading.report import Scope

RowFault = Literal["short", "long", "dropped"]


@dataclass(frozen=True, slots=True)
class Body:
    """A body that publishes reports.

    `name` stands in the title, `place` in the prose; `publisher` issues and signs. `region`
    and `adcode` are those of the division the body belongs to; `scale` says how busy it is.
    """

    name: str
    place: str
    publisher: str
    scope: Scope
    region: str
    adcode: str
    scale: str


@dataclass(frozen=True, slots=True)
class Spec:
    """One report to be printed: its true figures, and what is printed wrongly.

    `figures` satisfy every equation of the edition. `overrides` maps cell names to the text
    printed instead of the figure; `row_faults` maps rows of table 3 to what happened to
    them (`short`: one figure lost, `long`: one too many, `dropped`: the row is missing);
    `lost_tables` are not printed at all. `faults` names what was planted; `variant` picks
    among wordings.
    """

    body: Body
    title: str
    year: int
    edition: str
    figures: dict[str, Decimal]
    period: tuple[date, date]
    signed_on: date
    published_on: date
    variant: int = 0
    faults: tuple[str, ...] = ()
    overrides: dict[str, str] = field(default_factory=dict)
    row_faults: dict[str, RowFault] = field(default_factory=dict)
    lost_tables: frozenset[str] = frozenset()

    @property
    def form(self) -> Form:
        """The edition of the form that is printed."""
        return load_form(self.edition)


def print_figures(spec: Spec) -> dict[str, str]:
    """Map each cell of the form to the text that stands in it."""
    texts = {cell.key: _print_figure(cell, spec.figures[cell.key]) for cell in spec.form.cells}
    unknown = spec.overrides.keys() - texts.keys()
    if unknown:
        raise ValueError(f"overrides: form {spec.edition} has no cell {sorted(unknown)}")
    return texts | spec.overrides


def _print_figure(cell: Cell, value: Decimal) -> str:
    """Print a figure as publishers do: a change with its sign, a bare amount with its unit."""
    sign = "+" if cell.kind == "change" and value > 0 else ""
    unit = "" if cell.unit_printed or not value else cell.unit
    return f"{sign}{value:f}{unit}"
