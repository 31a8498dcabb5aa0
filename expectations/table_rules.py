"""Rules about table 3 and the fees that no equation states: where an error sits, what exceeds."""

from __future__ import annotations

import polars as pl

from expectations.form import Equation
from expectations.remarks import write_figure, write_remarks
from expectations.sheet import Sheet

FEES = "t2.fees.amount"
RESULTS_RULE, BALANCE_RULE, ROW_RULE = "T3-02", "T3-03", "T3-01"
TOTAL = "total"


def check_unit(sheet: Sheet) -> list[pl.LazyFrame]:
    """Ask for the unit in the header of the fees (T2-04; `no_unit`, `unread`)."""
    if FEES not in sheet.values.columns:
        return []
    is_read = pl.col("value").is_not_null()
    position = [cell.key for cell in sheet.form.cells].index(FEES)
    fees = (
        sheet.cells.gather_every(len(sheet.form.cells), position)
        .hstack(sheet.reports.select("report_id"))
        .lazy()
        .filter(~is_read | ~pl.col("has_unit").fill_null(False))
    )
    return [
        write_remarks(
            fees,
            rule="T2-04",
            case=pl.when(is_read).then(pl.lit("no_unit")).otherwise(pl.lit("unread")),
            instance=FEES,
            cells=(FEES,),
            name=_title(sheet, FEES),
            reported=write_figure("value"),
        )
    ]


def check_excess(sheet: Sheet) -> list[pl.LazyFrame]:
    """Find results of table 3 above what came in, in their column (T3-07).

    Cases `exceeds`, a remark a cell, and `unread`, one a report.
    """
    remarks: list[pl.LazyFrame] = []
    for equation in _pick(sheet, RESULTS_RULE):
        column = equation.instance.removeprefix("t3.")
        intake = (f"t3.new.{column}", f"t3.carried_in.{column}")
        due = pl.col(intake[0]) + pl.col(intake[1])
        over = sheet.values.filter(pl.max_horizontal(equation.cells) > due)
        if over.is_empty():
            continue
        for cell in equation.cells:
            exceeding = over.lazy().filter(pl.col(cell) > due).with_columns(due=due)
            remarks.append(
                write_remarks(
                    exceeding,
                    rule="T3-07",
                    case="exceeds",
                    instance=cell,
                    cells=(cell, *intake),
                    name=_title(sheet, cell),
                    expected=write_figure("due"),
                    reported=write_figure(cell),
                    difference=pl.col(cell) - pl.col("due"),
                )
            )
    return [*remarks, *_remark_unread(sheet, "T3-07")]


def locate_crossing(sheet: Sheet) -> list[pl.LazyFrame]:
    """Name the cell where the one failed row and the one failed column cross (T3-04).

    Both must fail by the same amount, and the right figure may not be negative.
    """
    rows = _pick(sheet, ROW_RULE)
    columns = [one for one in _pick(sheet, RESULTS_RULE) if not one.instance.endswith(TOTAL)]
    if not rows or sheet.values.is_empty():
        return []
    gaps = sheet.values.select(
        "report_id", *(_gap(one).alias(one.instance) for one in (*rows, *columns))
    )
    results = {cell.rsplit(".", 1)[0] for one in columns for cell in one.left}
    failed = {
        name: (
            gaps.unpivot([one.instance for one in lines], index="report_id")
            .filter(pl.col("value") != 0)
            .group_by("report_id")
            .agg(pl.len(), pl.col("variable").first().alias(name), pl.col("value").first())
            .filter(pl.col("len") == 1)
            .drop("len")
        )
        for name, lines in (("row", rows), ("column", columns))
    }
    crossing = (
        failed["row"]
        .join(failed["column"], on=["report_id", "value"])
        .filter(pl.col("row").is_in(list(results)))
        .with_columns(cell=pl.format("{}.{}", "row", pl.col("column").str.strip_prefix("t3.")))
    )
    found: list[pl.LazyFrame] = []
    for cell, group in crossing.group_by("cell"):
        key = str(cell[0])
        figures = (
            group.join(sheet.values.select("report_id", reported=key), on="report_id")
            .with_columns(expected=pl.col("reported") + pl.col("value"))
            .filter(pl.col("expected") >= 0)
        )
        found.append(
            write_remarks(
                figures.lazy(),
                rule="T3-04",
                case="crossing",
                instance=key,
                cells=(key,),
                name=_title(sheet, key),
                expected=write_figure("expected"),
                reported=write_figure("reported"),
                difference=-pl.col("value"),
            )
        )
    return [*found, *_remark_unread(sheet, "T3-04")]


