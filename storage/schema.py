"""Every table of the lake, declared once: one row per what, key, types, units, meaning of null.

`region` (ISO 3166-2 of the province, `CN` for a central body, `unresolved`) and `year` (the
report year) are columns of every frame and partition keys on disk, not repeated in the files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

import polars as pl

PolarsType: TypeAlias = pl.DataType | type[pl.DataType]

FIGURE = pl.Decimal(20, 6)
INSTANT = pl.Datetime("us", "UTC")
VERDICTS = ("valid", "invalid", "unreadable", "trivially_valid")
STATUSES = ("read", "blank", "unreadable", "absent", "derived")
OUTCOMES = ("passed", "failed", "not_evaluated", "not_applicable")
SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type, what it means, its unit, and what null means (empty: never null).

    `since` is the version of the table that has it first; it is null in every row of a file that
    an earlier version wrote.
    """

    name: str
    dtype: PolarsType
    meaning: str
    null: str = ""
    unit: str = ""
    since: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the lake: one row per `row_per`, unique by `key`, files sorted by `key`.

    `version` counts its declarations; `schema_versions.yaml` says what each one changed.
    """

    name: str
    row_per: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    version: int = 1

    @property
    def schema(self) -> pl.Schema:
        """The columns inside the files, in order, but for `run_id`, which frames do not have."""
        return pl.Schema(
            {column.name: column.dtype for column in self.columns if column.name != RUN_ID}
        )

    @property
    def has_run_id(self) -> bool:
        """Whether its files name by `run_id` the files of other tables they belong to."""
        return any(column.name == RUN_ID for column in self.columns)

    @property
    def frame_schema(self) -> pl.Schema:
        """The columns of a frame in memory: the partition columns, then those of the files."""
        return pl.Schema({**PARTITION_SCHEMA, **self.schema})


PARTITION = (
    Column("year", pl.Int32, "report year"),
    Column(
        "region",
        pl.String,
        "ISO 3166-2 code of the province; CN for a central body, unresolved where none is settled",
    ),
)
PARTITION_SCHEMA = pl.Schema({column.name: column.dtype for column in PARTITION})

RUN_ID = "run_id"


def _declare_run_id(since: int) -> Column:
    return Column(
        RUN_ID,
        pl.String,
        "digest of what reports, cells, findings and wide of this year and region hold, instants "
        "aside; the same in all of them where they belong together",
        "written before this was kept",
        since=since,
    )


REPORTS = Table(
    name="reports",
    version=5,
    row_per="report, in its newest version",
    key=("report_id",),
    columns=(
        Column("report_id", pl.String, "identity of body, scope and year; stable over versions"),
        Column("version", pl.Int32, "1 for the first text seen, one more for each changed text"),
        Column("title", pl.String, "title as printed, white space folded", "none was found"),
        Column("publisher", pl.String, "body that issues the report", "none was found"),
        Column("scope", pl.String, "government, department, township or other"),
        Column("adcode", pl.String, "division code (GB/T 2260) of the body", "not settled"),
        Column(
            "region_name", pl.String, "names of the division from the province down", "as adcode"
        ),
        Column(
            "region_candidates", pl.List(pl.String), "codes between which a name leaves it open"
        ),
        Column(
            "prefecture", pl.String, "name of the prefecture-level division", "none, or not settled"
        ),
        Column("county", pl.String, "name of the county-level division", "none, or not settled"),
        Column(
            "township", pl.String, "name of the township-level division", "none, or not settled"
        ),
        Column("form", pl.String, "edition of the form: 2021, 2019, 2014, 2008", "not told"),
        Column("period_start", pl.Date, "first day of the stated period", "not stated"),
        Column("period_end", pl.Date, "last day of the stated period", "not stated"),
        Column("signature", pl.String, "name printed under the report", "none was found"),
        Column("signed_on", pl.Date, "date under the signature", "no full date is printed"),
        Column("published_on", pl.Date, "date of publication the page states", "not stated"),
        Column("url", pl.String, "address or path the report was read from"),
        Column(
            "listed_as",
            pl.String,
            "text of the link that leads there",
            "no link led there, or read before links were kept",
            since=3,
        ),
        Column("source_sha256", pl.String, "sha256 of the bytes it was read from, in hexadecimal"),
        Column("media_type", pl.String, "type of those bytes, told by their content"),
        Column(
            "script",
            pl.String,
            "characters it is printed in, simplified or traditional; stored in simplified ones",
            "read before this was kept",
            since=4,
        ),
        Column(
            "is_picture",
            pl.Boolean,
            "its tables are shown in pictures alone",
            "read before this was kept",
            since=4,
        ),
        Column("fetched_at", INSTANT, "when these bytes were first fetched", unit="UTC"),
        Column("checked_at", INSTANT, "when the rules first gave this outcome", unit="UTC"),
        Column(
            "changed_at",
            INSTANT,
            "when this version replaced the one before",
            "first version",
            "UTC",
        ),
        Column("verdict", pl.String, "valid, invalid, unreadable or trivially_valid (all zero)"),
        Column("reason", pl.String, "why it could not be read", "it was read"),
        Column("errors", pl.Int32, "failed rules of severity error, by row or column"),
        Column("warnings", pl.Int32, "failed rules of severity warning, by row or column"),
        Column("problems", pl.Int32, "failed rules, those that one repair explains counted once"),
        Column("not_evaluated", pl.Int32, "rules that met an unread cell, by row or column"),
        Column(
            "waived",
            pl.Int32,
            "failed rules set aside by a waiver; not among errors and warnings",
            "checked before waivers were counted",
            since=2,
        ),
        Column("cells_read", pl.Int32, "cells printed and understood"),
        Column("cells_blank", pl.Int32, "cells printed empty or struck out"),
        Column("cells_unreadable", pl.Int32, "cells with something that is no figure of the form"),
        Column("cells_derived", pl.Int32, "cells that only the form's equations settle"),
        _declare_run_id(since=5),
    ),
)

CELLS = Table(
    name="cells",
    version=2,
    row_per="report and cell of its form",
    key=("report_id", "table", "row", "column"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("table", pl.String, "t2, t3 or t4"),
        Column("row", pl.String, "row of the table"),
        Column("column", pl.String, "column of the table"),
        Column("value", FIGURE, "the figure", "blank, unreadable or absent; never 0 for these"),
        Column(
            "unit", pl.String, "unit of the value", "no unit is printed where the form has none"
        ),
        Column("text", pl.String, "what was printed", "nothing was found"),
        Column("status", pl.String, "read, blank, unreadable, absent or derived"),
        Column("locator", pl.String, "where it stood in the source", "nothing was found"),
        Column("note", pl.String, "why it is unreadable, or what was set right", "nothing to say"),
        Column("confirmed", pl.Boolean, "a second, independent reading gives the same"),
        _declare_run_id(since=2),
    ),
)

FINDINGS = Table(
    name="findings",
    version=4,
    row_per="failed or not evaluated rule, by report and row or column of the form",
    key=("report_id", "rule", "instance"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("rule", pl.String, "id of the rule"),
        Column(
            "instance", pl.String, "row, column, cell or table it is about; report for the whole"
        ),
        Column("severity", pl.String, "error, warning or info"),
        Column("outcome", pl.String, "failed or not_evaluated"),
        Column("blame", pl.String, "publisher, reader or unknown", "not evaluated"),
        Column("cells", pl.List(pl.String), "the cells it binds; empty where it binds none"),
        Column("expected", pl.String, "what should stand there", "no single value is due"),
        Column("reported", pl.String, "what stands there", "nothing was read"),
        Column("difference", FIGURE, "reported less expected", "not figures, or not evaluated"),
        Column("message", pl.String, "the finding in the form's own words, in Chinese"),
        Column("description", pl.String, "what the rule demands, in English"),
        Column(
            "held",
            pl.String,
            "family of reports whose failures jumped: not mailed",
            "not held",
            since=2,
        ),
        Column(
            "waived_for",
            pl.String,
            "reason of its waiver: counted apart, not mailed",
            "not waived",
            since=2,
        ),
        Column("waived_by", pl.String, "who waived it", "not waived", since=2),
        Column("waived_until", pl.Date, "last day of its waiver", "not waived", since=2),
        Column(
            "first_reading",
            pl.List(pl.String),
            "what we read in each of the cells, null where nothing",
            "it binds no cell, or was not evaluated though no two readings differ",
            since=3,
        ),
        Column(
            "second_reading",
            pl.List(pl.String),
            "what the second, independent reading gives there, null where nothing",
            "as first_reading",
            since=3,
        ),
        _declare_run_id(since=4),
    ),
)

LEGACY_ROWS = Table(
    name="legacy_rows",
    row_per="row of the table in a report before 2019",
    key=("report_id", "number"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("number", pl.Int32, "place of the row in the table, from 1"),
        Column("label", pl.String, "label as printed, without white space"),
        Column("unit", pl.String, "unit as printed", "none is printed"),
        Column("value", FIGURE, "figure of the report year", "not certain which figure it is"),
        Column("cumulative", FIGURE, "figure of all years so far", "none, or not certain"),
        Column("text", pl.String, "what was printed behind the label"),
        Column("locator", pl.String, "where it stood in the source"),
    ),
)

COPIES = Table(
    name="copies",
    row_per="cell that another source of the same report prints otherwise",
    key=("report_id", "url", "table", "row", "column"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("url", pl.String, "address of the other source, an attachment or its page"),
        Column("table", pl.String, "t2, t3 or t4"),
        Column("row", pl.String, "row of the table"),
        Column("column", pl.String, "column of the table"),
        Column("value", FIGURE, "the figure printed there; both figures were read"),
    ),
)

SKETCHES = Table(
    name="sketches",
    row_per="report and part of its text, for finding those nearly the same",
    key=("report_id", "part"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("part", pl.Int32, "part of the report, 1 or 5"),
        Column("length", pl.Int32, "characters, names, numbers and blanks aside"),
        Column("sketch", pl.List(pl.UInt32), "MinHash of its shingles of four characters"),
    ),
)

REPAIRS = Table(
    name="repairs",
    row_per="report, problem, explanation and cell it changes",
    key=("report_id", "problem", "rank", "cell"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("problem", pl.Int32, "failed equations bound by shared cells, numbered from 1"),
        Column("rank", pl.Int32, "place of the explanation among those stored, likeliest first"),
        Column("unique", pl.Boolean, "it is the only smallest explanation, with these figures"),
        Column("size", pl.Int32, "cells that are wrong at the least"),
        Column("sets", pl.Int32, "smallest explanations there are; 0 if over 3 cells are wrong"),
        Column("truncated", pl.Boolean, "there may be more of them than were counted"),
        Column("cell", pl.String, "cell to change", "over 3 cells are wrong: see our reading"),
        Column("reported", FIGURE, "the figure it has", "as cell"),
        Column("suggested", FIGURE, "the figure that makes the equations hold", "as cell"),
        Column("reason", pl.String, "what speaks for the explanation, in Chinese"),
        Column("equations", pl.List(pl.String), "failed equations it is in: rule and instance"),
    ),
)

STATEMENTS = Table(
    name="statements",
    row_per="figure, denial or claim in the prose of a report",
    key=("report_id", "number"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("number", pl.Int32, "place among the statements of the report, from 1"),
        Column("subject", pl.String, "what is counted; stated: what no table of the form holds"),
        Column(
            "quantity", FIGURE, "the figure, amounts in yuan; 0 for a denial", "no figure: a claim"
        ),
        Column("places", pl.Int32, "decimals printed", "no figure"),
        Column("unit", pl.String, "unit as printed", "none was printed"),
        Column("noun", pl.String, "words beside the figure"),
        Column(
            "scope", pl.String, "whole (what the report covers), own, part, territory, body, place"
        ),
        Column("period", pl.String, "current, a year, previous, part (of a year) or cumulative"),
        Column(
            "qualifiers",
            pl.List(pl.String),
            "what narrows or widens it: about, change, planned, denied and so on",
        ),
        Column("section", pl.Int32, "part of the report, 1 to 6", "before the first heading"),
        Column("sentence", pl.String, "the sentence, without white space"),
        Column(
            "locator",
            pl.String,
            "characters of the running text, from the first to before the last",
        ),
        Column("part_of", pl.Int32, "number of the statement it is a part of", "it is no part"),
        Column(
            "share_of", pl.Int32, "number of the statement whose share or growth it is", "no ratio"
        ),
        Column("is_closed", pl.Boolean, "whether its breakdown claims to be complete"),
        Column("rule", pl.String, "rule it was compared under", "nothing to compare with"),
        Column("outcome", pl.String, "agrees, differs, not_applicable or not_evaluated"),
        Column("cells", pl.List(pl.String), "the cells it was compared with"),
        Column("admissible", pl.List(pl.String), "values that would agree, as written in messages"),
    ),
)

PARTS = Table(
    name="parts",
    row_per="part of the running text of a report, in the order printed",
    key=("report_id", "position"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("position", pl.Int32, "place in the order printed, from 0"),
        Column("part", pl.Int32, "number of the part, 1 to 6; 0 before the first heading"),
        Column("heading", pl.String, "heading as printed; empty for part 0"),
        Column("text", pl.String, "text up to the next heading, the tables aside"),
    ),
)

LABELS = Table(
    name="labels",
    row_per="row or column of a table whose label is not as the form has it",
    key=("report_id", "table", "line", "number"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("table", pl.String, "t2, t3 or t4"),
        Column("line", pl.String, "row or column; table: no label of the table can be told"),
        Column("number", pl.Int32, "place among these of the table and line, from 1"),
        Column("key", pl.String, "row or column of the form", "the form has none such"),
        Column("text", pl.String, "label as printed", "it is not printed"),
    ),
)

REPORT_VERSIONS = Table(
    name="report_versions",
    row_per="version of a report that stands no more in reports",
    key=("report_id", "replaced_at"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("replaced_at", INSTANT, "when it was replaced", unit="UTC"),
        Column(
            "cause",
            pl.String,
            "new_bytes: another text came; new_reader: the same text is read otherwise; "
            "withdrawn: its source gives a report of another name",
        ),
        Column("version", pl.Int32, "as in reports, of the old version"),
        *(
            column
            for column in REPORTS.columns
            if column.name in ("title", "publisher", "form", "url", "source_sha256", "media_type")
        ),
        Column("fetched_at", INSTANT, "when its bytes were first fetched", unit="UTC"),
        Column("verdict", pl.String, "valid, invalid, unreadable or trivially_valid (all zero)"),
        Column("errors", pl.Int32, "failed rules of severity error, by row or column"),
        Column("warnings", pl.Int32, "failed rules of severity warning, by row or column"),
        Column("cells_read", pl.Int32, "cells printed and understood"),
        Column(
            "cells_changed",
            pl.Int32,
            "cells that are otherwise in the version after it",
            "withdrawn: there is none after it",
        ),
    ),
)

CELL_CHANGES = Table(
    name="cell_changes",
    row_per="change of a cell of a report that stayed",
    key=("report_id", "changed_at", "table", "row", "column"),
    columns=(
        Column("report_id", pl.String, "as in reports"),
        Column("changed_at", INSTANT, "when the new figure was stored", unit="UTC"),
        Column("cause", pl.String, "new_bytes or new_reader, as in report_versions"),
        Column("table", pl.String, "t2, t3 or t4"),
        Column("row", pl.String, "row of the table"),
        Column("column", pl.String, "column of the table"),
        Column("old_value", FIGURE, "the figure before", "it had none"),
        Column("old_text", pl.String, "what was printed before", "nothing was found"),
        Column("old_status", pl.String, "its status before", "the form then had no such cell"),
        Column("value", FIGURE, "the figure now", "it has none"),
        Column("text", pl.String, "what is printed now", "nothing was found"),
        Column("status", pl.String, "its status now", "the form now has no such cell"),
    ),
)

DOCUMENTS = Table(
    name="documents",
    version=3,
    row_per="address or file that was looked at, as it was last seen",
    key=("url",),
    columns=(
        Column("url", pl.String, "address or path"),
        Column("source", pl.String, "source it was found through"),
        Column("outcome", pl.String, "read, or why it gave no report"),
        Column("reason", pl.String, "what was expected, found, and what to do", "it was read"),
        Column(
            "report_id", pl.String, "report it gave, or that of the page it is attached to", "none"
        ),
        Column("sha256", pl.String, "sha256 of its bytes", "nothing was received"),
        Column("media_type", pl.String, "type told by content", "nothing was received"),
        Column("bytes", pl.Int64, "size", "nothing was received", "byte"),
        Column("seen_at", INSTANT, "when it was first seen in this state", unit="UTC"),
        Column("page", pl.String, "address of the page that has it attached", "no attachment"),
        Column(
            "via",
            pl.String,
            "how its bytes came: http; modern, rsa_key_exchange or legacy TLS, with +unverified "
            "where the certificate was not verified; inbox where a file stands in",
            "nothing was received, or a file",
            since=2,
        ),
        Column(
            "link_text",
            pl.String,
            "text of the link that led there",
            "no link did, or seen before links were kept",
            since=2,
        ),
        Column(
            "reader",
            pl.String,
            "version of gouji and digest of what read it",
            "nothing was received, or read before this was kept",
            since=3,
        ),
    ),
)


MISSING = Table(
    name="missing",
    version=2,
    row_per="body and report year for which it owes a report that was not found",
    key=("series", "year"),
    columns=(
        Column("series", pl.String, "the report's identity without the year"),
        Column("year", pl.Int32, "report year"),
        Column("region", pl.String, "as the partitions of reports"),
        Column("publisher", pl.String, "name of the body", "no report of it named one"),
        Column("scope", pl.String, "government, department, township or other"),
        Column("adcode", pl.String, "as in reports", "not settled"),
        Column("due_on", pl.Date, "last day to publish", "no law or roster sets one"),
        Column("known_by", pl.String, "roster, or earlier_reports where the roster has it not"),
        Column(
            "host_down",
            pl.String,
            "host on which its reports stand, which does not answer: no alert",
            "it answers, or is not known",
            since=2,
        ),
    ),
)


_CHANGE = "added, changed or removed since the last release"
_WHY = (
    "new_bytes: another text; new_reader: the same text read otherwise; new_rules: judged by "
    "other rules; beside: other reports, waivers or the roster changed what is found"
)

RELEASE_REPORTS = Table(
    name="release_reports",
    row_per="report that is otherwise than in the last release",
    key=("report_id",),
    columns=(
        *PARTITION,
        Column("report_id", pl.String, "as in reports"),
        Column("change", pl.String, _CHANGE),
        Column("why", pl.String, _WHY, "added or removed"),
        Column("old_version", pl.Int32, "its version in the last release", "added"),
        Column("version", pl.Int32, "its version now", "removed"),
        Column("old_verdict", pl.String, "its verdict in the last release", "added"),
        Column("verdict", pl.String, "its verdict now", "removed"),
        Column("cells_changed", pl.Int32, "cells added, changed or removed"),
    ),
)

RELEASE_CELLS = Table(
    name="release_cells",
    row_per="cell that is otherwise than in the last release, of a report that is in both",
    key=("report_id", "table", "row", "column"),
    columns=(
        *PARTITION,
        Column("report_id", pl.String, "as in reports"),
        Column("table", pl.String, "t2, t3 or t4"),
        Column("row", pl.String, "row of the table"),
        Column("column", pl.String, "column of the table"),
        Column("change", pl.String, _CHANGE),
        Column("why", pl.String, _WHY),
        Column("old_value", FIGURE, "the figure before", "it had none"),
        Column("old_text", pl.String, "what was printed before", "nothing was found"),
        Column("old_status", pl.String, "its status before", "added"),
        Column("value", FIGURE, "the figure now", "it has none"),
        Column("text", pl.String, "what is printed now", "nothing was found"),
        Column("status", pl.String, "its status now", "removed"),
    ),
)


def add_partition(table: Table) -> Table:
    """Declare a table of the lake as one file has it: the columns of the partition come first."""
    return replace(table, columns=(*PARTITION, *table.columns))


def declare_wide(figures: Iterable[Column]) -> Table:
    """Declare the wide table, a column a figure; which figures there are, the form says."""
    identity = ("title", "publisher", "scope", "adcode", "prefecture", "county", "form", "verdict")
    columns = {column.name: column for column in REPORTS.columns}
    return Table(
        name="wide",
        version=2,
        row_per="report, with a column for each cell of the 2021 form",
        key=("report_id",),
        columns=(
            *(columns[name] for name in ("report_id", *identity)),
            *figures,
            _declare_run_id(since=2),
        ),
    )


def list_history() -> tuple[Table, ...]:
    """Return the declared tables of what was replaced, beside those of what stands now."""
    return (REPORT_VERSIONS, CELL_CHANGES)


def list_release_tables() -> tuple[Table, ...]:
    """Return the declared tables of a release: what is otherwise than in the one before."""
    return (RELEASE_REPORTS, RELEASE_CELLS)


def list_flat_tables() -> tuple[Table, ...]:
    """Return the declared tables that are one file each in the data folder."""
    return (DOCUMENTS, MISSING)


def list_tables() -> tuple[Table, ...]:
    """Return the declared tables that are partitioned by year and region, but for the wide one."""
    return (
        REPORTS,
        CELLS,
        FINDINGS,
        REPAIRS,
        LEGACY_ROWS,
        STATEMENTS,
        PARTS,
        LABELS,
        COPIES,
        SKETCHES,
    )
