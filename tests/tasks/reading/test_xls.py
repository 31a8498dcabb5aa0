"""What reading Excel 97-2003 files promises."""

from __future__ import annotations

import pytest

from tasks.reading.document import TextBlock
from tasks.reading.media import XLS, tell_media_type
from tasks.reading.report import UnreadableError
from tasks.reading.xls import read_xls
from tasks.sample.compound import pack_compound
from tasks.sample.xls import BOOK, begin_part, pack_xls, write_record


def test_texts_numbers_and_merged_cells_are_read() -> None:
    """A sheet gives its lines as text and its tables as grids, as newer files do."""
    content = pack_xls(
        [(0, 0, "标题"), (2, 0, "甲"), (2, 1, "乙"), (3, 1, 12.0), (3, 2, 0.1 + 0.2)],
        [(2, 3, 0, 0), (2, 2, 1, 2)],
    )
    assert tell_media_type(content) == XLS
    document = read_xls(content)
    assert document.blocks[0] == TextBlock("标题", "sheet[Sheet1]!A1")
    rows = document.grids[0].rows
    assert [[cell.text for cell in row] for row in rows] == [["甲", "乙"], ["甲", "12", "0.3"]]
    assert rows[1][2].locator == "sheet[Sheet1]!C4"


def test_a_hidden_sheet_is_not_read() -> None:
    """What the workbook does not show is left out."""
    assert read_xls(pack_xls([(0, 0, "甲"), (0, 1, 1.0)], state=1)).blocks == ()


def test_an_error_in_a_cell_is_not_blank() -> None:
    """A cell that shows an error has something printed in it."""
    (grid,) = read_xls(pack_xls([(0, 0, "甲"), (0, 1, None), (0, 2, 2.0)])).grids
    assert [cell.text for cell in grid.rows[0]] == ["甲", "#", "2"]


def loop(content: bytes, sector: int) -> bytes:
    """Let a sector of a compound file be followed by itself; the table is the first sector."""
    at = 512 + 4 * sector
    return content[:at] + sector.to_bytes(4, "little") + content[at + 4 :]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(loop(pack_xls([(0, 0, "甲")]), 3), "damaged_file", id="chain-in-a-circle"),
        pytest.param(loop(pack_xls([(0, 0, "甲")]), 0), "damaged_file", id="table-in-a-circle"),
        pytest.param(pack_compound({"Other": b"1" * 5000}), "damaged_file", id="another-file"),
        pytest.param(pack_compound({"Workbook": b"\0" * 9}), "damaged_file", id="no-workbook"),
        pytest.param(pack_xls([])[:2000], "damaged_file", id="truncated"),
        pytest.param(
            pack_xls([(0, 0, "甲"), (65535, 255, 1.0)]), "too_large_inside", id="a-cell-far-out"
        ),
        pytest.param(
            pack_compound(
                {"Workbook": begin_part(BOOK) + write_record(0x002F, b"\1\0\1\0\1\0" + bytes(48))}
            ),
            "encrypted",
            id="encrypted",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content: bytes, code: str) -> None:
    """No table is made up, and none fills the memory."""
    with pytest.raises(UnreadableError) as refused:
        read_xls(content)
    assert refused.value.code == code
