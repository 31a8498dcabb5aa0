"""The editions of the form, as data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from expectations.form import Form, load_form, load_forms
from storage.schema import FIGURE

SIZES = {"2021": {"t2": 10, "t3": 175, "t4": 15}, "2019": {"t2": 22, "t3": 161, "t4": 15}}
EDITIONS = pytest.mark.parametrize("edition", SIZES)


def _measure_rank(form: Form, tables: set[str]) -> int:
    keys = [cell.key for cell in form.cells]
    equations = [equation for equation in form.equations if equation.table in tables]
    matrix = np.zeros((len(equations), len(keys)))
    for line, equation in enumerate(equations):
        matrix[line, [keys.index(cell) for cell in equation.left]] = 1
        matrix[line, [keys.index(cell) for cell in equation.right]] = -1
    return int(np.linalg.matrix_rank(matrix))


def test_every_edition_is_tested() -> None:
    """Each edition in the folder is held to the figures below."""
    assert set(load_forms()) == set(SIZES)


@EDITIONS
def test_cells(edition: str) -> None:
    """An edition has the cells of the official form, each with a name of its own."""
    form = load_form(edition)
    assert {key: len(table.cells) for key, table in form.tables.items()} == SIZES[edition]
    assert len({cell.key for cell in form.cells}) == len(form.cells) == sum(SIZES[edition].values())


@pytest.mark.parametrize(
    ("edition", "equations", "rank_of_table_3", "rank"),
    [("2021", 42, 37, 40), ("2019", 40, 35, 38)],
    ids=["2021", "2019"],
)
def test_equations(edition: str, equations: int, rank_of_table_3: int, rank: int) -> None:
    """The equations are as many, and as many of them independent, as the form has."""
    form = load_form(edition)
    assert len(form.equations) == equations
    assert _measure_rank(form, {"t3"}) == rank_of_table_3
    assert _measure_rank(form, {"t3", "t4"}) == rank


@EDITIONS
def test_equations_are_feasible(edition: str, make: Any) -> None:
    """Figures above 0 in every cell can satisfy all equations at once."""
    form = load_form(edition)
    figures = make.fill(edition)
    assert all(figures[cell.key] > 0 for cell in form.cells)
    for equation in form.equations:
        left, right = (sum(figures[c] for c in side) for side in (equation.left, equation.right))
        assert left == right, equation.instance


@EDITIONS
def test_equations_bind_cells_of_the_form(edition: str) -> None:
    """Every cell that an equation names is a cell of the form, and stands in it once."""
    form = load_form(edition)
    keys = {cell.key for cell in form.cells}
    for equation in form.equations:
        assert set(equation.cells) <= keys
        assert len(set(equation.cells)) == len(equation.cells)


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        ("t3.closed.natural_person", "表三（七）总计·自然人"),
        ("t3.denied_state_secret.total", "表三（三）1.属于国家秘密·总计"),
        ("t4.review.total", "表四 行政复议·总计"),
    ],
    ids=["line with a number", "line within a group", "line without a number"],
)
def test_titles(cell: str, title: str) -> None:
    """A cell is named in the form's own words and numbering."""
    titles = {one.key: one.title for one in load_form("2021").cells}
    assert titles[cell] == title


def test_kinds() -> None:
    """Only fees are an amount on the 2021 form; only changes are signed on the 2019 form."""
    kinds = {
        edition: {cell.key: cell.kind for cell in load_form(edition).cells if cell.kind != "count"}
        for edition in SIZES
    }
    assert kinds["2021"] == {"t2.fees.amount": "amount"}
    assert set(kinds["2019"].values()) == {"amount", "change"}
    assert kinds["2019"]["t2.licences.items_change"] == "change"
    assert FIGURE.scale == 6
