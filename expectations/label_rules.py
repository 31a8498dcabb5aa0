"""Rules about the labels of the tables: missing, drifted, or not of the form."""

from __future__ import annotations

import polars as pl

from expectations.cell_rules import name_tables
from expectations.form import Form
from expectations.remarks import write_remarks
from expectations.sheet import Sheet


def check_labels(sheet: Sheet, labels: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find the labels that are not as the form has them, one remark a table and case.

    S-11: `missing`, `drifted` and `unread`; S-12: `extra` and `unread`, where the table was
    found in running text, which tells no labels. A table that was not found is left to S-06.

    Args:
        sheet: The reports, on one edition.
        labels: As the lake's table.
    """
    odd = labels.lazy().join(sheet.reports.lazy().select("report_id"), on="report_id", how="semi")
    names = name_tables(sheet.form).lazy().select("table", "table_name")
    official = list_labels(sheet.form).lazy()
    known = odd.join(official, on=["table", "line", "key"])
    extra = odd.filter(pl.col("key").is_null(), pl.col("line") != "table")
    unread = odd.filter(pl.col("line") == "table")
    return [
        _remark_tables(
            known.filter(pl.col("text").is_null()),
            names,
            "S-11",
            "missing",
            detail=pl.col("official"),
        ),
        _remark_tables(
            known.filter(pl.col("text").is_not_null()),
            names,
            "S-11",
            "drifted",
            expected=pl.col("official"),
            reported=pl.col("text"),
        ),
        _remark_tables(extra, names, "S-12", "extra", detail=pl.col("text")),
        *(_remark_tables(unread, names, rule, "unread") for rule in ("S-11", "S-12")),
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
