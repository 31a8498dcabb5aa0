"""Promises of the rules on prose: each can pass and can fail, and none judges what it cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import yaml

from expectations.form import load_form, load_forms
from expectations.remarks import REMARKS
from expectations.statement import Statement
from expectations.statement_remarks import STATEMENT_RULES, remark_statements
from expectations.statement_rules import compare_statements, list_stated_values
from expectations.statement_table import STATED, build_statements
from storage.schema import FIGURE, STATEMENTS

ENTRIES = yaml.safe_load(
    (Path(__file__).parents[2] / "expectations/families/prose.yaml").read_text("utf-8")
)
RULES = {entry["id"]: entry for entry in ENTRIES}
FORM = "2021"


def state(subject: str, quantity: float | str | None = None, **facts: object) -> Statement:
    """Make a statement about the whole, in the report's year."""
    plain = Statement(
        number=0,
        subject=subject,
        quantity=None if quantity is None else Decimal(str(quantity)),
        unit="件",
        noun="主动公开政府信息",
        scope="whole",
        period="current",
        qualifiers=(),
        section=1,
        sentence="",
        offset=0,
        end=1,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Case:
    """A report by its cells (others 0) and statements, and whether the rule fails on it."""

    rule: str
    cells: dict[str, float | None]
    statements: tuple[Statement, ...]
    fails: bool


TABLE: dict[str, float | None] = {
    "t3.new.total": 16,
    "t3.carried_in.total": 2,
    "t3.granted.total": 10,
    "t3.partly_granted.total": 4,
    "t3.other_other.total": 1,
    "t3.unavailable_not_held.total": 2,
    "t3.closed.total": 17,
    "t3.carried_out.total": 1,
    "t4.review.total": 3,
    "t4.review.upheld": 2,
    "t4.review.corrected": 1,
    "t4.suit_direct.total": 1,
    "t4.suit_after_review.total": 1,
    "t4.suit_direct.pending": 1,
    "t4.suit_after_review.pending": 1,
    "t2.normative_documents.in_force": 24,
}


def tabled(rule: str, right: Statement, wrong: Statement) -> list[Case]:
    """Give a rule of one figure a report that keeps it and one that breaks it."""
    return [Case(rule, TABLE, (right,), False), Case(rule, TABLE, (wrong,), True)]


def whole(*parts: float, said: float = 10, closed: bool = True) -> tuple[Statement, ...]:
    """State a whole with its parts."""
    return (
        state("disclosed", said, unit="条"),
        *(state("stated", part, unit="条", part_of=1, is_closed=closed) for part in parts),
    )


CASES = [
    *tabled("N-01", state("received", 18), state("received", 19)),
    *tabled("N-01", state("received", 16), state("new", 18)),
    *tabled("N-02", state("closed", 16), state("closed", 15)),
    *tabled("N-03", state("carried_in", 2), state("carried_in", 0)),
    *tabled("N-04", state("carried_out", 1), state("carried_out", 2)),
    *tabled("N-05", state("row.granted+row.partly_granted", 14), state("row.unavailable", 3)),
    *tabled("N-06", state("review.upheld", 2), state("review", 2)),
    *tabled("N-07", state("suit.pending", 2), state("suit", 1)),
    *tabled("N-08", state("received", 16), state("denied.received", 0)),
    *tabled("N-09", state("suit", 2), state("denied.suit", 0)),
    *tabled("N-10", state("normative.in_force", 24), state("normative.issued", 1)),
    Case("N-11", {}, whole(3, 7), False),
    Case("N-11", {}, whole(3, 6), True),
    Case("N-11", {}, whole(3, 8, closed=False), True),
    Case("N-11", {}, whole(3, 6, closed=False), False),
    Case("N-12", {}, (state("disclosed", 20), state("disclosed", 20, sentence="b")), False),
    Case("N-12", {}, (state("disclosed", 20), state("disclosed", 16, sentence="b")), True),
    Case(
        "N-13",
        {},
        (*whole(3, 7), state("share", "30.0", unit="%", share_of=2)),
        False,
    ),
    Case("N-13", {}, (*whole(3, 7), state("share", 33, unit="%", share_of=2)), True),
    Case(
        "N-13",
        {},
        (
            *whole(3, 7),
            state("share", 30, unit="%", share_of=2),
            state("share", 66, unit="%", share_of=3),
        ),
        True,
    ),
    Case("N-14", TABLE, (state("all_closed"), state("carried_out", 1)), False),
    Case("N-14", TABLE, (state("all_closed"),), True),
    Case("N-16", {}, (state("fee.collected", 0, section=6),), False),
    Case("N-16", {}, (state("received", 0),), True),
    Case("N-17", {}, (state("fee.collected", 9), state("fee.notices", 1)), False),
    Case("N-17", {}, (state("fee.collected", 9), state("fee.notices", 0)), True),
    Case("N-18", {}, (state("claim.timely"), state("problem.updates", section=5)), False),
    Case("N-18", {}, (state("claim.timely"), state("problem.timely", section=5)), True),
]


def frame_cells(cells: dict[str, float | None], form: str | None = FORM) -> pl.DataFrame:
    """Make the cells of report r, those not named 0."""
    rows = [
        ("r", cell.table, cell.row, cell.column, cells.get(cell.key, 0))
        for cell in load_form(form or FORM).cells
    ]
    schema = pl.Schema(
        {
            "report_id": pl.String(),
            "table": pl.String(),
            "row": pl.String(),
            "column": pl.String(),
            "value": FIGURE,
        }
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


def frame_reports(form: str | None = FORM, year: int = 2022) -> pl.DataFrame:
    """Make the row of report r."""
    return pl.DataFrame(
        {"report_id": ["r"], "year": [year], "form": [form]}, schema_overrides={"form": pl.String}
    )


def frame_statements(statements: tuple[Statement, ...]) -> pl.DataFrame:
    """Number the statements of report r."""
    numbered = tuple(
        replace(entry, number=place + 1, offset=place) for place, entry in enumerate(statements)
    )
    return build_statements([("r", 2022, "CN-AH", numbered)])


def compare(
    statements: tuple[Statement, ...],
    cells: dict[str, float | None],
    form: str | None = FORM,
    earlier: dict[str, float | None] | None = None,
) -> pl.DataFrame:
    """Compare the statements of report r."""
    return compare_statements(
        frame_statements(statements),
        frame_reports(form),
        frame_cells(cells, form if form in load_forms() else FORM),
        None if earlier is None else frame_cells(earlier),
    )


def remark(statements: tuple[Statement, ...], cells: dict[str, float | None]) -> pl.DataFrame:
    """Say what the rules find on report r, which has a part six."""
    always = dict.fromkeys(STATEMENT_RULES, pl.lit(True))
    parts = pl.DataFrame({"report_id": ["r"], "part": [6]})
    return remark_statements(compare(statements, cells), frame_reports(), always, parts)


def list_failed(remarks: pl.DataFrame) -> set[str]:
    """List the rules with a case that is a failure."""
    return {
        rule
        for rule, case in remarks.select("rule", "case").iter_rows()
        if "outcome" not in RULES[rule]["cases"][case]
    }


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.rule}-{'fails' if case.fails else 'passes'}"
)
def test_a_rule_fails_on_the_broken_report_only(case: Case) -> None:
    """A rule fails on the report made to break it, and not on the one made to keep it."""
    assert (case.rule in list_failed(remark(case.statements, case.cells))) is case.fails


