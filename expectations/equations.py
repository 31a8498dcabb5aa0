"""The form's equations and totals, checked over all reports of an edition at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import polars as pl

from expectations.form import Equation, Form
from expectations.remarks import write_figure, write_remarks
from expectations.sheet import Sheet


def check_equations(sheet: Sheet) -> list[pl.LazyFrame]:
    """Compare both sides of every equation: case `unequal`, or `unread` if a cell has no value."""
    equations = sheet.form.equations
    if not equations or sheet.values.is_empty():
        return []
    titles = {cell.key: cell.title for cell in sheet.form.cells}
    # Most equations hold in all reports: remarks are built for the others only.
    is_odd = sheet.values.select(
        (_add(equation.left) != _add(equation.right)).fill_null(True).any().alias(str(number))
        for number, equation in enumerate(equations)
    )
    return [
        remark
        for equation, odd in zip(equations, is_odd.row(0), strict=True)
        if odd
        for remark in _check_equation(sheet, equation, titles)
    ]


def check_totals(sheet: Sheet) -> list[pl.LazyFrame]:
    """Find totals left blank though their parts are not all 0 or blank (C-03).

    Cases: `blank_total`, `unread_parts` where a part that could settle it was not read, and
    `absent` where the total itself was not found.
    """
    titles = {cell.key: cell.title for cell in sheet.form.cells}
    return [
        remark
        for total, parts in list_totals(sheet.form).items()
        for remark in _check_total(sheet, total, parts, titles[total])
    ]


def list_totals(form: Form) -> dict[str, list[str]]:
    """Map each cell that alone makes one side of an equation to all the cells it sums."""
    parts: defaultdict[str, list[str]] = defaultdict(list)
    for equation in form.equations:
        if len(equation.right) == 1:
            parts[equation.right[0]] += equation.left
    return dict(parts)


def _check_equation(
    sheet: Sheet, equation: Equation, titles: dict[str, str]
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    sides = sheet.values.lazy().select(
        "report_id",
        *equation.cells,
        expected=_add(equation.left),
        reported=_add(equation.right),
    )
    name = _name_equation(sheet.form, equation, titles)
    bound = {"rule": equation.rule, "instance": equation.instance, "cells": equation.cells}
    unequal = sides.filter(pl.col("expected") != pl.col("reported"))
    unread = sides.filter(pl.any_horizontal(pl.col(equation.cells).is_null()))
    return (
        write_remarks(
            unequal,
            **bound,
            case="unequal",
            name=name,
            expected=write_figure("expected"),
            reported=write_figure("reported"),
            difference=pl.col("reported") - pl.col("expected"),
        ),
        write_remarks(
            unread,
            **bound,
            case="unread",
            name=name,
            count=pl.sum_horizontal(pl.col(equation.cells).is_null()),
            detail=_name_first(equation.cells, titles),
        ),
    )


def _add(cells: Sequence[str]) -> pl.Expr:
    """Add up cells; null if any has no value, for an unread cell is no 0."""
    return pl.sum_horizontal(cells, ignore_nulls=False)


def _name_equation(form: Form, equation: Equation, titles: dict[str, str]) -> str:
    """Name what the equation is about: the total it states, else the row or column it binds."""
    if len(equation.right) == 1:
        return titles[equation.right[0]]
    table = form.tables[equation.table]
    line = equation.instance.removeprefix(f"{table.key}.")
    labels = {**table.blocks[0].rows, **table.blocks[0].columns}
    return f"{table.name}·{labels[line].official}"


def _name_first(cells: Sequence[str], titles: dict[str, str]) -> pl.Expr:
    """Give the title of the first of these cells that has no value."""
    return pl.coalesce(pl.when(pl.col(cell).is_null()).then(pl.lit(titles[cell])) for cell in cells)


def _check_total(sheet: Sheet, total: str, parts: list[str], title: str) -> list[pl.LazyFrame]:
    is_open = sheet.statuses[total].is_in(["blank", "absent"])
    if not is_open.any():
        return []
    statuses = sheet.statuses.filter(is_open)
    is_unread = pl.any_horizontal(pl.col(parts).is_in(["unreadable", "absent"]))
    has_figures = pl.any_horizontal((pl.col(parts) != 0).fill_null(False))
    judged = sheet.values.filter(is_open).select(
        "report_id",
        statuses.select(pl.col(total) == "absent").to_series().alias("is_absent"),
        statuses.select(is_unread).to_series().alias("is_unread"),
        has_figures.alias("has_figures"),
    )
    case = (
        pl.when("is_absent")
        .then(pl.lit("absent"))
        .when("has_figures")
        .then(pl.lit("blank_total"))
        .when("is_unread")
        .then(pl.lit("unread_parts"))
    )
    remarks = write_remarks(
        judged.lazy(),
        rule="C-03",
        case=case,
        instance=total,
        cells=(total, *parts),
        name=title,
    )
    return [remarks.filter(pl.col("case").is_not_null())]
