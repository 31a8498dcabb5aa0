"""Plausible reports of a whole nation, as reading would give them: figures, no prose.

Most bodies have few applications and a few have very many. Every equation of the 2021 form
holds, but in the reports with planted errors. Bodies are spread over the provinces as
counties are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from expectations.form import load_form
from expectations.statement_table import STATED
from expectations.wide import WIDE
from storage.schema import (
    CELLS,
    COPIES,
    FIGURE,
    LABELS,
    LEGACY_ROWS,
    PARTS,
    REPORTS,
    STATEMENTS,
    Table,
)
from tasks.reading.batch import ReadBatch
from tests.plain import HEADINGS

EDITION = "2021"
BROKEN_SHARE = 0.04
BLANK_SHARE = 0.02
_LETTERS = "安宁和平春夏秋冬东西南北山川林泉松竹梅兰"
SHARES = (0.84, 0.07, 0.005, 0.01, 0.06, 0.015)
NOW = datetime(2026, 2, 1, tzinfo=UTC)
Figures = npt.NDArray[np.int64]


def list_regions(count: int) -> dict[str, int]:
    """Spread so many reports over the provinces, in proportion to their counties."""
    return {code: round(count * share) for code, share in _share_regions()}


def draw_batch(
    region: str, year: int, count: int, seed: int = 0, has_prose: bool = False
) -> ReadBatch:
    """Draw the reports of a province and year, with details as reading gives them.

    With another seed the same bodies have other figures. Prose is one sentence a part.
    """
    chance = np.random.default_rng([seed, year, *region.encode()])
    ids = [
        f"{code}-{hashlib.sha256(f'{code} {number}'.encode()).hexdigest()[:8]}-{year}"
        for number, code in enumerate(_list_codes(region, count))
    ]
    reports = _describe(sorted(ids), region, year, chance)
    cells = _write_cells(reports, _draw_figures(count, chance), chance)
    empty = {name: table.frame_schema.to_frame() for name, table in _DETAILS.items()}
    return ReadBatch(
        reports=reports,
        documents=pl.DataFrame(),
        details={
            **empty,
            "stated": empty["stated"].select(STATED.names()),
            "parts": _write_parts(reports) if has_prose else empty["parts"],
            "cells": cells,
        },
    )


_DETAILS: dict[str, Table] = {
    "labels": LABELS,
    "legacy_rows": LEGACY_ROWS,
    "parts": PARTS,
    "copies": COPIES,
    "stated": STATEMENTS,
}


def draw_wide(region: str, year: int, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw reports of a province and year with their row of the wide table, without cells."""
    chance = np.random.default_rng([1, year, *region.encode()])
    ids = sorted(f"{code}-{at:08x}-{year}" for at, code in enumerate(_list_codes(region, count)))
    valid = pl.Series("verdict", chance.choice(["valid", "valid", "invalid"], count))
    zero = pl.lit(0, pl.Int32)
    counted = [name for name, dtype in REPORTS.schema.items() if dtype == pl.Int32]
    reports = _describe(ids, region, year, chance).with_columns(
        valid, *(zero.alias(name) for name in counted), checked_at=pl.lit(NOW)
    )
    figures = pl.DataFrame(_draw_figures(count, chance)).cast(FIGURE)
    wide = pl.concat([reports, figures], how="horizontal").match_to_schema(
        WIDE.frame_schema, missing_columns="insert", extra_columns="ignore"
    )
    return reports.match_to_schema(REPORTS.frame_schema), wide


def _share_regions() -> Iterator[tuple[str, float]]:
    codes = {f"CN-{name}": 1.0 + number % 7 for number, name in enumerate(_PROVINCES)}
    total = sum(codes.values())
    for code, weight in codes.items():
        yield code, weight / total


_PROVINCES = [
    "AH",
    "BJ",
    "CQ",
    "FJ",
    "GD",
    "GS",
    "GX",
    "GZ",
    "HA",
    "HB",
    "HE",
    "HI",
    "HL",
    "HN",
    "JL",
    "JS",
    "JX",
    "LN",
    "NM",
    "NX",
    "QH",
    "SC",
    "SD",
    "SH",
    "SN",
    "SX",
    "TJ",
    "XJ",
    "XZ",
    "YN",
    "ZJ",
]


def _list_codes(region: str, count: int) -> list[str]:
    """Name bodies as the lake does: division and scope; a tenth are governments."""
    scopes = ("government", *("department",) * 6, *("township",) * 3)
    first = 110000 + _PROVINCES.index(region.removeprefix("CN-")) * 10_000
    return [f"{first + number // 40:06}-{scopes[number % 10]}" for number in range(count)]


def _name_body(number: int) -> str:
    """Name a body without digits, which titles have for years."""
    letters = [_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(4)]
    return f"{''.join(letters)}局"


def _write_parts(reports: pl.DataFrame) -> pl.DataFrame:
    parts = pl.DataFrame({"part": range(1, 7), "heading": HEADINGS})
    return (
        reports.select("year", "region", "report_id", "publisher")
        .join(parts, how="cross")
        .select(
            "year",
            "region",
            "report_id",
            position=pl.col("part").cast(pl.Int32) - 1,
            part=pl.col("part").cast(pl.Int32),
            heading="heading",
            text=pl.format("{}依法做好有关工作，按时公开信息。", "publisher"),
        )
    )


