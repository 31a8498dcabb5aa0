"""From a Word 97-2003 file, or Kingsoft's of the same build, to a document.

The text is cut into paragraphs by their marks; the properties of each mark tell whether it
ends a cell or a row, those of a row's mark where its cells begin and which are merged. As in
newer files, what Word does not print is left out, and what is no plain character gets a sign.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from tasks.reading import word97_properties as properties
from tasks.reading.document import Document, Grid, TextBlock
from tasks.reading.docx import OBJECT, RAISED, STRUCK, SYMBOL
from tasks.reading.media import DOC
from tasks.reading.merging import Slot, join_rows
from tasks.reading.report import UnreadableError
from tasks.reading.word97_file import Word97File, open_word97
from tasks.reading.word97_properties import Prl, RowDefinition, find_value, read_row_definition

TOLERANCE_TWIPS = 40  # edges this near are one: Word rounds each row for itself
MAX_DEPTH = 20
_MARKS = "\r\x07\x0c"
_PARAGRAPH = re.compile(f"[^{_MARKS}]*[{_MARKS}]")
_FIELD_BEGIN, _FIELD_SEPARATE, _FIELD_END = "\x13", "\x14", "\x15"
_SPECIAL = str.maketrans(
    {"\x01": OBJECT, "\x0b": "\n", "\x0e": "\n", "\x1e": "-"}
    | dict.fromkeys("\x00\x02\x03\x04\x05\x06\x08\x13\x14\x15\x1f", "")
)

Item: TypeAlias = "str | Table"


class Row(NamedTuple):
    """A row of a table: what each cell holds, and how the row is cut into cells."""

    cells: list[list[Item]]
    definition: RowDefinition | None


@dataclass(slots=True)
class Table:
    """A table while its paragraphs come in: whole rows, then the open row and open cell."""

    rows: list[Row] = field(default_factory=list)
    cells: list[list[Item]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def end_cell(self) -> None:
        """Close the open cell."""
        self.cells.append(self.items)
        self.items = []

    def end_row(self, definition: RowDefinition | None) -> None:
        """Close the open row."""
        self.rows.append(Row(self.cells, definition))
        self.cells, self.items = [], []


def read_word97(content: bytes) -> Document:
    """Read the body of a Word 97-2003 file, then its text boxes; no headers, no notes.

    Layout tables and locators are as in `read_docx`; text boxes are `textbox/paragraph[1]`.

    Raises:
        UnreadableError: `damaged_file`, `encrypted`, `word6_unsupported` or
            `too_large_inside`.
    """
    file = open_word97(content)
    try:
        printed = _print_characters(file)
        body = _read_items(file, printed, 0, file.body_end)
        boxes = _read_items(file, printed, *file.boxes)
    except (struct.error, IndexError) as error:
        raise UnreadableError(
            "damaged_file", f"expected whole properties of the text, found broken ones: {error}"
        ) from error
    blocks = (*_give_blocks(body, ""), *_give_blocks(boxes, "textbox/"))
    return Document(DOC, None, blocks, {})


def _print_characters(file: Word97File) -> list[str]:
    """Give what each character prints: nothing where it is deleted, hidden or a field's code."""
    printed = list(file.text)
    for start, end, prls in file.list_character_runs():
        _print_run(printed, start, end, prls)
    open_fields: list[list[int]] = []
    for position, character in enumerate(file.text):
        if character == _FIELD_BEGIN and len(open_fields) < MAX_DEPTH:
            open_fields.append([position])
        elif character == _FIELD_SEPARATE and open_fields:
            open_fields[-1].append(position)
        elif character == _FIELD_END and open_fields:
            begin, *separators = open_fields.pop()
            code_end = separators[0] if separators else position
            printed[begin:code_end] = [""] * (code_end - begin)
    return printed


def _print_run(printed: list[str], start: int, end: int, prls: list[Prl]) -> None:
    if find_value(prls, properties.C_DELETED) or find_value(prls, properties.C_HIDDEN):
        printed[start:end] = [""] * (end - start)
    elif find_value(prls, properties.C_SYMBOL):
        printed[start:end] = [SYMBOL] * (end - start)
    elif find_value(prls, properties.C_STRUCK) or find_value(prls, properties.C_STRUCK_TWICE):
        printed[start] = STRUCK + printed[start]
    elif find_value(prls, properties.C_RAISED):
        printed[start] = RAISED + printed[start]


