"""Reports and findings as a recipient is shown them: a card a report, counts, what was unread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Line:
    """One failed finding; texts are folded, `cells` are titles in the form's own numbering.

    `expected`, `reported` and `difference` are None where the finding has none.
    `is_confirmed` tells that a second, independent reading gave the same contradiction.
    `instance` is the row or column it is about; `keys` are the names of the cells.
    """

    rule: str
    instance: str
    severity: str
    message: str
    description: str
    cells: tuple[str, ...]
    keys: tuple[str, ...]
    expected: str | None
    reported: str | None
    difference: str | None
    is_confirmed: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Repair:
    """The one smallest explanation of failed equations: cell, figure printed and figure due.

    `equations` are the failed ones that each change takes part in, as `<rule> <instance>`;
    `suggested` maps the names of the cells to the figures due.
    """

    changes: tuple[tuple[str, str, str], ...]
    reason: str
    equations: tuple[frozenset[str], ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def suggested(self) -> dict[str, str]:
        """The figure due in each cell, by its name."""
        return {key: change[2] for key, change in zip(self.keys, self.changes, strict=True)}


@dataclass(frozen=True, slots=True)
class Problem:
    """Findings that one repair explains, the gravest first; most problems are a single one.

    `repair` is None where none, or more than one, would do.
    """

    lines: tuple[Line, ...]
    repair: Repair | None = None

    @property
    def severity(self) -> str:
        """The severity of the gravest finding."""
        return self.lines[0].severity


@dataclass(frozen=True, slots=True)
class Card:
    """One report with its new problems, the gravest first. `link` is None but for http(s)."""

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
    problems: tuple[Problem, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """The findings of all problems."""
        return tuple(line for problem in self.problems for line in problem.lines)

    @property
    def error_count(self) -> int:
        """How many of the problems are errors."""
        return sum(problem.severity == SEVERITIES[0] for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Unread:
    """Reports that we could not read, or read in two ways: ours to mend, not the publisher's.

    `reasons` maps what kept us from it to a count; None stands for two readings that differ.
    """

    count: int
    reasons: dict[str | None, int]


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
        equations = tuple(frozenset(names) for names in group["equations"])
        repair = Repair(changes, group["reason"][0], equations, tuple(group["cell"]))
        found[report_id] = (*found.get(report_id, ()), repair)
    return found


def make_cards(
    rows: Iterable[dict[str, Any]], repairs: Mapping[str, tuple[Repair, ...]]
) -> tuple[Card, ...]:
    """Make the cards of findings, by region, then publisher, worst first.

    Args:
        rows: Rows of `join_findings`.
        repairs: As `list_repairs` gives them.
    """
    by_report: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_report.setdefault(row["report_id"], []).append(row)
    cards = [
        _make_card(found, repairs.get(report_id, ())) for report_id, found in by_report.items()
    ]
    return tuple(sorted(cards, key=_rank_cards(cards)))


def count_unread(
    reports: pl.DataFrame, findings: pl.DataFrame, recipient: Recipient, regions: Sequence[str]
) -> Unread:
    """Count the reports of some regions, of those a recipient sees, that we failed to read."""
    theirs = reports.filter(is_theirs(recipient), pl.col("region").is_in(regions))
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


def is_theirs(recipient: Recipient) -> pl.Expr:
    """Tell the reports of a recipient's regions and publishers."""
    regions, publishers = recipient.regions, recipient.publishers
    is_region = pl.lit(True) if regions == "*" else pl.col("region").is_in(regions)
    is_publisher = pl.lit(True) if publishers is None else pl.col("publisher").is_in(publishers)
    return is_region & is_publisher


def _make_card(rows: list[dict[str, Any]], repairs: tuple[Repair, ...]) -> Card:
    report = rows[0]
    lines: dict[int, list[Line]] = {}
    for row in rows:
        lines.setdefault(row["problem"], []).append(_make_line(row))
    problems = [_make_problem(group, repairs) for group in lines.values()]
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
        link=make_link(report["url"]),
        problems=tuple(sorted(problems, key=lambda one: SEVERITIES.index(one.severity))),
    )


def _make_problem(lines: list[Line], repairs: tuple[Repair, ...]) -> Problem:
    """Put the findings of a problem together with the changes that explain them."""
    names = {f"{line.rule} {line.instance}" for line in lines}
    ordered = tuple(sorted(lines, key=lambda line: SEVERITIES.index(line.severity)))
    for repair in repairs:
        chosen = [
            place
            for place, equations in enumerate(repair.equations)
            if not names.isdisjoint(equations)
        ]
        if chosen:
            changes = tuple(repair.changes[place] for place in chosen)
            equations = tuple(repair.equations[place] for place in chosen)
            keys = tuple(repair.keys[place] for place in chosen)
            return Problem(ordered, Repair(changes, repair.reason, equations, keys))
    return Problem(ordered)


def _make_line(row: dict[str, Any]) -> Line:
    known = load_cells()
    difference = row["difference"]
    return Line(
        rule=row["rule"],
        instance=row["instance"],
        severity=row["severity"],
        message=fold_text(row["message"], MESSAGE_LIMIT),
        description=fold_text(row["description"]),
        cells=tuple(known[cell].title if cell in known else cell for cell in row["cells"]),
        keys=tuple(row["cells"]),
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


def make_link(url: str) -> str | None:
    """Return the address if it is one a browser opens: `javascript:` and the like are not."""
    if fold_text(url) != url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None
