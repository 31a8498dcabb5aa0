"""Conditions that the rulebook declares over cells and facts, checked over all reports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import polars as pl

from expectations.facts import FACTS
from expectations.form import load_cells
from expectations.remarks import write_figure, write_remarks
from expectations.rule import Condition, Rule
from expectations.rulebook import Rulebook
from expectations.sheet import Sheet
from storage.schema import FIGURE

LAST = "last."
CELL = re.compile(r"(?<![\w.])((?:last\.)?t[234]\.[a-z_]+\.[a-z_]+)")


@dataclass(frozen=True, slots=True)
class _Instance:
    """A condition about one line: its expressions, and the columns it reads."""

    rule: Rule
    instance: str
    holds: pl.Expr
    expected: pl.Expr
    reported: pl.Expr
    operands: tuple[str, ...]


def check_conditions(
    sheet: Sheet, rules: dict[str, Rule], rulebook: Rulebook, last: pl.DataFrame | None
) -> list[pl.LazyFrame]:
    """Check every declared condition on the reports of a sheet.

    Cases: `broken`, and `unread` where an operand that settles it has no value; the latter
    once a rule, for most of a table is unread together.

    Args:
        sheet: Reports on one edition, with the columns of `FACTS`.
        rules: Those to check.
        rulebook: For the words.
        last: `report_id` and values of cells under `last.`, of reports a year before; or None.
    """
    available = {cell.key for cell in sheet.form.cells}
    instances = [
        instance
        for rule in rules.values()
        if rule.condition is not None and rule.covers(sheet.form.edition)
        for instance in _spell_out(rule, rule.condition)
        if all(
            one in available or not CELL.fullmatch(one) or one.startswith(LAST)
            for one in instance.operands
        )
    ]
    if not instances or sheet.values.is_empty():
        return []
    frame = _join_last(_gather(sheet), instances, last)
    # Most conditions hold in all reports: remarks are built for the others only.
    counts = frame.select(
        one
        for number, instance in enumerate(instances)
        for one in (
            (instance.rule.applies & ~instance.holds).any().alias(f"broken{number}"),
            (instance.rule.applies & instance.holds.is_null()).any().alias(f"unread{number}"),
        )
    ).row(0, named=True)
    titles = _title_operands(rulebook)
    broken = [
        _remark_broken(frame, instance, titles)
        for number, instance in enumerate(instances)
        if counts[f"broken{number}"]
    ]
    unread: dict[str, list[_Instance]] = {}
    for number, instance in enumerate(instances):
        if counts[f"unread{number}"]:
            unread.setdefault(instance.rule.id, []).append(instance)
    return broken + [_remark_unread(frame, group, titles) for group in unread.values()]


def list_last_cells(rules: dict[str, Rule]) -> list[str]:
    """List the cells of last year's report that any condition reads."""
    found = (
        CELL.findall(f"{instance.holds} {instance.expected}")
        for rule in rules.values()
        if rule.condition is not None
        for instance in _fill_each(rule.condition)
    )
    names = {name.removeprefix(LAST) for one in found for name in one if name.startswith(LAST)}
    return sorted(names)


def _fill_each(condition: Condition) -> list[Condition]:
    def fill(text: str | None, each: str) -> str | None:
        return None if text is None else text.replace("{each}", each)

    return [
        Condition(
            holds=fill(condition.holds, each) or "",
            each=(each,),
            instance=fill(condition.instance, each) or "",
            expected=fill(condition.expected, each),
            reported=fill(condition.reported, each),
        )
        for each in condition.each
    ]


def _spell_out(rule: Rule, condition: Condition) -> list[_Instance]:
    return [
        _Instance(
            rule=rule,
            instance=filled.instance,
            holds=_parse(filled.holds),
            expected=_parse(filled.expected),
            reported=_parse(filled.reported),
            operands=tuple(dict.fromkeys(_parse(filled.holds).meta.root_names())),
        )
        for filled in _fill_each(condition)
    ]


@cache
def _parse(sql: str | None) -> pl.Expr:
    return pl.lit(None, FIGURE) if sql is None else pl.sql_expr(CELL.sub(r'"\1"', sql))


def _gather(sheet: Sheet) -> pl.DataFrame:
    """Put the facts beside the values; an amount whose unit is not known has no value."""
    values = sheet.values
    width = len(sheet.form.cells)
    unitless = [
        pl.when(sheet.cells["has_unit"].gather_every(width, position))
        .then(pl.col(cell.key))
        .alias(cell.key)
        for position, cell in enumerate(sheet.form.cells)
        if cell.kind == "amount" and cell.unit_printed
    ]
    facts = sheet.reports.select(name for name in FACTS if name != "report_id")
    return values.with_columns(unitless).hstack(facts)


def _join_last(
    frame: pl.DataFrame, instances: list[_Instance], last: pl.DataFrame | None
) -> pl.DataFrame:
    wanted = {one for instance in instances for one in instance.operands if one.startswith(LAST)}
    if last is not None and wanted:
        frame = frame.join(
            last.rename({"report_id": "earlier_id"}),
            on="earlier_id",
            how="left",
            maintain_order="left",
        )
    missing = sorted(wanted - set(frame.columns))
    return frame.with_columns(pl.lit(None, FIGURE).alias(name) for name in missing)


def _remark_broken(
    frame: pl.DataFrame, instance: _Instance, titles: dict[str, str]
) -> pl.LazyFrame:
    broken = frame.lazy().filter(instance.rule.applies, ~instance.holds)
    figures = broken.with_columns(
        expected=instance.expected.cast(FIGURE), reported=instance.reported.cast(FIGURE)
    )
    cells = _list_cells(instance)
    return write_remarks(
        figures,
        rule=instance.rule.id,
        case="broken",
        instance=instance.instance,
        cells=cells,
        name=titles[(cells or instance.operands)[0]],
        expected=write_figure("expected"),
        reported=write_figure("reported"),
        difference=pl.col("reported") - pl.col("expected"),
    )


def _remark_unread(
    frame: pl.DataFrame, instances: list[_Instance], titles: dict[str, str]
) -> pl.LazyFrame:
    rule = instances[0].rule
    operands = list(dict.fromkeys(one for instance in instances for one in instance.operands))
    is_open = pl.any_horizontal(instance.holds.is_null() for instance in instances)
    cells = list(dict.fromkeys(cell for instance in instances for cell in _list_cells(instance)))
    first = pl.coalesce(
        pl.when(pl.col(one).is_null()).then(pl.lit(titles[one])) for one in operands
    )
    return write_remarks(
        frame.lazy().filter(rule.applies, is_open),
        rule=rule.id,
        case="unread",
        instance=(cells[0].split(".")[0] if cells else "report"),
        cells=cells,
        name=rule.name,
        count=pl.sum_horizontal(pl.col(one).is_null() for one in operands),
        detail=first,
    )


def _list_cells(instance: _Instance) -> tuple[str, ...]:
    """The cells of this year's report that a condition binds."""
    return tuple(one for one in instance.operands if CELL.fullmatch(one) and LAST not in one)


def _title_operands(rulebook: Rulebook) -> dict[str, str]:
    titles = {key: cell.title for key, cell in load_cells().items()}
    before = rulebook.facts["last"]
    return {
        **titles,
        **{LAST + key: before.format(title) for key, title in titles.items()},
        **{name: rulebook.facts.get(name, name) for name in FACTS},
    }
