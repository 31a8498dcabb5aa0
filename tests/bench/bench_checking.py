"""What checking costs a report: rules, findings and suites, against one suite a report."""

from __future__ import annotations

import time
from datetime import date

import polars as pl
import pytest

from expectations.checkpoint import run_checkpoint
from expectations.form import load_form
from expectations.rules import evaluate
from storage.schema import CELLS, FIGURE

REPORT_COUNT = 10_000
SINGLE_COUNT = 5
BROKEN_ONE_IN = 5
LIMIT_MICROSECONDS = 300
LIMIT_RATIO = 1_000


def build_reports(edition: str, year: int, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Build consistent reports; one in five has one result that its totals do not include."""
    keys = [cell.key.split(".") for cell in load_form(edition).cells]
    form = pl.DataFrame(keys, schema=["table", "row", "column"], orient="row")
    reports = pl.DataFrame({"number": range(count)}).select(
        report_id=pl.format("{}-{}-{}", pl.lit(edition), pl.lit(year), "number"),
        form=pl.lit(edition),
        year=pl.lit(year, pl.Int32),
        signed_on=pl.lit(date(year + 1, 1, 20)),
        period_start=pl.lit(date(year, 1, 1)),
        period_end=pl.lit(date(year, 12, 31)),
        is_broken=pl.col("number") % BROKEN_ONE_IN == 0,
    )
    is_changed = (
        pl.col("is_broken") & (pl.col("row") == "granted") & (pl.col("column") == "company")
    )
    # 1 件 in each of two rows of 自然人 and of 总计: new, and one result, then the totals.
    is_one = pl.col("row").is_in(["new", "granted", "closed"]) & pl.col("column").is_in(
        ["natural_person", "total"]
    )
    figure = pl.when(is_changed).then(7).when(is_one).then(1).otherwise(0)
    cells = reports.join(form, how="cross").with_columns(
        value=figure.cast(FIGURE),
        text=figure.cast(pl.String),
        status=pl.lit("read"),
        unit=pl.lit("件"),
        locator=pl.lit("table[1]/tr[1]/td[1]"),
        note=pl.lit(None, pl.String),
        confirmed=pl.lit(value=True),
    )
    return reports.drop("is_broken"), cells.select(*CELLS.schema)


def measure(reports: pl.DataFrame, cells: pl.DataFrame) -> tuple[float, int]:
    """Check reports as the job does; give the seconds taken and how many reports failed."""
    started = time.perf_counter()
    evaluation = evaluate(reports, cells)
    result = run_checkpoint(evaluation, reports, None)
    seconds = time.perf_counter() - started
    assert result.exceptions == ()
    return seconds, evaluation.findings["report_id"].n_unique()


@pytest.mark.bench
def test_checking_is_cheap() -> None:
    """10,000 reports cost under 300 us each, and a thousandth of one suite a report."""
    parts = [
        build_reports("2021", 2022, REPORT_COUNT * 7 // 10),
        build_reports("2019", 2020, REPORT_COUNT * 3 // 10),
    ]
    reports, cells = (pl.concat(frames) for frames in zip(*parts, strict=True))
    single = parts[0][0].slice(1, 1)
    single_cells = parts[0][1].join(single, on="report_id", how="semi")
    measure(single, single_cells)  # the first run also loads forms, rules and libraries

    alone, _ = min(measure(single, single_cells) for _ in range(SINGLE_COUNT))
    seconds, failing = min(measure(reports, cells) for _ in range(2))
    together = seconds / REPORT_COUNT

    assert failing == REPORT_COUNT // BROKEN_ONE_IN
    print(
        f"\nbench checking: {together * 1e6:.0f} us a report at {REPORT_COUNT} reports "
        f"(limit {LIMIT_MICROSECONDS}), one suite a report {alone * 1e6:.0f} us, "
        f"ratio {alone / together:.0f} (at least {LIMIT_RATIO})"
    )
    assert together * 1e6 < LIMIT_MICROSECONDS
    assert alone / together >= LIMIT_RATIO
