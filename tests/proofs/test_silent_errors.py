"""The proof of reading: no cell is read with a value that was not printed in that cell.

Random figures are printed in random looks and every format, many of them damaged; every cell
that is read is compared with what the renderer put into that very cell. Sheets and drawn
pages know cells by their place alone: where the cells of a row are shifted, a figure is printed
in the cell in whose place it then stands. Left out is what no reader can know: there a shifted
header, columns swapped without their header, figures merged where flattened text repeats them.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.form import Form, load_form
from tasks.reading import place
from tasks.reading.contradicted import SPLIT
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.reading.report import CellReading, UnreadableError
from tasks.reading.zipped import list_members
from tasks.sample.corruption import (
    DAMAGES,
    FILE_DAMAGES,
    PAGE_DAMAGES,
    TEXT_DAMAGES,
    Tables,
    damage_tables,
    list_moved,
    list_printed,
)
from tasks.sample.figures import draw_figures
from tasks.sample.formats import FORMATS, pack_named, render_page, render_report
from tasks.sample.grids import Slot
from tasks.sample.look import Look, draw_look, list_options, load_looks
from tasks.sample.render import encode_page, print_look
from tasks.sample.spec import Body, Spec

# Reports a format, by what one costs to write and to read.
MANY = {
    "html": 9_000,
    "text": 6_000,
    "docx": 1_200,
    "doc": 1_000,
    "xlsx": 1_000,
    "xls": 600,
    "ofd": 600,
    "pdf": 800,
    "zip": 400,
}
SOME = {name: count // 120 for name, count in MANY.items()}
CHUNK = 100
SHARE_WHOLE = 0.3  # reports without damage
TWO_REPORTS = "two reports"
MISPRINTS = (-10, -1, 1, 9, 90, 100)
IN_ONE_PART = 1_000  # of so many cells derived in contradicting reports less than one is wrong
BODY = Body("固镇县", "固镇县", "固镇县人民政府办公室", "government", "CN-AH", "340323", "county")
MEMBER = "年报/固镇县2022年.doc"
CONTRADICTING = "derived of reports that contradict themselves"
PLACED = ("xlsx", "xls", "ofd", "pdf")  # formats that know cells by their place
SHIFTS = ("cell dropped", "cell doubled")


@dataclass(slots=True)
class Tally:
    """What many readings gave, each count by format and for all of them.

    `reports`, `printed` (cells in which a figure stands), `read` and `derived` cells;
    `wrong` are cells read with another value than was printed in them, `misderived` those
    derived so, by whether the printed figures add up. `refused` counts reports by format,
    damage and code; `unread` and `seen` printed figures by format and option for whole
    reports, by damage for others.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    misderived: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another share of the reports gave."""
        self.counts.update(other.counts)
        self.refused.update(other.refused)
        self.unread.update(other.unread)
        self.seen.update(other.seen)
        self.wrong += other.wrong
        self.misderived += other.misderived

    def count(self, what: str) -> int:
        """Add up one count over all formats."""
        return sum(count for (_, name), count in self.counts.items() if name == what)


@dataclass(frozen=True, slots=True)
class Printed:
    """What is printed: the report's figures, the texts in each cell, what was shifted there."""

    spec: Spec
    texts: dict[str, list[str]]
    moved: dict[str, list[Slot]]

    def allows(self, reading: CellReading, case: Case) -> bool:
        """Tell whether a value was printed in its cell, or is what was set there if derived.

        A 0 printed as a blank may be derived from equations, but not split from digits.
        In flattened text nothing shows that a cell was merged or broken before, so that the
        text itself counts: the figure that was set may be read.
        """
        texts, value = self.texts.get(reading.cell), self.spec.figures[reading.cell]
        if texts is None:
            may_stand = reading.status == "derived" or case.container == "text"
        else:
            is_due = reading.status == "derived" and reading.note != SPLIT
            may_stand = is_due or any(map(is_figure, texts))
        return (may_stand and reading.value == value) or (
            reading.status == "read"
            and any(reading.value == self._value(slot) for slot in self.moved.get(reading.cell, []))
        )

    def _value(self, slot: Slot) -> Decimal | None:
        if slot.cell:
            return self.spec.figures[slot.cell]
        figure = slot.text.replace(",", "")
        return Decimal(figure) if figure.isascii() and figure.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Case:
    """One report to be rendered and read: in which format, look and damage, from which seed.

    `figures`: `drawn` as bodies have them, `distinct` so that none hides another, or
    `misprinted`: drawn, with one or two cells printed wrongly.
    """

    media: str
    look: Look
    damage: str
    figures: str
    edition: str
    seed: int

    @property
    def container(self) -> str:
        """The format inside an archive, else the format."""
        return FORMATS[self.seed % len(FORMATS)] if self.media == "zip" else self.media


