"""Reports and findings as a recipient is shown them: a card a report, counts, what was unread."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from expectations.form import load_cells
from storage.schema import SEVERITIES
from tasks.alerting.recipients import Recipient
from tasks.alerting.words import fold_text, load_provinces

TITLE_LIMIT = 200
MESSAGE_LIMIT = 500
REPORT_COLUMNS = (
    *("report_id", "version", "title", "publisher", "region_name", "prefecture", "form", "url"),
    *("year", "region"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One failed finding; texts are folded, `cells` are titles in the form's own numbering.

    `expected`, `reported` and `difference` are None where the finding has none.
    `is_confirmed` tells that a second, independent reading gave the same contradiction.
    """

    rule: str
    severity: str
    message: str
    description: str
    cells: tuple[str, ...]
    expected: str | None
    reported: str | None
    difference: str | None
    is_confirmed: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Repair:
    """The one smallest explanation of failed equations: cell, figure printed and figure due."""

    changes: tuple[tuple[str, str, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Card:
    """One report with its new findings, the gravest first. `link` is None but for http(s).

    `repairs` holds explanations that are the only ones; where several fit there is none.
    """

    report_id: str
    version: int
    title: str | None
    publisher: str | None
    region: str
    region_name: str | None
    prefecture: str | None
    year: int
    form: str | None
    url: str
    link: str | None
    lines: tuple[Line, ...]
    repairs: tuple[Repair, ...] = ()

    @property
    def error_count(self) -> int:
        """How many of the findings are errors."""
        return sum(line.severity == SEVERITIES[0] for line in self.lines)


@dataclass(frozen=True, slots=True)
class Unread:
    """Reports that we could not read, or read in two ways: ours to mend, not the publisher's.

    `reasons` maps what kept us from it to a count; None stands for two readings that differ.
    """

    count: int
    reasons: dict[str | None, int]


def list_alerts(reports: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Join each failed finding that may be the publisher's to its report; add `fingerprint`.

    Needs the columns of `reports` and `findings` with `year` and `region`. Findings that were
    not evaluated, and those of blame `reader`, are left out; a null blame counts as unknown.

    Raises:
        ValueError: a finding names a report that is not among `reports`.
    """
    failed = findings.filter(pl.col("outcome") == "failed")
    strangers = failed.join(reports, on="report_id", how="anti").get_column("report_id")
    if len(strangers):
        raise ValueError(
            f"findings: expected reports for all of them, found none for {len(strangers)}, "
            f"such as {strangers[0]}; give the reports of the same run"
        )
    alerts = (
        failed.filter(pl.col("blame").fill_null("unknown") != "reader")
        .drop("year", "region", strict=False)
        .join(reports.select(REPORT_COLUMNS), on="report_id", validate="m:1")
        .sort("report_id", "rule", "instance")
    )
    keys = alerts.select("report_id", "version", "rule", "instance", "expected", "reported")
    fingerprints = [fingerprint(*key) for key in keys.iter_rows()]
    return alerts.with_columns(pl.Series("fingerprint", fingerprints, dtype=pl.String))


def list_repairs(repairs: pl.DataFrame) -> dict[str, tuple[Repair, ...]]:
    """List the unique explanations by report; `repairs` has the columns of its table."""
    known = load_cells()
    unique = repairs.filter(pl.col("unique"), pl.col("cell").is_not_null())
    found: dict[str, tuple[Repair, ...]] = {}
    order = ["report_id", "problem", "rank", "cell"]
    for group in unique.sort(order).partition_by("report_id", "problem", maintain_order=True):
        changes = tuple(
            (known[cell].title, f"{reported.normalize():f}", f"{suggested.normalize():f}")
            for cell, reported, suggested in group.select(
                "cell", "reported", "suggested"
            ).iter_rows()
        )
        report_id = group["report_id"][0]
        found[report_id] = (*found.get(report_id, ()), Repair(changes, group["reason"][0]))
    return found


def fingerprint(
    report_id: str,
    version: int,
    rule: str,
    instance: str,
    expected: str | None,
    reported: str | None,
) -> str:
    """Identify a finding: the same text of a report with the same fault gives the same value.

    The version stands for the source: it rises when the text changes, not when a page's
    bytes differ by a counter of visits.
    """
    parts = json.dumps([report_id, version, rule, instance, expected, reported])
    return hashlib.sha256(parts.encode()).hexdigest()


def make_cards(
    alerts: pl.DataFrame,
    recipient: Recipient,
    mailed: frozenset[str],
    repairs: Mapping[str, tuple[Repair, ...]],
) -> tuple[Card, ...]:
    """Make the cards of what is new to a recipient, by region, then publisher, worst first."""
    new = alerts.filter(
        pl.col("severity").is_in(recipient.severities),
        _is_theirs(recipient),
        ~pl.col("fingerprint").is_in(list(mailed)),
    )
    by_report: dict[str, list[dict[str, Any]]] = {}
    for row in new.iter_rows(named=True):
        by_report.setdefault(row["report_id"], []).append(row)
    cards = [_make_card(rows, repairs.get(report_id, ())) for report_id, rows in by_report.items()]
    return tuple(sorted(cards, key=_rank_cards(cards)))


def count_unread(reports: pl.DataFrame, findings: pl.DataFrame, recipient: Recipient) -> Unread:
    """Count the reports of a recipient's regions whose faults are those of our reading."""
    theirs = reports.filter(_is_theirs(recipient))
    unreadable = theirs.filter(pl.col("verdict") == "unreadable")
    doubtful = findings.filter(pl.col("outcome") == "failed", pl.col("blame") == "reader").join(
        theirs.filter(pl.col("verdict") != "unreadable"), on="report_id", how="semi"
    )
    reasons: Counter[str | None] = Counter(
        fold_text(reason or "", 60).partition(":")[0] for reason in unreadable.get_column("reason")
    )
    doubtful_count = doubtful.get_column("report_id").n_unique()
    if doubtful_count:
        reasons[None] = doubtful_count
    return Unread(unreadable.height + doubtful_count, dict(reasons.most_common()))


def _is_theirs(recipient: Recipient) -> pl.Expr:
    return pl.lit(True) if recipient.regions == "*" else pl.col("region").is_in(recipient.regions)


def _make_card(rows: list[dict[str, Any]], repairs: tuple[Repair, ...]) -> Card:
    report = rows[0]
    lines = [_make_line(row) for row in rows]
    return Card(
        report_id=report["report_id"],
        version=report["version"],
        title=_fold(report["title"]),
        publisher=_fold(report["publisher"]),
        region=report["region"],
        region_name=_fold(report["region_name"]),
        prefecture=_fold(report["prefecture"]),
        year=report["year"],
        form=report["form"],
        url=fold_text(report["url"]),
        link=_link(report["url"]),
        lines=tuple(sorted(lines, key=lambda line: SEVERITIES.index(line.severity))),
        repairs=repairs,
    )


def _make_line(row: dict[str, Any]) -> Line:
    known = load_cells()
    difference = row["difference"]
    return Line(
        rule=row["rule"],
        severity=row["severity"],
        message=fold_text(row["message"], MESSAGE_LIMIT),
        description=fold_text(row["description"]),
        cells=tuple(known[cell].title if cell in known else cell for cell in row["cells"]),
        expected=_fold(row["expected"]),
        reported=_fold(row["reported"]),
        difference=None if difference is None else f"{difference.normalize():f}",
        is_confirmed=row["blame"] == "publisher",
        fingerprint=row["fingerprint"],
    )


def _rank_cards(cards: Iterable[Card]) -> Any:
    """Give the sort key: the official order of regions, then publishers with most errors."""
    order = {region: place for place, region in enumerate(load_provinces())}
    errors: Counter[tuple[str, str | None]] = Counter()
    for card in cards:
        errors[card.region, card.publisher] += card.error_count
    return lambda card: (
        order.get(card.region, len(order)),
        -errors[card.region, card.publisher],
        card.publisher or "",
        -card.year,
        card.report_id,
    )


def _fold(text: str | None) -> str | None:
    return fold_text(text, TITLE_LIMIT) or None if text is not None else None


def _link(url: str) -> str | None:
    """Return the address if it is one a browser opens: `javascript:` and the like are not."""
    if fold_text(url) != url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None
