"""Find the reports that are owed and were not found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations.territories import list_missing
from storage.lake import read_table
from storage.missing import replace_missing
from storage.schema import REPORTS
from tasks.known import Known


@task(name="missing", tags=["disk"], cache_policy=NO_CACHE)
def record_missing(data: Path, known: Known, today: date) -> int:
    """List what is owed for the years that are over and not stored; count what is overdue.

    Counted is what the roster has; of bodies known by earlier reports alone the list tells.
    What stands on a host that does not answer is listed with it, and not counted.
    """
    names = ("report_id", "year", "region", "publisher", "scope", "adcode")
    reports = read_table(data, REPORTS, columns=names)
    missing = list_missing(known.roster, reports, today.year - 1, known.down)
    replace_missing(data, missing)
    is_overdue = (pl.col("due_on") < today) & (pl.col("known_by") == "roster")
    return missing.filter(is_overdue, pl.col("host_down").is_null()).height
