"""The reports of the sample site, with what a check of each must find."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from expectations.form import load_form, load_forms
from tasks.sample.faults import judge_faults, list_failed_rules, load_faults, plant_fault
from tasks.sample.figures import draw_figures
from tasks.sample.office import render_docx, render_xlsx
from tasks.sample.pdf import render_pdf
from tasks.sample.render import list_layouts, render_html, render_text
from tasks.sample.spec import Body, Spec
from tasks.sample.word97 import render_doc

PLAN_FILE = Path(__file__).parent / "plan.yaml"
CARRIED_OUT = "t3.carried_out."
DIFFERING = "t2.licences.decisions"
ATTACHED: dict[str, Callable[[Spec], bytes]] = {
    ".doc": render_doc,
    ".docx": render_docx,
    ".pdf": render_pdf,
    ".xlsx": render_xlsx,
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a report's page links to, and what it prints.

    `is_alone`: the page has nothing of the report but its title.
    """

    suffix: str
    spec: Spec
    is_alone: bool


@dataclass(frozen=True, slots=True)
class PlannedReport:
    """A report that the site publishes on `portal`, in `layout`.

    `failed_rules` are the rules of severity error that must fail, no more and no less;
    `verdict` is the one its row in the table of reports must have.
    """

    portal: str
    layout: str
    spec: Spec
    failed_rules: frozenset[str]
    verdict: str
    attachment: Attachment | None = None


def plan_site(seed: int = 0) -> tuple[PlannedReport, ...]:
    """Plan every report of `plan.yaml`, body by body and year by year; same seed, same plan.

    What a body carries out of one year it carries into the next.

    Raises:
        ValueError: a fault is planned where it could not show.
    """
    rng = random.Random(seed)  # noqa: S311 (sample figures need no secrecy)
    return tuple(planned for entry in _load_plan()["bodies"] for planned in _plan_body(entry, rng))


def render_planned(planned: PlannedReport) -> tuple[bytes, str]:
    """Render a planned report, and name the suffix of its file: `.html` or `.txt`."""
    if planned.layout in list_layouts(".txt"):
        return render_text(planned.spec, planned.layout), ".txt"
    return render_html(planned.spec, planned.layout), ".html"


def render_attachment(attachment: Attachment) -> bytes:
    """Render a planned attachment."""
    return ATTACHED[attachment.suffix](attachment.spec)


@cache
def _load_plan() -> dict[str, Any]:
    facts: dict[str, Any] = yaml.safe_load(PLAN_FILE.read_text("utf-8"))
    return facts


def _plan_body(entry: dict[str, Any], rng: random.Random) -> Iterator[PlannedReport]:
    plan = _load_plan()
    body = Body(**{key: entry[key] for key in Body.__dataclass_fields__})
    title, variant = rng.choice(plan["titles"]), rng.randrange(3)
    carried: dict[str, int] | None = None
    for year, layout in zip(plan["years"], entry["layouts"], strict=True):
        faults = plan["faults"].get(body.name, {}).get(year, [])
        edition = _choose_edition(year, faults)
        figures = draw_figures(load_form(edition), rng, body.scale, carried)
        signed_on = _draw_day(rng, year + 1, plan["signed"][body.scope])
        spec = Spec(
            body=body,
            title=title.format(name=body.name, year=year),
            year=year,
            edition=edition,
            figures=figures,
            period=(date(year, 1, 1), date(year, 12, 31)),
            signed_on=signed_on,
            published_on=signed_on + timedelta(days=rng.randint(0, 5)),
            variant=variant,
        )
        for fault in faults:
            spec = plant_fault(spec, fault, rng)
        attached = plan["attachments"].get(body.name, {}).get(year)
        yield replace(
            _expect(entry["portal"], layout, spec),
            attachment=_plan_attachment(spec, **attached) if attached else None,
        )
        carried = {
            cell.removeprefix(CARRIED_OUT): int(figure)
            for cell, figure in figures.items()
            if cell.startswith(CARRIED_OUT)
        }


def _plan_attachment(spec: Spec, suffix: str, kind: str) -> Attachment:
    if kind == "differing":
        figures = {**spec.figures, DIFFERING: spec.figures[DIFFERING] + 1}
        return Attachment(suffix, replace(spec, figures=figures), is_alone=False)
    return Attachment(suffix, spec, is_alone=kind == "cover")


def _choose_edition(year: int, faults: list[str]) -> str:
    """Name the form in force in a report year, unless a fault asks for another."""
    wrong = next((load_faults()[name].get("edition") for name in faults), None)
    return wrong or next(edition for edition, form in load_forms().items() if form.covers(year))


def _draw_day(rng: random.Random, year: int, bounds: list[list[int]]) -> date:
    first, last = (date(year, month, day) for month, day in bounds)
    return first + timedelta(days=rng.randint(0, (last - first).days))


def _expect(portal: str, layout: str, spec: Spec) -> PlannedReport:
    return PlannedReport(
        portal=portal,
        layout=layout,
        spec=spec,
        failed_rules=list_failed_rules(spec.faults, spec.edition),
        verdict=judge_faults(spec.faults)
        or ("valid" if any(spec.figures.values()) else "trivially_valid"),
    )
