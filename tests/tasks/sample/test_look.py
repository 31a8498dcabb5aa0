"""Looks of printed tables, and the damage done to them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from expectations.form import load_form
from tasks.sample.corruption import DAMAGES, PAGE_DAMAGES, damage_tables, list_printed
from tasks.sample.look import Look, draw_look, list_options, print_text
from tasks.sample.render import print_look, render_tables
from tasks.sample.spec import Spec

MakeSpec = Callable[..., Spec]
CELLS = {cell.key: cell for edition in ("2019", "2021") for cell in load_form(edition).cells}


@pytest.mark.parametrize("edition", ["2021", "2019"])
@pytest.mark.parametrize("seed", range(25))
def test_every_look_prints_each_cell_once(make_spec: MakeSpec, edition: str, seed: int) -> None:
    """However the tables look, each cell of the form stands in them exactly once."""
    spec = make_spec(edition)
    look = draw_look(random.Random(seed))
    printed = list_printed(print_look(spec, look))
    assert {cell: len(texts) for cell, texts in printed.items()} == dict.fromkeys(spec.figures, 1)
    assert all(
        (texts == [look.zero.replace("&", "\u00a0")])
        if not spec.figures[cell]
        else re.search(r"\d", texts[0])
        for cell, texts in printed.items()
    )


def test_every_option_is_drawn() -> None:
    """A few hundred looks show every value of every option."""
    looks = [draw_look(random.Random(seed)) for seed in range(300)]
    for option, values in list_options().items():
        assert {getattr(look, option) for look in looks} == set(values)


@pytest.mark.parametrize(
    ("text", "cell", "look", "expected"),
    [
        ("12345", "t3.new.total", Look(thousands=","), "12,345"),
        ("12345", "t3.new.total", Look(thousands=" ", digits="wide"), "１２ ３４５"),
        ("746.844", "t2.fees.amount", Look(units=True), "746.844万元"),
        ("251000元", "t2.procurement.amount", Look(units=True), "251000元"),
        ("-14", "t2.licences.items_change", Look(changes="words", units=True), "减14项"),
        ("+3", "t2.licences.items_change", Look(), "+3"),
        ("0", "t3.new.total", Look(zero="无", units=True), "无"),
    ],
)
def test_figures_are_printed_as_the_look_says(
    text: str, cell: str, look: Look, expected: str
) -> None:
    """Digits, thousands, units and signs follow the options together."""
    assert print_text(text, CELLS[cell], look) == expected


@pytest.mark.parametrize("look", [Look(), Look(groups="repeated"), Look(groups="empty")], ids=str)
def test_groups_are_merged_repeated_or_empty(make_spec: MakeSpec, look: Look) -> None:
    """Without merged cells every row of table 3 has all its slots of its own."""
    (rows,) = print_look(make_spec("2021"), look)["t3"]
    widths = {sum(slot.column_span for slot in row) for row in rows[3:]}
    assert (widths == {10}) == (look.groups != "merged")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_changes_a_table(make_spec: MakeSpec, damage: str) -> None:
    """Each damage changes what is printed, and never invents a cell."""
    tables = print_look(make_spec("2021"), Look())
    damaged = [damage_tables(tables, damage, random.Random(seed)) for seed in range(12)]
    assert any(after != tables for after in damaged)
    assert all(list_printed(after).keys() <= list_printed(tables).keys() for after in damaged)


@pytest.mark.parametrize("damage", ["digits broken", "figures merged", "figures merged downwards"])
def test_a_spoiled_figure_is_no_longer_printed(make_spec: MakeSpec, damage: str) -> None:
    """A figure broken over lines or merged with another stands in no cell any more."""
    tables = print_look(make_spec("2021"), Look())
    counts = {
        len(list_printed(damage_tables(tables, damage, random.Random(seed)))) for seed in range(20)
    }
    assert counts & {198, 199}


@pytest.mark.parametrize("damage", PAGE_DAMAGES)
def test_page_damage_shortens_the_tables(make_spec: MakeSpec, damage: str) -> None:
    """A page that was cut, or lost a tag, has fewer tags than the whole one."""
    spec = make_spec("2021")
    page = render_tables(spec, print_look(spec, Look()), Look())
    damaged = PAGE_DAMAGES[damage](page, random.Random(3))
    assert len(re.findall(r"</?t[dr]", damaged)) < len(re.findall(r"</?t[dr]", page)) or (
        damage == "tag dropped" and len(damaged) < len(page)
    )
