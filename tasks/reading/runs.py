"""Rows whose figures ran together: what the equations of the form leave of their splits."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from expectations.form import Cell, Form, Kind, load_form
from tasks.reading.digits import (
    Balance,
    Split,
    settle_rows,
    split_sums,
    split_sums_with_blank,
    split_texts,
)
from tasks.reading.figures import read_figure
from tasks.reading.report import CellReading

MAX_RUN = 60  # characters of a run without sums
_COUNT = r"(?:0|[1-9]\d*)"
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "count": re.compile(_COUNT),
    "change": re.compile(rf"[+\-−－＋]?{_COUNT}"),
    "amount": re.compile(rf"{_COUNT}(?:\.\d+)?[^\d.\s+−-]*"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a printed row with their readings.

    `run` holds the texts between which blanks stand, where cells ran together; then the
    readings are those it has if it cannot be split. `doubt` says what its cells may be
    instead of what they seem.
    """

    cells: tuple[Cell, ...]
    readings: tuple[CellReading, ...]
    run: tuple[str, ...] = ()
    doubt: str | None = None


def sums_up(row: Row, form: Form) -> bool:
    """Tell whether a row's figures are bound by sums, all known, and every sum holds."""
    width = find_width(row.cells, form)
    numbers = [reading.value for reading in row.readings if reading.value is not None]
    if width is None or len(numbers) < len(row.cells):
        return False
    parts = (numbers[start : start + width] for start in range(0, len(numbers), width))
    return all(sum(part[:-1]) == part[-1] for part in parts)


def find_width(cells: Sequence[Cell], form: Form) -> int | None:
    """Tell how many cells make a group that ends in its sum, None where no sums bind them."""
    sums = _list_sums(form.edition)
    keys = tuple(cell.key for cell in cells)
    width = next((n for n, key in enumerate(keys, 1) if key in sums), None)
    if width is None:
        return None
    groups = [keys[start : start + width] for start in range(0, len(keys), width)]
    return width if all(sums.get(group[-1]) == group for group in groups) else None


@cache
def _list_sums(edition: str) -> dict[str, tuple[str, ...]]:
    """Map each total that ends its row to the cells of that row, in the form's order."""
    return {
        equation.right[0]: equation.cells
        for equation in load_form(edition).equations
        if len({cell.split(".")[1] for cell in equation.cells}) == 1
    }


@cache
def _list_balances(edition: str) -> tuple[Balance, ...]:
    """List the identities that hold between rows in each column."""
    return tuple(
        dict.fromkeys(
            Balance(
                tuple(cell.split(".")[1] for cell in equation.left),
                tuple(cell.split(".")[1] for cell in equation.right),
            )
            for equation in load_form(edition).equations
            if len({cell.split(".")[1] for cell in equation.cells}) > 1
        )
    )


