"""Every rule over all reports at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import sheet
from expectations.form import load_form
from expectations.rulebook import load_rulebook
from expectations.rules import PRECEDENCE, Evaluation, evaluate
from storage.schema import FINDINGS, OUTCOMES

ABSENT, BLANK = ("absent", None), ("blank", "")
EQUATION_RULES = ("T3-01", "T3-02", "T3-03", "T4-01")
EDITIONS = pytest.mark.parametrize("edition", ["2021", "2019"])
LICENCES = "t2.licences.decisions"
# What no equation states: figures drawn at random may fail these.
PLAUSIBILITY = (*(f"T2-{n:02}" for n in range(1, 11)), "T3-08", "T4-02", "T4-03", "T4-04")


def check(
    make: Any,
    edition: str | None,
    changes: dict[str, Any] | None = None,
    note: str | None = None,
    **facts: Any,
) -> Evaluation:
    """Evaluate one consistent report with some of its cells changed."""
    readings = make.fill(edition) | (changes or {}) if edition else {}
    cells = make.build_cells("a", readings)
    if note:
        is_changed = pl.concat_str("table", "row", "column", separator=".").is_in(
            list(changes or {})
        )
        cells = cells.with_columns(note=pl.when(is_changed).then(pl.lit(note)))
    return evaluate(make.build_report("a", edition, **facts), cells)


def list_findings(evaluation: Evaluation, outcome: str = "failed") -> set[tuple[str, str]]:
    """List the rule and instance of every finding of an outcome."""
    findings = evaluation.findings.filter(pl.col("outcome") == outcome)
    return set(findings.select("rule", "instance").iter_rows())


def find(evaluation: Evaluation, rule: str) -> dict[str, Any]:
    """Give the one finding of a rule."""
    (finding,) = evaluation.findings.filter(pl.col("rule") == rule).to_dicts()
    return finding


@EDITIONS
@given(figures=st.lists(st.integers(0, 10**6), min_size=260, max_size=260))
@settings(max_examples=15, deadline=None)
def test_consistent_report_passes(edition: str, make: Any, figures: list[int]) -> None:
    """Any report whose figures satisfy the form fails no rule but those of plausibility."""
    readings = make.balance(load_form(edition), iter(figures))
    evaluation = evaluate(make.build_report("a", edition), make.build_cells("a", readings))
    assert {rule for rule in evaluation.findings["rule"] if rule not in PLAUSIBILITY} == set()


@EDITIONS
@given(seed=st.integers(0, 10**6), added=st.integers(1, 10**6))
@settings(max_examples=3, deadline=None)
def test_changed_cell_fails_its_equations(edition: str, make: Any, seed: int, added: int) -> None:
    """One changed cell, whichever, fails exactly the equations that contain it."""
    form, right = load_form(edition), make.fill(edition, seed)
    keys = [cell.key for cell in form.cells]
    evaluation = evaluate(
        pl.concat(make.build_report(key, edition) for key in keys),
        pl.concat(make.build_cells(key, right | {key: right[key] + added}) for key in keys),
    )
    failed = evaluation.findings.filter(pl.col("rule").is_in(EQUATION_RULES))
    expected = {(cell, e.rule, e.instance) for e in form.equations for cell in e.cells}
    assert set(failed.select("report_id", "rule", "instance").iter_rows()) == expected
    assert set(failed["difference"].abs()) == {Decimal(added)}


@EDITIONS
@pytest.mark.parametrize("reading", [BLANK, ("unreadable", "约12"), ABSENT], ids=lambda r: r[0])
def test_unread_cell_is_never_passed(edition: str, reading: Any, make: Any) -> None:
    """An unread cell, even where the rest adds up, leaves its equations not evaluated."""
    form = load_form(edition)
    key = "t3.granted.legal_service"
    evaluation = check(make, edition, {key: reading})
    expected = {(e.rule, e.instance) for e in form.equations if key in e.cells}
    unread = {one for one in list_findings(evaluation, "not_evaluated") if one[0] in EQUATION_RULES}
    assert unread == expected
    assert evaluation.outcomes["T3-01"].item() == "not_evaluated"
    finding = find(evaluation, "T3-01")
    assert finding["expected"] is None and finding["blame"] is None
    assert "表三（一）予以公开·法律服务机构" in finding["message"]


def test_report_without_cells_passes_no_rule_about_cells(make: Any) -> None:
    """Where reading gave nothing of a form, no rule about its cells counts as passed."""
    evaluation = evaluate(make.build_report("a", "2021"), make.build_cells("b", {}).clear())
    about_cells = [rule for rule in evaluation.outcomes.columns if rule[:2] in ("C-", "T3", "T4")]
    outcomes = evaluation.outcomes.select("S-06", "S-13", *about_cells).row(0)
    assert "passed" not in outcomes
    assert list_findings(evaluation) == {("S-06", table) for table in ("t2", "t3", "t4")}


@pytest.mark.parametrize(
    ("year", "findings"), [(2022, 3), (2018, 0)], ids=["form due", "before the form"]
)
def test_unknown_form(make: Any, year: int, findings: int) -> None:
    """A report on no known edition lacks all three tables if an edition was due that year."""
    evaluation = check(make, None, year=year)
    missing = evaluation.findings.filter(pl.col("rule") == "S-06")
    assert missing.height == findings
    assert set(missing["blame"]) <= {"reader"}
    assert evaluation.outcomes["T3-01"].item() == "not_applicable"
    assert evaluation.outcomes["S-07"].item() == (
        "not_evaluated" if year == 2022 else "not_applicable"
    )


def test_zhenjiang_district_2022(make: Any) -> None:
    """浈江区's table 3, line (7) left 0 over one result, fails T3-02 and T3-03 in two columns."""
    readings = dict.fromkeys((cell.key for cell in load_form("2019").cells), 0)
    for column in ("natural_person", "total"):
        readings |= {f"t3.new.{column}": 1, f"t3.unavailable_not_held.{column}": 1}
    readings |= {"t4.review.upheld": 1, "t4.review.total": 1}
    facts = {"year": 2022, "signed_on": date(2022, 1, 18)}
    evaluation = evaluate(make.build_report("a", "2019", **facts), make.build_cells("a", readings))
    columns = ("t3.natural_person", "t3.total")
    assert list_findings(evaluation) == {
        *((rule, column) for rule in ("T3-02", "T3-03") for column in columns),
        ("S-07", "report"),
        ("P-05", "report"),
    }
    finding = evaluation.findings.row(
        by_predicate=(pl.col("rule") == "T3-02") & (pl.col("instance") == columns[0]), named=True
    )
    assert finding["message"] == "表三（七）总计·自然人：应为 1，填报 0"
    assert (finding["expected"], finding["reported"], finding["difference"]) == ("1", "0", -1)
    assert finding["cells"][-1] == "t3.closed.natural_person"
    assert (finding["blame"], finding["severity"]) == ("unknown", "error")
    messages = set(evaluation.findings["message"])
    assert "表三·总计：第一项加第二项之和为 1，第三项加第四项之和为 0，两者应相等" in messages
    assert "报告格式：2022年度报告应使用 2021 年版格式，实际使用 2019 年版格式" in messages


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"t3.granted.total": BLANK}, {("C-03", "t3.granted.total")}),
        ({"t3.closed.company": BLANK}, {("C-03", "t3.closed.company")}),
        ({"t4.review.total": BLANK}, {("C-03", "t4.review.total")}),
        ({"t3.new.company": BLANK}, set()),
    ],
    ids=["row", "column", "table 4", "no total"],
)
def test_blank_totals(make: Any, changes: Any, failed: Any) -> None:
    """A blank total over figures is an error; a blank in another cell is only a blank."""
    evaluation = check(make, "2019", changes)
    (table,) = {key.split(".")[0] for key in changes}
    assert list_findings(evaluation) == {*failed, ("C-02", table)}


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [(BLANK, "passed"), (0, "passed"), (("unreadable", "x"), "not_evaluated"), (2, "failed")],
    ids=["blank", "zero", "unreadable", "figures"],
)
def test_blank_total_over_parts(make: Any, parts: Any, outcome: str) -> None:
    """A total may stay blank if its parts are all 0 or blank, and only then."""
    cells = [cell.key for cell in load_form("2021").cells if cell.key.startswith("t4.review.")]
    changes = dict.fromkeys(cells, parts) | {"t4.review.total": BLANK}
    assert check(make, "2021", changes).outcomes["C-03"].item() == outcome


