"""Damage to printed tables, and what still stands in each cell after it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace

from tasks.sample.grids import Rows, Slot
from tasks.sample.office import place_slots

Tables = dict[str, list[Rows]]
# Columns before those named in the lowest header row, by how many stand beside them.
COLUMNS_IN_FRONT = {0: 0, 2: 1, 5: 5}
Damage = Callable[[Rows, random.Random], Rows]
_TAGS = re.compile(r"</?(?:td|tr|tbody|table|p|span)\b[^>]*>|<br/?>")


def damage_tables(tables: Tables, name: str, rng: random.Random) -> Tables:
    """Damage one table at random in the way that `name` says, one of `DAMAGES`.

    A figure that stands nowhere whole any more, or in a cell with others, loses its `cell`.
    """
    places = [(key, number) for key, printed in tables.items() for number in range(len(printed))]
    key, number = rng.choice(places)
    damaged = {table: list(printed) for table, printed in tables.items()}
    if name == "columns swapped" and any(_find_figures(rows[0]) for rows in damaged[key]):
        return damaged  # a part without a header would follow one that is not its own
    damaged[key][number] = DAMAGES[name](damaged[key][number], rng)
    return damaged


def list_printed(tables: Tables) -> dict[str, list[str]]:
    """Map each cell of the form to the texts that stand in it, without those spoiled."""
    printed: dict[str, list[str]] = {}
    for rows in (rows for parts in tables.values() for rows in parts):
        for slot in (slot for row in rows for slot in row if slot.cell):
            printed.setdefault(slot.cell or "", []).append(slot.text)
    return printed


def list_moved(tables: Tables, damaged: Tables) -> dict[str, list[Slot]]:
    """Map cells of the form to what stands in their place after cells of a row were shifted.

    Only of tables that still have all their rows; what kept its place is left out.
    """
    moved: dict[str, list[Slot]] = {}
    pairs = (pair for key in tables for pair in zip(tables[key], damaged[key], strict=True))
    for before, after in pairs:
        if len(before) == len(after) and before is not after:
            now = {(row, column): slot for row, column, slot in place_slots(after)}
            for row, column, slot in place_slots(before):
                stands = now.get((row, column))
                if slot.cell and stands and stands.cell != slot.cell:
                    moved.setdefault(slot.cell, []).append(stands)
    return moved


def cut_page(page: str, rng: random.Random) -> str:
    """Cut a page off somewhere in its tables, as a broken transfer or a full column does."""
    first, last = page.find("<table"), page.rfind("</table>")
    return page[: rng.randint(first, last)]


def close_page(page: str, rng: random.Random) -> str:
    """Cut the text of a page off, but let the page around it end as usual."""
    return f"{cut_page(page, rng)}</div>\n<p>2023</p></body></html>"


def drop_tag(page: str, rng: random.Random) -> str:
    """Leave out one tag of the tables."""
    first, last = page.find("<table"), page.rfind("</table>")
    tag = rng.choice(list(_TAGS.finditer(page, first, last)))
    return page[: tag.start()] + page[tag.end() :]


def cut_text(text: str, rng: random.Random) -> str:
    """Cut a text off somewhere in its last two thirds, perhaps within a figure."""
    return text[: rng.randint(len(text) // 3, len(text))]


def break_line(text: str, rng: random.Random) -> str:
    """Break a line where there is no break, perhaps within a figure."""
    place = rng.randint(len(text) // 3, len(text))
    return f"{text[:place]}\n{text[place:]}"


def join_lines(text: str, rng: random.Random) -> str:
    """Lose one line break."""
    lines = text.split("\n")
    place = rng.randrange(len(lines))
    return "\n".join([*lines[:place], "".join(lines[place : place + 2]), *lines[place + 2 :]])


def drop_line(text: str, rng: random.Random) -> str:
    """Lose one line."""
    lines = text.split("\n")
    del lines[rng.randrange(len(lines))]
    return "\n".join(lines)


def cut_file(content: bytes, rng: random.Random) -> bytes:
    """Cut a file off somewhere, as a broken transfer does."""
    return content[: rng.randint(len(content) // 10, len(content))]


def _drop_row(rows: Rows, rng: random.Random) -> Rows:
    place = rng.randrange(len(rows))
    return rows[:place] + rows[place + 1 :]


def _double_row(rows: Rows, rng: random.Random) -> Rows:
    place = rng.randrange(len(rows))
    return [*rows[: place + 1], *rows[place:]]


def _drop_cell(rows: Rows, rng: random.Random) -> Rows:
    at, place = _choose(rows, rng)
    return _replace(rows, at, [*rows[at][:place], *rows[at][place + 1 :]])


def _double_cell(rows: Rows, rng: random.Random) -> Rows:
    at, place = _choose(rows, rng)
    return _replace(rows, at, [*rows[at][: place + 1], *rows[at][place:]])


def _join_rows(rows: Rows, rng: random.Random) -> Rows:
    """Lose the end of one row and the beginning of the next."""
    if len(rows) < 2:
        return rows
    place = rng.randrange(len(rows) - 1)
    return [*rows[:place], rows[place] + rows[place + 1], *rows[place + 2 :]]


def _swap_columns(rows: Rows, rng: random.Random) -> Rows:
    """Swap two columns of figures together with the headers right above them."""
    first = next((at for at, row in enumerate(rows) if _find_figures(row)), 0)
    figures = _find_figures(rows[first])
    heads = [place for place, slot in enumerate(rows[first - 1]) if slot.text] if first else []
    heads = heads[-len(figures) :]
    front = COLUMNS_IN_FRONT.get(len(figures) - len(heads))
    if front is None or len(heads) < 2:
        return rows
    pair = rng.randrange(len(heads) - 1)
    swapped = _replace(rows, first - 1, _swap(rows[first - 1], heads[pair], heads[pair + 1]))
    for at in range(first, len(rows)):
        places = _find_figures(rows[at])
        if len(places) != len(figures):
            break
        left, right = places[front + pair : front + pair + 2]
        swapped = _replace(swapped, at, _swap(rows[at], left, right))
    return swapped


def _find_figures(row: list[Slot]) -> list[int]:
    return [place for place, slot in enumerate(row) if slot.is_figure]


def _swap(row: list[Slot], left: int, right: int) -> list[Slot]:
    swapped = list(row)
    swapped[left], swapped[right] = row[right], row[left]
    return swapped


def _break_digits(rows: Rows, rng: random.Random) -> Rows:
    """Break a figure over two lines, in one of the ways pages do."""
    at, place = _choose(rows, rng, lambda slot: len(slot.text) > 1 and slot.is_figure)
    slot = rows[at][place]
    if len(slot.text) < 2:
        return rows
    cut = rng.randrange(1, len(slot.text))
    first, second = slot.text[:cut], slot.text[cut:]
    markup = rng.choice(
        [
            f"{first}<br>{second}",
            f"<p>{first}</p><p>{second}</p>",
            f"{first}\n{second}",
            f"<span>{first}</span><sup>{second}</sup>",
            f"<div>{first}</div>{second}",
        ]
    )
    is_spoiled = first[-1].isdecimal() and second[0].isdecimal()
    cell = None if is_spoiled else slot.cell
    return _put(rows, at, place, replace(slot, markup=markup, cell=cell))


def _merge_pair(rows: Rows, rng: random.Random) -> Rows:
    """Merge two neighbouring figures of a row, printing one of them or both."""
    at, place = _choose(rows, rng, lambda slot: slot.is_figure)
    if place + 1 not in _find_figures(rows[at]):
        return rows
    left, right = rows[at][place : place + 2]
    text = rng.choice([left.text, right.text, left.text + right.text, f"{left.text} {right.text}"])
    merged = Slot(text, 1, left.column_span + right.column_span, is_figure=True)
    return _replace(rows, at, [*rows[at][:place], merged, *rows[at][place + 2 :]])


def _merge_below(rows: Rows, rng: random.Random) -> Rows:
    """Merge a figure with the one below it, printing the upper one."""
    at, place = _choose(rows, rng, lambda slot: slot.is_figure)
    slot = rows[at][place]
    from_end = len(rows[at]) - place
    if at + 1 >= len(rows) or from_end > len(rows[at + 1]):
        return rows
    below = list(rows[at + 1])
    if not below[-from_end].is_figure:
        return rows
    del below[-from_end]
    taller = _put(rows, at, place, replace(slot, row_span=2, cell=None))
    return _replace(taller, at + 1, below)


def _spoil_label(rows: Rows, rng: random.Random) -> Rows:
    """Lose a character of a label or header."""
    at, place = _choose(rows, rng, lambda slot: not slot.is_figure and bool(slot.text))
    slot = rows[at][place]
    cut = rng.randrange(max(len(slot.text), 1))
    return _put(
        rows, at, place, replace(slot, text=slot.text[:cut] + slot.text[cut + 1 :], markup=None)
    )


def _lose_label(rows: Rows, rng: random.Random) -> Rows:
    """Leave a label or header empty."""
    at, place = _choose(rows, rng, lambda slot: not slot.is_figure and bool(slot.text))
    return _put(rows, at, place, replace(rows[at][place], text="", markup=None))


def _choose(
    rows: Rows, rng: random.Random, is_fit: Callable[[Slot], bool] | None = None
) -> tuple[int, int]:
    """Choose the row and place of a fitting cell; the first of all where none fits."""
    places = [
        (at, place)
        for at, row in enumerate(rows)
        for place, slot in enumerate(row)
        if is_fit is None or is_fit(slot)
    ]
    return rng.choice(places or [(0, 0)])


def _replace(rows: Rows, at: int, row: list[Slot]) -> Rows:
    return [*rows[:at], row, *rows[at + 1 :]]


def _put(rows: Rows, at: int, place: int, slot: Slot) -> Rows:
    return _replace(rows, at, [*rows[at][:place], slot, *rows[at][place + 1 :]])


DAMAGES: dict[str, Damage] = {
    "row dropped": _drop_row,
    "row doubled": _double_row,
    "rows joined": _join_rows,
    "cell dropped": _drop_cell,
    "cell doubled": _double_cell,
    "columns swapped": _swap_columns,
    "digits broken": _break_digits,
    "figures merged": _merge_pair,
    "figures merged downwards": _merge_below,
    "label spoiled": _spoil_label,
    "label lost": _lose_label,
}
PAGE_DAMAGES: dict[str, Callable[[str, random.Random], str]] = {
    "page cut off": cut_page,
    "text cut off": close_page,
    "tag dropped": drop_tag,
}
TEXT_DAMAGES: dict[str, Callable[[str, random.Random], str]] = {
    "text cut off": cut_text,
    "line broken": break_line,
    "lines joined": join_lines,
    "line lost": drop_line,
}
FILE_DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {"file cut off": cut_file}
