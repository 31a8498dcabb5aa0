"""The statements table: figures stated in the prose, and what they were compared with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from expectations.statement import Statement
from storage.schema import FIGURE, PARTITION_SCHEMA, Column, Table

LIST = pl.List(pl.String)
READ = (
    Column("report_id", pl.String, "as in reports"),
    Column("number", pl.Int32, "place among the statements of the report, from 1"),
    Column("subject", pl.String, "what is counted; stated: what no table of the form holds"),
    Column("quantity", FIGURE, "the figure, amounts in yuan; 0 for a denial", "no figure: a claim"),
    Column("places", pl.Int32, "decimals printed", "no figure"),
    Column("unit", pl.String, "unit as printed", "none was printed"),
    Column("noun", pl.String, "words beside the figure"),
    Column("scope", pl.String, "whole (what the report covers), own, part, territory, body, place"),
    Column("period", pl.String, "current, a year, previous, part (of a year) or cumulative"),
    Column(
        "qualifiers", LIST, "what narrows or widens it: about, change, planned, denied and so on"
    ),
    Column("section", pl.Int32, "part of the report, 1 to 6", "before the first heading"),
    Column("sentence", pl.String, "the sentence, without white space"),
    Column(
        "locator", pl.String, "characters of the running text, from the first to before the last"
    ),
    Column("part_of", pl.Int32, "number of the statement it is a part of", "it is no part"),
    Column("share_of", pl.Int32, "number of the statement whose share or growth it is", "no ratio"),
    Column("is_closed", pl.Boolean, "whether its breakdown claims to be complete"),
)
COMPARED = (
    Column("rule", pl.String, "rule it was compared under", "nothing to compare with"),
    Column("outcome", pl.String, "agrees, differs, not_applicable or not_evaluated"),
    Column("cells", LIST, "the cells it was compared with"),
    Column("admissible", LIST, "values that would agree, as written in messages"),
)
STATEMENTS = Table(
    name="statements",
    row_per="figure, denial or claim in the prose of a report",
    key=("report_id", "number"),
    columns=READ + COMPARED,
)
STATED = pl.Schema({**PARTITION_SCHEMA, **{column.name: column.dtype for column in READ}})


def build_statements(
    readings: Iterable[tuple[str, int, str, tuple[Statement, ...]]],
) -> pl.DataFrame:
    """Build the frame of statements as read, `STATED`.

    Args:
        readings: `report_id`, `year`, `region` and statements of each report.
    """
    columns: dict[str, list[Any]] = {name: [] for name in STATED}
    for report_id, year, region, statements in readings:
        columns["report_id"].extend([report_id] * len(statements))
        columns["year"].extend([year] * len(statements))
        columns["region"].extend([region] * len(statements))
        for entry in statements:
            exponent = entry.quantity.as_tuple().exponent if entry.quantity is not None else None
            columns["places"].append(max(-exponent, 0) if isinstance(exponent, int) else None)
            columns["qualifiers"].append(list(entry.qualifiers))
            columns["locator"].append(f"text[{entry.offset}:{entry.end}]")
        for name in _PLAIN:
            columns[name].extend([getattr(entry, name) for entry in statements])
    return pl.DataFrame(columns, schema=STATED, strict=True)


_PLAIN = (
    *("number", "subject", "quantity", "unit", "noun", "scope", "period", "section"),
    *("sentence", "part_of", "share_of", "is_closed"),
)
