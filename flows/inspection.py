"""Read, check and describe documents on the spot; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape

from expectations.context import Context
from expectations.form import load_cells
from expectations.repair import list_repairs
from storage.settings import Settings
from tasks.archived import read_fetched
from tasks.checking import Checked, check_frames
from tasks.fetching.limits import choose_limits
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source
from tasks.known import list_hosts
from tasks.reading.batch import Origin
from tasks.reading.joining import join_batches
from tasks.workers import Workers, open_workers

BESIDE_REPORTS = ("archive", "cover", "copy")
SEVERITY_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
REPORT_FIELDS = (
    "title",
    "publisher",
    "scope",
    "year",
    "region",
    "adcode",
    "region_name",
    "region_candidates",
    "form",
    "period_start",
    "period_end",
    "signed_on",
    "published_on",
    "verdict",
    "problems",
)
FINDING_FIELDS = (
    "rule",
    "instance",
    "severity",
    "outcome",
    "blame",
    "cells",
    "expected",
    "reported",
    "difference",
    "message",
    "description",
)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in one document, in the shape that `--json` prints."""

    facts: dict[str, Any]

    @property
    def is_unread(self) -> bool:
        """Tell whether the document could not be read as a report, or not in full."""
        return "error" in self.facts

    @property
    def has_errors(self) -> bool:
        """Tell whether a rule of severity error failed."""
        return any(
            finding["severity"] == "error" and finding["outcome"] == "failed"
            for finding in self.facts.get("findings", [])
        )


def inspect_sources(sources: Sequence[Source], settings: Settings) -> Iterator[Inspection]:
    """Read and check every document of the sources, in the order found."""
    with open_workers(settings.reading) as workers:
        workers.start()
        from tasks.fetching.fetch import fetch_sources  # while the process starts

        found = fetch_sources(sources, choose_limits(settings), lambda: datetime.now(UTC))
        for group in _group_found(found):
            for miss in (miss for miss in group if isinstance(miss, Miss)):
                error = {"code": miss.outcome, "message": miss.reason}
                yield Inspection({"source": miss.url, "error": error})
            pages = [page for page in group if isinstance(page, Page)]
            if pages:
                yield from inspect_pages(pages, workers)


def _group_found(found: Iterable[Page | Miss]) -> Iterator[list[Page | Miss]]:
    """Group what comes of each source: a page with the attachments that follow it."""
    open_groups: dict[str, list[Page | Miss]] = {}
    for each in found:
        if each.page is None and each.source in open_groups:
            yield open_groups.pop(each.source)
        open_groups.setdefault(each.source, []).append(each)
    yield from open_groups.values()


def inspect_pages(pages: Sequence[Page], workers: Workers) -> Iterator[Inspection]:
    """Read and check one document with its attachments, or each file of an archive.

    What only leads to a report or repeats it gives no inspection of its own.
    """
    group = [
        (
            Origin(
                page.url,
                page.source,
                page.sha256,
                page.media_type,
                page.fetched_at,
                page.page,
                link_text=page.link_text,
            ),
            page.content,
        )
        for page in pages
    ]
    batch = join_batches(list(workers.read(read_fetched, [[group]])))
    for document in batch.documents.iter_rows(named=True):
        is_annex = document["page"] is not None and document["outcome"] == "not_a_report"
        if document["outcome"] in BESIDE_REPORTS or is_annex:
            continue
        facts = {name: document[name] for name in ("sha256", "media_type")}
        facts = {"source": document["url"], **facts}
        is_its = pl.col("report_id") == pl.lit(document["report_id"], pl.String)
        reports = batch.reports.filter(is_its & (pl.col("url") == document["url"]))
        if reports.is_empty():
            yield Inspection(facts | {"error": _name_error(document)})
            continue
        details = {name: frame.filter(is_its) for name, frame in batch.details.items()}
        named = list_hosts(page.source for page in pages)
        others = Context(documents=batch.documents, hosts=named)
        checked = check_frames(reports, details, others)
        yield Inspection(facts | _describe_report(checked, document))


