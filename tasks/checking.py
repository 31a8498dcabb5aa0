"""Check reports without Great Expectations or Prefect: rules, findings, repairs and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from expectations.blame import settle_blame
from expectations.context import OLDER_ROWS, Context
from expectations.earlier import gather_earlier_cells, list_carried
from expectations.jumps import (
    Jump,
    count_families,
    find_jumps,
    hold_findings,
    list_failing,
    list_families,
)
from expectations.likeness import sketch_parts
from expectations.problems import number_problems
from expectations.readings import add_readings
from expectations.repair import list_broken, repair_reports
from expectations.rules import Evaluation, evaluate
from expectations.source_rules import list_differing
from expectations.statement_rules import compare_statements, list_stated_values
from expectations.verdict import add_verdicts
from expectations.waivers import waive_findings
from storage.schema import COPIES, FINDINGS, LABELS, PARTS, REPORTS, SKETCHES
from tasks.policy import NO_POLICY, Policy

# What every check is given beside reports and cells; rules that need more are not run.
GIVEN = frozenset(
    {
        *("parts", "labels", "copies", "older_rows", "statements"),
        *("other_reports", "other_cells", "documents", "roster", "hosts"),
    }
)


@dataclass(frozen=True, slots=True)
class Past:
    """The families of all reports stored before (`count_families`), and those that are held."""

    families: pl.DataFrame
    held: tuple[Jump, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Checked reports: `reports` with verdicts, the others as the lake's tables.

    `jumps` are the families whose findings are held.
    """

    reports: pl.DataFrame
    cells: pl.DataFrame
    findings: pl.DataFrame
    repairs: pl.DataFrame
    legacy_rows: pl.DataFrame
    statements: pl.DataFrame
    parts: pl.DataFrame
    labels: pl.DataFrame
    copies: pl.DataFrame
    sketches: pl.DataFrame
    evaluation: Evaluation
    jumps: tuple[Jump, ...] = field(default=())


def check_frames(
    reports: pl.DataFrame,
    details: Mapping[str, pl.DataFrame],
    others: Context | None = None,
    policy: Policy = NO_POLICY,
    past: Past | None = None,
) -> Checked:
    """Evaluate every rule, name the cells that explain failures, give each report its verdict.

    Args:
        reports: the columns of the lake's table with `year` and `region`.
        details: frames by name, as reading gives them: `cells`, `legacy_rows`, `stated`,
            `parts`, `labels`, `copies`.
        others: what is known beside these reports; what is known of them is filled in.
        policy: which findings are waived, and which families are not held.
        past: what failed before, for families that jump; None: not known, none does.
    """
    cells = details["cells"]
    others = others or Context()
    growing = details["stated"].filter(pl.col("subject") == "growth")["report_id"].unique()
    statements = compare_statements(
        details["stated"], reports, cells, gather_earlier_cells(growing, reports, cells, others)
    )
    stored = SKETCHES.schema.to_frame() if others.sketches is None else others.sketches
    sketches = sketch_parts(details["parts"])
    copies = list_differing(cells, details["copies"])
    context = replace(
        others,
        parts=details["parts"].select(PARTS.schema.names()),
        labels=details["labels"].select(LABELS.schema.names()),
        copies=copies.select(COPIES.schema.names()),
        older_rows=_list_older_rows(details["legacy_rows"]),
        statements=statements,
        sketches=pl.concat([sketches, stored.join(sketches, on="report_id", how="anti")]),
    )
    evaluation = evaluate(reports, cells, context)
    findings = (
        evaluation.findings.drop("year", strict=False)
        .join(reports.select("report_id", "year", "region"), on="report_id", how="left")
        .select(FINDINGS.frame_schema.names())
    )
    findings = add_readings(settle_blame(findings, cells), cells)
    findings = waive_findings(findings, reports, policy.waivers, policy.today)
    jumps = _find_jumps(reports, findings, past, policy)
    findings = hold_findings(findings, list_families(reports), jumps)
    stated = _list_stated(reports, cells, findings, statements, others)
    repairs = repair_reports(reports, cells, findings, stated)
    judged = add_verdicts(reports, cells, number_problems(findings, repairs))
    return Checked(
        reports=judged.select(REPORTS.frame_schema.names()),
        cells=cells,
        findings=findings,
        repairs=repairs,
        legacy_rows=details["legacy_rows"],
        statements=statements,
        parts=details["parts"],
        labels=details["labels"],
        copies=copies,
        sketches=sketches.join(reports.select("report_id", "year", "region"), on="report_id"),
        evaluation=evaluation,
        jumps=jumps,
    )


def _find_jumps(
    reports: pl.DataFrame, findings: pl.DataFrame, past: Past | None, policy: Policy
) -> tuple[Jump, ...]:
    if past is None:
        return ()
    now = count_families(reports, list_failing(findings))
    return find_jumps(now, past.families, past.held, policy.accepted)


def _list_stated(
    reports: pl.DataFrame,
    cells: pl.DataFrame,
    findings: pl.DataFrame,
    statements: pl.DataFrame,
    others: Context,
) -> pl.DataFrame:
    """List what last year's report and the prose state of the cells of reports that failed."""
    earlier = gather_earlier_cells(list_broken(findings), reports, cells, others)
    prose = list_stated_values(statements, reports)
    return prose if earlier is None else pl.concat([list_carried(earlier), prose])


def _list_older_rows(legacy_rows: pl.DataFrame) -> pl.DataFrame:
    return legacy_rows.rename({"number": "position"}).select(OLDER_ROWS.names())
