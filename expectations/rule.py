"""One rule of the rule table as a value, and when it binds a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True, slots=True)
class Case:
    """One thing a rule may find: its outcome, severity, blame (None: nobody's) and message."""

    outcome: str
    severity: str
    blame: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold among the cells of a report, in SQL over cell names and report facts.

    `{each}` stands for every one of `each` in turn. A name after `last.` is that cell a year
    earlier. `expected` and `reported` are SQL as well, for the message.
    """

    holds: str
    each: tuple[str, ...]
    instance: str
    expected: str | None
    reported: str | None


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A pattern that may not stand in a text `least` times or more."""

    pattern: str
    least: int


@dataclass(frozen=True, slots=True)
class TextTest:
    """What the running text must hold, by name, or must not; `part` None: any part.

    `longest` and `shortest` count characters, white space aside; `title` is a pattern that
    the title may not have.
    """

    part: int | None = None
    requires: Mapping[str, str] = field(default_factory=dict)
    forbids: Mapping[str, Forbidden] = field(default_factory=dict)
    longest: int | None = None
    shortest: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """A row of the older statistics and those that sum to it, or that it bounds.

    `totals` are the labels that the row may have. `case` is what a difference is: `unequal`,
    or `exceeds` where the row only bounds them. Of the parts at least `least` must be read;
    `is_below` where they stand below the row. A table may lack the row if `is_optional`.
    """

    totals: tuple[str, ...]
    parts: tuple[str, ...]
    case: str
    least: int
    is_below: bool
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day of the year after the report year, as (month, day), and the case past it."""

    case: str
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the rule table. `forms`, `scopes`, `adcodes` are None where it binds any.

    `name`, `formula` and `basis` are Chinese, for data stewards; `description` is English;
    `source` is that of the rule table. `needs` names the frames and report columns without
    which the rule is not run. `earlier` holds the editions that last year's report may be
    on: without such a report the rule does not apply.
    """

    id: str
    name: str
    description: str
    formula: str
    source: str
    basis: str
    severity: str
    forms: tuple[str, ...] | None
    first_year: int | None
    last_year: int | None
    unknown_form_from: int | None
    scopes: tuple[str, ...] | None
    adcodes: tuple[str, ...] | None
    earlier: tuple[str, ...] | None
    needs: frozenset[str]
    condition: Condition | None
    text: TextTest | None
    sums: tuple[Sum, ...]
    deadlines: tuple[Deadline, ...]
    cases: dict[str, Case]

    @property
    def applies(self) -> pl.Expr:
        """Tell, over the facts of a report (`facts.FACTS`), whether the rule binds it."""
        form, year = pl.col("form"), pl.col("year")
        binds = pl.lit(True) if self.forms is None else _is_one_of(form, self.forms)
        if self.unknown_form_from is not None:
            binds = binds | (form.is_null() & (year >= self.unknown_form_from))
        if self.first_year is not None:
            binds = binds & (year >= self.first_year)
        if self.last_year is not None:
            binds = binds & (year <= self.last_year)
        if self.scopes is not None:
            binds = binds & _is_one_of(pl.col("scope"), self.scopes)
        if self.adcodes is not None:
            binds = binds & _is_one_of(pl.col("adcode"), self.adcodes)
        if self.earlier == ("any",):
            binds = binds & pl.col("earlier_id").is_not_null()
        elif self.earlier is not None:
            binds = binds & _is_one_of(pl.col("earlier_form"), self.earlier)
        return binds

    def covers(self, edition: str) -> bool:
        """Tell whether the rule can bind a report on this edition of the form."""
        return self.forms is None or edition in self.forms


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """A rule of the rule table that no outcome is given for, and the reason.

    `is_method` where the rule binds how the others calculate, and they keep it.
    """

    id: str
    description: str
    source: str
    severity: str
    forms: tuple[str, ...] | None
    is_method: bool
    reason: str


def _is_one_of(column: pl.Expr, values: Iterable[str]) -> pl.Expr:
    return column.is_in(list(values)).fill_null(False)