def settle_runs(rows: Mapping[str, Row], form: Form) -> dict[str, Row]:
    """Split the runs among the rows of a report as far as the equations leave one way.

    A cell is `derived` with note `split` if every admissible assignment gives it the same
    value, else it stays `unreadable`: `no_split_fits`, `ambiguous_split`, `too_many_splits`,
    `split_unverified` (its row alone is no proof) or `blank_possible`. Where the table whose
    columns balance is filled to the last cell, the others are taken to have no blanks
    among figures bound by sums.
    """
    if not any(row.run for row in rows.values()):
        return dict(rows)
    settled = dict(rows)
    bound = {row for balance in _list_balances(form.edition) for row in balance.rows}
    settled |= _settle_table(
        {name: row for name, row in rows.items() if row.cells[0].row in bound}, form
    )
    is_filled = {row.cells[0].row for row in settled.values() if _is_filled(row)} >= bound
    for name, row in settled.items():
        width = find_width(row.cells, form)
        if not row.run or row.cells[0].row in bound:
            continue
        if width is None:
            settled[name] = _derive_unbound(row)
        elif is_filled:
            splits = split_sums(row.run, width, len(row.cells) // width)
            settled[name] = _derive(row, splits, "no_split_fits")
        else:
            settled[name] = _derive_alone(row, width)
    return settled


def _is_filled(row: Row) -> bool:
    return all(reading.value is not None for reading in row.readings)


def _settle_table(rows: Mapping[str, Row], form: Form) -> dict[str, Row]:
    """Split the rows of the table whose columns balance.

    Where its balances contradict one another, each is tried alone; what no balance decides
    counts only where each column has one digit, the row's sum holds and no row is short.
    """
    choices: dict[str, list[Split]] = {}
    is_complete = True
    for row in rows.values():
        splits = _list_splits(row, form)
        is_complete &= splits is not None and (_is_filled(row) or bool(row.run))
        choices[row.cells[0].row] = splits or []
        is_complete &= not row.run or len("".join(row.run)) >= len(row.cells)
    usable = [
        balance
        for balance in _list_balances(form.edition)
        if all(choices.get(name) for name in balance.rows)
    ]
    trials = [usable, *([balance] for balance in usable)]
    results = [settle_rows(choices, trial) for trial in trials if trial]
    settled: dict[str, Row] = {}
    for name, row in rows.items():
        if not row.run:
            continue
        key = row.cells[0].row
        kept = next((found[key] for found in results if found and key in found), None)
        own = choices[key]
        if kept is not None:
            settled[name] = _derive(row, kept, "no_split_fits")
        elif is_complete and len(own) == 1 and len("".join(row.run)) == len(row.cells):
            settled[name] = _derive_alone(row, len(row.cells))
        elif not own or results:
            note = "too_many_splits" if own and None in results else "no_split_fits"
            settled[name] = _derive(row, [], note)
        else:
            settled[name] = _derive(row, [], "split_unverified")
    return settled


def _list_splits(row: Row, form: Form) -> list[Split] | None:
    """List the splits of a row; one that is set apart has one; None if there are too many."""
    width = find_width(row.cells, form)
    if row.run:
        return split_sums(row.run, width) if width == len(row.cells) else []
    if width is None or not _is_filled(row):
        return []
    return [tuple(int(reading.value) for reading in row.readings if reading.value is not None)]


def _derive_alone(row: Row, width: int) -> Row:
    """Split a row by its own sums, where no cell of it can be blank without being noticed."""
    groups = len(row.cells) // width
    splits = split_sums(row.run, width, groups)
    with_blank = split_sums_with_blank(row.run, width, groups)
    if not splits or with_blank is None:
        return _derive(row, splits and None, "no_split_fits")
    return _derive(row, splits + with_blank, "no_split_fits")


def _derive(row: Row, splits: Collection[Split] | None, note: str) -> Row:
    """Give each cell the value that all splits share; `note` where there are none."""
    if not splits:
        return _refuse(row, "too_many_splits" if splits is None else note)
    return Row(
        row.cells,
        tuple(
            reading._replace(
                status="derived", value=Decimal(values[0]), unit=cell.unit, note="split"
            )
            if len(set(values)) == 1
            else reading._replace(note="ambiguous_split")
            for cell, reading, values in zip(
                row.cells, row.readings, zip(*splits, strict=True), strict=True
            )
        ),
    )


def _refuse(row: Row, note: str) -> Row:
    return Row(row.cells, tuple(reading._replace(note=note) for reading in row.readings))


def _derive_unbound(row: Row) -> Row:
    """Split a row that no sum binds, where there is one way.

    A blank cell leaves no trace in a run, and a blank may stand for lost columns or set
    thousands apart: a figure counts only if it is the same however many cells are blank.
    """
    run = " ".join(row.run)
    if len(run) > MAX_RUN:
        return _refuse(row, "too_many_splits")
    patterns = [_PATTERNS[cell.kind] for cell in row.cells]
    full = set(split_texts(run, patterns, may_be_blank=False))
    if not full:
        return _refuse(row, "no_split_fits")
    runs = {run, run.replace(" ", "")}
    every = full.union(*(split_texts(text, patterns, may_be_blank=True) for text in runs))
    note = "ambiguous_split" if len(full) > 1 else "blank_possible"
    return Row(
        row.cells,
        tuple(
            _derive_cell(cell, reading, {split[place] for split in every}, note)
            for place, (cell, reading) in enumerate(zip(row.cells, row.readings, strict=True))
        ),
    )


def _derive_cell(cell: Cell, reading: CellReading, texts: set[str], note: str) -> CellReading:
    if len(texts) > 1:
        return reading._replace(note=note)
    figure = read_figure(texts.pop(), cell)
    if figure.value is None:
        return reading._replace(note=figure.note)
    return reading._replace(status="derived", value=figure.value, unit=figure.unit, note="split")
