"""The first screen of a digest: reports and problems counted by region and publisher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from storage.schema import SEVERITIES
from tasks.alerting.cards import Card

ROW_LIMIT = 20
Grouping: TypeAlias = Literal["publisher", "prefecture", "region"]


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A group of reports; `name` is None where the report names none, or by region alone.

    `counts` are problems by severity, the gravest first.
    """

    region: str
    name: str | None
    reports: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The finest grouping that fits one screen, and its sum."""

    grouping: Grouping
    rows: tuple[SummaryRow, ...]
    total: SummaryRow


def summarise(cards: Sequence[Card]) -> Summary:
    """Count by publisher, else by prefecture, else by region: the first of at most 20 rows."""
    total = _count("", None, cards)
    by_publisher = _group(cards, [card.publisher for card in cards])
    if len(by_publisher) <= ROW_LIMIT:
        return Summary("publisher", by_publisher, total)
    by_prefecture = _group(cards, [card.prefecture for card in cards])
    if len(by_prefecture) <= ROW_LIMIT:
        return Summary("prefecture", by_prefecture, total)
    return Summary("region", _group(cards, [None] * len(cards)), total)


def _group(cards: Sequence[Card], names: Sequence[str | None]) -> tuple[SummaryRow, ...]:
    groups: dict[tuple[str, str | None], list[Card]] = {}
    for card, name in zip(cards, names, strict=True):
        groups.setdefault((card.region, name), []).append(card)
    rows = [_count(*key, members) for key, members in groups.items()]
    # Cards come in the order of regions; a prefecture's may stand apart within its region.
    regions = list(dict.fromkeys(row.region for row in rows))
    return tuple(sorted(rows, key=lambda row: regions.index(row.region)))


def _count(region: str, name: str | None, cards: Sequence[Card]) -> SummaryRow:
    severities = [problem.severity for card in cards for problem in card.problems]
    return SummaryRow(region, name, len(cards), tuple(map(severities.count, SEVERITIES)))