def test_every_rule_has_a_passing_and_a_failing_report() -> None:
    """No rule of the file goes without a report that keeps it and one that breaks it."""
    for fails in (False, True):
        assert {case.rule for case in CASES if case.fails is fails} == set(RULES)
    assert set(STATEMENT_RULES) == set(RULES)


def test_messages_use_only_what_remarks_hold() -> None:
    """Every place in a message is a column of a remark."""
    places = {
        place
        for entry in ENTRIES
        for case in entry["cases"].values()
        for place in re.findall(r"\{(\w+)\}", case["message"])
    }
    assert places <= set(REMARKS) | {"year"}


def test_a_figure_differs_only_when_no_reading_fits() -> None:
    """New, new with the carried in, and closed are all admissible for requests received."""
    outcomes = compare(tuple(state("received", value) for value in (16, 17, 18, 15)), TABLE)
    assert outcomes["outcome"].to_list() == ["agrees", "agrees", "agrees", "differs"]
    assert outcomes["admissible"].to_list()[3] == ["16", "17", "18"]


def test_an_unread_cell_is_not_evaluated() -> None:
    """Where none of the read values fits and one was not read, nothing is said to differ."""
    cells: dict[str, float | None] = {**TABLE, "t3.closed.total": None}
    outcomes = compare((state("received", 16), state("received", 99), state("closed", 17)), cells)
    assert outcomes["outcome"].to_list() == ["agrees", "not_evaluated", "not_evaluated"]