def list_damages(container: str, look: Look) -> list[str]:
    """List the damages that a format can take; merged figures only where that can show."""
    is_merge_lost = container != "text" or look.flow != "rows" or look.merges == "lost"
    tables = [name for name in DAMAGES if is_merge_lost or not name.startswith("figures merged")]
    own = {"html": PAGE_DAMAGES, "text": TEXT_DAMAGES}.get(container, FILE_DAMAGES)
    return [*tables, *own, TWO_REPORTS]


def draw_case(media: str, seed: int) -> Case:
    """Draw one case of a format."""
    rng = random.Random(f"{media}{seed}")
    figures = rng.choice(["drawn", "drawn", "distinct", "distinct", "misprinted"])
    case = Case(media, draw_look(rng), "none", figures, rng.choice(["2021", "2019"]), seed)
    if rng.random() < SHARE_WHOLE:
        return case
    return replace(case, damage=rng.choice(list_damages(case.container, case.look)))


def draw_spec(case: Case, rng: random.Random) -> Spec:
    """Draw what a report says."""
    form = load_form(case.edition)
    year = {"2021": 2022, "2019": 2019}[case.edition]
    scale = rng.choice(["zero", "township", "county", "prefecture"])
    figures = draw_figures(form, rng, scale)
    if case.figures == "distinct":
        figures = draw_distinct(form, rng)
    spec = Spec(
        body=BODY,
        title=f"固镇县{year}年政府信息公开工作年度报告",
        year=year,
        edition=case.edition,
        figures=figures,
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 16),
        published_on=date(year + 1, 1, 18),
    )
    return misprint(spec, rng) if case.figures == "misprinted" else spec


def draw_distinct(form: Form, rng: random.Random) -> dict[str, Decimal]:
    """Draw a figure of its own for each cell, one to five digits long."""
    numbers = rng.sample(range(1, 10 ** rng.randint(3, 5)), len(form.cells))
    return {
        cell.key: Decimal(number) / (100 if cell.kind == "amount" and cell.unit_printed else 1)
        for cell, number in zip(form.cells, numbers, strict=True)
    }


def misprint(spec: Spec, rng: random.Random) -> Spec:
    """Print one or two cells of tables 3 and 4 wrongly."""
    bound = [cell.key for cell in spec.form.cells if cell.table != "t2"]
    cells = rng.sample(bound, rng.randint(1, 2))
    wrong = {cell: max(0, int(spec.figures[cell]) + rng.choice(MISPRINTS)) for cell in cells}
    figures = spec.figures | {cell: Decimal(value) for cell, value in wrong.items()}
    return replace(spec, figures=figures)


def render_case(case: Case) -> tuple[bytes, Printed]:
    """Render a case; give what still stands in each cell."""
    rng = random.Random(case.seed)
    spec, look = draw_spec(case, rng), case.look
    tables = whole = print_look(spec, look)
    if case.damage in DAMAGES:
        tables = damage_tables(whole, case.damage, rng)
        if case.container in PLACED and case.damage in SHIFTS and is_header_changed(whole, tables):
            tables = whole
    reports = [(spec, tables)]
    if case.damage == TWO_REPORTS:
        other = draw_spec(case, rng)
        reports.append((other, print_look(other, look)))
    changes = {"html": PAGE_DAMAGES, "text": TEXT_DAMAGES}.get(case.container, {})
    if case.damage in changes:
        page = render_page(case.container, reports, look)
        content = encode_page(changes[case.damage](page, rng), look)
    else:
        content = render_report(case.container, reports, look)
    if case.damage in FILE_DAMAGES:
        content = FILE_DAMAGES[case.damage](content, rng)
    if case.media == "zip":
        content = pack_named(content, MEMBER.encode("gbk"))
    moved = list_moved(whole, tables) if case.container in PLACED else {}
    return content, Printed(spec, list_printed(tables), moved)


