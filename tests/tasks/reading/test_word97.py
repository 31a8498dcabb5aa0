"""What reading Word 97-2003 files promises."""

from __future__ import annotations

import struct

import pytest

from tasks.reading.document import TextBlock
from tasks.reading.report import UnreadableError
from tasks.reading.word97 import read_word97
from tasks.sample.compound import pack_compound
from tasks.sample.grids import Slot
from tasks.sample.word97 import (
    IN_TABLE,
    ROW_END,
    Stretch,
    define_row,
    pack_doc,
    write_table,
)

TABLE = [[Slot("甲"), Slot("@")]]


def modify(sprm: int, value: int) -> bytes:
    """Write a modifier of one byte."""
    return struct.pack("<HB", sprm, value)


def read_cell(*stretches: Stretch) -> str:
    """Read the one figure of a table whose characters have properties of their own."""
    text = "".join(stretch.text for stretch in stretches)
    characters = [Stretch("甲\x07"), *stretches, Stretch("\x07\x07")]
    content = pack_doc(write_table([[Slot("甲"), Slot(text)]]), characters)
    (grid,) = read_word97(content).grids
    return grid.rows[0][1].text


def test_paragraphs_and_tables_come_in_reading_order_with_their_places() -> None:
    """Text before and behind tables stays there; locators count from 1."""
    content = pack_doc([Stretch("前\r"), *write_table(TABLE), Stretch("后\r")])
    before, grid, after = read_word97(content).blocks
    assert (before, after) == (TextBlock("前", "paragraph[1]"), TextBlock("后", "paragraph[2]"))
    assert read_word97(content).grids == (grid,)
    assert read_word97(content).grids[0].rows[0][1].locator == "table[1]/row[1]/cell[2]"


def test_merged_cells_cover_their_rows_and_columns() -> None:
    """A cell over rows stands in each of them, though Word rounds each row's edges anew."""
    rows = [
        ("甲\x07乙\x07", [0, 1000, 3000], [0x60, 0]),
        ("\x071\x072\x07", [10, 990, 2010, 3010], [0x20, 0, 0]),
        ("丙\x07\x073\x07", [0, 1005, 1995, 3000], [1, 2, 0]),
        ("丁\x07\x074\x07", [0, 1005, 1995, 3000], [2, 1, 0]),
    ]
    stretches: list[Stretch] = []
    for text, edges, flags in rows:
        stretches += (Stretch(f"{part}\x07", IN_TABLE) for part in text.split("\x07")[:-1])
        stretches.append(Stretch("\x07", ROW_END + define_row(edges, flags)))
    (grid,) = read_word97(pack_doc(stretches)).grids
    assert [[cell.text for cell in row] for row in grid.rows] == [
        ["甲", "乙"],
        ["甲", "1", "2"],
        ["丙", "3"],
        ["丁", "4"],
    ]
    assert [(cell.row_span, cell.column_span) for cell in grid.rows[0]] == [(2, 1), (1, 2)]


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        pytest.param([Stretch("1"), Stretch("2")], "12", id="runs"),
        pytest.param([Stretch("9", modify(0x0800, 1)), Stretch("12")], "12", id="deleted"),
        pytest.param([Stretch("9", modify(0x083C, 1)), Stretch("12")], "12", id="hidden"),
        pytest.param([Stretch("12"), Stretch("1", modify(0x2A48, 1))], "12^1", id="raised"),
        pytest.param([Stretch("9", modify(0x0837, 1)), Stretch("12")], "~912", id="struck"),
        pytest.param([Stretch("\x13 = 9 \x1412\x15")], "12", id="field"),
        pytest.param([Stretch("\x13 = \x13 REF \x149\x15 \x1412\x15")], "12", id="field-in-field"),
        pytest.param([Stretch("1\x0b2")], "1\n2", id="line-break"),
        pytest.param([Stretch("1\r2")], "1\n2", id="paragraphs"),
        pytest.param([Stretch("1\x01")], "1\ufffc", id="picture"),
        pytest.param([Stretch("𠮷村"), Stretch("12")], "𠮷村12", id="beyond-the-first-plane"),
    ],
)
def test_a_cell_gives_what_is_printed_in_it(stretches: list[Stretch], expected: str) -> None:
    """What Word does not print is left out; what is no plain figure never looks like one."""
    assert read_cell(*stretches) == expected


def test_a_table_within_a_table_is_a_grid_of_its_own() -> None:
    """The outer table is layout: its own text is running text, around the inner grid."""
    deep = struct.pack("<Hi", 0x6649, 2) + IN_TABLE
    inner_cell, inner_row = deep + modify(0x244B, 1), deep + modify(0x244C, 1)
    content = pack_doc(
        [
            Stretch("标题\r", IN_TABLE),
            Stretch("甲\r", inner_cell),
            Stretch("1\r", inner_cell),
            Stretch("\r", inner_row + define_row([0, 500, 900], [0, 0])),
            Stretch("\x07", IN_TABLE),
            Stretch("侧\x07", IN_TABLE),
            Stretch("\x07", ROW_END + define_row([0, 1000, 2000], [0, 0])),
        ]
    )
    document = read_word97(content)
    assert document.text == "标题\n侧"
    assert [cell.text for cell in document.grids[0].rows[0]] == ["甲", "1"]
    assert document.grids[0].rows[0][1].locator == "table[1]/row[1]/cell[1]/table[1]/row[1]/cell[2]"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"\xd0\xcf\x11\xe0" * 8, "damaged_file", id="cut-off"),
        pytest.param(pack_compound({"Other": b""}), "damaged_file", id="no-document"),
        pytest.param(pack_doc(write_table(TABLE), build=101), "word6_unsupported", id="word-6"),
        pytest.param(pack_doc(write_table(TABLE), flags=0x0100), "encrypted", id="encrypted"),
        pytest.param(pack_doc(write_table(TABLE))[:3000], "damaged_file", id="truncated"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content: bytes, code: str) -> None:
    """No document is made up from a file that is no whole Word file."""
    with pytest.raises(UnreadableError) as refused:
        read_word97(content)
    assert refused.value.code == code