@pytest.mark.parametrize(
    "facts",
    [
        {"scope": "territory"},
        {"scope": "own"},
        {"period": "2021"},
        {"period": "part"},
        {"qualifiers": ("about",)},
        {"qualifiers": ("change",)},
        {"qualifiers": ("planned",)},
        {"unit": "事项", "qualifiers": ("other_unit",)},
    ],
    ids=["territory", "own", "last-year", "half", "about", "change", "planned", "unit"],
)
def test_a_statement_about_something_else_is_not_applicable(facts: dict[str, object]) -> None:
    """A statement of another scope, period, kind or unit is not compared."""
    (row,) = compare((state("received", 99, **facts),), TABLE).to_dicts()
    assert (row["outcome"], row["cells"]) == ("not_applicable", [])
    assert row["rule"] == ("N-15" if "unit" in facts else "N-01")


@pytest.mark.parametrize("form", [None, "2014"], ids=["unknown", "older"])
def test_a_report_without_a_known_form_is_not_compared(form: str | None) -> None:
    """Figures of a report on no edition with cells are kept, and not compared."""
    (row,) = compare((state("received", 99),), TABLE, form).to_dicts()
    assert row["outcome"] == "not_applicable"


def test_the_other_outcomes_are_one_row_on_the_older_form() -> None:
    """Other outcomes are the sum of three rows on the newer form and one row on the older."""
    stated = (state("row.other", 4),)
    newer: dict[str, float | None] = {"t3.other_other.total": 3, "t3.other_fee_unpaid.total": 1}
    assert compare(stated, newer)["outcome"].item() == "agrees"
    assert compare(stated, {"t3.other.total": 4}, "2019")["outcome"].item() == "agrees"


@pytest.mark.parametrize(
    ("printed", "falls", "outcome"),
    [
        ("33.3", False, "agrees"),
        ("33", False, "agrees"),
        ("34.3", False, "differs"),
        ("33.3", True, "differs"),
    ],
    ids=["rounded", "whole", "wrong", "falling"],
)
def test_growth_is_recomputed_from_the_report_of_last_year(
    printed: str, falls: bool, outcome: str
) -> None:
    """Growth agrees with the change against last year's table, to the digits printed."""
    growth = state(
        "growth", printed, unit="%", share_of=1, qualifiers=("falling",) if falls else ()
    )
    compared = compare((state("new", 16), growth), TABLE, earlier={"t3.new.total": 12})
    assert compared["outcome"].to_list() == ["agrees", outcome]


def test_growth_without_last_year_is_not_evaluated() -> None:
    """Without last year's figure nothing is said about growth."""
    growth = state("growth", 5, unit="%", share_of=1)
    assert compare((state("new", 16), growth), TABLE)["outcome"][1] == "not_evaluated"


def test_parts_that_the_table_confirms_are_no_false_breakdown() -> None:
    """A list of outcomes that leaves some out is no error where each agrees with the table."""
    parts = (
        state("closed", 17),
        state("row.granted", 10, part_of=1, is_closed=True),
        state("row.partly_granted", 4, part_of=1, is_closed=True),
    )
    assert list_failed(remark(parts, TABLE)) == {"N-16"}


def test_a_report_that_states_nothing_passes_no_rule() -> None:
    """Silence is not applicable, never passed."""
    remarks = remark((), TABLE)
    silent = {rule for rule, case in remarks.select("rule", "case").iter_rows() if case == "none"}
    assert silent == set(STATEMENT_RULES) - {"N-16"}


def test_stated_values_name_cells_without_another_reading() -> None:
    """Repairing is told the cells that a figure can only mean."""
    compared = compare((state("carried_out", 2), state("received", 16), state("suit", 2)), TABLE)
    stated = list_stated_values(compared, frame_reports())
    assert stated.rows() == [("r", "prose", "t3.carried_out.total", Decimal(2))]


def test_frames_are_as_declared() -> None:
    """Statements without a row keep the declared schemas."""
    empty = frame_statements(())
    assert empty.schema == STATED
    compared = compare_statements(empty, frame_reports(), frame_cells({}))
    assert compared.schema == STATEMENTS.frame_schema
