"""Ruled lines and boxed text: what stands in which cell, and what cannot be told."""

from __future__ import annotations

import pytest

from tasks.reading.glyphs import UNKNOWN_CHARACTER, Glyph, compose_cell
from tasks.reading.lattice import Box, Rule, Rules
from tasks.reading.ruled import RuledTable, build_grid, read_tables

PAGE = Box(0, 0, 400, 300)


def write(text: str, left: float, top: float, height: float = 10.0) -> list[Glyph]:
    """Set characters side by side, each half as wide as high."""
    step = height / 2
    return [
        Glyph(character, left + step * place, top, left + step * (place + 1), top + height)
        for place, character in enumerate(text)
        if character != " "
    ]


def rule(xs: list[float], ys: list[float]) -> Rules:
    """Rule a full table with the given edges."""
    return (
        [Rule(y, xs[0], xs[-1]) for y in ys],
        [Rule(x, ys[0], ys[-1]) for x in xs],
    )


def read(glyphs: list[Glyph], rules: Rules, ink: list[Box] | None = None) -> list[RuledTable]:
    """Read the tables of a page."""
    return read_tables(glyphs, rules, ink or [], PAGE, "page[1]")[0]


def list_texts(table: RuledTable) -> list[list[str]]:
    """List the texts of a table by row."""
    return [[cell.text for cell in row] for row in build_grid(table.cells).rows]


def test_cells_hold_what_stands_between_their_lines() -> None:
    """Text goes to the cell that its middle stands in; text outside stays outside."""
    glyphs = [*write("12", 20, 20), *write("3", 70, 20), *write("45", 20, 50), *write("x", 20, 90)]
    tables, outside = read_tables(glyphs, rule([10, 60, 110], [10, 40, 70]), [], PAGE, "page[1]")
    assert [list_texts(table) for table in tables] == [[["12", "3"], ["45", ""]]]
    assert [glyph.text for glyph in outside] == ["x"]
    assert tables[0].cells[0].locator == "page[1]/(10,10,60,40)"


def test_a_missing_line_merges_cells_and_nothing_else() -> None:
    """Where a line between two slots is missing they are one cell with its spans."""
    across = [Rule(y, 10, 110) for y in (10, 40, 70)]
    down = [Rule(10, 10, 70), Rule(60, 40, 70), Rule(110, 10, 70)]
    (table,) = read([*write("ab", 50, 20), *write("1", 20, 50)], (across, down))
    assert [(cell.text, cell.column_span, cell.row_span) for cell in table.cells] == [
        ("ab", 2, 1), ("1", 1, 1), ("", 1, 1)
    ]  # fmt: skip


def test_open_ends_are_closed_and_known() -> None:
    """A table without its lowest line ends where its upright lines end, and says so."""
    across, down = rule([10, 60, 110], [10, 40, 70])
    (table,) = read(write("7", 20, 50), (across[:-1], down))
    assert list_texts(table) == [["", ""], ["7", ""]]
    assert (table.is_open_above, table.is_open_below) == (False, True)


def test_dashes_and_doubled_lines_are_one_line() -> None:
    """A dotted line counts as a whole one; two close together make no cell between them."""
    across, down = rule([10, 60, 61.2, 110], [10, 40, 70])
    across[1:2] = [Rule(40, x, x + 1) for x in range(10, 110, 3)]
    (table,) = read(write("5", 20, 20), (across, down))
    assert list_texts(table) == [["5", ""], ["", ""]]


@pytest.mark.parametrize(
    ("glyphs", "doubtful"),
    [
        (write("1234", 45, 20), [True, True]),
        (write("12", 48, 20) + write("34", 66, 20), [False, False]),
        ([*write("12", 49.9, 20), *write("34", 60.1, 20)], [True, True]),
        (write("12", 20, 36), [True, False]),
    ],
    ids=["on_the_line", "beside_the_line", "touching_across_it", "on_the_line_below"],
)
def test_a_figure_on_a_line_is_in_no_cell_for_certain(
    glyphs: list[Glyph], doubtful: list[bool]
) -> None:
    """A figure that runs over the line between two cells is taken for neither."""
    (table,) = read(glyphs, rule([10, 60, 110], [10, 40, 70]))
    first = list_texts(table)[0]
    assert [text.startswith(UNKNOWN_CHARACTER) for text in first] == doubtful


def test_a_picture_in_an_empty_cell_is_no_blank() -> None:
    """A cell that holds a drawing and no text cannot be read; a background changes nothing."""
    rules = rule([10, 60, 110], [10, 40, 70])
    ink = [Box(20, 15, 30, 35), Box(0, 0, 400, 300)]
    (table,) = read(write("7", 70, 20), rules, ink)
    assert list_texts(table) == [[UNKNOWN_CHARACTER, "7"], ["", ""]]


def test_a_cell_that_leaves_the_page_is_no_blank() -> None:
    """What is cut off at the edge of the page may have held a figure."""
    (table,) = read(write("7", 20, 20), rule([10, 60, 450], [10, 40]))
    assert list_texts(table) == [["7", UNKNOWN_CHARACTER]]


@pytest.mark.parametrize(
    ("glyphs", "text"),
    [
        (write("1  234", 0, 0), "1\t234"),
        ([*write("1", 0, 0), *write("234", 7, 0)], "1 234"),
        (write("12", 0, 0) + write("3", 10, 0, 6), "12\t3"),
        (write("12", 0, 0) + write("3", 10, 3.5), "12\t3"),
        (write("12", 0, 0) + write("12", 0.3, 0.2), "12"),
        (write("12", 0, 0) + write("7", 5.2, 0), f"1{UNKNOWN_CHARACTER}"),
        (write("12", 0, 0) + write("34", 0, 12), "12\n34"),
        (write("总", 0, 0) + write("计", 0, 12), "总计"),
        (write("其他", 0, 0) + write("3", 0, 12), "其他\n3"),
    ],
    ids=[
        "wide_gap",
        "thousands",
        "index",
        "raised",
        "bold_by_overprint",
        "overprinted",
        "two_lines",
        "words_on_two_lines",
        "words_and_figure",
    ],
)
def test_nothing_runs_together_within_a_cell(glyphs: list[Glyph], text: str) -> None:
    """Figures that are not one stay apart by what no figure holds; words are joined."""
    assert compose_cell(glyphs) == text
