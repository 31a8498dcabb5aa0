"""The statements table: figures stated in the prose, and what they were compared with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from expectations.statement import Statement
from storage.schema import STATEMENTS

COMPARED = ("rule", "outcome", "cells", "admissible")  # what comparing adds to what was read
STATED = pl.Schema(
    {name: dtype for name, dtype in STATEMENTS.frame_schema.items() if name not in COMPARED}
)


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
