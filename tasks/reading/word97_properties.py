"""Property modifiers of Word 97-2003 files: lists of them, and what they say of a table row.

Names as in [MS-DOC] 2.6; a modifier (Prl) is a number (sprm) and its operand.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

P_IN_TABLE, P_ROW_END, P_DEPTH = 0x2416, 0x2417, 0x6649
P_INNER_CELL_END, P_INNER_ROW_END = 0x244B, 0x244C
P_HUGE = (0x6645, 0x6646)  # the properties themselves stand in the stream `Data`
C_DELETED, C_HIDDEN, C_STRUCK, C_STRUCK_TWICE = 0x0800, 0x083C, 0x0837, 0x2A53
C_RAISED, C_SYMBOL = 0x2A48, 0x6A09
# Modifiers that a piece of text may carry in short ([MS-DOC] 2.9.215), as far as needed.
SHORT = {
    0x18: P_IN_TABLE,
    0x19: P_ROW_END,
    0x41: C_DELETED,
    0x57: C_STRUCK,
    0x5C: C_HIDDEN,
    0x68: C_RAISED,
    0x73: C_STRUCK_TWICE,
}
_T_DEFINE, _T_VERTICAL_MERGE, _T_MERGE = 0xD608, 0xD62B, 0x5624
_T_RESHAPES = (0x7621, 0x5622, 0x5625)  # insert, delete and split cells
_P_CHANGE_TABS = 0xC615
_OPERAND_BYTES = (1, 1, 2, 4, 2, 2, 0, 3)
_CELL_BYTES = 20
_VERTICAL_MERGE, _VERTICAL_START, _HORIZONTAL = 0x20, 0x40, 0x03


class Prl(NamedTuple):
    """One modifier."""

    sprm: int
    operand: bytes

    @property
    def value(self) -> int:
        """The operand as a number."""
        return int.from_bytes(self.operand, "little")


@dataclass(frozen=True, slots=True)
class RowDefinition:
    """Where the cells of a row begin and end, in twips, and their merge flags."""

    edges: tuple[int, ...]
    flags: tuple[int, ...]

    def continues_above(self, cell: int) -> bool:
        """Tell whether a cell belongs to the one above it."""
        return self.flags[cell] & (_VERTICAL_MERGE | _VERTICAL_START) == _VERTICAL_MERGE

    def list_merged(self) -> list[int]:
        """List the cells that belong to the one before them.

        Sources differ on which of the two flags marks the first cell of a set; whichever it
        carries, those after it carry another.
        """
        merged: list[int] = []
        first = 0
        for cell, flags in enumerate(self.flags):
            horizontal = flags & _HORIZONTAL
            if horizontal and first and horizontal != first:
                merged.append(cell)
            else:
                first = horizontal
        return merged


def read_prls(content: bytes) -> Iterator[Prl]:
    """Read a list of modifiers; one that is cut off ends it."""
    position = 0
    while position + 2 < len(content):
        sprm = content[position] | content[position + 1] << 8
        position += 2
        length = _measure_operand(sprm, content, position)
        operand = content[position : position + length]
        if len(operand) < length:
            return
        yield Prl(sprm, operand)
        position += length


def _measure_operand(sprm: int, content: bytes, position: int) -> int:
    length = _OPERAND_BYTES[sprm >> 13]
    if length:
        return length
    first = content[position]
    if sprm == _T_DEFINE:
        return int.from_bytes(content[position : position + 2], "little") + 1
    if sprm == _P_CHANGE_TABS and first == 255:
        deleted = int.from_bytes(content[position + 1 : position + 2], "little")
        at = position + 2 + 4 * deleted
        return 3 + 4 * deleted + 3 * int.from_bytes(content[at : at + 1], "little")
    return first + 1


def find_value(prls: Sequence[Prl], sprm: int) -> int:
    """Give the value of a modifier, the last one if it is repeated, 0 without one."""
    return next((prl.value for prl in reversed(prls) if prl.sprm == sprm), 0)


def read_row_definition(prls: Sequence[Prl]) -> RowDefinition | None:
    """Read how a row is cut into cells; None where it is not said, or said beyond doubt not."""
    definition: RowDefinition | None = None
    for sprm, operand in prls:
        if sprm == _T_DEFINE:
            definition = _read_cells(operand)
        elif sprm in _T_RESHAPES:
            return None
        elif definition is not None and sprm == _T_VERTICAL_MERGE and len(operand) == 3:
            flags = (operand[2] << 5) & (_VERTICAL_MERGE | _VERTICAL_START)
            keep = ~(_VERTICAL_MERGE | _VERTICAL_START)
            definition = _change(definition, [operand[1]], keep, flags)
        elif definition is not None and sprm == _T_MERGE:
            first, after = operand
            definition = _change(definition, range(first, after), ~_HORIZONTAL, 2)
            definition = _change(definition, [first], ~_HORIZONTAL, 1)
    return definition


def _read_cells(operand: bytes) -> RowDefinition | None:
    if len(operand) < 3:
        return None
    count = operand[2]
    after = 3 + 2 * (count + 1)
    if len(operand) < after:
        return None
    edges = struct.unpack_from(f"<{count + 1}h", operand, 3)
    cells = [operand[at : at + 2] for at in range(after, len(operand) - 1, _CELL_BYTES)]
    flags = [int.from_bytes(cell, "little") for cell in cells[:count]]
    return RowDefinition(edges, (*flags, *[0] * (count - len(flags))))


def _change(
    definition: RowDefinition, cells: Sequence[int], keep: int, flags: int
) -> RowDefinition:
    changed = (
        old & keep | flags if cell in cells else old for cell, old in enumerate(definition.flags)
    )
    return RowDefinition(definition.edges, tuple(changed))
