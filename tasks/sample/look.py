"""How the tables of a report look on a page: options of `looks.yaml`, composed at will."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from expectations.form import Cell, Form
from tasks.sample.grids import Rows, Slot
from tasks.sample.markup import mark_figure, mark_label

LOOKS_FILE = Path(__file__).parent / "looks.yaml"
HEADER_ROWS = 3  # of table 3
LABEL_SLOTS = 3  # slots of table 3 left of its figures
_WIDE = {code: code + 0xFEE0 for code in map(ord, "0123456789,.+-")}


@dataclass(frozen=True, slots=True)
class Look:
    """One way to print the tables; what each option may be stands in `looks.yaml`.

    `table2` is one table or one for each part; table 3 is broken after a row, its header
    printed again or not; its `groups` are merged cells, or repeated or left empty in each
    row. `labels` and `figures` say how their markup is cut up; `zero` is printed for 0.
    `own_row`, `own_column` and `padding` add what is not of the form. `money: other` prints
    amounts in the unit that the form does not ask for, `pair` a number of items before them.

    Pages have `template`, `encoding` and `script`; Word files `is_nested`, tables inside a
    table for the layout; flattened texts `flow` and what follows it; PDF files `paper` (width
    and height in points), `cuts_rows` and `is_closed`.
    """

    template: str = "standard.html"
    table2: str = "together"
    page_break_after: str | None = None
    header_again: bool = True
    groups: str = "merged"
    labels: str = "plain"
    figures: str = "plain"
    zero: str = "0"
    digits: str = "plain"
    thousands: str = ""
    units: bool = False
    changes: str = "signs"
    own_row: str = "none"
    own_column: str = "none"
    padding: str = "none"
    closed: str = "official"
    table4: str = "across"
    prose: bool = False
    money: str = "form"
    encoding: str = "utf-8"
    script: str = "simplified"
    is_nested: bool = False
    flow: str = "lines"
    edges: str = "both"
    width: str = "ten"
    merges: str = "empty"
    empties: str = "kept"
    gap: str = " "
    page_number: str = "none"
    paper: tuple[int, int] = (595, 842)
    cuts_rows: bool = False
    is_closed: bool = True


@cache
def load_looks() -> dict[str, Any]:
    """Load `looks.yaml`."""
    facts: dict[str, Any] = yaml.safe_load(LOOKS_FILE.read_text("utf-8"))
    return facts


def draw_look(rng: random.Random) -> Look:
    """Draw each option from its list."""
    options = list_options()
    return Look(**{field.name: rng.choice(options[field.name]) for field in fields(Look)})


def list_options() -> dict[str, list[Any]]:
    """List what each option of a look may be, the form's own way first, some more than once."""
    options: dict[str, list[Any]] = load_looks()["options"]
    return options | {"paper": [tuple(paper) for paper in options["paper"]]}


def dress_tables(form: Form, tables: dict[str, list[Rows]], look: Look) -> dict[str, list[Rows]]:
    """Print tables as a look has them; `tables` are those of `print_tables`."""
    dressed = {key: [list(rows) for rows in printed] for key, printed in tables.items()}
    dressed["t3"] = [
        _dress_table3(form, rows, look, is_first=place == 0)
        for place, rows in enumerate(dressed["t3"])
    ]
    if look.table4 == "lines":
        dressed["t4"] = [_set_upright(form, rows) for rows in dressed["t4"]]
    if look.padding != "none":
        dressed = _change_rows(dressed, lambda row: _pad(row, look.padding))
    cells = {cell.key: cell for cell in form.cells}
    return {
        key: [
            [[_dress_slot(slot, cells, look) for slot in row] for row in rows] for rows in printed
        ]
        for key, printed in dressed.items()
    }


def print_text(text: str, cell: Cell, look: Look) -> str:
    """Print a figure as a look has it: 0, digits, thousands, signs and units."""
    if text.strip("0.") == "":
        return look.zero.replace("&", "\u00a0") if text == "0" else text
    words = load_looks()
    if cell.kind == "change" and look.changes != "signs":
        text = words["changes"][look.changes].get(text[0], "") + text.lstrip("+-")
    if cell.kind == "amount" and look.money == "other":
        text = _change_unit(text, cell)
    unit = cell.unit if look.units and not text.endswith(cell.unit[-1]) else ""
    front = words["pair"] if cell.kind == "amount" and look.money == "pair" else ""
    text = _group_thousands(text, look.thousands) + unit
    return front + (text.translate(_WIDE) if look.digits == "wide" else text)


def _group_thousands(text: str, mark: str) -> str:
    match = re.fullmatch(r"(\d{4,})(.*)", text)
    return f"{int(match[1]):,}".replace(",", mark) + match[2] if match and mark else text


def _change_unit(text: str, cell: Cell) -> str:
    """Print an amount in the other of the two units of `looks.yaml`, its unit behind it."""
    larger, smaller = load_looks()["money"]
    value = Decimal(text.removesuffix(cell.unit))
    if cell.unit == larger:
        return f"{(value * 10_000).normalize():f}{smaller}"
    return f"{(value / 10_000).normalize():f}{larger}"


def _change_rows(
    tables: dict[str, list[Rows]], change: Callable[[list[Slot]], list[Slot]]
) -> dict[str, list[Rows]]:
    return {
        key: [[change(row) for row in rows] for rows in printed] for key, printed in tables.items()
    }


