"""Families of reports whose failures jump: then our reading is looked at before any publisher.

A family is the reports of one host (`host www.sg.gov.cn`), or those of one layout, by the type
of their bytes and the edition of the form (`layout text/html 2021`): what changes at once when
a site is rebuilt, or when a way of reading breaks. Its reports of this run are held against
those stored before by Fisher's exact test, one-sided: the chance of so many failures among
those of this run, had the failures of both fallen on them at random. A family jumps if this
chance, times the families tested, is below 1 in 1,000, and the rate rose by 20 points or more,
so that a slow drift over many reports is none. Fewer than 10 reports now, or 20 before, are
not tested.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

LEAST_NOW = 10
LEAST_BEFORE = 20
LEAST_RISE = 0.2
MOST_CHANCE = 0.001


@dataclass(frozen=True, slots=True)
class Jump:
    """A family whose failures jumped: reports now and before, and those that failed.

    `chance` is that of a difference as large by accident, 0 to 1, for this family alone.
    """

    family: str
    failing: int
    reports: int
    failing_before: int
    reports_before: int
    chance: float

    @property
    def message(self) -> str:
        """Say what jumped, what was done about it, and what to do."""
        return (
            f"family {self.family}: expected about {self.failing_before} of "
            f"{self.reports_before} reports to fail as before, found {self.failing} of "
            f"{self.reports} (chance {self.chance:.1g}). Their findings are held as unknown and "
            "not mailed. Compare some with their sources: if our reading is wrong, mend it; if "
            f"the reports are, run again with --accept '{self.family}'"
        )


def list_families(reports: pl.DataFrame) -> pl.DataFrame:
    """List the families of each report.

    Args:
        reports: `report_id`, `url`, `media_type`, `form`.

    Returns:
        `report_id`, `family`; a report read from a file has no host, one of no known edition
        and type no layout.
    """
    host = pl.col("url").str.extract(r"^https?://(?:[^/@]*@)?([^/:?#]+)").str.to_lowercase()
    families = pl.concat_list(
        pl.format("host {}", host), pl.format("layout {} {}", "media_type", "form")
    )
    return reports.select("report_id", family=families).explode("family").drop_nulls("family")


def list_failing(findings: pl.DataFrame) -> pl.DataFrame:
    """List the reports with an error that is not known to be our reading's: `report_id`."""
    return findings.filter(
        pl.col("outcome") == "failed",
        pl.col("severity") == "error",
        pl.col("blame").fill_null("unknown") != "reader",
        pl.col("waived_for").is_null(),
    ).select(pl.col("report_id").unique())


def count_families(reports: pl.DataFrame, failing: pl.DataFrame) -> pl.DataFrame:
    """Count the reports of each family.

    Args:
        reports: Columns as for `list_families`.
        failing: `report_id` of those that fail.

    Returns:
        `family`, `failing`, `reports`.
    """
    return (
        list_families(reports)
        .join(failing.with_columns(fails=1), on="report_id", how="left")
        .group_by("family")
        .agg(failing=pl.col("fails").count(), reports=pl.len())
    )


def find_jumps(
    now: pl.DataFrame,
    before: pl.DataFrame,
    held: Collection[Jump] = (),
    accepted: Collection[str] = (),
) -> tuple[Jump, ...]:
    """Find the families whose rate of failing reports jumps against the past.

    A family that is held stays so, against the past that it was first held against, until it
    is accepted or enough of its reports are as before: what is in doubt may not become the
    measure.

    Args:
        now: The families of this run, as `count_families` gives them.
        before: Those of all reports stored before this run.
        held: The jumps of the run before.
        accepted: Families that were looked at: they do not jump.

    Returns:
        The jumps, by family.
    """
    known = {row["family"]: row for row in before.iter_rows(named=True)}
    earlier = {jump.family: jump for jump in held if jump.family not in accepted}
    jumps = {}
    for row in now.iter_rows(named=True):
        family, past = row["family"], known.get(row["family"], {"failing": 0, "reports": 0})
        counts = (row["failing"], row["reports"], past["failing"], past["reports"])
        if family in earlier:
            first = earlier[family]
            counts = (*counts[:2], first.failing_before, first.reports_before)
        jumps[family] = Jump(family, *counts, chance=tell_chance(*counts))
    tested = [
        jump
        for jump in jumps.values()
        if jump.reports >= LEAST_NOW and jump.reports_before >= LEAST_BEFORE
    ]
    risen = {
        jump.family: jump
        for jump in tested
        if jump.family not in accepted
        and jump.failing / jump.reports - jump.failing_before / jump.reports_before >= LEAST_RISE
        and jump.chance * len(tested) < MOST_CHANCE
    }
    untested = earlier.keys() - {jump.family for jump in tested}
    kept = {family: jumps.get(family, earlier[family]) for family in untested}
    return tuple(jump for _, jump in sorted((risen | kept).items()))


def hold_findings(
    findings: pl.DataFrame, families: pl.DataFrame, jumps: Collection[Jump]
) -> pl.DataFrame:
    """Hold the failed findings of the families that jumped: blame `unknown`, `held` their family.

    Findings that are known to be our reading's stay as they are; `held` is set anew for all.

    Args:
        findings: As the findings table.
        families: As `list_families` gives them.
        jumps: What jumped.
    """
    held = (
        families.filter(pl.col("family").is_in([jump.family for jump in jumps]))
        .sort("family")
        .unique("report_id", keep="first")
        .select("report_id", now_held="family")
    )
    is_held = (
        (pl.col("outcome") == "failed")
        & (pl.col("blame").fill_null("unknown") != "reader")
        & pl.col("now_held").is_not_null()
    )
    return (
        findings.join(held, on="report_id", how="left", maintain_order="left")
        .with_columns(
            held=pl.when(is_held).then("now_held"),
            blame=pl.when(is_held).then(pl.lit("unknown")).otherwise("blame"),
        )
        .select(findings.columns)
    )


def tell_chance(failing: int, reports: int, failing_before: int, reports_before: int) -> float:
    """Tell the chance of so many failures now, or more, were all of them spread at random.

    The upper tail of the hypergeometric distribution (Fisher's exact test, one-sided).
    """
    failures, total = failing + failing_before, reports + reports_before
    whole = _log_choose(total, reports)
    return min(
        1.0,
        math.fsum(
            math.exp(
                _log_choose(failures, number)
                + _log_choose(total - failures, reports - number)
                - whole
            )
            for number in range(failing, min(failures, reports) + 1)
            if reports - number <= total - failures
        ),
    )


def _log_choose(count: int, chosen: int) -> float:
    return math.lgamma(count + 1) - math.lgamma(chosen + 1) - math.lgamma(count - chosen + 1)
