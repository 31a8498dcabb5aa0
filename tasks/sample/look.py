"""How the tables of a report look on a page: options of `looks.yaml`, composed at will."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import yaml

from expectations.form import Cell, Form
from tasks.sample.grids import Rows, Slot

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
    `own_row`, `own_column` and `padding` add what is not of the form.
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


@cache
def load_looks() -> dict[str, Any]:
    """Load `looks.yaml`."""
    facts: dict[str, Any] = yaml.safe_load(LOOKS_FILE.read_text("utf-8"))
    return facts


def draw_look(rng: random.Random) -> Look:
    """Draw each option from its list."""
    options = load_looks()["options"]
    return Look(**{field.name: rng.choice(options[field.name]) for field in fields(Look)})


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
    if cell.kind == "change" and look.changes == "words":
        words = load_looks()["changes"]
        text = words.get(text[0], "") + text.lstrip("+-")
    elif look.thousands and text.partition(".")[0].isdecimal():
        whole, point, part = text.partition(".")
        text = f"{int(whole):,}".replace(",", look.thousands) + point + part
    if look.digits == "wide":
        text = text.translate(_WIDE)
    return text + cell.unit if look.units and not text.endswith(cell.unit) else text


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
        return replace(slot, text=text, markup=_mark_figure(text, look.figures))
    if slot.is_figure or not slot.text:
        return slot
    return replace(slot, markup=_mark_label(slot.text, look.labels))


def _mark_figure(text: str, way: str) -> str | None:
    if way == "spans":
        return "".join(f"<span lang=EN-US>{escape(character)}</span>" for character in text)
    return f"\n  <p align=center>{escape(text)}<br></p>\n" if way == "paragraph" else None


def _mark_label(text: str, way: str) -> str | None:
    middle = len(text) // 2
    first, second = escape(text[:middle]), escape(text[middle:])
    marks = {
        "broken": f"{first}<br/>{second}",
        "spaced": f"&nbsp; {first}&nbsp;\u3000 {second} ",
        "paragraphs": f"<p>{first}</p>\n<p>{second}</p>",
    }
    return marks.get(way)
