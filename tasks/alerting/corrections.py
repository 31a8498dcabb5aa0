"""What became of a report that was told of and then published again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from expectations.form import load_forms
from storage.alerts import Alert
from tasks.alerting.cards import TITLE_LIMIT, make_link
from tasks.alerting.source_text import Change
from tasks.alerting.words import fold_text


@dataclass(frozen=True, slots=True)
class Correction:
    """A report published again: `named` changes are in cells the alert was about.

    `left` counts the alerts of the report that fire now.
    """

    report_id: str
    title: str | None
    publisher: str | None
    region: str
    year: int | None
    url: str
    link: str | None
    named: tuple[Change, ...]
    others: tuple[Change, ...]
    left: int


def make_correction(
    told: Sequence[Alert], changes: Sequence[Change], firing: Collection[Alert]
) -> Correction:
    """Tell the changes of one report apart by whether the alerts that were told name them.

    Args:
        told: The alerts of the report that were told, one at least.
        changes: What changed in it since.
        firing: All alerts that fire now.
    """
    first = told[0]
    cells = {cell for alert in told for cell in list_cells(alert.name)}
    return Correction(
        report_id=first.subject,
        title=fold_text(first.title or "", TITLE_LIMIT) or None,
        publisher=fold_text(first.publisher or "", TITLE_LIMIT) or None,
        region=first.region,
        year=first.year,
        url=fold_text(first.url or ""),
        link=make_link(first.url or ""),
        named=tuple(change for change in changes if change.name in cells),
        others=tuple(change for change in changes if change.name not in cells),
        left=sum(alert.subject == first.subject for alert in firing),
    )


def list_cells(name: str) -> frozenset[str]:
    """List the cells that the name of an alert is about: those of its equation or its repair."""
    if "=" in name:
        return frozenset(change.partition("=")[0] for change in name.split("; "))
    return _list_bound().get(name, frozenset())


@cache
def _list_bound() -> Mapping[str, frozenset[str]]:
    """Map each equation of any edition, as `<rule> <instance>`, to its cells."""
    bound: dict[str, frozenset[str]] = {}
    for form in load_forms().values():
        for equation in form.equations:
            name = f"{equation.rule} {equation.instance}"
            bound[name] = bound.get(name, frozenset()) | frozenset(equation.cells)
    return bound
