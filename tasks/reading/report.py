"""What reading gives: a report with its cells, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Literal, NamedTuple

from tasks.reading.document import Script

Status = Literal["read", "blank", "unreadable", "absent", "derived"]
Scope = Literal["government", "department", "township", "other"]


class UnreadableError(Exception):
    """The bytes are no report that can be read; `code` is a stable word for the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Place(NamedTuple):
    """Where a source was found: its address or path, and the text of the link that led there."""

    url: str = ""
    link_text: str | None = None


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """A row of a table before 2019: `label` without white space, `unit` and `text` as printed.

    `value` is that of the report year, `cumulative` that of all years so far. Both are None
    where `text` does not say for certain which figure is whose.
    """

    label: str
    unit: str | None
    value: Decimal | None
    cumulative: Decimal | None
    text: str
    locator: str


class CellReading(NamedTuple):
    """One cell as read. `value` is None unless `status` is `read` or `derived`.

    `note` says why it is unreadable, or what was set right to read it. `confirmed` is true
    where a second, independent reading gives the same.
    """

    cell: str
    status: Status
    value: Decimal | None
    unit: str | None
    text: str | None
    locator: str | None
    note: str | None = None
    confirmed: bool = False


# Of all eight values in their order: half the time, and there are 600 a report.
pack_reading = partial(tuple.__new__, CellReading)


class PrintedLabel(NamedTuple):
    """The label of a row or column, folded; `line` is `row`, `column`, or `table` for neither.

    `key` is None where the form has no such row or column, `text` where none is printed.
    """

    table: str
    line: str
    key: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Region:
    """A settled division, or the candidates between which it stays open.

    `region` is the ISO 3166-2 code of the province, `CN` for a central body, or
    `unresolved`; then `adcode` is None and `candidates` holds codes.
    """

    region: str
    adcode: str | None = None
    name: str | None = None
    prefecture: str | None = None
    county: str | None = None
    township: str | None = None
    candidates: tuple[str, ...] = ()


UNRESOLVED = Region("unresolved")


@dataclass(frozen=True, slots=True)
class Report:
    """A document matched to an edition of the form.

    `form` is None where no known edition was recognised; then there are no cells and
    `problem` says why. `legacy_rows` is the table of an edition before 2019. `year` is the
    report year, not the year of publication. `text` is the running text without the tables,
    `labels` are those of the tables that are not printed as the form has them. `script` is
    that of the characters printed, `is_picture` tells that pictures alone show its tables.
    """

    title: str | None
    publisher: str | None
    body: str | None
    scope: Scope
    year: int
    form: str | None
    period_start: date | None
    period_end: date | None
    signed_on: date | None
    published_on: date | None
    region: Region
    cells: tuple[CellReading, ...]
    problem: str | None = None
    legacy_rows: tuple[LegacyRow, ...] = ()
    signature: str | None = None
    text: str = ""
    labels: tuple[PrintedLabel, ...] = ()
    script: Script = "simplified"
    is_picture: bool = False
