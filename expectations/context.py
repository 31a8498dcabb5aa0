"""What rules may know of reports besides their cells: frames, each given or not."""

from __future__ import annotations

from dataclasses import dataclass, fields

import polars as pl

from storage.schema import FIGURE, PolarsType
from storage.schema import SKETCHES as STORED_SKETCHES

_ROSTER: dict[str, PolarsType] = {
    "series": pl.String,
    "publisher": pl.String,
    "scope": pl.String,
    "adcode": pl.String,
    "region": pl.String,
    "first_year": pl.Int32,
    "last_year": pl.Int32,
    "due": pl.String,
    "host_down": pl.String,
}
_OLDER_ROWS: dict[str, PolarsType] = {
    "report_id": pl.String,
    "position": pl.Int32,
    "label": pl.String,
    "unit": pl.String,
    "value": FIGURE,
    "cumulative": FIGURE,
}

ROSTER = pl.Schema(_ROSTER)
DOWN = pl.Schema({"series": pl.String, "host_down": pl.String})
OLDER_ROWS = pl.Schema(_OLDER_ROWS)
SKETCHES = STORED_SKETCHES.schema


@dataclass(frozen=True, slots=True)
class Context:
    """Frames beside reports and cells. None: not known, and rules that need it are not run.

    `parts`, `labels` and `documents`: as the lake's tables. `other_reports` and `other_cells`:
    reports of other years and bodies, as the lake has them; those checked now need not be
    among them. `sketches` (`SKETCHES`): of the texts of other reports, and of these where
    they were made before; `sketched_reports`: whose they are (`report_id`, `year`,
    `publisher`). `copies`: as the lake's table.
    `roster` (`ROSTER`): the bodies that owe reports; `last_year` is null while they do, `due`
    (month-day of the next year) where the law sets the day, `host_down` where the host with
    its reports answers.
    `older_rows` (`OLDER_ROWS`): the statistics of reports before 2019, in printed order.
    `statements`: figures of the prose, compared, as the lake's table.
    `hosts`: hosts that people named as sources, beside those under .gov.cn.
    """

    parts: pl.DataFrame | None = None
    labels: pl.DataFrame | None = None
    other_reports: pl.DataFrame | None = None
    other_cells: pl.DataFrame | None = None
    sketches: pl.DataFrame | None = None
    sketched_reports: pl.DataFrame | None = None
    documents: pl.DataFrame | None = None
    copies: pl.DataFrame | None = None
    roster: pl.DataFrame | None = None
    older_rows: pl.DataFrame | None = None
    statements: pl.DataFrame | None = None
    hosts: tuple[str, ...] | None = None

    @property
    def given(self) -> frozenset[str]:
        """The names of what is known."""
        names = (field.name for field in fields(self))
        return frozenset(name for name in names if getattr(self, name) is not None)
