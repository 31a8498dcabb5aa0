"""What a run leaves in the Prefect UI; stable keys give each a history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from flows.summary import RunSummary

WORST_FINDINGS = 30
SHOWN_HOSTS = 200  # those that are down come first
LINKS = {"data-docs": "docs/index.html", "data-folder": ""}


def publish_artifacts(
    summary: RunSummary, flow_name: str, hosts: Sequence[dict[str, Any]] = ()
) -> None:
    """Publish what a run did: summary, counts, findings, hosts, and links into the data folder.

    Keys are `<flow>-summary`, `<flow>-counts`, `<flow>-worst-findings`,
    `<flow>-findings-by-rule`, `host-health`, `data-docs` and `data-folder`.
    """
    create_markdown_artifact(
        key=f"{flow_name}-summary",
        markdown=write_summary(summary),
        description=f"What run {summary.run_id} did",
    )
    rows = [{"count of": name, "number": number} for name, number in summary.counts.items()]
    create_table_artifact(
        key=f"{flow_name}-counts", table=rows, description=f"Counts of run {summary.run_id}"
    )
    create_markdown_artifact(
        key=f"{flow_name}-worst-findings",
        markdown=write_findings(summary),
        description="Failed rules, the reports with most errors first",
    )
    create_table_artifact(
        key=f"{flow_name}-findings-by-rule",
        table=count_findings(summary.findings).to_dicts(),
        description="Failed rules, those of most reports first",
    )
    shown = ("host", "state", "since", "checked_at", "addresses", "reason")
    health = [{name: str(host[name] or "") for name in shown} for host in hosts[:SHOWN_HOSTS]]
    create_table_artifact(
        key="host-health", table=health, description="Hosts, those that are down first"
    )
    for key, path in LINKS.items():
        place = summary.place
        root = place if "://" in place else Path(place).absolute().as_uri()
        link = f"{root}/{path}"
        create_link_artifact(key=key, link=link, description=f"Where the run stored: {link}")


def publish_slowest(slowest: Iterable[tuple[float, str]]) -> None:
    """Publish `slowest-documents`: those that took longest to read, with their seconds."""
    rows = [{"seconds": round(seconds, 3), "document": url} for seconds, url in slowest]
    create_table_artifact(
        key="slowest-documents", table=rows, description="Documents that took longest to read"
    )


def count_findings(findings: pl.DataFrame) -> pl.DataFrame:
    """Count failed rules: `rule`, `severity`, `reports`, `findings`, and one `message`."""
    return (
        findings.group_by("rule", "severity")
        .agg(
            reports=pl.col("report_id").n_unique(),
            findings=pl.len(),
            message=pl.col("message").sort().first(),
        )
        .sort(["reports", "rule", "severity"], descending=[True, False, False])
    )


def write_summary(summary: RunSummary) -> str:
    """Write as Markdown how the run ended, what it did, and where to look."""
    seconds = (summary.finished_at - summary.started_at).total_seconds()
    verdicts = ", ".join(f"{count} {name}" for name, count in sorted(summary.verdicts.items()))
    stored = summary.stored
    data = summary.place
    lines = [
        f"**{'Failed on our side' if summary.failures else 'Complete'}** in {seconds:.0f} s.",
        "",
        f"- Reports: {verdicts or 'none'}",
        f"- Findings: {summary.findings.height} failed rules, {summary.problems} problems",
        f"- Stored: {stored.added} new, {stored.replaced} of another text, {stored.rechecked} "
        f"judged otherwise, {stored.kept} as before",
        f"- Overdue: {summary.overdue}",
        *_write_list("Failures of ours", summary.failures),
        *_write_list("To look at", summary.troubles),
        *_write_list("Notes", summary.notes),
        "",
        "Where to look next:",
        "",
        write_table(
            ["what", "where"],
            [
                ("Data Docs", f"{data}/docs/index.html"),
                ("data folder", data),
                ("why a source gave nothing", f"{data}/documents.parquet"),
                ("log of this run", f"{data}/logs/{summary.run_id}.jsonl"),
            ],
        ),
    ]
    return "\n".join(lines)


def write_findings(summary: RunSummary) -> str:
    """Write the worst findings as a Markdown table; report text cannot break out of a cell."""
    worst = summary.findings.head(WORST_FINDINGS)
    shown = worst.select("title", "rule", "severity", "message", "url").rows()
    lines = [
        f"{summary.findings.height} checks failed ({summary.problems} problems), "
        f"{worst.height} shown. Data: `{summary.place}`",
        "",
        write_table(["report", "rule", "severity", "finding", "source"], shown),
    ]
    return "\n".join(lines)


def write_table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows as a Markdown table; text of reports cannot break out of a cell."""
    lines = [names, ["---"] * len(names), *([escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape(value: object) -> str:
    """Write a value into Markdown so that nothing in it is markup; None is empty."""
    escaped = "" if value is None else str(value)
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "\\|`*_[]":
        escaped = escaped.replace(mark, f"&#{ord(mark)};")
    return " ".join(escaped.split())


def _write_list(head: str, told: Sequence[str]) -> list[str]:
    return ["", f"{head}:", "", *(f"- {escape(one)}" for one in told)] if told else []