def _describe(ids: list[str], region: str, year: int, chance: np.random.Generator) -> pl.DataFrame:
    count = len(ids)
    adcode = [one[:6] for one in ids]
    name = [_name_body(number) for number in range(count)]
    frame = pl.DataFrame(
        {
            "year": pl.repeat(year, count, dtype=pl.Int32, eager=True),
            "region": pl.repeat(region, count, eager=True),
            "report_id": ids,
            "title": [f"{body}{year}年政府信息公开工作年度报告" for body in name],
            "publisher": name,
            "scope": [one.split("-")[1] for one in ids],
            "adcode": adcode,
            "region_name": [f"某省某市{code}" for code in adcode],
            "prefecture": [f"某市{code[:4]}" for code in adcode],
            "county": [f"某县{code}" for code in adcode],
            "source_sha256": [chance.bytes(32).hex() for _ in ids],
            "url": [f"https://www.{one[:6]}.gov.cn/zwgk/{one[-13:]}.html" for one in ids],
        }
    )
    same = {
        "region_candidates": pl.lit([], pl.List(pl.String)),
        "form": pl.lit(EDITION),
        "period_start": pl.lit(date(year, 1, 1)),
        "period_end": pl.lit(date(year, 12, 31)),
        "signature": pl.col("publisher"),
        "signed_on": pl.lit(date(year + 1, 1, 20)),
        "published_on": pl.lit(date(year + 1, 1, 22)),
        "media_type": pl.lit("text/html"),
        "fetched_at": pl.lit(NOW),
        "script": pl.lit("simplified"),
        "is_picture": pl.lit(value=False),
    }
    return frame.with_columns(**same).match_to_schema(
        REPORTS.frame_schema, missing_columns="insert", extra_columns="raise"
    )


def _draw_figures(count: int, chance: np.random.Generator) -> dict[str, Figures]:
    """Draw every cell of so many reports; the equations hold but where an error is planted."""
    figures: dict[str, Figures] = {}
    scale = np.exp(chance.normal(1.2, 1.6, count)) * (chance.random(count) > 0.35)
    new = chance.poisson(scale)
    by_column = chance.multinomial(new, SHARES)
    carried_in = chance.binomial(by_column, 0.05)
    carried_out = chance.binomial(by_column + carried_in, 0.06)
    closed = by_column + carried_in - carried_out
    rows = list(load_form(EDITION).tables["t3"].blocks[0].rows)
    columns = list(load_form(EDITION).tables["t3"].blocks[0].columns)
    results = [row for row in rows if row not in ("new", "carried_in", "closed", "carried_out")]
    weights = 1.0 / np.arange(1, len(results) + 1) ** 1.5
    split = chance.multinomial(closed, weights / weights.sum())  # reports, columns, results
    table = {"new": by_column, "carried_in": carried_in, "carried_out": carried_out}
    table |= {"closed": closed, **{row: split[:, :, at] for at, row in enumerate(results)}}
    for row, drawn in table.items():
        for at, column in enumerate(columns[:-1]):
            figures[f"t3.{row}.{column}"] = drawn[:, at]
        figures[f"t3.{row}.{columns[-1]}"] = drawn.sum(axis=1)
    for row in ("review", "suit_direct", "suit_after_review"):
        drawn = chance.poisson((new / 60)[:, None] * np.array([0.6, 0.1, 0.1, 0.2]))
        for at, column in enumerate(("upheld", "corrected", "other", "pending")):
            figures[f"t4.{row}.{column}"] = drawn[:, at]
        figures[f"t4.{row}.total"] = drawn.sum(axis=1)
    for cell in load_form(EDITION).tables["t2"].cells:
        drawn = np.exp(chance.normal(2.5, 2.5, count)).astype(np.int64)
        figures[cell.key] = drawn * (chance.random(count) > 0.6) * (cell.row != "regulations")
    issued, repealed = (
        figures[f"t2.normative_documents.{name}"] for name in ("issued", "repealed")
    )
    figures["t2.normative_documents.in_force"] = issued + repealed + 3
    broken = np.flatnonzero(chance.random(count) < BROKEN_SHARE)
    names = [name for name in figures if name.startswith("t3.")]
    for report in broken:
        figures[names[chance.integers(len(names))]][report] += chance.integers(1, 9)
    return figures


def _write_cells(
    reports: pl.DataFrame, figures: dict[str, Figures], chance: np.random.Generator
) -> pl.DataFrame:
    """Write the figures as cells, report by report in the order of the form."""
    form = load_form(EDITION)
    count, width = reports.height, len(form.cells)
    value = np.stack([figures[cell.key] for cell in form.cells], axis=1).reshape(-1)
    numbered = list(enumerate(form.cells))
    leaves_blank = np.repeat(chance.random(count) < BLANK_SHARE, width) & (value == 0)
    places = {name: [getattr(cell, name) for cell in form.cells] for name in CELLS.key[1:]}
    frame = pl.DataFrame(
        {
            "report_id": np.repeat(reports["report_id"].to_numpy(), width),
            **{name: np.tile(np.array(listed, object), count) for name, listed in places.items()},
            "value": value,
            "unit": np.tile(np.array([cell.unit for cell in form.cells], object), count),
            "locator": np.tile(
                np.array([f"table[{cell.table[1]}]/tr[{at}]" for at, cell in numbered], object),
                count,
            ),
            "is_blank": leaves_blank,
        }
    )
    text = pl.col("value").cast(pl.String)
    return frame.select(
        year=pl.lit(reports["year"][0], pl.Int32),
        region=pl.lit(reports["region"][0]),
        report_id="report_id",
        table="table",
        row="row",
        column="column",
        value=pl.when(~pl.col("is_blank")).then(pl.col("value").cast(FIGURE)),
        unit="unit",
        text=pl.when("is_blank").then(pl.lit("")).otherwise(text),
        status=pl.when("is_blank").then(pl.lit("blank")).otherwise(pl.lit("read")),
        locator="locator",
        note=pl.lit(None, pl.String),
        confirmed=pl.lit(value=True),
    )