@pytest.mark.parametrize(
    ("edition", "cell", "figure", "outcome"),
    [
        ("2021", LICENCES, -1, "failed"),
        ("2021", LICENCES, Decimal("0.5"), "failed"),
        ("2021", "t2.fees.amount", Decimal("0.5"), "passed"),
        ("2021", "t2.fees.amount", -1, "failed"),
        ("2019", "t2.licences.items_change", -1, "passed"),
        ("2019", "t2.licences.items_change", Decimal("0.5"), "failed"),
        ("2021", LICENCES, ("unreadable", "若干"), "not_evaluated"),
    ],
)
def test_kinds(make: Any, edition: str, cell: str, figure: Any, outcome: str) -> None:
    """Counts are whole and not negative, amounts not negative, changes whole."""
    assert check(make, edition, {cell: figure}).outcomes["C-01"].item() == outcome


def test_plain_figures_in_messages(make: Any) -> None:
    """A figure is written without trailing zeros, whatever its size, and never as an exponent."""
    evaluation = check(make, "2021", {LICENCES: Decimal("-1200.50")})
    assert find(evaluation, "C-01")["reported"] == "-1200.5"
    total = check(make, "2021", {"t4.review.total": 10**13})
    assert find(total, "T4-01")["reported"] == "10000000000000"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("12", set()),
        ("12件", {"C-04"}),
        ("1,2", {"C-04"}),
        ("1 2", {"C-05"}),
        ("１２", {"C-05"}),
        ("l2", {"C-05"}),
        ("１２项", {"C-04", "C-05"}),
        (" 12 ", set()),
    ],
)
def test_writing(make: Any, text: str, rules: set[str]) -> None:
    """Units and commas beside a count, and full-width or split digits, are remarked on."""
    assert {rule for rule, _ in list_findings(check(make, "2021", {LICENCES: (12, text)}))} == rules


