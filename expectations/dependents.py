"""Which stored reports are to be judged again, because what they are held to has changed."""

from __future__ import annotations

import polars as pl

from expectations.earlier import name_series
from expectations.territories import name_parent


def choose_dependents(changed: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Choose the reports whose findings depend on some that changed, and did not change.

    These are next year's report of the same body, and that of the government that covers it.

    Args:
        changed: `report_id`, `year`, `scope`, `adcode` of reports that are new, other than
            before, or gone.
        stored: The same columns of all reports that may be judged again.

    Returns:
        The rows of `stored` that are chosen, in their order.
    """
    next_year = changed.select(series=name_series(), year=pl.col("year") + 1)
    covering = changed.select("year", adcode=name_parent()).drop_nulls()
    others = stored.join(changed, on="report_id", how="anti", maintain_order="left")
    series = others.with_columns(series=name_series())
    ids = pl.concat(
        [
            series.join(next_year, on=["series", "year"], how="semi").select("report_id"),
            others.filter(pl.col("scope") == "government")
            .join(covering, on=["adcode", "year"], how="semi")
            .select("report_id"),
        ]
    )
    return others.join(ids, on="report_id", how="semi", maintain_order="left")
