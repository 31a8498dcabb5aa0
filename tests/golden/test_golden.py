"""Promises on every real report: each cell as a person reads it in the source."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.form import load_form
from storage.reference.gazetteer import load_gazetteer
from tasks.reading.read import read_report
from tasks.reading.report import Report

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
REPORTS = Path(__file__).resolve().parents[2].parent / "shared/reports"
NOTHING: dict[str, str] = {"blank": "blank", "absent": "absent"}
MARKS = {"_": "blank", "?": "unreadable"}

Outcome = tuple[str, Decimal | None, str | None]


@cache
def load_golden(path: Path) -> dict[str, Any]:
    """Load what was written down by hand for one report."""
    return dict(yaml.safe_load(path.read_text("utf-8")))


@cache
def read_real(path: Path) -> Report:
    """Read the source of a golden file, or skip."""
    source = REPORTS / load_golden(path)["source"]
    if not source.exists():
        pytest.skip(f"the real report {source} is not there")
    return read_report(source.read_bytes(), load_gazetteer())


def expand_row(line: str, cells: list[str]) -> dict[str, Outcome]:
    """Give each cell of a row its outcome: status, value, and what was printed if unreadable.

    A line is a status and a figure a cell, `_` a blank one and `?` one that cannot be told,
    with what is printed in the row behind `=`; `unreadable` is followed by what is printed in
    the row, `blank` and `absent` by nothing.
    """
    line, _, whole = line.partition(" = ")
    status, *printed = line.split()
    if status in NOTHING:
        return dict.fromkeys(cells, (status, None, None))
    if status == "unreadable":
        return dict.fromkeys(cells, (status, None, " ".join(printed)))
    if len(printed) != len(cells):
        raise ValueError(f"expected {len(cells)} figures for {cells[0]}, found {line}")
    return {
        cell: (MARKS[text], None, whole or None) if text in MARKS else (status, Decimal(text), None)
        for cell, text in zip(cells, printed, strict=True)
    }


def expand(golden: dict[str, Any]) -> dict[str, Outcome]:
    """Give every cell of the edition its outcome; rows not named are as `rest` says."""
    rows: dict[str, list[str]] = {}
    for cell in load_form(golden["report"]["form"]).cells:
        rows.setdefault(cell.key.rpartition(".")[0], []).append(cell.key)
    unknown = set(golden["rows"]) - set(rows)
    if unknown:
        raise ValueError(f"expected rows of the form, found {sorted(unknown)}")
    outcomes: dict[str, Outcome] = {}
    status, *figure = golden["rest"].split()
    for row, cells in rows.items():
        rest = " ".join([status, *figure * len(cells)])
        outcomes |= expand_row(golden["rows"].get(row, rest), cells)
    return outcomes


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_cell_is_as_printed(path: Path) -> None:
    """Status and value of all cells of the edition are those found by hand, no cell more."""
    golden, report = load_golden(path), read_real(path)
    found = {
        reading.cell: (
            reading.status,
            reading.value,
            "".join((reading.text or "").split()) if reading.status == "unreadable" else None,
        )
        for reading in report.cells
    }
    assert found == (expand(golden) if "rows" in golden else {})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_row_of_an_older_table_is_as_printed(path: Path) -> None:
    """Label, unit and figures of a table before 2019 are those found by hand, in order."""
    rows = [
        (row.label, row.unit, row.value, row.cumulative, row.text)
        for row in read_real(path).legacy_rows
    ]
    expected = [
        (label, unit, value, total, *(text or [rows[number][4] if number < len(rows) else ""]))
        for number, (label, unit, value, total, *text) in enumerate(
            load_golden(path).get("legacy", [])
        )
    ]
    assert rows == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_who_reports_on_what_and_when_is_as_printed(path: Path) -> None:
    """Title, publisher, scope, year, form, place and dates are those found by hand."""
    report = read_real(path)
    expected = load_golden(path)["report"]
    found = {
        name: getattr(report.region if name in ("region", "adcode") else report, name)
        for name in expected
    }
    assert found == expected


def test_every_real_report_has_a_golden_file() -> None:
    """No real report is left unchecked."""
    if not REPORTS.is_dir():
        pytest.skip(f"no real reports at {REPORTS}")
    sources = {load_golden(path)["source"] for path in FILES}
    assert sources == {path.name for path in REPORTS.iterdir()}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("read 1 _ 3", [("read", 1), ("blank", None), ("read", 3)]),
        ("derived 1 ? 3 = 123", [("derived", 1), ("unreadable", None), ("derived", 3)]),
        ("blank", [("blank", None)] * 3),
        ("unreadable 123", [("unreadable", None)] * 3),
    ],
)
def test_a_line_says_what_each_cell_is(line: str, expected: list[tuple[str, int | None]]) -> None:
    """The notation of the golden files tells blanks, figures and doubts apart."""
    outcomes = expand_row(line, ["a", "b", "c"]).values()
    assert [(status, value) for status, value, _ in outcomes] == expected
