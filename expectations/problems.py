"""Problems: failed rules that one repair explains are one, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from expectations.form import load_forms

# They say where failed equations point to, or fail with them: no fault of their own.
RESTATING = ("T3-04", "T3-05", "T3-07")


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Changed cells that hang together, and the failed equations that they explain.

    Where too many cells are wrong to name them, `cells` are those of the equations.
    """

    cells: frozenset[str]
    equations: frozenset[str]


def number_problems(findings: pl.DataFrame, repairs: pl.DataFrame) -> pl.DataFrame:
    """Number the problems of each report from 1, in the order of its findings.

    Failed equations are one problem if changing cells that share equations satisfies all of
    them; where several sets of cells would do, or too many are wrong, all equations bound by
    shared cells are one. Rules that say where such an error sits go with it. Every other
    failed rule is a problem of its own.

    Args:
        findings: `report_id`, `rule`, `instance`, `outcome`, `cells`.
        repairs: As `REPAIRS`, of these reports.

    Returns:
        `findings` in the order given with `problem`: null unless failed.
    """
    numbered = findings.with_row_index("place")
    failed = numbered.filter(pl.col("outcome") == "failed")
    clusters = _group_clusters(repairs)
    explained = failed.filter(pl.col("report_id").is_in(list(clusters)))
    told = [
        (place, number)
        for place, report_id, rule, instance, cells in explained.select(
            "place", "report_id", "rule", "instance", "cells"
        ).iter_rows()
        if (number := _find_cluster(clusters[report_id], rule, instance, cells)) is not None
    ]
    schema = {"place": pl.get_index_type(), "cluster": pl.Int32}
    problems = (
        failed.select("place", "report_id")
        .join(pl.DataFrame(told, schema=schema, orient="row"), on="place", how="left")
        .with_columns(first=pl.col("place").min().over("report_id", "cluster"))
        .with_columns(first=pl.when(pl.col("cluster").is_null()).then("place").otherwise("first"))
        .select("place", problem=pl.col("first").rank("dense").over("report_id").cast(pl.Int32))
    )
    return numbered.join(problems, on="place", how="left", maintain_order="left").drop("place")


def count_problems(numbered: pl.DataFrame) -> int:
    """Count the problems of all reports.

    Args:
        numbered: As `number_problems` gives it.
    """
    return numbered.drop_nulls("problem").select("report_id", "problem").n_unique()


def _group_clusters(repairs: pl.DataFrame) -> dict[str, tuple[_Cluster, ...]]:
    """Give the clusters of each report."""
    grouped: dict[str, tuple[_Cluster, ...]] = {}
    rows = repairs.sort("report_id", "problem", "rank", "cell")
    for (report_id, _), group in rows.group_by("report_id", "problem", maintain_order=True):
        changes = list(group.select("cell", "equations", "unique").iter_rows(named=True))
        found = _part_changes(changes) if changes[0]["unique"] else [_merge(changes)]
        grouped[str(report_id)] = (*grouped.get(str(report_id), ()), *found)
    return grouped


def _part_changes(changes: list[dict[str, Any]]) -> Iterator[_Cluster]:
    """Part the changes of one set into those that share an equation, failed or not."""
    left = list(changes)
    while left:
        together = [left.pop(0)]
        for known in together:  # grows while it is walked through
            near = [one for one in left if _share_equation(known["cell"], one["cell"])]
            together += near
            left = [one for one in left if one not in near]
        yield _merge(together)


def _merge(changes: Iterable[dict[str, Any]]) -> _Cluster:
    listed = list(changes)
    equations = frozenset(equation for change in listed for equation in change["equations"])
    named = frozenset(change["cell"] for change in listed if change["cell"])
    bound = _list_bindings()
    return _Cluster(
        named or frozenset(cell for cell in bound if not bound[cell].isdisjoint(equations)),
        equations,
    )


def _find_cluster(
    clusters: tuple[_Cluster, ...], rule: str, instance: str, cells: list[str]
) -> int | None:
    name = f"{rule} {instance}"
    for number, cluster in enumerate(clusters):
        if name in cluster.equations:
            return number
    if rule not in RESTATING:
        return None
    for number, cluster in enumerate(clusters):
        if not cluster.cells.isdisjoint(cells):
            return number
    return None


def _share_equation(one: str, other: str) -> bool:
    bound = _list_bindings()
    return not bound[one].isdisjoint(bound[other])


@cache
def _list_bindings() -> dict[str, frozenset[str]]:
    """List the equations of any edition that bind each cell, as `<rule> <instance>`."""
    bound: dict[str, set[str]] = {}
    for form in load_forms().values():
        for equation in form.equations:
            for cell in equation.cells:
                bound.setdefault(cell, set()).add(f"{equation.rule} {equation.instance}")
    return {cell: frozenset(names) for cell, names in bound.items()}
