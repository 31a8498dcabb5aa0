"""What is stored beside the reports that are checked: other years, other bodies, other texts."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from expectations.context import Context
from storage.lake import read_table
from storage.packing import read_cells
from storage.schema import REPORTS, SKETCHES
from tasks.known import Known


def read_others(reports: pl.DataFrame, data: Path, known: Known) -> Context:
    """Read what is stored beside these reports: others of the year and the one before.

    No rule looks at a later year. Reports are those of their regions; sketches of texts are
    those of these years, wherever they are from.
    """
    own = pl.DataFrame(
        {"report_id": [*reports["report_id"], *known.withdrawn]}, schema={"report_id": pl.String}
    )
    years = {year + step for year in reports["year"].unique() for step in (-1, 0)}
    regions = reports["region"].unique().to_list()
    names = ("report_id", "year", "publisher")
    others = read_table(data, REPORTS, years, regions).join(own, on="report_id", how="anti")
    places = set(others["year"]), set(others["region"])
    return Context(
        other_reports=others,
        other_cells=read_cells(data, *places, others),
        sketches=read_table(data, SKETCHES, years, columns=SKETCHES.schema.names()),
        sketched_reports=read_table(data, REPORTS, years, columns=names),
        documents=known.documents,
        roster=known.roster,
        hosts=known.hosts,
    )
