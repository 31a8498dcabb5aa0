"""What checking costs a report: rules, findings, suites and Data Docs, in time and memory.

Each count runs in a process of its own, so that its peak of memory is its own. The baseline is
one suite a report: the same rules, findings, suite and Data Docs, made for one report alone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from expectations.checkpoint import run_checkpoint
from expectations.form import load_form
from expectations.rules import evaluate
from storage.schema import CELLS, FIGURE, STATUSES

SMALL, LARGE = 10_000, 100_000
SINGLE_COUNT = 5
BROKEN_ONE_IN = 5
LIMIT_SECONDS = 60
LIMIT_MEGABYTES = 3_000
LIMIT_ENFORCER_MICROSECONDS = 100
LIMIT_RATIO = 10_000
EDITION, YEAR = "2021", 2022


def build_reports(count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Build consistent reports; one in five has one result that its totals do not include.

    Every cell stands in memory; names, of which there are few, are numbers with categories.
    """
    cells = load_form(EDITION).cells
    reports = pl.DataFrame({"number": pl.int_range(count, dtype=pl.UInt32, eager=True)}).select(
        report_id=pl.format("{}-{}-{}", pl.lit(EDITION), pl.lit(YEAR), "number"),
        title=pl.format("{}年政府信息公开工作年度报告", pl.lit(YEAR)),
        url=pl.format("https://www.example.gov.cn/{}.html", "number"),
        form=pl.lit(EDITION),
        year=pl.lit(YEAR, pl.Int32),
        signed_on=pl.lit(date(YEAR + 1, 1, 20)),
        period_start=pl.lit(date(YEAR, 1, 1)),
        period_end=pl.lit(date(YEAR, 12, 31)),
    )
    # 1 件 in each of two rows of 自然人 and of 总计: new, and one result, then the totals.
    is_one = [
        cell.row in ("new", "granted", "closed") and cell.column in ("natural_person", "total")
        for cell in cells
    ]
    right = pl.Series([int(one) for one in is_one], dtype=pl.UInt8)
    wrong = right.clone().scatter(
        [cell.key == "t3.granted.company" for cell in cells].index(True), 7
    )
    parts = [wrong] + [right] * (BROKEN_ONE_IN - 1)
    figure = pl.concat(parts * (count // BROKEN_ONE_IN))
    names = {
        name: pl.concat(
            [
                pl.Series(
                    name,
                    [getattr(cell, name) for cell in cells],
                    dtype=pl.Enum(list(dict.fromkeys(getattr(cell, name) for cell in cells))),
                )
            ]
            * count
        )
        for name in ("table", "row", "column")
    }
    size = count * len(cells)
    owner = pl.int_range(size, dtype=pl.UInt32, eager=True) // len(cells)
    frame = pl.DataFrame(
        {
            "report_id": owner.cat.to(pl.Enum(reports["report_id"])),
            **names,
            "value": figure.cast(FIGURE),
            "unit": pl.repeat("件", size, eager=True, dtype=pl.Enum(["件"])),
            "text": figure.cast(pl.String),
            "status": pl.repeat("read", size, eager=True, dtype=pl.Enum(STATUSES)),
            "locator": pl.repeat("td[1]", size, eager=True, dtype=pl.Enum(["td[1]"])),
            "note": pl.repeat(None, size, eager=True, dtype=pl.String),
            "confirmed": pl.repeat(True, size, eager=True),
        }
    )
    return reports, frame.select(CELLS.schema.names()).rechunk()


def check(reports: pl.DataFrame, cells: pl.DataFrame, docs: Path | None) -> tuple[float, float]:
    """Check reports as the job does; give the seconds of the rules and of the enforcer."""
    started = time.perf_counter()
    evaluation = evaluate(reports, cells)
    evaluated = time.perf_counter()
    result = run_checkpoint(evaluation, reports, docs)
    finished = time.perf_counter()
    assert result.exceptions == ()
    assert evaluation.findings["report_id"].n_unique() == reports.height // BROKEN_ONE_IN or (
        reports.height == 1
    )
    return evaluated - started, finished - evaluated


def measure(count: int) -> dict[str, float]:
    """Check so many reports, once the libraries are loaded; give seconds and peak megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        check(*build_reports(BROKEN_ONE_IN), Path(folder) / "first")
        reports, cells = build_reports(count)
        rules, enforcer = check(reports, cells, Path(folder) / "docs")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rules": rules, "enforcer": enforcer, "megabytes": peak}


def measure_alone() -> dict[str, float]:
    """Check one report with a suite and a site of its own; the best of a few."""
    reports, cells = build_reports(BROKEN_ONE_IN)
    one = reports.slice(1, 1)
    own = cells.filter(pl.col("report_id").cast(pl.String) == one["report_id"][0])
    with tempfile.TemporaryDirectory() as folder:
        check(one, own, Path(folder) / "first")
        with_docs = min(
            sum(check(one, own, Path(folder) / str(number))) for number in range(SINGLE_COUNT)
        )
    without = min(sum(check(one, own, None)) for _ in range(SINGLE_COUNT))
    return {"with_docs": with_docs, "without": without}


def run_apart(*arguments: str) -> dict[str, float]:
    """Run a measurement of this file in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_checking_is_cheap() -> None:
    """100,000 reports take under 60 s and 3 GB, and no more each than 10,000 do.

    One suite a report costs at least ten thousand times as much, Data Docs on both sides.
    """
    small, large = run_apart(str(SMALL)), run_apart(str(LARGE))
    alone = run_apart("alone")
    totals = {}
    for count, found in ((SMALL, small), (LARGE, large)):
        totals[count] = (found["rules"] + found["enforcer"]) / count * 1e6
        print(
            f"\nbench checking: {count} reports: rules {found['rules'] / count * 1e6:.0f} us, "
            f"Great Expectations with Data Docs {found['enforcer'] / count * 1e6:.0f} us, "
            f"together {totals[count]:.0f} us a report, {found['megabytes']:.0f} MB at the peak"
        )
    ratio = alone["with_docs"] * 1e6 / totals[LARGE]
    print(
        f"one suite a report {alone['with_docs'] * 1e3:.0f} ms with Data Docs: ratio {ratio:.0f} "
        f"(at least {LIMIT_RATIO}); {alone['without'] * 1e3:.0f} ms without"
    )
    assert large["rules"] + large["enforcer"] < LIMIT_SECONDS
    assert large["megabytes"] < LIMIT_MEGABYTES
    assert large["enforcer"] / LARGE * 1e6 < LIMIT_ENFORCER_MICROSECONDS
    assert totals[LARGE] <= totals[SMALL]
    assert ratio >= LIMIT_RATIO


if __name__ == "__main__":
    found = measure_alone() if sys.argv[1] == "alone" else measure(int(sys.argv[1]))
    print(json.dumps(found))