def _read_items(file: Word97File, printed: list[str], start: int, end: int) -> list[Item]:
    """Read a stretch of the text into paragraphs and tables, tables within tables too."""
    items: list[Item] = []
    tables: list[Table] = []  # the open tables, the innermost last
    for match in _PARAGRAPH.finditer(file.text, start, end):
        mark = match.end() - 1
        prls = file.find_paragraph_prls(mark)
        depth = _tell_depth(prls)
        while len(tables) > depth:
            _end_table(tables.pop())
        while len(tables) < depth:
            table = Table()
            (tables[-1].items if tables else items).append(table)
            tables.append(table)
        text = "".join(printed[match.start() : mark]).translate(_SPECIAL)
        if not tables:
            items.append(_join_surrogates(text))
        elif _ends_row(prls, depth):
            tables[-1].end_row(read_row_definition(prls))
        else:
            tables[-1].items.append(_join_surrogates(text))
            if _ends_cell(prls, depth, file.text[mark]):
                tables[-1].end_cell()
    for table in tables:
        _end_table(table)
    return items


def _tell_depth(prls: list[Prl]) -> int:
    depth = find_value(prls, properties.P_DEPTH)
    return min(depth, MAX_DEPTH) or int(bool(find_value(prls, properties.P_IN_TABLE)))


def _ends_row(prls: list[Prl], depth: int) -> bool:
    sprm = properties.P_ROW_END if depth == 1 else properties.P_INNER_ROW_END
    return bool(find_value(prls, sprm))


def _ends_cell(prls: list[Prl], depth: int, mark: str) -> bool:
    if depth == 1:
        return mark == "\x07"
    return bool(find_value(prls, properties.P_INNER_CELL_END))


def _end_table(table: Table) -> None:
    """Keep what stands behind the last whole row: the file may have been cut off."""
    if table.items:
        table.end_cell()
    if table.cells:
        table.end_row(None)


def _join_surrogates(text: str) -> str:
    if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _give_blocks(items: list[Item], place: str) -> Iterator[TextBlock | Grid]:
    paragraphs = tables = 0
    for item in items:
        if isinstance(item, Table):
            tables += 1
            yield from _give_table(item, f"{place}table[{tables}]")
            continue
        paragraphs += 1
        if text := item.replace(OBJECT, "").strip():
            yield TextBlock(text, f"{place}paragraph[{paragraphs}]")


def _give_table(table: Table, place: str) -> Iterator[TextBlock | Grid]:
    """Give a table as a grid; one that holds tables, or but one cell, is running text."""
    cells = [cell for row in table.rows for cell in row.cells]
    if len(cells) > 1 and not any(isinstance(item, Table) for cell in cells for item in cell):
        columns = _number_edges(table.rows)
        yield join_rows(
            [
                _place_cells(row, columns, f"{place}/row[{number}]")
                for number, row in enumerate(table.rows, 1)
            ]
        )
        return
    for r, row in enumerate(table.rows, 1):
        for c, cell in enumerate(row.cells, 1):
            yield from _give_blocks(cell, f"{place}/row[{r}]/cell[{c}]/")


def _number_edges(rows: list[Row]) -> dict[int, int]:
    """Number the edges of all cells of a table from left to right; near ones are one."""
    edges = sorted({edge for row in rows if row.definition for edge in row.definition.edges})
    numbers: dict[int, int] = {}
    number = 0
    for before, edge in pairwise([edges[0], *edges] if edges else []):
        number += edge - before > TOLERANCE_TWIPS
        numbers[edge] = number
    return numbers


def _place_cells(row: Row, columns: dict[int, int], place: str) -> list[Slot]:
    """Give each cell of a row its columns; a cell merged with the one before it is dropped."""
    definition = row.definition
    texts = ["\n".join(map(str, cell)).strip() for cell in row.cells]
    if definition is None or len(definition.flags) != len(texts):
        return [Slot(text, f"{place}/cell[{n}]", n - 1) for n, text in enumerate(texts, 1)]
    edges = [columns[edge] for edge in definition.edges]
    merged = definition.list_merged()
    slots: list[Slot] = []
    for number, text in enumerate(texts):
        if number in merged:
            span = edges[number + 1] - slots[-1].column
            slots[-1] = slots[-1]._replace(column_span=max(span, 1))
            continue
        slots.append(
            Slot(
                text,
                f"{place}/cell[{number + 1}]",
                edges[number],
                max(edges[number + 1] - edges[number], 1),
                definition.continues_above(number),
            )
        )
    return slots
