"""Rules about the labels that the tables print: missing, drifted, or not of the form."""

from __future__ import annotations

import polars as pl

from expectations.cell_rules import name_tables
from expectations.form import Form
from expectations.remarks import write_remarks
from expectations.sheet import Sheet

# Word processors and mirrors change brackets, blanks and quotes at will.
FOLDED = r"[\s\"'“”‘’`«»〝〞\u{feff}\u{200b}-\u{200d}]"


def check_labels(sheet: Sheet, labels: pl.DataFrame) -> list[pl.LazyFrame]:
    """Compare the labels printed with those of the form, one remark a table and case.

    S-11: `missing` and `drifted`; S-12: `extra`. A table with no label printed at all was not
    found, and is left to S-06.
    """
    printed = labels.lazy().join(
        sheet.reports.lazy().select("report_id"), on="report_id", how="semi"
    )
    official = list_labels(sheet.form).lazy().with_columns(folded=_fold("official"))
    line = ["table", "line", "key"]
    names = name_tables(sheet.form).lazy().select("table", "table_name")
    known = printed.filter(pl.col("key").is_not_null()).with_columns(folded=_fold("text"))
    missing = (
        printed.select("report_id", "table")
        .unique()
        .join(official, on="table")
        .join(known, on=["report_id", *line], how="anti")
    )
    drifted = known.join(official, on=line, suffix="_due").filter(
        pl.col("folded") != pl.col("folded_due")
    )
    extra = printed.filter(pl.col("key").is_null())
    return [
        _remark_tables(missing, names, "S-11", "missing", detail=pl.col("official")),
        _remark_tables(
            drifted, names, "S-11", "drifted", expected=pl.col("official"), reported=pl.col("text")
        ),
        _remark_tables(extra, names, "S-12", "extra", detail=pl.col("text")),
    ]


def list_labels(form: Form) -> pl.DataFrame:
    """List the labels of a form: `table`, `line` (row or column), `key`, `official`."""
    rows = [
        (table.key, line, key, label.official)
        for table in form.tables.values()
        for block in table.blocks
        for line, labels in (("row", block.rows), ("column", block.columns))
        for key, label in labels.items()
    ]
    schema = ["table", "line", "key", "official"]
    return pl.DataFrame(rows, schema=schema, orient="row").unique(
        ["table", "line", "key"], maintain_order=True
    )


def _fold(column: str) -> pl.Expr:
    return pl.col(column).str.normalize("NFKC").str.replace_all(FOLDED, "")


def _remark_tables(
    frame: pl.LazyFrame, names: pl.LazyFrame, rule: str, case: str, **words: pl.Expr
) -> pl.LazyFrame:
    gathered = (
        frame.group_by("report_id", "table", maintain_order=True)
        .agg(pl.len().alias("count"), *(word.first().alias(name) for name, word in words.items()))
        .join(names, on="table")
    )
    # Of one table the missing labels and the drifted ones are remarks of their own.
    instance = pl.format("{}.{}", "table", pl.lit(case)) if case == "drifted" else pl.col("table")
    return write_remarks(
        gathered,
        rule=rule,
        case=case,
        instance=instance,
        name=pl.col("table_name"),
        count=pl.col("count"),
        **{name: pl.col(name) for name in words},
    )