def _describe_report(checked: Checked, document: dict[str, Any]) -> dict[str, Any]:
    report = checked.reports.row(0, named=True)
    facts: dict[str, Any] = {
        "report": {name: _to_json(report[name]) for name in REPORT_FIELDS},
        "cells": _list_cells(checked.cells),
        "findings": [
            {name: _to_json(finding[name]) for name in FINDING_FIELDS}
            | {name: _to_number(finding[name]) for name in ("expected", "reported")}
            | _list_differing(finding)
            for finding in checked.findings.iter_rows(named=True)
        ],
        "repairs": list_repairs(checked.repairs),
    }
    if report["verdict"] == "unreadable":
        facts["error"] = _name_error(document)
    return facts


def _list_differing(finding: dict[str, Any]) -> dict[str, list[dict[str, str | None]]]:
    """Give both readings of the cells of a finding that two readings give differently."""
    readings = zip(
        finding["cells"],
        finding["first_reading"] or (),
        finding["second_reading"] or (),
        strict=False,
    )
    differing = [
        {"cell": cell, "first": first, "second": second}
        for cell, first, second in readings
        if second is not None and first != second
    ]
    return {"readings": differing} if differing else {}


def _name_error(document: dict[str, Any]) -> dict[str, str]:
    return {"code": document["outcome"], "message": document["reason"]}


def _list_cells(cells: pl.DataFrame) -> list[dict[str, Any]]:
    """List the cells in the order of the form."""
    return [
        {
            "cell": f"{cell['table']}.{cell['row']}.{cell['column']}",
            **{
                name: _to_json(cell[name])
                for name in ("value", "unit", "text", "status", "locator", "note", "confirmed")
            },
        }
        for cell in cells.iter_rows(named=True)
    ]


def _to_json(value: Any) -> Any:
    """Turn a value of a frame into one of JSON; a whole decimal becomes an integer."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value


def _to_number(text: str | None) -> Any:
    """Give a figure that findings keep as text as a number; dates and the like stay texts."""
    try:
        return _to_json(Decimal(text)) if text is not None else None
    except InvalidOperation:
        return text


def show_inspection(inspection: Inspection, console: Console) -> None:
    """Print one document for a reader: what it is, then each finding in the form's words."""
    facts = inspection.facts
    console.print(f"\n[bold]{escape(facts['source'])}[/]")
    report = facts.get("report")
    if report is not None:
        place = report["region_name"] or " / ".join(report["region_candidates"]) or "?"
        read = sum(cell["status"] in ("read", "derived") for cell in facts["cells"])
        console.print(f"  {escape(report['title'] or '?')}")
        console.print(
            f"  {report['region']} {escape(place)} · form {report['form']} · "
            f"{read} of {len(facts['cells'])} cells read · [bold]{report['verdict']}[/]"
        )
    if "error" in facts:
        error = facts["error"]
        console.print(f"  [yellow]{escape(error['code'])}[/] {escape(error['message'] or '')}")
    failed = [finding for finding in facts.get("findings", []) if finding["outcome"] == "failed"]
    skipped = len(facts.get("findings", [])) - len(failed)
    for finding in failed:
        colour, message = SEVERITY_COLOURS[finding["severity"]], escape(finding["message"])
        head = f"{finding['severity']:7} {finding['rule']}"
        console.print(f"  [{colour}]{head}[/] {message}", soft_wrap=True)
    for repair in facts.get("repairs", []):
        if repair["unique"]:
            console.print(f"  [green]repair[/]  {_describe_repair(repair)}", soft_wrap=True)
    for cell, reading in _gather_differing(facts).items():
        console.print(
            f"  [yellow]unsure[/]  {escape(load_cells()[cell].title)}: our two readings give "
            f"{escape(reading['first'] or '-')} and {escape(reading['second'] or '-')}",
            soft_wrap=True,
        )
    if report is not None and not failed:
        console.print("  [green]no rule failed[/]")
    if skipped:
        console.print(f"  [dim]{skipped} checks not evaluated: a cell they need was not read[/]")


def _gather_differing(facts: dict[str, Any]) -> dict[str, dict[str, str | None]]:
    """Map each cell that two readings give differently to both, once."""
    return {
        reading["cell"]: reading
        for finding in facts.get("findings", [])
        for reading in finding.get("readings", [])
    }


def _describe_repair(repair: dict[str, Any]) -> str:
    """Say the one explanation of failed equations: each cell with its figures."""
    known = load_cells()
    changes = (
        f"{known[change['cell']].title} {change['reported']} → {change['suggested']}"
        for change in repair["changes"]
    )
    return escape(f"{'; '.join(changes)} ({repair['reason']})")
