"""Guards before publishing: does a partition lose more than a run should take from it?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from storage.schema import PARTITION_SCHEMA
from storage.together import Mixed

# Reports leave this region as theirs is settled: that is its aim, not a loss.
_LEFT_ON_PURPOSE = "unresolved"
# One report can go for many reasons, and a rate over a handful of reports says nothing.
_LEAST_REPORTS = 2
_LEAST_FOR_RATE = 5
_FIGURES = ("cells_read", "cells_derived")


@dataclass(frozen=True, slots=True)
class LossLimit:
    """What a run may take from a partition: a share from 0 to 1, or anything where it is None.

    `accepted` are names of partitions that may lose as much as they do.
    """

    share: float | None = None
    accepted: Collection[str] = ()


NO_LIMIT = LossLimit()


@dataclass(frozen=True, slots=True)
class Loss:
    """A partition that would lose too much; `reason` says what would be left."""

    year: int
    region: str
    reason: str

    @property
    def name(self) -> str:
        """What to accept it by."""
        return f"{self.year}/{self.region}"

    @property
    def message(self) -> str:
        """What was found, and how to go on."""
        return (
            f"{self.name}: this run would leave {self.reason}. The partition was left as it was. "
            "Look at its documents and at what changed in the reader; if the loss is right, run "
            f"again with --accept {self.name}"
        )


def find_losses(before: pl.DataFrame, after: pl.DataFrame, limit: LossLimit) -> tuple[Loss, ...]:
    """Find the partitions that would lose too many reports or figures, or half their fill rate.

    The fill rate is the figures a report. Reports that leave `unresolved` are no loss.

    Args:
        before: As `REPORTS`, all rows stored in the partitions that would change.
        after: The same, as they would be.
        limit: What they may lose.
    """
    if limit.share is None:
        return ()
    # A partition that all reports leave has no row afterwards, so `before` leads.
    both = _count(before).join(
        _count(after), on=PARTITION_SCHEMA.names(), how="left", suffix="_after"
    )
    losses = []
    for row in both.fill_null(0).sort(PARTITION_SCHEMA.names()).iter_rows(named=True):
        loss = Loss(row["year"], row["region"], _judge(row, limit.share) or "")
        if loss.reason and loss.region != _LEFT_ON_PURPOSE and loss.name not in limit.accepted:
            losses.append(loss)
    return tuple(losses)


def _count(reports: pl.DataFrame) -> pl.DataFrame:
    return reports.group_by(PARTITION_SCHEMA.names()).agg(
        reports=pl.len(), figures=pl.sum_horizontal(_FIGURES).sum()
    )


def _judge(row: dict[str, int], share: float) -> str | None:
    reports, figures = row["reports"], row["figures"]
    reports_after, figures_after = row["reports_after"], row["figures_after"]
    lost = reports - reports_after
    if lost >= _LEAST_REPORTS and lost > share * reports:
        return f"{reports_after} of {reports} reports (at most {share:.0%} may go)"
    if figures - figures_after > share * figures:
        return f"{figures_after} of {figures} figures that were read (at most {share:.0%} may go)"
    rate = figures / reports
    rate_after = figures_after / reports_after if reports_after else 0.0
    if reports >= _LEAST_FOR_RATE and rate_after < rate / 2:
        return f"{rate_after:.0f} figures a report, where there were {rate:.0f}"
    return None


def tie_reports(
    left_alone: Collection[Loss | Mixed], stored: pl.DataFrame, new: pl.DataFrame
) -> list[str]:
    """List the reports that stay as they are where partitions are left alone.

    These are all that stand or would stand in one of them: a report that comes from or goes to
    another partition must not be seen in both, or in none.

    Args:
        left_alone: The partitions.
        stored: `report_id` and place of the stored reports that the run would change.
        new: The same of the rows it would put in their place.
    """
    if not left_alone:
        return []
    places = pl.DataFrame(
        [(one.year, one.region) for one in left_alone], schema=PARTITION_SCHEMA, orient="row"
    )
    names = ["report_id", *PARTITION_SCHEMA]
    both = pl.concat([stored.select(names), new.select(names)])
    tied = both.join(places, on=PARTITION_SCHEMA.names(), how="semi")
    return tied["report_id"].unique().sort().to_list()