def is_header_changed(whole: Tables, tables: Tables) -> bool:
    """Tell whether a row without figures is another than before."""
    return any(
        row != twin and not any(slot.is_figure for slot in row)
        for key in whole
        for before, after in zip(whole[key], tables[key], strict=True)
        for row, twin in zip(before, after, strict=True)
    )


def read_case(case: Case, content: bytes) -> tuple[CellReading, ...]:
    """Read what was rendered, out of its archive if it is in one.

    Raises:
        UnreadableError: it is refused.
    """
    if case.media == "zip":
        ((name, content),) = list_members(content)
        assert name == MEMBER
    document = read_document(content)
    return read_cells(document, tell_edition(document))[0]


def judge(readings: Iterable[CellReading], printed: Printed, case: Case) -> list[str]:
    """List the cells that have a value not printed in them."""
    return [
        f"{name_case(case)}: {reading.cell}: {reading.status} {reading.value} of "
        f"{reading.text!r}, set {printed.spec.figures[reading.cell]}, printed "
        f"{printed.texts.get(reading.cell)}"
        for reading in readings
        if reading.value is not None and not printed.allows(reading, case)
    ]


def is_figure(text: str) -> bool:
    """Tell whether one figure is printed, and not a number of items before an amount."""
    return bool(re.search(r"\d", text)) and not text.startswith(load_looks()["pair"])


def name_case(case: Case) -> str:
    """Name a case so that it can be drawn again."""
    flow = f" {case.look.flow}" if case.container == "text" else ""
    return f"{case.media} {case.seed} ({case.container}{flow}, {case.figures}, {case.damage})"


def adds_up(spec: Spec) -> bool:
    """Tell whether the figures as printed satisfy every equation of the form."""
    return all(
        sum(spec.figures[cell] for cell in equation.left)
        == sum(spec.figures[cell] for cell in equation.right)
        for equation in spec.form.equations
    )


def list_names(case: Case) -> list[str]:
    """Name under what the cells of a case are counted: its options if whole, its damage."""
    if case.damage != "none":
        return [case.damage, f"{case.container}: {case.damage}"]
    flow = case.look.flow
    names = [f"{option.name}={getattr(case.look, option.name)}" for option in fields(Look)]
    own = [f"{case.container}: {name}" for name in names if not name.startswith("flow=")]
    return [
        f"{case.container}: whole",
        *([f"text: flow={flow}"] if case.container == "text" else own),
    ]


def examine(case: Case) -> Tally:
    """Render and read one report, and compare cell by cell."""
    content, printed = render_case(case)
    tally = Tally(Counter({(case.media, "reports"): 1}))
    try:
        readings = read_case(case, content)
    except UnreadableError as error:
        tally.refused[f"{case.media}, {case.damage}: {error.code}"] += 1
        return tally
    contradicts = "" if adds_up(printed.spec) else " of reports that contradict themselves"
    for reading in readings:
        tally.counts[case.media, reading.status + contradicts * (reading.status == "derived")] += 1
    for found in judge(readings, printed, case):
        if " derived " in found:
            tally.misderived.append(found + contradicts)
        else:
            tally.wrong.append(found)
    names = list_names(case)
    has_value = {reading.cell for reading in readings if reading.value is not None}
    for cell, texts in printed.texts.items():
        if any(map(is_figure, texts)):
            tally.counts[case.media, "printed"] += 1
            tally.seen.update(names)
            if cell not in has_value:
                tally.counts[case.media, "lost"] += 1
                tally.unread.update(names)
    return tally


