"""Printed tables of sample reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tasks.sample.grids import Rows, Slot, fill_slots, print_tables
from tasks.sample.spec import RowFault, Spec, print_figures

EDITIONS = ("2021", "2019")
MakeSpec = Callable[..., Spec]


def list_figures(rows: Rows) -> list[str]:
    """List the figures of a table from left to right, row by row."""
    return [slot.text for row in rows for slot in row if slot.is_figure]


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("is_split", [False, True], ids=["together", "split"])
@pytest.mark.parametrize("break_after", [None, "rejected_repeat", "carried_in", "granted"])
def test_tables_are_rectangles(
    make_spec: MakeSpec, edition: str, is_split: bool, break_after: str | None
) -> None:
    """Spans fill every table to its width, however it is divided."""
    printed = print_tables(
        make_spec(edition), is_table2_split=is_split, page_break_after=break_after
    )
    for rows in (rows for tables in printed.values() for rows in tables):
        covered = [0] * len(rows)
        for number, row in enumerate(rows):
            for slot in row:
                for reached in range(number, number + slot.row_span):
                    covered[reached] += slot.column_span
        assert set(covered) == {fill_slots(rows)[0]}


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_figure_is_printed_in_order(make_spec: MakeSpec, edition: str) -> None:
    """All cells of the form stand in the tables in the order of the form."""
    spec = make_spec(edition)
    printed = print_tables(spec, page_break_after="rejected_repeat")
    figures = [
        text for tables in printed.values() for rows in tables for text in list_figures(rows)
    ]
    assert figures == list(print_figures(spec).values())


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_official_label_is_printed(make_spec: MakeSpec, edition: str) -> None:
    """Each row, column and group of the form is named by its official label."""
    spec = make_spec(edition)
    texts = {
        slot.text
        for tables in print_tables(spec).values()
        for rows in tables
        for row in rows
        for slot in row
    }
    for table in spec.form.tables.values():
        expected = {*table.spanners, *table.spans, *table.row_groups}
        for block in table.blocks:
            labels = (*block.rows.values(), *block.columns.values())
            expected |= {label.official for label in labels}
        assert expected <= texts


@pytest.mark.parametrize(("fault", "count"), [("short", 6), ("long", 8)])
def test_row_fault_changes_the_count(make_spec: MakeSpec, fault: RowFault, count: int) -> None:
    """A short row has six figures, a long one eight, and the others seven."""
    spec = replace(make_spec("2021"), row_faults={"granted": fault})
    (rows,) = print_tables(spec)["t3"]
    counts = [len(list_figures([row])) for row in rows[3:]]
    assert counts == [7, 7, count, *[7] * 22]


def test_page_break_repeats_header_and_groups(make_spec: MakeSpec) -> None:
    """The second part of a broken table names its columns and the groups it goes on with."""
    first, second = print_tables(make_spec("2021"), page_break_after="rejected_repeat")["t3"]
    assert second[:3] == first[:3]
    assert [slot.text for slot in second[3][:2]] == ["三、本年度办理结果", "（五）不予处理"]
    assert second[3][1].row_span == 3


def test_lost_table_is_not_printed(make_spec: MakeSpec) -> None:
    """A lost table leaves no table behind."""
    assert print_tables(replace(make_spec("2021"), lost_tables=frozenset({"t4"})))["t4"] == []


def test_filled_slots_mark_continuations() -> None:
    """Where a slot reaches down from the row above, the row below has None."""
    rows = [[Slot("a", 2), Slot("b", 1, 2)], [Slot("c"), Slot("d")]]
    assert fill_slots(rows) == (3, [[rows[0][0], rows[0][1]], [None, rows[1][0], rows[1][1]]])


def test_figures_are_printed_as_publishers_do(make_spec: MakeSpec) -> None:
    """A change has its sign, and an amount without a unit in its label has it in the cell."""
    texts = print_figures(make_spec("2019"))
    assert texts["t2.procurement.amount"].endswith("元")
    changes = [text for cell, text in texts.items() if cell.endswith("items_change")]
    assert all(text == "0" or text[0] in "+-" for text in changes)


def test_override_of_unknown_cell_is_refused(make_spec: MakeSpec) -> None:
    """An override must name a cell of the edition."""
    with pytest.raises(ValueError, match=r"no cell \['t3.other.total'\]"):
        print_figures(replace(make_spec("2021"), overrides={"t3.other.total": "1"}))
