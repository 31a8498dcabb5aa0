"""The proof of reading: no cell is read with a value that was not printed in that cell.

Random figures are printed in random looks, most of them damaged; every cell that is read is
compared with what the renderer put into that very cell. What is swapped without its header
is left out: the page then does print those figures in those cells, and no reader can know.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

import pytest

from expectations.form import Form, load_form
from tasks.reading import place
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.reading.report import CellReading, UnreadableError
from tasks.sample.corruption import DAMAGES, PAGE_DAMAGES, damage_tables, list_printed
from tasks.sample.figures import draw_figures
from tasks.sample.look import Look, draw_look
from tasks.sample.render import print_look, render_tables
from tasks.sample.spec import Body, Spec

FAST, SLOW, CHUNK = 300, 20_000, 500
SHARE_WHOLE = 0.3  # pages without damage
TWO_REPORTS = "two reports"
BODY = Body("固镇县", "固镇县", "固镇县人民政府办公室", "government", "CN-AH", "340323", "county")
ENDING = re.compile(r"</body>\s*</html>\s*$")


@dataclass(slots=True)
class Tally:
    """What many readings gave.

    `wrong` are cells read with another value than was printed in them, with their page's
    number; `refused` pages by damage and code; `unread` cells printed as figures but not
    read, by option and value for whole pages and by damage for others. `derived` counts the
    cells filled from equations, `misderived` lists those with another value than was set;
    only in reports whose own figures add up, for in others the equations give what is due.
    """

    pages: int = 0
    cells: int = 0
    read: int = 0
    derived: int = 0
    wrong: list[str] = field(default_factory=list)
    misderived: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    printed: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add what another share of the pages gave."""
        self.pages += other.pages
        self.cells += other.cells
        self.read += other.read
        self.derived += other.derived
        self.misderived += other.misderived
        self.wrong += other.wrong
        for mine, theirs in (
            (self.refused, other.refused),
            (self.unread, other.unread),
            (self.printed, other.printed),
        ):
            mine.update(theirs)


def draw_spec(rng: random.Random) -> Spec:
    """Draw a report: figures as bodies have them, or all different so that none hides another."""
    edition = rng.choice(["2021", "2019"])
    form = load_form(edition)
    year = {"2021": 2022, "2019": 2019}[edition]
    figures = draw_figures(form, rng, rng.choice(["township", "county", "prefecture"]))
    if rng.random() < 0.5:
        figures = draw_distinct(form, rng)
    return Spec(
        body=BODY,
        title=f"固镇县{year}年政府信息公开工作年度报告",
        year=year,
        edition=edition,
        figures=figures,
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 16),
        published_on=date(year + 1, 1, 18),
    )


def draw_distinct(form: Form, rng: random.Random) -> dict[str, Decimal]:
    """Draw a figure of its own for each cell, one to five digits long."""
    numbers = rng.sample(range(1, 10 ** rng.randint(3, 5)), len(form.cells))
    return {
        cell.key: Decimal(number) / (100 if cell.kind == "amount" and cell.unit_printed else 1)
        for cell, number in zip(form.cells, numbers, strict=True)
    }


def render_damaged(
    spec: Spec, look: Look, damage: str, rng: random.Random
) -> tuple[bytes, dict[str, list[str]]]:
    """Render a report with one damage; give what still stands in each cell."""
    tables = print_look(spec, look)
    if damage in DAMAGES:
        tables = damage_tables(tables, damage, rng)
    page = render_tables(spec, tables, look)
    if damage in PAGE_DAMAGES:
        page = PAGE_DAMAGES[damage](page, rng)
    if damage == TWO_REPORTS:
        other = draw_spec(rng)
        page = ENDING.sub("", page) + render_tables(other, print_look(other, look), look)
    return page.encode(), list_printed(tables)


def judge(
    readings: tuple[CellReading, ...],
    printed: dict[str, list[str]],
    spec: Spec,
    look: Look,
) -> list[str]:
    """List the cells that were read with a value not printed in them."""
    wrong = []
    for reading in readings:
        if reading.status != "read":
            continue
        texts = printed.get(reading.cell, [])
        is_figure = any(character.isdigit() for text in texts for character in text)
        if not is_figure or reading.value != spec.figures[reading.cell]:
            wrong.append(f"{reading.cell}: read {reading.value} of {reading.text!r}, set {texts}")
    return wrong