def _pad(row: list[Slot], padding: str) -> list[Slot]:
    """Put an empty cell behind a row, as word processors do where merged cells do not align."""
    is_padded = padding == "all" or any(slot.is_figure for slot in row)
    return [*row, Slot("")] if is_padded else row


def _dress_table3(form: Form, rows: Rows, look: Look, *, is_first: bool) -> Rows:
    words = load_looks()
    if look.closed != "official":
        official = form.tables["t3"].blocks[0].rows["closed"].official
        label = words["closed"][look.closed]
        rows = [
            [replace(slot, text=label) if slot.text == official else slot for slot in row]
            for row in rows
        ]
    if look.own_row != "none":
        rows = _add_row(rows, look.own_row, words["own_row"])
    if look.own_column != "none":
        rows = _add_column(form, rows, look.own_column)
    if look.groups != "merged":
        rows = _spread_groups(rows, is_repeated=look.groups == "repeated")
    return rows if is_first or look.header_again else rows[HEADER_ROWS:]


def _add_row(rows: Rows, place: str, label: str) -> Rows:
    """Add a row of sub-totals: behind the second row, or as the last of the first group."""
    figures = [Slot(f"{17 + column}", is_figure=True) for column in range(7)]
    groups = [
        (number, slot)
        for number, row in enumerate(rows)
        for slot in row
        if slot.row_span > 1 and number >= HEADER_ROWS
    ]
    if place == "outside" or len(groups) < 2:
        after = HEADER_ROWS + (place == "outside" and len(rows) > HEADER_ROWS + 2) * 2
        if any(number < after <= number + slot.row_span - 1 for number, slot in groups):
            return rows
        return [*rows[:after], [Slot(label, 1, LABEL_SLOTS), *figures], *rows[after:]]
    first, group = groups[1]
    after = first + group.row_span
    around = [slot for number, slot in groups if number < after <= number + slot.row_span]
    grown = [
        [replace(slot, row_span=slot.row_span + 1) if slot in around else slot for slot in row]
        for row in rows
    ]
    return [*grown[:after], [Slot(label), *figures], *grown[after:]]


def _add_column(form: Form, rows: Rows, place: str) -> Rows:
    """Add a column behind the totals, before them under the organisations, or in front."""
    words = load_looks()
    label, texts = words["own_column"][place], words["own_cells"][place]
    (organisations,) = form.tables["t3"].spans
    (applicants,) = form.tables["t3"].spanners
    widened = {organisations, applicants} if place == "inner" else set()
    head = Slot(label, 1 if place == "inner" else HEADER_ROWS)
    added: Rows = []
    for number, row in enumerate(rows):
        slots = [
            replace(slot, column_span=slot.column_span + 1) if slot.text in widened else slot
            for slot in row
        ]
        figures = [at for at, slot in enumerate(slots) if slot.is_figure]
        if number < HEADER_ROWS:
            is_here = number == (HEADER_ROWS - 1 if place == "inner" else 0)
            at = 1 if place == "first" else len(slots)
            slots[at:at] = [head] if is_here else []
        elif figures:
            at = {"first": figures[0], "inner": figures[-1], "last": len(slots)}[place]
            slots.insert(at, Slot(texts[number % len(texts)], is_figure=place == "inner"))
        added.append(slots)
    return added


def _spread_groups(rows: Rows, *, is_repeated: bool) -> Rows:
    """Print the group labels of table 3 in each row, or an empty cell in each but the first."""
    spread = list(rows[:HEADER_ROWS])
    reach: dict[int, tuple[Slot, int]] = {}
    for row in rows[HEADER_ROWS:]:
        slots: list[Slot] = []
        waiting = iter(row)
        column = 0
        while column < LABEL_SLOTS:
            above, left = reach.get(column, (Slot(""), 0))
            if left:
                slots.append(replace(above, row_span=1, text=above.text if is_repeated else ""))
                reach[column] = (above, left - 1)
            else:
                slot = next(waiting)
                reach[column] = (slot, slot.row_span - 1)
                slots.append(replace(slot, row_span=1))
            column += slots[-1].column_span
        spread.append([*slots, *waiting])
    return spread


def _set_upright(form: Form, rows: Rows) -> Rows:
    """Set table 4 line by line: its rows one under the other."""
    table = form.tables["t4"]
    (block,) = table.blocks
    (suits,) = table.spanners
    figures = {slot.cell: slot for slot in rows[-1]}
    lines: Rows = [[Slot("", 1, 2), *(Slot(label.official) for label in block.columns.values())]]
    for place, (row, label) in enumerate(block.rows.items()):
        heads = [[Slot(label.official, 1, 2)], [Slot(suits, 2), Slot(label.official)]]
        printed = [figures[f"t4.{row}.{column}"] for column in block.columns]
        lines.append([*(heads[place] if place < 2 else [Slot(label.official)]), *printed])
    return lines


def _dress_slot(slot: Slot, cells: dict[str, Cell], look: Look) -> Slot:
    if slot.cell is not None:
        text = print_text(slot.text, cells[slot.cell], look)
        return replace(slot, text=text, markup=mark_figure(text, look.figures))
    if slot.is_figure or not slot.text:
        return slot
    return replace(slot, markup=mark_label(slot, look.labels))