def examine_many(media: str, seeds: range) -> Tally:
    """Examine one report a seed."""
    tally = Tally()
    for seed in seeds:
        tally.add(examine(draw_case(media, seed)))
    return tally


def show(tally: Tally) -> str:
    """Say what a proof gave: counts a format, and what was not read in which look or damage."""
    columns = ("reports", "printed", "read", "blank", "derived", CONTRADICTING, "lost")
    lines = ["proof of reading: " + ", ".join(columns)]
    for media in MANY:
        counts = [f"{tally.counts[media, column]:>9}" for column in columns]
        share = tally.counts[media, "lost"] / max(tally.counts[media, "printed"], 1)
        lines.append(f"  {media:5}{''.join(counts)}  {share:8.2%} lost")
    lines.append(f"  silently wrong: {len(tally.wrong)}; misderived: {len(tally.misderived)}")
    lines += [f"  {cell}" for cell in (*tally.wrong[:40], *tally.misderived[:40])]
    lines += [f"  refused, {reason}: {count}" for reason, count in sorted(tally.refused.items())]
    lines += [
        f"  lost, {name}: {tally.unread[name]} of {count} ({tally.unread[name] / count:.2%})"
        for name, count in sorted(tally.seen.items())
        if tally.unread[name]
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("media", MANY)
def test_no_cell_is_read_wrong_in_some_reports(media: str) -> None:
    """In some random reports of each format no cell gets a value not printed in it."""
    tally = examine_many(media, range(SOME[media]))
    assert tally.wrong == []
    assert tally.misderived == []
    assert tally.count("read") > tally.count("printed") / 5


def test_the_proof_notices_a_careless_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes the first figures of a row whatever their number is found out."""
    monkeypatch.setattr(place, "_fit", lambda placement, *_, **__: placement.values)
    assert examine_many("html", range(60)).wrong


LOOKS = st.builds(Look, **{name: st.sampled_from(ways) for name, ways in list_options().items()})
CASES = st.builds(
    Case,
    media=st.sampled_from(FORMATS),
    look=LOOKS,
    damage=st.just("none"),
    figures=st.sampled_from(["drawn", "distinct", "misprinted"]),
    edition=st.sampled_from(["2021", "2019"]),
    seed=st.integers(0, 2**32),
).flatmap(
    lambda case: st.builds(
        replace,
        st.just(case),
        damage=st.sampled_from(["none", *list_damages(case.container, case.look)]),
    )
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(CASES)
def test_no_look_makes_a_cell_be_read_wrong(case: Case) -> None:
    """Whatever look and damage is chosen, no cell is read with a value not printed in it."""
    assert examine(case).wrong == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=1_000, deadline=None)
@given(CASES)
def test_none_of_many_looks_makes_a_cell_be_read_wrong(case: Case) -> None:
    """The same holds for a thousand looks and damages that hypothesis chooses."""
    assert examine(case).wrong == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_cell_is_read_wrong_in_many_reports(capsys: pytest.CaptureFixture[str]) -> None:
    """In 20,000 random reports no cell is read wrong, nor derived wrong where figures add up.

    Where the publisher's own figures contradict one another, the equations may give what is
    due instead of what is printed in a damaged cell: in under 1 of 1,000 derived cells.
    """
    shares = [
        (media, range(start, min(start + CHUNK, SOME[media] + count)))
        for media, count in MANY.items()
        for start in range(SOME[media], SOME[media] + count, CHUNK)
    ]
    tally = Tally()
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=multiprocessing.get_context("fork")
    ) as workers:
        for share in workers.map(examine_many, *zip(*shares, strict=True)):
            tally.add(share)
    with capsys.disabled():
        sys.stdout.write(f"\n{show(tally)}\n")
    assert tally.count("reports") == sum(MANY.values()) >= 20_000
    assert tally.wrong == []
    due = [cell for cell in tally.misderived if not cell.endswith(CONTRADICTING[-10:])]
    assert due == []
    assert len(tally.misderived) * IN_ONE_PART < tally.count(CONTRADICTING)