def adds_up(spec: Spec) -> bool:
    """Tell whether the figures as set satisfy every equation of the form."""
    return all(
        sum(spec.figures[cell] for cell in equation.left)
        == sum(spec.figures[cell] for cell in equation.right)
        for equation in spec.form.equations
    )


def examine(seed: int) -> Tally:
    """Render and read one report, and compare cell by cell."""
    rng = random.Random(seed)
    spec, look = draw_spec(rng), draw_look(rng)
    is_whole = rng.random() < SHARE_WHOLE
    damage = "none" if is_whole else rng.choice([*DAMAGES, *PAGE_DAMAGES, TWO_REPORTS])
    page, printed = render_damaged(spec, look, damage, rng)
    tally = Tally(pages=1)
    try:
        document = read_document(page)
        readings = read_cells(document, tell_edition(document))[0]
    except UnreadableError as error:
        tally.refused[f"{damage}: {error.code}"] += 1
        return tally
    names = (
        [f"{option.name}={getattr(look, option.name)}" for option in fields(look)]
        if is_whole
        else [damage]
    )
    derived = [reading for reading in readings if reading.status == "derived" and adds_up(spec)]
    tally.derived = len(derived)
    tally.misderived = [
        f"seed {seed} ({damage}): {reading.cell}: derived {reading.value}, set "
        f"{spec.figures[reading.cell]}"
        for reading in derived
        if reading.value != spec.figures[reading.cell]
    ]
    statuses = {reading.cell: reading.status for reading in readings}
    for cell, texts in printed.items():
        if not any(character.isdigit() for character in texts[0]):
            continue
        tally.cells += 1
        tally.read += statuses.get(cell) == "read"
        tally.printed.update(names)
        if statuses.get(cell) != "read":
            tally.unread.update(names)
    tally.wrong = [
        f"seed {seed} ({damage}): {cell}" for cell in judge(readings, printed, spec, look)
    ]
    return tally


def examine_many(seeds: range) -> Tally:
    """Examine one report a seed."""
    tally = Tally()
    for seed in seeds:
        tally.add(examine(seed))
    return tally


def show(tally: Tally) -> str:
    """Say what a proof gave: counts, and what was not read in which look or damage."""
    lines = [
        f"proof of reading: {tally.pages} reports, {tally.cells} figures printed, {tally.read} "
        f"read, {len(tally.wrong)} silently wrong; {tally.derived} derived, "
        f"{len(tally.misderived)} of them wrongly"
    ]
    lines += [f"  derived wrongly: {cell}" for cell in tally.misderived]
    lines += [f"  refused, {reason}: {count}" for reason, count in tally.refused.most_common()]
    lines += [
        f"  not read, {name}: {tally.unread[name]} of {count} ({tally.unread[name] / count:.2%})"
        for name, count in sorted(tally.printed.items())
        if tally.unread[name]
    ]
    return "\n".join(lines)


def test_no_cell_is_read_wrong_in_some_reports() -> None:
    """In 300 random reports no cell is read with a value that was not printed in it."""
    tally = examine_many(range(FAST))
    assert tally.wrong == []
    assert tally.read > tally.cells / 2


def test_the_proof_notices_a_careless_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes the first figures of a row whatever their number is found out."""
    monkeypatch.setattr(place, "_fit", lambda placement, *_, **__: placement.values)
    assert examine_many(range(60)).wrong


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_cell_is_read_wrong_in_many_reports(capsys: pytest.CaptureFixture[str]) -> None:
    """In 20,000 random reports no cell is read with a value that was not printed in it."""
    shares = [range(start, start + CHUNK) for start in range(FAST, FAST + SLOW, CHUNK)]
    tally = Tally()
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=multiprocessing.get_context("fork")
    ) as workers:
        for share in workers.map(examine_many, shares):
            tally.add(share)
    with capsys.disabled():
        sys.stdout.write(f"\n{show(tally)}\n")
    assert tally.pages == SLOW
    assert tally.wrong == []
    assert tally.misderived == []
