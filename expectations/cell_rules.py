"""Rules about the cells and tables of an edition: found, filled, readable, of their kind."""

from __future__ import annotations

import polars as pl

from expectations.form import Form
from expectations.remarks import write_figure, write_remarks
from expectations.sheet import Sheet

# The note that reading leaves at each cell of a row whose figures did not fit its columns.
ROW_COUNT_NOTE = r"^row_count:(\d+)"
CELL_COUNT_RULES = {"2021": "S-13", "2019": "S-14"}
# Everything but digits of any width (and letters taken for them), white space, a point and a sign.
FOREIGN_TO_COUNTS = r"[^\d\s.．+＋\-－−OoIl]"
UNUSUAL_DIGITS = r"[^0-9]"
MISWRITTEN_DIGITS = r"[０-９．＋－OoIl]|\d\s+\d"


def check_presence(sheet: Sheet) -> list[pl.LazyFrame]:
    """Find tables and cells that are not there, and leave what needs them not evaluated.

    S-06 (`missing`), S-13 and S-14 (`short`), C-01 (`absent`); one remark a table. Where a
    whole table is missing, rules about what is printed in it do not apply (`no_table`).
    """
    gaps = _gather(sheet, "absent").lazy()
    is_whole = pl.col("count") == pl.col("size")
    names = {"name": pl.col("table_name"), "instance": pl.col("table"), "cells": pl.col("cells")}
    count_rule = CELL_COUNT_RULES[sheet.form.edition]
    found = (pl.col("size") - pl.col("count")).cast(pl.String)
    return [
        write_remarks(
            gaps.filter(is_whole),
            rule="S-06",
            case="missing",
            expected=pl.col("table_title"),
            **names,
        ),
        *(
            write_remarks(gaps.filter(is_whole), rule=rule, case="no_table", **names)
            for rule in (count_rule, "C-04", "C-05")
        ),
        write_remarks(
            gaps.filter(is_whole, pl.col("table") == "t3"), rule="T3-09", case="no_table", **names
        ),
        write_remarks(
            gaps.filter(~is_whole),
            rule=count_rule,
            case="short",
            expected=pl.col("size").cast(pl.String),
            reported=found,
            difference=-pl.col("count").cast(pl.Int64),
            detail=pl.col("first_title"),
            **names,
        ),
        write_remarks(
            gaps,
            rule="C-01",
            case="absent",
            count=pl.col("count"),
            detail=pl.col("first_title"),
            **names,
        ),
    ]


def check_blanks(sheet: Sheet) -> list[pl.LazyFrame]:
    """Find tables with blank cells (C-02, `blank`), or with cells not found (`absent`)."""
    blanks, gaps = _gather(sheet, "blank"), _gather(sheet, "absent")
    gaps = gaps.join(blanks, on=["report_id", "table"], how="anti")
    return [
        write_remarks(
            frame.lazy(),
            rule="C-02",
            case=case,
            instance=pl.col("table"),
            name=pl.col("table_name"),
            cells=pl.col("cells"),
            count=pl.col("count"),
            detail=pl.col("first_title"),
        )
        for case, frame in (("blank", blanks), ("absent", gaps))
    ]


def check_kinds(sheet: Sheet, kinds: dict[str, str]) -> list[pl.LazyFrame]:
    """Find figures that are negative or broken where the form wants none, and unreadable cells.

    C-01, cases `wrong_kind` and `unreadable`; `kinds` says in Chinese what each kind wants.
    """
    value, kind = pl.col("value"), pl.col("kind")
    # Few figures are negative or broken: find these first, then ask what their cells allow.
    is_negative, is_broken = value < 0, value != value.floor()
    odd = sheet.locate(is_negative | is_broken).lazy()
    is_allowed = ((kind == "amount") & ~is_negative) | ((kind == "change") & ~is_broken)
    return [
        _remark_cells(
            odd.filter(~is_allowed),
            rule="C-01",
            case="wrong_kind",
            reported=write_figure("value"),
            detail=kind.replace_strict(kinds),
        ),
        _remark_cells(
            sheet.locate(pl.col("status") == "unreadable").lazy(),
            rule="C-01",
            case="unreadable",
            reported=pl.col("text"),
            detail=pl.col("text"),
        ),
    ]


def check_rows(sheet: Sheet) -> list[pl.LazyFrame]:
    """Find rows of table 3 whose figures do not fit its columns (T3-09, `shifted`)."""
    is_shifted = pl.col("note").str.contains(ROW_COUNT_NOTE)
    shifted = sheet.locate(is_shifted).filter(pl.col("table") == "t3")
    rows = shifted.group_by("report_id", "row", maintain_order=True).agg(
        "cell", pl.len(), pl.col("note", "title").first()
    )
    found = pl.col("note").str.extract(ROW_COUNT_NOTE)
    expected = pl.lit(len(sheet.form.tables["t3"].blocks[0].columns))
    return [
        write_remarks(
            rows.lazy(),
            rule="T3-09",
            case="shifted",
            instance=pl.format("t3.{}", "row"),
            # A cell is titled row·column: the row is what stands before the point.
            name=pl.col("title").str.split("·").list.first(),
            cells=pl.col("cell"),
            expected=expected.cast(pl.String),
            reported=found,
            difference=found.cast(pl.Int64) - expected,
        )
    ]


def check_writing(sheet: Sheet) -> list[pl.LazyFrame]:
    """Find figures with words beside them (C-04, `words`) or miswritten (C-05, `digits`)."""
    text = pl.col("text")
    # The text of a derived cell is that of a whole row, or of what could not be read.
    is_read = (pl.col("status") == "read") & pl.col("value").is_not_null()
    odd = sheet.locate(is_read & text.str.contains(UNUSUAL_DIGITS)).lazy()
    written = {"expected": write_figure("value"), "reported": text}
    worded = odd.filter(pl.col("kind") == "count", text.str.contains(FOREIGN_TO_COUNTS))
    return [
        _remark_cells(worded, rule="C-04", case="words", **written),
        _remark_cells(
            odd.filter(text.str.contains(MISWRITTEN_DIGITS)), rule="C-05", case="digits", **written
        ),
    ]


def name_tables(form: Form) -> pl.DataFrame:
    """List the tables of a form: `table`, `table_name`, `table_title`, `size` in cells."""
    tables = form.tables.values()
    return pl.DataFrame(
        {
            "table": [table.key for table in tables],
            "table_name": [table.name for table in tables],
            "table_title": [table.title for table in tables],
            "size": [len(table.cells) for table in tables],
        }
    )


def _gather(sheet: Sheet, status: str) -> pl.DataFrame:
    """Gather the cells of one status by report and table, with the names of the table."""
    return (
        sheet.locate(pl.col("status") == status)
        .group_by("report_id", "table", maintain_order=True)
        .agg(
            pl.col("cell").alias("cells"),
            pl.len().alias("count"),
            pl.col("title").first().alias("first_title"),
        )
        .join(name_tables(sheet.form), on="table")
    )


def _remark_cells(frame: pl.LazyFrame, **columns: pl.Expr | str) -> pl.LazyFrame:
    """Remark on single cells: the cell is the instance, its title the name."""
    cell, title = pl.col("cell"), pl.col("title")
    return write_remarks(frame, instance=cell, name=title, cells=pl.concat_list(cell), **columns)
