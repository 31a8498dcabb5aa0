"""What a checkpoint says of one rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule over the reports of one edition: counts of reports, and those that failed."""

    edition: str
    rule: str
    evaluated: int
    failed: int
    not_evaluated: int
    failing: tuple[str, ...]