def test_writing_of_a_derived_cell(make: Any) -> None:
    """The text of a derived cell is a whole row's and no writing of its figure."""
    readings = make.fill("2021") | {LICENCES: (12, "12 7項O")}
    cells = make.build_cells("a", readings)
    is_changed = pl.col("row") == "licences"
    derived = cells.with_columns(
        status=pl.when(is_changed).then(pl.lit("derived")).otherwise("status")
    )
    report = make.build_report("a", "2021")
    assert list_findings(evaluate(report, cells)) == {("C-04", LICENCES), ("C-05", LICENCES)}
    assert list_findings(evaluate(report, derived)) == set()


@pytest.mark.parametrize(
    ("facts", "rule", "outcome", "severity"),
    [
        ({"signed_on": date(2022, 12, 31)}, "P-05", "failed", "error"),
        ({"signed_on": date(2023, 1, 1)}, "P-05", "passed", None),
        ({"signed_on": date(2024, 1, 1)}, "P-05", "failed", "warning"),
        ({"signed_on": None}, "P-05", "not_evaluated", "error"),
        ({"period_end": date(2023, 1, 1)}, "P-06", "failed", "error"),
        ({"period_end": date(2022, 12, 30)}, "P-06", "failed", "warning"),
        ({"period_end": None}, "P-06", "not_evaluated", "error"),
        ({"period_start": date(2021, 1, 1), "period_end": None}, "P-06", "failed", "error"),
        ({"period_start": None, "period_end": None}, "P-06", "not_evaluated", "error"),
    ],
)
def test_dates(
    make: Any, facts: dict[str, Any], rule: str, outcome: str, severity: str | None
) -> None:
    """A date before its time is an error, one merely off is a warning, none is not judged."""
    evaluation = check(make, "2021", **facts)
    assert evaluation.outcomes[rule].item() == outcome
    found = evaluation.findings.filter(pl.col("rule") == rule)["severity"]
    assert [*found] == ([severity] if severity else [])


