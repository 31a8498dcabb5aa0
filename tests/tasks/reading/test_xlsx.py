"""What reading Excel files since 2007 promises, and the parting of sheets into tables."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from tasks.reading.document import TextBlock
from tasks.reading.report import UnreadableError
from tasks.reading.xlsx import print_number, read_xlsx
from tasks.sample.grids import Slot
from tasks.sample.office import PlacedSlot, pack_xlsx, pack_zip


def pack(*rows: list[str], name: str = "表") -> bytes:
    """Pack rows of texts as a sheet; an empty text is no cell at all."""
    return pack_xlsx(
        (
            PlacedSlot(r, c, Slot(text))
            for r, row in enumerate(rows)
            for c, text in enumerate(row)
            if text
        ),
        name,
    )


def change_sheet(content: bytes, old: str, new: str) -> bytes:
    """Replace text in the one sheet of a file."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in parts[sheet]
    return pack_zip(parts | {sheet: parts[sheet].replace(old, new)})


def read_rows(content: bytes) -> list[list[list[str]]]:
    """Read the texts of all grids, row by row."""
    return [[[c.text for c in row] for row in grid.rows] for grid in read_xlsx(content).grids]


def test_lines_are_text_and_tables_are_grids_with_their_places() -> None:
    """A row with one cell is a text block too; blank rows and headings part the grids."""
    content = pack(["标题"], [], ["甲", "乙"], ["1", ""], ["三、说明"], ["丙", "丁"], ["2", "3"])
    document = read_xlsx(content)
    assert document.blocks[0] == TextBlock("标题", "sheet[表]!A1")
    assert read_rows(content) == [
        [["甲", "乙"], ["1", ""]],
        [["三、说明", ""], ["丙", "丁"], ["2", "3"]],
    ]
    assert document.grids[1].rows[2][1].locator == "sheet[表]!B7"


def test_a_narrow_table_gets_no_blank_cells_from_a_wide_one_below() -> None:
    """Each grid is as wide as its own table, so that a blank figure stays the last one."""
    content = pack(["甲", "乙"], ["1", ""], [], ["甲", "乙", "丙", "丁"], ["1", "2", "3", "4"])
    assert read_rows(content)[0] == [["甲", "乙"], ["1", ""]]


def test_merged_cells_cover_their_rows_and_columns() -> None:
    """A cell over rows stands in each of them, one over columns once."""
    slots = [Slot("甲", 2), Slot("乙", 1, 2), Slot("1"), Slot("2")]
    places = [(0, 0), (0, 1), (1, 1), (1, 2)]
    content = pack_xlsx(PlacedSlot(*at, slot) for at, slot in zip(places, slots, strict=True))
    (grid,) = read_xlsx(content).grids
    assert [[cell.text for cell in row] for row in grid.rows] == [["甲", "乙"], ["甲", "1", "2"]]
    assert [(cell.row_span, cell.column_span) for cell in grid.rows[0]] == [(2, 1), (1, 2)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            '<x:row r="2">', '<x:row r="2" hidden="1">', [["乙", "甲"], ["丙", "3"]], id="row"
        ),
        pytest.param(
            "<x:sheetData>",
            '<x:cols><x:col min="2" max="2" hidden="1"/></x:cols><x:sheetData>',
            [["乙", "丁"], ["2", "8"], ["丙", "4"]],
            id="column",
        ),
    ],
)
def test_hidden_rows_and_columns_are_not_printed(
    old: str, new: str, expected: list[list[str]]
) -> None:
    """What the sheet does not show is left out, and leaves no gap."""
    content = change_sheet(pack(["乙", "甲", "丁"], ["2", "9", "8"], ["丙", "3", "4"]), old, new)
    (rows,) = read_rows(content)
    assert [row[:2] for row in rows] == expected
    assert "9" not in {text for row in rows for text in row}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("<x:v>12</x:v></x:c>", "12", id="number"),
        pytest.param("<x:v>1.2E1</x:v></x:c>", "12", id="exponent"),
        pytest.param("<x:v>0.30000000000000004</x:v></x:c>", "0.3", id="fifteen-digits"),
        pytest.param("<x:f>SUM(A1)</x:f><x:v>12</x:v></x:c>", "12", id="formula"),
    ],
)
def test_a_number_is_given_as_excel_shows_it(cell: str, expected: str) -> None:
    """The noise of binary fractions is not printed, and so not read."""
    content = change_sheet(pack(["甲", "7"]), "<x:v>7</x:v></x:c>", cell)
    assert read_rows(content) == [[["甲", expected]]]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        pytest.param("<x:v>#REF!</x:v>", 't="e"', "#REF!", id="error"),
        pytest.param("<x:v>1</x:v>", 't="b"', "\ufffd1", id="boolean"),
        pytest.param("<x:v>5</x:v>", 't="s"', "\ufffd", id="lost-string"),
        pytest.param(
            "<x:is><x:r><x:t>12</x:t></x:r><x:r><x:rPr><x:vertAlign/></x:rPr><x:t>1</x:t></x:r>"
            "<x:rPh><x:t>9</x:t></x:rPh></x:is>",
            't="inlineStr"',
            "12^1",
            id="raised",
        ),
    ],
)
def test_what_is_no_plain_figure_never_looks_like_one(text: str, kind: str, expected: str) -> None:
    """Errors, switches and raised notes are told from figures."""
    content = change_sheet(pack(["甲", "7"]), 'r="B1"><x:v>7</x:v>', f'r="B1" {kind}>{text}')
    assert read_rows(content) == [[["甲", expected]]]


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        ("12.4", "General", "12.4"),
        ("12.5", "0", "13"),
        ("160.5964", "0.00", "160.60"),
        ("1234", "#,##0_ ", "1234"),
        ("0", "0;-0;;@", "\ufffd0"),
        ("0", "0;-0;0", "0"),
        ("-5", "0;-0", "-5"),
        ("-5", "0;0", "\ufffd-5"),
        ("0.12", "0%", "\ufffd0.12"),
        ("12", '0"件"', "\ufffd12"),
        ("44562", "yyyy-mm-dd", "\ufffd44562"),
        ("nan", "General", "\ufffdnan"),
    ],
)
def test_a_format_shows_its_number_or_leaves_it_unknown(
    value: str, number_format: str, expected: str
) -> None:
    """A number that its format rounds is read so; one shown some other way is not read."""
    assert print_number(value, number_format) == expected


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"PK\x03\x04", "damaged_file", id="cut-off"),
        pytest.param(pack_zip({"a.txt": "1"}), "damaged_file", id="no-workbook"),
        pytest.param(
            change_sheet(pack(["甲", "7"]), 'r="B1"', 'r="XFD1048576"'),
            "too_large_inside",
            id="a-cell-far-out",
        ),
        pytest.param(
            change_sheet(pack(["甲", "7"]), '<x:row r="1">', '<x:row r="1048576">'),
            "too_large_inside",
            id="a-row-far-down",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content: bytes, code: str) -> None:
    """No table is made up, and none fills the memory."""
    with pytest.raises(UnreadableError) as refused:
        read_xlsx(content)
    assert refused.value.code == code