def locate_part(sheet: Sheet) -> list[pl.LazyFrame]:
    """Tell from which equations of a column fail which part of it is wrong (T3-05).

    Cases `results`, `intake`, a remark a column, and `total_column`; `unread` once a report.
    """
    pairs = list(zip(_pick(sheet, RESULTS_RULE), _pick(sheet, BALANCE_RULE), strict=True))
    if not pairs or sheet.values.is_empty():
        return []
    marks = sheet.values.select(
        "report_id",
        *(
            (_gap(one) != 0).fill_null(False).alias(f"{kind}{number}")
            for number, pair in enumerate(pairs)
            for kind, one in zip(("results", "balance"), pair, strict=True)
        ),
    )
    columns = [one.instance for one, _ in pairs]
    last = columns.index(f"t3.{TOTAL}")
    others = [
        pl.col(f"{kind}{number}")
        for number in range(len(pairs))
        if number != last
        for kind in ("results", "balance")
    ]
    found = []
    for number, (results, balance) in enumerate(pairs):
        has_results, has_balance = pl.col(f"results{number}"), pl.col(f"balance{number}")
        case: pl.Expr = (
            pl.when(has_results & ~has_balance)
            .then(pl.lit("results"))
            .when(~has_results & has_balance)
            .then(pl.lit("intake"))
        )
        if number == last:
            is_alone = has_results & has_balance & ~pl.any_horizontal(others)
            case = pl.when(is_alone).then(pl.lit("total_column")).otherwise(case)
        odd = marks.filter(case.is_not_null())
        if odd.is_empty():
            continue
        found.append(
            write_remarks(
                odd.lazy(),
                rule="T3-05",
                case=case,
                instance=columns[number],
                cells=tuple(dict.fromkeys((*results.cells, *balance.cells))),
                name=_name_column(sheet, columns[number]),
            )
        )
    return [*found, *_remark_unread(sheet, "T3-05")]


def _pick(sheet: Sheet, rule: str) -> list[Equation]:
    return [one for one in sheet.form.equations if one.rule == rule]


def _gap(equation: Equation) -> pl.Expr:
    """How much the right side exceeds the left; null if a cell has no value."""
    return pl.sum_horizontal(equation.right, ignore_nulls=False) - pl.sum_horizontal(
        equation.left, ignore_nulls=False
    )


def _remark_unread(sheet: Sheet, rule: str) -> list[pl.LazyFrame]:
    """Leave a rule about table 3 not evaluated where any of its cells has no value."""
    cells = [cell.key for cell in sheet.form.tables["t3"].cells]
    is_null = pl.any_horizontal(pl.col(cells).is_null())
    unread = sheet.values.select("report_id", *cells).filter(is_null)
    if unread.is_empty():
        return []
    titles = {cell.key: cell.title for cell in sheet.form.cells}
    first = pl.coalesce(
        pl.when(pl.col(cell).is_null()).then(pl.lit(titles[cell])) for cell in cells
    )
    return [
        write_remarks(
            unread.lazy(),
            rule=rule,
            case="unread",
            instance="t3",
            count=pl.sum_horizontal(pl.col(cells).is_null()),
            detail=first,
        )
    ]


def _title(sheet: Sheet, key: str) -> str:
    return next(cell.title for cell in sheet.form.cells if cell.key == key)


def _name_column(sheet: Sheet, instance: str) -> str:
    table = sheet.form.tables["t3"]
    label = table.blocks[0].columns[instance.removeprefix("t3.")].official
    return f"{table.name}·{label}"