def test_forms_are_checked_together(make: Any) -> None:
    """Reports on all editions and on none go in at once; each keeps its own findings."""
    reports = [make.build_report(str(form), form, year=2020) for form in ("2021", "2019", None)]
    cells = [make.build_cells(form, make.fill(form)) for form in ("2021", "2019")]
    evaluation = evaluate(pl.concat(reports), pl.concat(cells))
    assert evaluation.outcomes["report_id"].to_list() == ["2021", "2019", "None"]
    assert evaluation.outcomes["S-08"].to_list() == ["failed", "passed", "not_evaluated"]
    assert evaluation.outcomes["S-14"].to_list() == ["not_applicable", "passed", "not_applicable"]


def test_findings_are_as_declared(make: Any) -> None:
    """Findings have the declared columns and key, in order, and the report year."""
    findings = check(make, "2021", {"t3.granted.total": BLANK, LICENCES: -1}).findings
    assert findings.schema == {"year": pl.Int32, **FINDINGS.schema}
    assert findings.select(FINDINGS.key).is_unique().all()
    assert findings.select(FINDINGS.key).equals(findings.select(FINDINGS.key).sort(FINDINGS.key))
    assert set(PRECEDENCE.categories) == set(OUTCOMES)


def test_no_reports(make: Any) -> None:
    """No reports give no outcomes and no findings, in the same columns."""
    evaluation = evaluate(make.build_report("a", "2021").clear(), make.build_cells("a", {}))
    run = [rule for rule in load_rulebook().rules if rule not in evaluation.not_run]
    assert evaluation.outcomes.columns == ["report_id", *run]
    assert evaluation.outcomes.is_empty() and evaluation.findings.is_empty()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"t3.granted.everyone": 1}, "t3.granted.everyone"),
        ({"t2.fees.items_last_year": 1}, "t2.fees.items_last_year"),
    ],
    ids=["of no form", "of the other form"],
)
def test_unknown_cell_is_refused(make: Any, cells: dict[str, int], message: str) -> None:
    """A cell that the report's edition does not have stops the check and is named."""
    with pytest.raises(ValueError, match=message):
        evaluate(make.build_report("a", "2021"), make.build_cells("a", cells))


def test_cell_given_twice_is_refused(make: Any) -> None:
    """A cell or report that stands twice stops the check."""
    report, cells = make.build_report("a", "2021"), make.build_cells("a", make.fill("2021"))
    with pytest.raises(ValueError, match="found 1 more than once"):
        evaluate(report, pl.concat([cells, cells.head(1)]))
    with pytest.raises(ValueError, match="found 'a' more than once"):
        evaluate(pl.concat([report, report]), cells)


def test_slices_change_nothing(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports checked some at a time have the outcomes and findings that they have together."""
    editions = ["2021", "2019"] * 4
    reports = pl.concat(
        make.build_report(f"{number}-2020", edition, year=2020)
        for number, edition in enumerate(editions)
    )
    cells = pl.concat(
        make.build_cells(f"{number}-2020", make.fill(edition, number) | {"t3.new.total": number})
        for number, edition in enumerate(editions)
    )
    whole = evaluate(reports, cells)
    monkeypatch.setattr(sheet, "SLICE", 3)
    sliced = evaluate(reports, cells)
    assert sliced.outcomes.equals(whole.outcomes)
    assert sliced.findings.equals(whole.findings) and not whole.findings.is_empty()
    shuffled = evaluate(reports, cells.sample(fraction=1, shuffle=True, seed=1))
    assert shuffled.outcomes.equals(whole.outcomes)
    assert shuffled.findings.equals(whole.findings)


def test_names_may_be_coded(make: Any) -> None:
    """Cells whose names, statuses and units are Enums, which take a fraction of the memory, do."""
    report = make.build_report("a-2022", "2021")
    cells = make.build_cells("a-2022", make.fill("2021") | {"t3.new.total": 1})
    names = ("report_id", "table", "row", "column", "status", "unit")
    coded = cells.with_columns(
        pl.col(name).cast(pl.Enum(cells[name].drop_nulls().unique())) for name in names
    )
    assert evaluate(report, coded).findings.equals(evaluate(report, cells).findings)
