"""What a report is worth: one verdict, and counts of its findings and cells."""

from __future__ import annotations

import polars as pl

from expectations.form import load_forms
from storage.schema import REPORTS

FOUND = ("read", "blank", "derived")
COUNTED = ("read", "blank", "unreadable", "derived")


def add_verdicts(
    reports: pl.DataFrame, cells: pl.DataFrame, findings: pl.DataFrame
) -> pl.DataFrame:
    """Give each report its verdict and quality columns, in place of any it had.

    A report is, by the first that holds: `unreadable` if its edition is not known or nothing of
    one of its tables was found; `invalid` if a rule of severity error failed and reading is not
    to blame; `unreadable` if a cell is unreadable or absent, or reading is to blame for such a
    failure; `trivially_valid` if every figure that was read is 0; else `valid`.

    Args:
        reports: `report_id`, `form`, and whatever else.
        cells: `report_id`, `table`, `value`, `status`.
        findings: `report_id`, `outcome`, `severity`, `blame`, `waived_for`, and `problem` as
            `number_problems` gives it. Those waived are counted apart and speak for no verdict.

    Returns:
        `reports` with `verdict`, `errors`, `warnings`, `problems`, `not_evaluated`, `waived`,
        `cells_read`, `cells_blank`, `cells_unreadable`, `cells_derived`; none of them null.
    """
    added = (
        *("verdict", "errors", "warnings", "problems", "not_evaluated", "waived"),
        *(f"cells_{status}" for status in COUNTED),
    )
    counted = (
        reports.lazy()
        .drop(added, strict=False)
        .join(_count_cells(cells), on="report_id", how="left", maintain_order="left")
        .join(_count_findings(findings), on="report_id", how="left", maintain_order="left")
        .join(_size_forms(), on="form", how="left", maintain_order="left")
        .with_columns(
            pl.col(
                "^(errors|warnings|problems|not_evaluated|waived|faults|doubts|found|cells_.*)$"
            ).fill_null(0)
        )
        .with_columns(_judge().alias("verdict"))
        .select(*(name for name in reports.columns if name not in added), *added)
    )
    return counted.cast({name: REPORTS.schema[name] for name in added}).collect()


def _judge() -> pl.Expr:
    is_complete = pl.col("cells_read") + pl.col("cells_blank") + pl.col("cells_derived") == (
        pl.col("size")
    )
    return (
        pl.when(pl.col("size").is_null() | (pl.col("found") < pl.col("tables")))
        .then(pl.lit("unreadable"))
        .when(pl.col("faults") > 0)
        .then(pl.lit("invalid"))
        .when(~is_complete | (pl.col("doubts") > 0))
        .then(pl.lit("unreadable"))
        .when(pl.col("has_figure").fill_null(False))
        .then(pl.lit("valid"))
        .otherwise(pl.lit("trivially_valid"))
    )


def _count_cells(cells: pl.DataFrame) -> pl.LazyFrame:
    status = pl.col("status")
    return (
        cells.lazy()
        .group_by("report_id")
        .agg(
            *((status == one).sum().alias(f"cells_{one}") for one in COUNTED),
            found=pl.col("table").filter(status.is_in(FOUND)).n_unique(),
            has_figure=(pl.col("value") != 0).any(),
        )
        .with_columns(pl.col("report_id").cast(pl.String))  # of packed cells
    )


def _count_findings(findings: pl.DataFrame) -> pl.LazyFrame:
    is_waived = pl.col("waived_for").is_not_null()
    failed = (pl.col("outcome") == "failed") & ~is_waived
    is_error = failed & (pl.col("severity") == "error")
    return (
        findings.lazy()
        .group_by("report_id")
        .agg(
            errors=is_error.sum(),
            warnings=(failed & (pl.col("severity") == "warning")).sum(),
            problems=pl.col("problem").filter(~is_waived).drop_nulls().n_unique(),
            not_evaluated=(pl.col("outcome") == "not_evaluated").sum(),
            waived=is_waived.sum(),
            faults=(is_error & (pl.col("blame") != "reader")).sum(),
            doubts=(is_error & (pl.col("blame") == "reader")).sum(),
        )
    )


def _size_forms() -> pl.LazyFrame:
    forms = load_forms().values()
    return pl.LazyFrame(
        {
            "form": [form.edition for form in forms],
            "size": [len(form.cells) for form in forms],
            "tables": [len(form.tables) for form in forms],
        }
    )
