"""What a run shows in the terminal: a progress bar while it lasts, a summary at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from flows.files import FileCheck
from flows.summary import RunSummary
from tasks.progress import listen

SHOWN_REPORTS = 6
SHOWN_FINDINGS = 3
STEPS = {"fetch": "Fetching", "read": "Reading", "check": "Checking", "store": "Storing"}
VERDICTS = {
    "valid": "green",
    "trivially_valid": "green",
    "invalid": "red",
    "unreadable": "yellow",
}


@contextmanager
def show_progress(console: Console) -> Iterator[None]:
    """Show one line a step, moving as the steps announce what is done."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=not console.is_terminal,
    )
    lines = {step: bar.add_task(name, total=None, start=False) for step, name in STEPS.items()}

    def move(step: str, done: int, total: int | None) -> None:
        line = lines[step]
        bar.start_task(line)
        if total is not None:
            bar.update(line, total=total)
        bar.update(line, advance=done)

    with bar, listen(move):
        yield
        for line in lines.values():
            bar.update(
                line, total=bar.tasks[line].completed or 1, completed=bar.tasks[line].completed or 1
            )


def show_summary(summary: RunSummary, console: Console) -> None:
    """Say what was fetched, read, found and mailed, and where to look next."""
    counts = summary.counts
    seconds = (summary.finished_at - summary.started_at).total_seconds()
    state = "[red]Run failed[/]" if summary.failures else "[bold]Run complete[/]"
    console.print(f"\n{state} in {seconds:.0f} s")
    table = Table(show_header=False, box=None, pad_edge=False)
    if summary.addresses:
        asked = sum(summary.addresses.values())
        known = summary.addresses.get("unchanged", 0)
        table.add_row("Asked for", str(asked), f"addresses, {known} unchanged since the last run")
    documents = sum(summary.outcomes.values())
    if documents:
        read = summary.outcomes.get("read", 0)
        table.add_row("Fetched", str(documents), f"addresses or files, {read} read as they should")
        for outcome, number in sorted(summary.outcomes.items()):
            if outcome != "read":
                table.add_row("", str(number), outcome)
    table.add_row("Reports", str(sum(summary.verdicts.values())), "")
    for verdict, colour in VERDICTS.items():
        table.add_row("", f"[{colour}]{summary.verdicts.get(verdict, 0)}[/]", verdict)
    if summary.waived or summary.held:
        table.add_row("Set aside", str(summary.waived), f"failed rules waived, {summary.held} held")
    stored = summary.stored
    table.add_row(
        "Stored",
        str(stored.added + stored.replaced + stored.rechecked),
        f"new or changed, {stored.kept} as before, {len(stored.files)} files written",
    )
    if summary.alerted is not None:
        table.add_row(
            "Mails",
            str(summary.alerted.written),
            f"written, {counts['mails_sent']} sent, {counts['mails_waiting']} waiting",
        )
    console.print(table)
    _show_findings(summary, console)
    for failure in summary.failures:
        console.print(f"\n[red]Failed on our side:[/] {escape(failure)}", soft_wrap=True)
    for trouble in summary.troubles:
        console.print(f"\n[yellow]To look at:[/] {escape(trouble)}", soft_wrap=True)
    for note in summary.notes:
        console.print(f"\n[dim]{escape(note)}[/]", soft_wrap=True)
    _show_next(summary, console)


def _show_findings(summary: RunSummary, console: Console) -> None:
    """Show the reports with most errors, a few findings of each."""
    errors = summary.findings.filter(pl.col("severity") == "error")
    if errors.is_empty():
        return
    reports = errors["report_id"].unique(maintain_order=True)
    console.print(f"\n[bold]{errors.height} errors in {len(reports)} reports[/], the worst first:")
    for report_id in reports.head(SHOWN_REPORTS):
        found = errors.filter(pl.col("report_id") == report_id)
        first = found.row(0, named=True)
        console.print(f"  {escape(first['title'] or first['url'])}", soft_wrap=True)
        for row in found.head(SHOWN_FINDINGS).iter_rows(named=True):
            console.print(f"    [red]{row['rule']}[/] {escape(row['message'])}", soft_wrap=True)
        if found.height > SHOWN_FINDINGS:
            console.print(f"    … {found.height - SHOWN_FINDINGS} more")
    if len(reports) > SHOWN_REPORTS:
        console.print(f"  … {len(reports) - SHOWN_REPORTS} more reports")


def _show_next(summary: RunSummary, console: Console) -> None:
    data = summary.place  # the views are true for the folder on this machine only
    console.print("\n[bold]Where to look next[/]")
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("tables", f"{data}/lake/**/*.parquet")
    table.add_row("one file a table", f"{data}/flat/*, {summary.data}/gouji.duckdb")
    table.add_row("what columns mean", f"{data}/data_dictionary.html")
    table.add_row("Data Docs", f"{data}/docs/index.html")
    if summary.alerted is not None:
        table.add_row("mails", f"{data}/outbox/*.eml")
    table.add_row("why a source gave nothing", f"{data}/documents.parquet")
    table.add_row("what is stored", f"gouji status --data {data}")
    console.print(table)


def show_file_check(found: FileCheck, console: Console) -> None:
    """Say which files were damaged, what became of each, and what is left to do."""
    if found.files:
        console.print(f"{found.files} files compared with their checksums")
    if found.is_whole:
        console.print("[green]all are as they were written, and of one run[/]")
    for damage in found.damaged:
        state = (
            "[red]not rebuilt[/]: no list tells what was in it; delete its partition in every "
            "table, run this command again, then collect"
        )
        if damage.path in found.identical:
            state = "[green]rebuilt, every byte as before[/]"
        elif damage.path in found.partial:
            state = (
                "[red]rebuilt in part[/]: what no archive tells, such as earlier versions or "
                "sources without a report, is in it as far as flat/ had it"
            )
        elif damage.path in found.different:
            state = "[yellow]rebuilt, by a newer reader or newer rules[/]"
        console.print(f"{damage.path}: {escape(damage.found)}: {state}", soft_wrap=True)
    for mixed in found.mixed:
        place = (mixed.year, mixed.region)
        is_left = place in [(left.year, left.region) for left in found.still_mixed]
        state = "[red]not made anew[/]" if is_left else "[green]made anew[/]"
        console.print(
            f"{mixed.year}/{mixed.region}: not of one run: {escape(mixed.found)}: {state}",
            soft_wrap=True,
        )
    if found.kept_in:
        console.print(f"the files as they were are kept in {found.kept_in}", soft_wrap=True)
    for report in found.lost:
        console.print(
            f"[red]lost:[/] {escape(report)}: the archive has no bytes of it; collect it again",
            soft_wrap=True,
        )
    for sha256 in found.fetch:
        console.print(
            f"[red]damaged in the archive:[/] {sha256}: delete that file and collect its source "
            "again; until then its report cannot be read again",
            soft_wrap=True,
        )
