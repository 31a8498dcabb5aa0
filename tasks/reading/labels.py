"""The labels of one edition, indexed for matching what is printed against the form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from expectations.form import Block, Cell, Form, Label, Table, load_form, load_forms
from tasks.reading.words import fold_label, strip_enumerator


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the form: where it stands, and its cells by column."""

    table: Table
    block: Block
    row: str
    cells: dict[str, Cell]


@dataclass(frozen=True, slots=True)
class LabelIndex:
    """Folded labels of an edition.

    `lines` maps row labels of the tables read row by row; `groups` are labels above rows,
    `headings` the part headings inside table 2; `columns` holds the column labels of each
    table, `headers` all that may stand in a header; `spans` maps labels that head several
    columns of table 3; `across` maps the row labels of tables whose rows stand side by side;
    `spanners` are headers without meaning for matching.
    """

    form: Form
    lines: dict[str, Line]
    groups: frozenset[str]
    headings: frozenset[str]
    columns: dict[str, frozenset[str]]
    headers: frozenset[str]
    spans: dict[str, tuple[str, ...]]
    across: dict[str, Table]
    spanners: frozenset[str]
    signs: tuple[str, ...]

    def find_line(self, folded: str) -> Line | None:
        """Find the row that a folded label names; its enumerator may be retyped or lost."""
        return self.lines.get(folded) or self.lines.get(strip_enumerator(folded))

    def has_header(self, folded: Iterable[str]) -> bool:
        """Tell whether one of the folded texts heads a column or several, in any table."""
        return not self.headers.isdisjoint(folded)

    def is_group(self, folded: str) -> bool:
        """Tell whether a folded text is a label above rows."""
        return folded in self.groups or strip_enumerator(folded) in self.groups


def match_column(block: Block, folded: str) -> tuple[str, ...]:
    """Name the columns of a block that a folded header may stand for."""
    return tuple(key for key, label in block.columns.items() if folded in fold_variants(label))


@cache
def fold_variants(label: Label) -> frozenset[str]:
    """Fold every wording of a label."""
    return frozenset(fold_label(variant) for variant in label.variants)


@cache
def index_labels(edition: str) -> LabelIndex:
    """Index the labels of an edition."""
    form = load_form(edition)
    lines: dict[str, Line] = {}
    bare: dict[str, list[Line]] = {}
    for table in form.tables.values():
        if table.rows_across:
            continue
        for block in table.blocks:
            for row, label in block.rows.items():
                cells = {cell.column: cell for cell in block.cells if cell.row == row}
                line = Line(table, block, row, cells)
                for folded in fold_variants(label):
                    lines[folded] = line
                    bare.setdefault(strip_enumerator(folded), []).append(line)
    groups = {fold_label(group) for table in form.tables.values() for group in table.row_groups}
    groups |= {strip_enumerator(group) for group in groups}
    for folded, found in bare.items():
        if len({(line.table.key, line.row) for line in found}) == 1 and folded not in groups:
            lines.setdefault(folded, found[0])
    columns = {
        table.key: frozenset(
            folded
            for block in table.blocks
            for label in block.columns.values()
            for folded in fold_variants(label)
        )
        for table in form.tables.values()
    }
    spans = {
        fold_label(label): keys
        for table in form.tables.values()
        for label, keys in table.spans.items()
    }
    spanners = frozenset(
        fold_label(label)
        for table in form.tables.values()
        for label in (*table.spanners, table.corner)
        if label
    )
    return LabelIndex(
        form=form,
        lines=lines,
        groups=frozenset(groups),
        headings=frozenset(
            fold_label(block.heading)
            for table in form.tables.values()
            for block in table.blocks
            if block.heading
        ),
        columns=columns,
        headers=frozenset().union(*columns.values(), spans, spanners),
        spans=spans,
        across={
            fold_label(label.official): table
            for table in form.tables.values()
            if table.rows_across
            for label in table.blocks[0].rows.values()
        },
        spanners=spanners,
        signs=tuple(fold_label(sign) for sign in form.signs),
    )


def tell_edition_by_signs(folded: str) -> str | None:
    """Tell the edition whose own labels stand in a folded text; None for none or a tie."""
    counts = {
        edition: sum(sign in folded for sign in index_labels(edition).signs)
        for edition in load_forms()
    }
    return choose_most(counts)


def choose_most(counts: dict[str, int]) -> str | None:
    """Choose the key with the highest count above 0, None where two share it."""
    best = max(counts, key=lambda key: counts[key])
    return best if counts[best] and list(counts.values()).count(counts[best]) == 1 else None
