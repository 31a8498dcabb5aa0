"""What reading Word files since 2007 promises."""

from __future__ import annotations

import pytest

from tasks.reading.document import Grid, TextBlock
from tasks.reading.docx import read_docx
from tasks.reading.report import UnreadableError
from tasks.sample.office import pack_docx, pack_zip


def run(text: str, properties: str = "") -> str:
    """Write a run of characters."""
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def cell(content: str, properties: str = "") -> str:
    """Write a cell of one paragraph."""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p>{content}</w:p></w:tc>"


def table(*rows: list[str]) -> str:
    """Write a table."""
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(row)}</w:tr>" for row in rows) + "</w:tbl>"


def read_cells(body: str) -> list[list[str]]:
    """Read the texts of the first table of a body, row by row."""
    (grid,) = read_docx(pack_docx(body)).grids
    return [[found.text for found in row] for row in grid.rows]


def test_paragraphs_and_tables_come_in_reading_order_with_their_places() -> None:
    """Text before, between and behind tables stays there; locators count from 1."""
    body = f"<w:p>{run('前')}</w:p>" + table([cell(run("甲")), cell(run("1"))])
    body += f"<w:p>{run('后')}</w:p>"
    before, grid, after = read_docx(pack_docx(body)).blocks
    assert (before, after) == (TextBlock("前", "paragraph[1]"), TextBlock("后", "paragraph[2]"))
    assert isinstance(grid, Grid)
    assert [found.locator for found in grid.rows[0]] == [
        "table[1]/row[1]/cell[1]",
        "table[1]/row[1]/cell[2]",
    ]


def test_merged_cells_cover_their_rows_and_columns() -> None:
    """A cell over rows stands in each of them, one over columns once; old merges count too."""
    spans = '<w:gridSpan w:val="2"/>'
    body = table(
        [cell(run("甲"), '<w:vMerge w:val="restart"/>'), cell(run("乙"), spans)],
        [cell("", "<w:vMerge/>"), cell(run("1")), cell(run("2"))],
        [cell(run("丙"), '<w:hMerge w:val="restart"/>'), cell("", "<w:hMerge/>"), cell(run("3"))],
    )
    (grid,) = read_docx(pack_docx(body)).grids
    assert [[found.text for found in row] for row in grid.rows] == [
        ["甲", "乙"],
        ["甲", "1", "2"],
        ["丙", "3"],
    ]
    assert grid.rows[0][0] is grid.rows[1][0]
    assert [(found.row_span, found.column_span) for found in grid.rows[0]] == [(2, 1), (1, 2)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(run("1") + run("2"), "12", id="runs"),
        pytest.param(f"<w:ins>{run('12')}</w:ins>", "12", id="inserted"),
        pytest.param(
            f"<w:del><w:r><w:delText>9</w:delText></w:r></w:del>{run('12')}", "12", id="deleted"
        ),
        pytest.param(f"<w:moveFrom>{run('9')}</w:moveFrom>{run('12')}", "12", id="moved-away"),
        pytest.param(run("9", "<w:vanish/>") + run("12"), "12", id="hidden"),
        pytest.param(run("12", '<w:vanish w:val="0"/>'), "12", id="not-hidden"),
        pytest.param(
            f"<w:sdt><w:sdtContent>{run('12')}</w:sdtContent></w:sdt>", "12", id="control"
        ),
        pytest.param(f"<w:hyperlink>{run('12')}</w:hyperlink>", "12", id="link"),
        pytest.param(
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            f'{run("9")}<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("12")}'
            '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            "12",
            id="field",
        ),
        pytest.param(
            f"<w:r><w:ruby><w:rt>{run('9')}</w:rt><w:rubyBase>{run('12')}</w:rubyBase></w:ruby></w:r>",
            "12",
            id="ruby",
        ),
        pytest.param("<w:r><w:t>1</w:t><w:br/><w:t>2</w:t></w:r>", "1\n2", id="line-break"),
        pytest.param(f"{run('1')}</w:p><w:p>{run('2')}", "1\n2", id="paragraphs"),
        pytest.param(run("1") + "<w:r><w:tab/></w:r>" + run("2"), "1\t2", id="tab"),
        pytest.param(
            run("12") + run("1", '<w:vertAlign w:val="superscript"/>'), "12^1", id="raised"
        ),
        pytest.param(run("9", "<w:strike/>") + run("12"), "~912", id="struck"),
        pytest.param(run("1") + "<w:r><w:sym w:char='F032'/></w:r>", "1\ufffd", id="symbol"),
        pytest.param(
            run("1") + "<w:r><w:drawing><w:inline/></w:drawing></w:r>", "1\ufffc", id="picture"
        ),
    ],
)
def test_a_cell_gives_what_is_printed_in_it(content: str, expected: str) -> None:
    """What Word does not print is left out; what is no plain figure never looks like one."""
    assert read_cells(table([cell(run("甲")), cell(content)])) == [["甲", expected]]


def test_a_table_within_a_table_is_a_grid_of_its_own() -> None:
    """The outer table is layout: its own text is running text, around the inner grid."""
    inner = table([cell(run("甲")), cell(run("1"))])
    outer = f"<w:tc><w:p>{run('标题')}</w:p>{inner}<w:p/></w:tc>"
    document = read_docx(pack_docx(table([outer, cell(run("侧"))])))
    assert document.text == "标题\n侧"
    assert document.grids[0].rows[0][1].locator == "table[1]/row[1]/cell[1]/table[1]/row[1]/cell[2]"


def test_the_text_of_a_text_box_is_read_once() -> None:
    """A text box follows its paragraph; the fallback for old programs does not repeat it."""
    box = f"<w:txbxContent><w:p>{run('框')}</w:p></w:txbxContent>"
    alternatives = f"<w:Choice>{box}</w:Choice><w:Fallback>{box}</w:Fallback>"
    body = (
        f"<w:p>{run('文')}<w:r><w:AlternateContent>{alternatives}</w:AlternateContent></w:r></w:p>"
    )
    assert read_docx(pack_docx(body)).blocks == (
        TextBlock("文", "paragraph[1]"),
        TextBlock("框", "paragraph[1]/textbox[1]/paragraph[1]"),
    )


def test_a_row_deleted_under_revision_is_not_printed() -> None:
    """A row that is marked as deleted gives no cells."""
    body = table([cell(run("甲")), cell(run("1"))], [cell(run("乙")), cell(run("2"))])
    marked = body.replace("<w:tr>", "<w:tr><w:trPr><w:del/></w:trPr>", 1)
    assert read_cells(marked) == [["乙", "2"]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"PK\x03\x04", "damaged_file", id="cut-off"),
        pytest.param(pack_zip({"a.txt": "1"}), "damaged_file", id="no-document"),
        pytest.param(pack_docx("<w:p>"), "damaged_file", id="broken-xml"),
        pytest.param(pack_docx("<w:altChunk/>"), "embedded_part_unsupported", id="embedded-file"),
        pytest.param(pack_docx("<w:p>" * 300 + "</w:p>" * 300), "damaged_file", id="deep"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content: bytes, code: str) -> None:
    """No document is made up from a file that is no whole Word file."""
    with pytest.raises(UnreadableError) as refused:
        read_docx(content)
    assert refused.value.code == code


def test_ten_thousand_tables_are_read() -> None:
    """Many tables cost time in proportion."""
    content = pack_docx(table([cell(run("甲")), cell(run("1"))]) * 10_000)
    assert len(read_docx(content).grids) == 10_000
