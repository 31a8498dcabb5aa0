"""What a run leaves in the Prefect UI: a table of counts, and the worst findings."""

from __future__ import annotations

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.summary import RunSummary

WORST_FINDINGS = 30


def publish_artifacts(summary: RunSummary, flow_name: str) -> None:
    """Publish `<flow>-counts` and `<flow>-worst-findings`; stable keys give them a history."""
    rows = [{"count of": name, "number": number} for name, number in summary.counts.items()]
    create_table_artifact(
        key=f"{flow_name}-counts", table=rows, description=f"Counts of run {summary.run_id}"
    )
    create_markdown_artifact(
        key=f"{flow_name}-worst-findings",
        markdown=write_findings(summary),
        description="Failed rules, the reports with most errors first",
    )


def write_findings(summary: RunSummary) -> str:
    """Write the worst findings as a Markdown table; report text cannot break out of a cell."""
    worst = summary.findings.head(WORST_FINDINGS)
    lines = [
        f"{summary.findings.height} checks failed ({summary.problems} problems), "
        f"{worst.height} shown. Data: `{summary.place}`",
        "",
        "| report | rule | severity | finding | source |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {_escape(row['title'])} | {row['rule']} | {row['severity']} "
            f"| {_escape(row['message'])} | {_escape(row['url'])} |"
            for row in worst.iter_rows(named=True)
        ),
    ]
    if summary.troubles:
        lines += ["", "Failures on our side:", ""]
        lines += [f"- {_escape(trouble)}" for trouble in summary.troubles]
    return "\n".join(lines)


def _escape(text: str | None) -> str:
    escaped = (text or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "\\|`*_[]":
        escaped = escaped.replace(mark, f"&#{ord(mark)};")
    return " ".join(escaped.split())
