"""Reports made of figures: consistent ones, and the frames that checking reads."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from expectations.form import Form, load_cells, load_form
from storage.schema import CELLS, REPORTS

Figures = dict[str, int | Decimal]
# A figure, or a pair with the text printed: the figure read from it, or the status it has.
Reading = int | Decimal | tuple[int | str, str | None]
RESULTS_END = ("new", "carried_in", "closed", "carried_out")


def balance(form: Form, figures: Iterator[int]) -> Figures:
    """Fill every cell of a form so that all its equations hold, from figures of at least 0."""
    filled: Figures = {cell.key: next(figures) for cell in form.tables["t2"].cells}
    block = form.tables["t3"].blocks[0]
    results = [row for row in block.rows if row not in RESULTS_END]
    applicants = [column for column in block.columns if column != "total"]
    for column in applicants:
        for row in results:
            filled[f"t3.{row}.{column}"] = next(figures)
        closed = sum(filled[f"t3.{row}.{column}"] for row in results)
        carried_out = next(figures)
        carried_in = next(figures) % (closed + carried_out + 1)
        filled[f"t3.closed.{column}"] = closed
        filled[f"t3.carried_out.{column}"] = carried_out
        filled[f"t3.carried_in.{column}"] = carried_in
        filled[f"t3.new.{column}"] = closed + carried_out - carried_in
    for row in block.rows:
        filled[f"t3.{row}.total"] = sum(filled[f"t3.{row}.{column}"] for column in applicants)
    for row in form.tables["t4"].blocks[0].rows:
        parts = {column: next(figures) for column in ("upheld", "corrected", "other", "pending")}
        filled |= {f"t4.{row}.{column}": figure for column, figure in parts.items()}
        filled[f"t4.{row}.total"] = sum(parts.values())
    return filled


def fill(edition: str, seed: int = 1) -> Figures:
    """Fill a form plausibly with figures from 1 to 99 that depend on the seed alone."""
    source = random.Random(seed)
    filled = balance(load_form(edition), iter(lambda: source.randint(1, 99), 0))
    for row in ("regulations", "normative_documents"):
        if edition == "2021":
            filled[f"t2.{row}.in_force"] += filled[f"t2.{row}.issued"]
        else:
            filled[f"t2.{row}.disclosed_total"] += filled[f"t2.{row}.disclosed"]
    return filled


def build_cells(report_id: str, readings: Mapping[str, Reading]) -> pl.DataFrame:
    """Build the cells of one report; a figure is read as it stands."""
    rows = [
        (report_id, *key.split("."), *_read(reading), None) for key, reading in readings.items()
    ]
    columns = ("report_id", "table", "row", "column", "value", "status", "text", "note")
    schema = {column: CELLS.schema[column] for column in columns}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    units = [load_cells()[key].unit if key in load_cells() else None for key in readings]
    return frame.with_columns(
        unit=pl.when(pl.col("value").is_not_null()).then(pl.Series(units, dtype=pl.String)),
        locator=pl.lit(None, pl.String),
        confirmed=pl.lit(value=False),
    ).select(*CELLS.schema)


def build_report(report_id: str, form: str | None, **facts: Any) -> pl.DataFrame:
    """Build the reports row of a report, on time and for the whole of its year."""
    year = facts.pop("year", 2020 if form == "2019" else 2022)
    row = {
        "report_id": report_id,
        "region": "CN-GD",
        "year": year,
        "title": f"韶关市人民政府{year}年政府信息公开工作年度报告",
        "publisher": "韶关市人民政府",
        "signature": "韶关市人民政府办公室",
        "scope": "government",
        "adcode": "440200",
        "township": None,
        "form": form,
        "url": f"https://www.sg.gov.cn/zwgk/nb_{year}/1.html",
        "media_type": "text/html",
        "published_on": date(year + 1, 1, 25),
        "signed_on": date(year + 1, 1, 20),
        "period_start": date(year, 1, 1),
        "period_end": date(year, 12, 31),
        **facts,
    }
    schema = {column: REPORTS.frame_schema.get(column, pl.String) for column in row}
    return pl.DataFrame([row], schema=schema)


def _read(reading: Reading) -> tuple[Decimal | None, str, str | None]:
    said, text = reading if isinstance(reading, tuple) else (reading, str(reading))
    return (None, said, text) if isinstance(said, str) else (Decimal(said), "read", text)


class Makers:
    """The functions above, for tests, which cannot import this file by name."""

    balance = staticmethod(balance)
    fill = staticmethod(fill)
    build_cells = staticmethod(build_cells)
    build_report = staticmethod(build_report)


@pytest.fixture(scope="session")
def make() -> type[Makers]:
    """Give the functions that make reports."""
    return Makers
