"""Promises of reading figures that ran together, on random and on real reports."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from expectations.form import load_form
from tasks.reading.labels import index_labels
from tasks.reading.report import CellReading
from tasks.reading.stream import match_stream
from tasks.sample.figures import draw_figures
from tasks.sample.render import compose_parts
from tasks.sample.spec import Body, Spec, print_figures

REPORTS = Path(__file__).resolve().parents[3].parent / "shared/reports"
BODY = Body("某县", "某县", "某县人民政府办公室", "government", "CN-JX", "360724", "county")
SCALES = ("zero", "township", "department", "county", "prefecture")
YEARS = {"2019": 2020, "2021": 2023}


def draw_spec(rng: random.Random) -> Spec:
    """Draw a consistent report of either edition and any size."""
    edition = rng.choice(list(YEARS))
    year = YEARS[edition]
    return Spec(
        body=BODY,
        title=f"某县{year}年政府信息公开工作年度报告",
        year=year,
        edition=edition,
        figures=draw_figures(load_form(edition), rng, rng.choice(SCALES)),
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 20),
        published_on=date(year + 1, 1, 20),
    )


def misprint(spec: Spec, rng: random.Random) -> Spec:
    """Print one to three cells of tables 3 and 4 wrongly."""
    cells = rng.sample([cell for cell in spec.form.cells if cell.table != "t2"], rng.randint(1, 3))
    offsets = (-10, -1, 1, 9, 100)
    return replace(
        spec,
        overrides={
            cell.key: str(max(0, int(spec.figures[cell.key]) + rng.choice(offsets)))
            for cell in cells
        },
    )


def leave_blank(spec: Spec, rng: random.Random) -> Spec:
    """Leave cells blank: zeros in some reports, any cells in others."""
    keys = [cell.key for cell in spec.form.cells]
    if rng.random() < 0.5:
        keys = [key for key in keys if spec.figures[key] == 0]
    return replace(spec, overrides=dict.fromkeys(rng.sample(keys, min(len(keys), 4)), ""))


def break_rows(spec: Spec, rng: random.Random) -> Spec:
    """Lose a figure of a row, print one twice, or lose the row."""
    row = rng.choice(list(spec.form.tables["t3"].blocks[0].rows))
    return replace(spec, row_faults={row: rng.choice(("short", "long", "dropped"))})


def run_together(spec: Spec) -> str:
    """Print a report without anything between its cells."""
    return "".join(
        "".join(slot.text for row in part.rows for slot in row)
        if part.rows is not None
        else part.text
        for part in compose_parts(spec, "standard")
    )


def count_outcomes(spec: Spec) -> Counter[str]:
    """Read a run-together report; count the cells by status, wrong ones apart."""
    printed = print_figures(spec)
    readings = match_stream(run_together(spec), index_labels(spec.edition))
    counts: Counter[str] = Counter()
    for cell, reading in readings.items():
        text = printed[cell].rstrip("元")
        is_wrong = reading.value is not None and (not text or reading.value != Decimal(text))
        counts[f"wrong_{reading.status}" if is_wrong else reading.status] += 1
    return counts


def count_reports(count: int, seed: int, *change: object) -> Counter[str]:
    """Add up the outcomes of random reports."""
    rng = random.Random(seed)
    total: Counter[str] = Counter()
    for _ in range(count):
        spec = draw_spec(rng)
        for alter in change:
            spec = alter(spec, rng)  # type: ignore[operator]
        total += count_outcomes(spec)
    return total


def test_consistent_figures_are_won_back() -> None:
    """Nearly all cells bound by sums are derived, and none is derived wrongly."""
    counts = count_reports(100, 1)
    assert counts["wrong_derived"] == counts["wrong_read"] == 0
    assert counts["derived"] > 0.9 * counts.total()


@pytest.mark.parametrize("change", [misprint, leave_blank, break_rows])
def test_a_contradicting_report_gives_no_wrong_value(change: object) -> None:
    """Misprints, blanks and broken rows cost cells, but give none that was not printed."""
    counts = count_reports(60, 2, change)
    assert counts["wrong_derived"] == counts["wrong_read"] == 0
    assert counts["derived"] > 0


@pytest.mark.slow
def test_no_run_of_thousands_of_consistent_reports_is_misderived() -> None:
    """Of 2,000 consistent reports not one cell is derived or read wrongly."""
    counts = count_reports(2_000, 3)
    assert counts["wrong_derived"] == counts["wrong_read"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("change", [misprint, leave_blank, break_rows])
def test_contradicting_reports_are_hardly_ever_misderived(change: object) -> None:
    """Of faulty reports alone, under 1 derived cell in 5,000 is wrong, and none read wrongly.

    A misderived cell needs a fault that a second, chance split makes good in every sum.
    """
    counts = count_reports(1_000, 4, change)
    assert counts["wrong_read"] == 0
    assert counts["wrong_derived"] * 5_000 < counts["derived"]


def read_real(name: str, edition: str) -> dict[str, CellReading]:
    """Read a real report, or skip."""
    path = REPORTS / f"{name}.txt"
    if not path.exists():
        pytest.skip(f"the real report {path} is not there")
    return match_stream(path.read_text("utf-8"), index_labels(edition))


def list_figures(readings: dict[str, CellReading], row: str) -> list[int | None]:
    """List the values of a row in the form's order."""
    return [
        None if reading.value is None else int(reading.value)
        for cell, reading in readings.items()
        if cell.startswith(f"{row}.")
    ]


