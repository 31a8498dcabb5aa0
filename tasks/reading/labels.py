"""The labels of one edition, indexed for matching what is printed against the form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from expectations.form import Block, Cell, Form, Label, Table, load_form, load_forms
from tasks.reading.words import fold_label, load_patterns, strip_enumerator

CLEAR_CHARACTERS = 4  # a label of so many characters is clear without its number


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the form: where it stands, and its cells by column; `part` names its block."""

    table: Table
    block: Block
    row: str
    cells: dict[str, Cell]
    part: str


@dataclass(frozen=True, slots=True)
class LabelIndex:
    """Folded labels of an edition.

    `lines` maps row labels of the tables read row by row; `groups` are labels above rows,
    `headings` the part headings inside table 2; `columns` holds the column labels of each
    table, `headers` all that may stand in a header; `spans` maps labels that head several
    columns of table 3; `across` maps the row labels of tables whose rows stand side by side;
    `spanners` are headers without meaning for matching. `upright` maps those row labels to
    their rows, for pages that set such a table line by line; `bare` are labels so short that
    without their number they name a row only where it is due.
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
    upright: dict[str, Line]
    bare: frozenset[str]

    def find_line(self, folded: str) -> Line | None:
        """Find the row that a folded label names; its enumerator may be retyped or lost.

        Behind another number a short label may be another row's: it names none.
        """
        line = self.lines.get(folded)
        if line is not None:
            return line
        words = strip_enumerator(folded)
        line = self.lines.get(words)
        if line is None or words == folded or len(words) >= CLEAR_CHARACTERS:
            return line
        official = read_enumerator(fold_label(line.block.rows[line.row].official))
        return line if official in ("", read_enumerator(folded)) else None

    def has_header(self, folded: Iterable[str]) -> bool:
        """Tell whether one of the folded texts heads a column or several, in any table."""
        return not self.headers.isdisjoint(folded)

    def is_group(self, folded: str) -> bool:
        """Tell whether a folded text is a label above rows."""
        return folded in self.groups or strip_enumerator(folded) in self.groups


@lru_cache(maxsize=16_384)
def match_column(block: Block, folded: str) -> tuple[str, ...]:
    """Name the columns of a block that a folded header may stand for."""
    return tuple(key for key, label in block.columns.items() if folded in fold_variants(label))


@lru_cache(maxsize=4096)
def read_enumerator(folded: str) -> str:
    """Read the number before a folded label as digits, "" where there is none."""
    number = folded.removesuffix(strip_enumerator(folded)).strip("().、")
    numerals: list[str] = load_patterns().words["numerals"]
    return str(numerals.index(number) + 1) if number in numerals else number


@cache
def fold_variants(label: Label) -> frozenset[str]:
    """Fold every wording of a label."""
    return frozenset(fold_label(variant) for variant in label.variants)


@cache
def index_labels(edition: str) -> LabelIndex:
    """Index the labels of an edition."""
    form = load_form(edition)
    lines, upright = _index_lines(form)
    groups = {fold_label(group) for table in form.tables.values() for group in table.row_groups}
    groups |= {strip_enumerator(group) for group in groups}
    for words, line in _find_unique(lines).items():
        if words not in groups:
            lines.setdefault(words, line)
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
        upright=upright,
        bare=frozenset(
            words
            for words, line in lines.items()
            if len(words) < CLEAR_CHARACTERS
            and not read_enumerator(words)
            and read_enumerator(fold_label(line.block.rows[line.row].official))
        ),
    )


def _index_lines(form: Form) -> tuple[dict[str, Line], dict[str, Line]]:
    """Map folded row labels to their rows: of tables read row by row, and of the others."""
    lines: dict[str, Line] = {}
    upright: dict[str, Line] = {}
    for table in form.tables.values():
        for block in table.blocks:
            for row, label in block.rows.items():
                cells = {cell.column: cell for cell in block.cells if cell.row == row}
                line = Line(table, block, row, cells, f"{table.key} {block.heading}")
                known = upright if table.rows_across else lines
                known.update(dict.fromkeys(fold_variants(label), line))
                if label.group:
                    group = fold_label(label.group)
                    known.update((group + words, line) for words in fold_variants(label))
    return lines, upright


def _find_unique(lines: dict[str, Line]) -> dict[str, Line]:
    """Map labels without their numbers to the one row that has these words."""
    bare: dict[str, list[Line]] = {}
    for folded, line in lines.items():
        bare.setdefault(strip_enumerator(folded), []).append(line)
    return {
        words: found[0]
        for words, found in bare.items()
        if len({(line.table.key, line.row) for line in found}) == 1
    }


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
