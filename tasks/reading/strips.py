"""From what stands behind a row's label to its cells: set apart in print, or run together.

Set apart means that the cells can be counted, blank ones too: by tabs, by pipes, by equal
line breaks, by blanks. Only what has no such separator is split by the sums of the form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from expectations.form import Cell, Form
from tasks.reading.figures import read_figure
from tasks.reading.report import CellReading, pack_reading
from tasks.reading.runs import Row, settle_runs, sums_up

HARD = "\t|\n"
BLANK = f"{HARD} \u00a0\u2002\u3000"  # what separates, and nothing else
_GROUPED = re.compile(r"[1-9\uff11-\uff19]\d{0,2} \d{3}")
_UNDIVIDED = re.compile(r"\d{4}")
LEAST_ROWS = 2  # printed again, by which the tables begin anew
PADDED = "padding_possible"
JOINED = "set_apart_by_blanks"
CUT = "text_ends"
WORD_IN_FRONT = "word_in_front"  # another column's, so that all others are shifted
UNEVEN = "uneven_lines"
LINED = "set_apart_by_lines"
_APART = re.compile(r"\d \d")
_COUNTED = re.compile(r"row_count:(\d+)")
_BLANKS = re.compile(r"[^\S\n\t]+")


class Strip(NamedTuple):
    """A row's cells in printed order, and the figures between its label and the next one.

    `is_piped` says that the label's line begins with a pipe, so that one closes the row;
    `note` why nothing of it can be told, `is_cut` that the text ends right behind a figure.
    """

    cells: tuple[Cell, ...]
    figures: str
    locator: str
    unit_known: bool
    is_piped: bool
    note: str | None
    is_cut: bool = False

    @property
    def printed(self) -> str:
        """What is printed, without the white space around and between."""
        return " ".join(self.figures.replace("|", " ").split())


def read_strips(strips: Sequence[Strip], form: Form) -> Iterator[CellReading]:
    """Read the cells of all rows of a report; the run-together ones need the others."""
    known: dict[str, Strip] = {}
    twice: set[str] = set()
    again: set[str] = set()
    for strip in strips:
        name = f"{strip.cells[0].table}.{strip.cells[0].row}"
        twin = known.setdefault(name, strip)
        if twin is not strip:
            again.add(name)
            if (twin.printed, twin.cells) != (strip.printed, strip.cells):
                twice.add(name)
        elif len(again) >= LEAST_ROWS:
            twice.add(name)  # only a second print has it, which may be another report's
    rows = {
        name: _mark(strip, "printed_twice") if name in twice else _read_strip(strip, form)
        for name, strip in known.items()
    }
    for row in settle_runs(_settle_blanks(rows, form), form).values():
        yield from row.readings


def _settle_blanks(rows: dict[str, Row], form: Form) -> dict[str, Row]:
    """Tell by all rows what a blank between figures means.

    Where most rows are run together a blank is chance: even a row with the right number of
    figures counts only if it adds up. Where rows are set apart by blanks, one with too few
    figures has a lost or blank cell and is no run, unless a text in it is no single figure.
    A blank before three digits sets thousands apart unless longer figures stand undivided.
    Where blank cells leave no trace, and so some rows are short, or where figures are cut up,
    and so some are long, the right number may be chance in the others; so it may where rows of
    the same table are long. A text that is no figure may be another column's.
    """
    glued = {name for name, row in rows.items() if row.run and _is_glued(row)}
    joined = {name for name, row in rows.items() if row.doubt == JOINED and not row.run}
    bare = joined | {name for name, row in rows.items() if row.doubt == LINED}
    counts = {name: _count_printed(row) for name, row in rows.items() if name not in glued}
    is_traceless = any(count < len(rows[name].cells) for name, count in counts.items())
    uneven = {
        rows[name].cells[0].table for name, count in counts.items() if count > len(rows[name].cells)
    }
    is_cut_up = any(
        count > len(rows[name].cells) and _GROUPED.search(rows[name].readings[0].text or "")
        for name, count in counts.items()
    )
    is_run_together = len(glued) > len(joined)
    has_long = any(
        _UNDIVIDED.match(reading.text or "") for name in joined for reading in rows[name].readings
    )
    settled = dict(rows)
    for name, row in rows.items():
        if row.run:
            settled[name] = row if name in glued or is_run_together else replace(row, run=())
        elif name in bare and not sums_up(row, form):
            text = " ".join(reading.text or "" for reading in row.readings)
            is_grouped = not has_long and _GROUPED.search(text) is not None
            if name in joined and (is_run_together or is_cut_up or is_grouped):
                settled[name] = _refuse_row(row, text, "grouping_possible")
            elif (
                is_traceless
                or row.cells[0].table in uneven
                or any(reading.status == "unreadable" for reading in row.readings)
            ):
                settled[name] = _refuse_row(row, text, "blank_possible")
    return settled


def _count_printed(row: Row) -> int:
    """Count the figures that are printed in a row, as far as they can be told apart."""
    counted = _COUNTED.fullmatch(row.readings[0].note or "")
    return int(counted[1]) if counted else len(row.cells)


def _refuse_row(row: Row, text: str, note: str) -> Row:
    return replace(
        row,
        readings=tuple(
            CellReading(r.cell, "unreadable", None, None, text, r.locator, note)
            for r in row.readings
        ),
    )


def _is_glued(row: Row) -> bool:
    """Tell whether one of the texts cannot be a single figure, or is the only one."""
    return len(row.run) == 1 or any(text[0] == "0" and len(text) > 1 for text in row.run)


def _mark(strip: Strip, note: str) -> Row:
    """Mark every cell of a row as unreadable, each with all that is printed in the row."""
    return Row(strip.cells, tuple(_refuse(cell, strip, note) for cell in strip.cells))


def _refuse(cell: Cell, strip: Strip, note: str) -> CellReading:
    return CellReading(cell.key, "unreadable", None, None, strip.printed, strip.locator, note)


def _read_strip(strip: Strip, form: Form) -> Row:
    """Read a row whose cells are set apart; leave a run for later."""
    if strip.note is not None:
        return _mark(strip, strip.note)
    count = len(strip.cells)
    cut = cut_cells(strip.figures, count, strip.is_piped)
    if cut is None:
        return _mark(strip, f"row_count:{len(strip.printed.split())}")
    if len(cut.texts) != count:
        marked = _mark(strip, f"row_count:{len(cut.texts)}")
        return replace(marked, run=tuple(cut.texts), doubt=JOINED)
    pairs = zip(strip.cells, cut.texts, strict=True)
    readings = tuple([_read_cell(cell, text, strip) for cell, text in pairs])
    row = Row(strip.cells, readings, doubt=cut.doubt)
    if readings[0].note == "not_a_figure" and not re.search(r"\d", cut.texts[0]):
        return _mark(strip, WORD_IN_FRONT)
    doubt = CUT if strip.is_cut else cut.doubt if cut.doubt in (PADDED, UNEVEN) else None
    return _mark(strip, doubt) if doubt and not sums_up(row, form) else row


def _read_cell(cell: Cell, text: str, strip: Strip) -> CellReading:
    status, value, unit, note = read_figure(text, cell, strip.unit_known)
    return pack_reading((cell.key, status, value, unit, text, strip.locator, note, False))


class Cut(NamedTuple):
    """The texts of a row's cells; `doubt` says what they may be instead.

    `PADDED`: empty cells before the first may be its label's; `JOINED`, `LINED`: blanks or
    line breaks alone set them apart; `UNEVEN`: line breaks now more, now fewer.
    """

    texts: list[str]
    doubt: str | None = None


def cut_cells(figures: str, count: int, is_piped: bool) -> Cut | None:
    """Cut what stands behind a label into the texts of its cells.

    Gives `count` texts where cells can be told, fewer where blanks alone set too few figures
    apart (a run), None where cells are missing, too many or cannot be counted.
    """
    if "\t" in figures:
        return _fit(*_cut_tabs(figures), count)
    if "|" in figures:
        cut = _fit(*_cut_pipes(figures, is_piped), count) or _fit_padded(figures, count)
        return cut._replace(doubt=PADDED) if cut and not cut.texts[0] else cut
    lines = [line.strip() for line in figures.split("\n")]
    printed = [number for number, line in enumerate(lines) if line]
    if len(printed) > 1:
        steps = {after - before for before, after in pairwise([0, *printed])}
        cut = _fit([lines[number] for number in printed], len(steps) > 1, count)
        return cut and cut._replace(doubt=LINED if len(steps) == 1 else UNEVEN)
    joined = _BLANKS.sub(" ", lines[printed[0]]) if printed else ""
    texts = joined.split(" ")
    if count == 1 and len(texts) > 1:
        return None if _APART.search(joined) else Cut([joined])
    if not joined or len(texts) > count:
        return None
    return Cut(texts, JOINED if count > 1 else None)


def _fit(cells: list[str], is_open: bool, count: int) -> Cut | None:
    """Hold cells against their count; empty ones behind a full row are padding.

    `is_open` says that the row's end is not printed, so that empty cells may be another's.
    """
    if len(cells) == count:
        return None if is_open and "" in cells else Cut(cells)
    is_full = all(cells[:count]) and not any(cells[count:])
    return Cut(cells[:count]) if len(cells) > count and is_full else None


def _fit_padded(figures: str, count: int) -> Cut | None:
    """Take a full row behind the empty cells of a wide label, if its figures add up."""
    cells = [cell.strip() for cell in figures.split("\n")[0].strip(BLANK).split("|")]
    is_row = not figures.partition("\n")[2].strip(BLANK)
    return Cut(cells, PADDED) if is_row and len(cells) == count and all(cells) else None


def _cut_tabs(figures: str) -> tuple[list[str], bool]:
    """A tab opens a cell, an empty line ends the row; a line without a tab continues."""
    row, _, rest = figures.partition("\n\n")
    opening, *plain = row.split("\n\t")
    is_plain = not opening and row.count("\n") == row.count("\t") == len(plain)
    if is_plain and len(row) < len(figures) and not rest.strip(BLANK):
        return [cell.strip() for cell in plain], False  # as most rows are: a third of the time
    cells: list[str] = []
    lines = figures.split("\n")
    for number, line in enumerate(lines):
        before, *opened = line.split("\t")
        if cells and before.strip():
            cells[-1] += f"\n{before.strip()}"
        elif before.strip():
            return [before, *opened], True
        elif cells and not opened:
            rest = "".join(lines[number:]).strip(BLANK)
            return (cells, False) if not rest else ([], True)
        cells.extend(cell.strip() for cell in opened)
    return cells, True


def _cut_pipes(figures: str, is_piped: bool) -> tuple[list[str], bool]:
    """Cut cells by pipes; a row in one line that a pipe opens is one that a pipe closes."""
    line, *others = figures.split("\n")
    if is_piped and line.count("|") > 1 and not "".join(others).strip(BLANK):
        _, *cells = (cell.strip() for cell in line.split("|"))
        return (cells, False) if cells[-1] else (cells[:-1], False)
    before, *cells = (cell.strip() for cell in figures.split("|"))
    while cells and not cells[-1]:
        cells.pop()
    return ([], True) if before else (cells, True)