def nonzero_rows(readings: dict[str, CellReading]) -> dict[str, list[int | None]]:
    """Map the rows of tables 3 and 4 that are not all 0 to their values."""
    rows = dict.fromkeys(cell.rpartition(".")[0] for cell in readings if not cell.startswith("t2"))
    found = {row: list_figures(readings, row) for row in rows}
    return {row.removeprefix("t3."): values for row, values in found.items() if any(values)}


def one(figure: int) -> list[int | None]:
    """Give a row of table 3 in which only natural persons applied."""
    return [figure, 0, 0, 0, 0, 0, figure]


REAL = {
    ("pingtan_2019", "2019"): {
        "new": one(23),
        "granted": one(7),
        "partly_granted": one(1),
        "unavailable_not_held": one(7),
        "unavailable_unclear": one(5),
        "rejected_repeat": one(3),
        "closed": one(23),
    },
    ("pingtan_2021", "2021"): {
        "new": [64, 0, 0, 2, 0, 4, 70],
        "granted": [27, 0, 0, 2, 0, 1, 30],
        "partly_granted": one(5),
        "denied_internal_affairs": one(1),
        "denied_enforcement_file": one(6),
        "denied_administrative_query": one(1),
        "unavailable_not_held": [22, 0, 0, 0, 0, 3, 25],
        "other_other": one(1),
        "closed": [63, 0, 0, 2, 0, 4, 69],
        "carried_out": one(1),
        "t4.review": [1, 0, 2, 0, 3],
        "t4.suit_direct": [12, 0, 0, 0, 12],
    },
    ("pingtan_finance_2021", "2021"): {},
    ("pingtan_finance_2023", "2021"): {},
    ("pingtan_police_2021", "2021"): {
        "new": one(1),
        "other_other": one(1),
        "closed": one(1),
        "carried_out": one(1),
    },
}


@pytest.mark.parametrize(("name", "edition"), REAL, ids=[name for name, _ in REAL])
def test_tables_3_and_4_of_real_reports_are_won_back(name: str, edition: str) -> None:
    """Every figure of tables 3 and 4 is what was found by hand."""
    readings = read_real(name, edition)
    bound = [reading for cell, reading in readings.items() if not cell.startswith("t2")]
    assert len(bound) == {"2019": 176, "2021": 190}[edition]
    assert {reading.status for reading in bound} == {"derived"}
    assert nonzero_rows(readings) == REAL[name, edition]


def test_a_real_report_that_contradicts_itself_is_split_as_far_as_is_certain() -> None:
    """In 2020 the results add up to 27, not 21: what leaves room for doubt stays unread."""
    readings = read_real("pingtan_2020", "2019")
    rows = nonzero_rows(readings)
    assert rows["new"] == rows["closed"] == [20, 0, 0, 0, 0, 1, 21]
    assert rows["other"] == one(4)
    assert readings["t3.other.total"].status == "read"
    assert rows["unavailable_not_held"] == one(4)
    assert readings["t3.granted.total"].status == "unreadable"
    assert sum(reading.value is None for reading in readings.values()) == 16 + 7


@pytest.mark.parametrize(
    ("name", "edition", "row", "expected"),
    [
        ("pingtan_2020", "2019", "t2.penalties", [2648, None, None]),
        ("pingtan_2020", "2019", "t2.fees", [35, -15]),
        ("pingtan_2020", "2019", "t2.regulations", [0, 0, 7]),
        ("pingtan_2019", "2019", "t2.regulations", [0, 0, 0]),
        ("pingtan_2019", "2019", "t2.normative_documents", [None, None, None]),
        ("pingtan_2019", "2019", "t2.procurement", [None, None]),
        ("pingtan_2021", "2021", "t2.normative_documents", [None, None, None]),
        ("pingtan_2021", "2021", "t2.licences", [2293]),
        ("pingtan_finance_2021", "2021", "t2.normative_documents", [None, None, None]),
        ("pingtan_finance_2023", "2021", "t2.normative_documents", [0, 0, 8]),
        ("pingtan_police_2021", "2021", "t2.penalties", [141]),
    ],
)
def test_table_2_is_split_only_where_there_is_one_way(
    name: str, edition: str, row: str, expected: list[int | None]
) -> None:
    """Without sums a figure counts only if every split, blank cells allowed, contains it."""
    assert list_figures(read_real(name, edition), row) == expected


def test_a_figure_of_one_column_is_read_as_printed() -> None:
    """A decimal between two labels needs no split."""
    reading = read_real("pingtan_2021", "2021")["t2.fees.amount"]
    assert (reading.status, reading.value) == ("read", Decimal("24252.311082"))
