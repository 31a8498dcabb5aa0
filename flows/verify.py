"""Hold stored reports to their archived bytes: read and checked again, are they the same?"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from storage.access import view_data
from storage.lake import read_table
from storage.schema import REPORTS
from storage.settings import Settings
from tasks.verifying import Verification, verify_reports
from tasks.workers import open_workers

SHOWN_DIFFERENCES = 20


def verify(
    settings: Settings, report_ids: Sequence[str], sample: int | None, now: datetime
) -> Iterator[Verification]:
    """Verify these reports, or a sample of so many, or all where neither is given.

    Raises:
        ValueError: a report is not stored, or none is.
        StorageError: a stored file is damaged.
    """
    view_data(settings)
    stored = sorted(read_table(settings.data, REPORTS, columns=["report_id"])["report_id"])
    if not stored:
        raise ValueError(
            f"{settings.place}: expected stored reports, found none; run gouji collect, or give "
            "the data folder with --data"
        )
    chosen = list(report_ids) or None
    if chosen is None and sample is not None:
        chosen = random.sample(stored, min(sample, len(stored)))
    with open_workers(settings.reading) as workers:
        yield from verify_reports(settings, chosen, workers, now)


def describe_verification(found: Verification) -> dict[str, Any]:
    """Describe a verification as JSON."""
    return {"is_same": found.trouble is None and not found.differences, **asdict(found)}


def show_verification(found: Verification, console: Console) -> None:
    """Print one verification: a line where all is the same, else what differs."""
    name = escape(found.report_id)
    if found.trouble is not None:
        console.print(f"[red]{name}[/]: {escape(found.trouble)}", soft_wrap=True)
        return
    if not found.differences:
        console.print(f"[green]same[/]  {name}  sha256 {found.sha256[:12]}", soft_wrap=True)
    else:
        console.print(f"[yellow]{len(found.differences)} differences[/]  {name}", soft_wrap=True)
    for what, then, now in (
        ("reader", found.reader_then, found.reader_now),
        ("rules", found.rules_then, found.rules_now),
    ):
        if then != now:
            console.print(f"  {what}: {then or 'not known'} then, {now} now")
    for difference in found.differences[:SHOWN_DIFFERENCES]:
        console.print(
            f"  {difference.kind} {escape(difference.name)}: stored "
            f"{escape(difference.stored or 'nothing')}; derived "
            f"{escape(difference.derived or 'nothing')}",
            soft_wrap=True,
        )
    if len(found.differences) > SHOWN_DIFFERENCES:
        console.print(f"  … {len(found.differences) - SHOWN_DIFFERENCES} more; --json has all")
