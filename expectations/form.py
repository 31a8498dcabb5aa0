"""The editions of the annual report form: typed values loaded from `forms/*.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

Kind = Literal["count", "amount", "change"]
FORMS_FOLDER = Path(__file__).parent / "forms"


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A printed label: its official wording, the drift seen in the wild, and its group.

    `unitless` are variants under which the figures' unit cannot be known. Equal only to
    itself, so that what is known of it can be looked up at once.
    """

    official: str
    drift: tuple[str, ...] = ()
    group: str | None = None
    unitless: tuple[str, ...] = ()

    @property
    def variants(self) -> tuple[str, ...]:
        """Every wording that stands for this line, the official one first."""
        return (self.official, *self.drift, *self.unitless)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the form; its `key` is `<table>.<row>.<column>`.

    `kind` is `count` (an integer of at least 0), `amount` (a decimal of at least 0) or
    `change` (a signed integer). `unit_printed` is false where the form prints no unit, so
    that a bare figure has none.
    """

    key: str
    table: str
    row: str
    column: str
    kind: Kind
    unit: str
    unit_printed: bool
    title: str


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A part of a table with header labels of its own; tables 3 and 4 are one block.

    Equal only to itself, as a label.
    """

    table: str
    heading: str | None
    columns: dict[str, Label]
    rows: dict[str, Label]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """One table of the form.

    `spanners` head several columns without naming them all, `spans` name the columns they
    head; `rows_across` where the rows stand side by side in one line of figures. Equal only
    to itself, as a label.
    """

    key: str
    name: str
    title: str
    corner: str | None
    spanners: tuple[str, ...]
    spans: dict[str, tuple[str, ...]]
    row_groups: tuple[str, ...]
    rows_across: bool
    blocks: tuple[Block, ...]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of the table in the order in which the form prints them."""
        return tuple(cell for block in self.blocks for cell in block.cells)


@dataclass(frozen=True, slots=True)
class Equation:
    """An identity the form demands: the cells on the left sum to the cells on the right.

    `instance` names the row or column it is about; `left` and `right` hold cell names.
    """

    rule: str
    table: str
    instance: str
    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """Every cell the identity binds."""
        return self.left + self.right


@dataclass(frozen=True)
class Form:
    """One edition of the form, with its tables, cells and equations."""

    edition: str
    document: str
    first_year: int
    last_year: int | None
    signs: tuple[str, ...]
    tables: dict[str, Table]
    equations: tuple[Equation, ...]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the edition, table by table."""
        return tuple(cell for table in self.tables.values() for cell in table.cells)

    def covers(self, year: int) -> bool:
        """Tell whether this is the edition due for a report year."""
        return self.first_year <= year and (self.last_year is None or year <= self.last_year)


@cache
def load_form(edition: str) -> Form:
    """Load one edition, such as `2021`.

    Raises:
        FileNotFoundError: there is no `forms/<edition>.yaml`.
        ValueError: the definition names a row or column that it does not declare.
    """
    facts = yaml.safe_load((FORMS_FOLDER / f"{edition}.yaml").read_text("utf-8"))
    tables = {key: _build_table(key, table) for key, table in facts["tables"].items()}
    return Form(
        edition=facts["form"],
        document=facts["document"],
        first_year=facts["report_years"]["first"],
        last_year=facts["report_years"].get("last"),
        signs=tuple(facts["signs"]),
        tables=tables,
        equations=tuple(
            equation
            for entry in facts["equations"]
            for equation in _build_equations(entry, tables[entry["table"]])
        ),
    )


@cache
def load_forms() -> dict[str, Form]:
    """Load every edition under `forms/`, newest first, keyed by its name."""
    editions = sorted((path.stem for path in FORMS_FOLDER.glob("*.yaml")), reverse=True)
    return {edition: load_form(edition) for edition in editions}


@cache
def load_cells() -> dict[str, Cell]:
    """Map every cell name of any edition to its cell, the newest edition's first."""
    cells: dict[str, Cell] = {}
    for form in load_forms().values():
        for cell in form.cells:
            cells.setdefault(cell.key, cell)
    return cells


def _build_table(key: str, facts: dict[str, Any]) -> Table:
    blocks = tuple(_build_block(key, facts, block) for block in facts.get("blocks", [facts]))
    return Table(
        key=key,
        name=facts["name"],
        title=facts["title"],
        corner=facts.get("corner"),
        spanners=tuple(facts.get("spanners", ())),
        spans={label: tuple(keys) for label, keys in facts.get("spans", {}).items()},
        row_groups=tuple(facts.get("row_groups", ())),
        rows_across=facts.get("rows_across", False),
        blocks=blocks,
    )


def _build_block(table_key: str, table: dict[str, Any], block: dict[str, Any]) -> Block:
    columns = {key: _build_label(facts) for key, facts in block["columns"].items()}
    rows = {key: _build_label(facts) for key, facts in block["rows"].items()}
    cells = tuple(
        Cell(
            key=f"{table_key}.{row_key}.{column_key}",
            table=table_key,
            row=row_key,
            column=column_key,
            kind=column.get("kind", block["kind"]),
            unit=column.get("unit", block["unit"]),
            unit_printed=column.get("unit_printed", True),
            title=f"{table['name']}{_name_line(row)}·{column['label']}",
        )
        for row_key, row in block["rows"].items()
        for column_key, column in block["columns"].items()
    )
    return Block(
        table=table_key, heading=block.get("heading"), columns=columns, rows=rows, cells=cells
    )


def _build_label(facts: dict[str, Any]) -> Label:
    return Label(
        official=facts["label"],
        drift=tuple(facts.get("drift", ())),
        group=facts.get("group"),
        unitless=tuple(facts.get("unitless", ())),
    )


def _name_line(row: dict[str, Any]) -> str:
    """Say a row in the form's own numbering, a sub-row with its group's number before it."""
    label = str(row["label"])
    group = row.get("group")
    name = f"{group.split('）')[0]}）{label}" if group else label
    return name if name.startswith("（") else f" {name}"


def _build_equations(entry: dict[str, Any], table: Table) -> list[Equation]:
    """Spell out one equation of the definition for each row or each column of its table."""
    (block,) = table.blocks
    by_row = entry["per"] == "row"
    instances = block.rows if by_row else block.columns
    declared = block.columns if by_row else block.rows
    unknown = [line for line in entry["left"] + entry["right"] if line not in declared]
    if unknown:
        raise ValueError(
            f"rule {entry['rule']}: table {table.key} declares {list(declared)}, "
            f"but the equation names {unknown}"
        )

    def name_cells(lines: list[str], instance: str) -> tuple[str, ...]:
        pairs = [(instance, line) if by_row else (line, instance) for line in lines]
        return tuple(f"{table.key}.{row}.{column}" for row, column in pairs)

    return [
        Equation(
            rule=entry["rule"],
            table=table.key,
            instance=f"{table.key}.{instance}",
            left=name_cells(entry["left"], instance),
            right=name_cells(entry["right"], instance),
        )
        for instance in instances
    ]
