"""A figure stated in the prose of a report, as read: what it counts, of what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `number` counts from 1 in the order of the text.

    `subject` is a key of `statement_subjects.yaml`, or `stated` for a figure that no table holds.
    `quantity` is as printed times its scale (amounts in yuan), 0 for a denial, None for a claim
    without a figure. `scope` is `whole` (what the report covers) or the word for another;
    `period` is `current` or the word for another. `part_of` numbers the statement whose part
    this one is, `share_of` the one whose share or growth it gives; `group` tells apart the
    breakdowns of one whole; `is_closed` that the breakdown claims to be complete.
    `offset` and `end` are places in the text given.
    """

    number: int
    subject: str
    quantity: Decimal | None
    unit: str | None
    noun: str
    scope: str
    period: str
    qualifiers: tuple[str, ...]
    section: int | None
    sentence: str
    offset: int
    end: int
    part_of: int | None = None
    share_of: int | None = None
    is_closed: bool = False
