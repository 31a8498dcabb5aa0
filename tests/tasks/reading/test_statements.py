"""Promises of the reading of prose: what is stated is found, and nothing else is judged."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from expectations.form import load_form
from expectations.statement import Statement
from expectations.statement_remarks import remark_statements
from expectations.statement_rules import compare_statements
from expectations.statement_table import build_statements
from storage.reference.gazetteer import load_gazetteer
from storage.schema import FIGURE
from tasks.reading.read import read_document, read_report
from tasks.reading.statements import read_statements

HERE = Path(__file__).resolve()
PROSE = HERE.parent / "prose"
REAL = HERE.parents[4] / "shared/reports"
RULES_FILE = HERE.parents[3] / "expectations/families/prose.yaml"
CELLS_SCHEMA = pl.Schema(
    {
        "report_id": pl.String(),
        "table": pl.String(),
        "row": pl.String(),
        "column": pl.String(),
        "value": FIGURE,
    }
)
# As measured. When first met, before any pattern was mended for them (found, differing wrongly):
# kept_apart 95.5 % and 3.4 %, fresh 71.1 % and 8.1 %, unseen 97.4 % and 7.5 %, last 86.8 % and
# 3.1 %: what a voice never met before gives. Mended since: 677 of 696 (97.3 %) and none of 595.
MENDED = ("seen", "held_out", "third", "fourth")
VOICES = ("kept_apart", "fresh", "unseen", "last")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A report with its labels, its statements as read and compared, and the rules that fail."""

    text: str
    labels: list[dict[str, Any]]
    read: tuple[Statement, ...]
    outcomes: list[str]
    failed: set[str]
    expected: set[str]

    def find(self, label: dict[str, Any]) -> int | None:
        """Give the place among the statements of the one that a label means.

        Where a label names several subjects, each is a right reading.
        """
        named = label["subject"]
        subjects = named if isinstance(named, list) else [named]
        start = -1
        for _ in range(label.get("nth", 1)):
            start = self.text.index(label["at"], start + 1)
        end = start + len(label["at"])
        value = Decimal(str(label["value"])) if "value" in label else None
        for place, entry in enumerate(self.read):
            if (
                entry.subject in subjects
                and entry.quantity == (value if "value" in label else entry.quantity)
                and entry.offset < end
                and entry.end > start
            ):
                return place
        return None


def load_binding() -> dict[str, pl.Expr]:
    """Give each rule's condition on a report: its editions and its first year."""
    entries = yaml.safe_load(RULES_FILE.read_text("utf-8"))
    return {
        entry["id"]: (
            (pl.col("form").is_in(entry["forms"]) if "forms" in entry else pl.lit(True))
            & (pl.col("year") >= entry.get("first_year", 0))
        )
        for entry in entries
    }


def load_failures() -> dict[str, set[str]]:
    """Give each rule's cases that are failures."""
    entries = yaml.safe_load(RULES_FILE.read_text("utf-8"))
    return {
        entry["id"]: {
            case for case, facts in entry["cases"].items() if facts.get("outcome") is None
        }
        for entry in entries
    }


def judge(
    text: str,
    label: dict[str, Any],
    year: int,
    form: str | None,
    scope: str,
    cells: list[tuple[str, Any]],
) -> Labelled:
    """Read, compare and judge the prose of one report."""
    read = read_statements(text, year=year, scope=scope)
    reports = pl.DataFrame(
        {"report_id": ["r"], "year": [year], "form": [form]}, schema_overrides={"form": pl.String}
    )
    frame = pl.DataFrame(
        [("r", *name.split("."), value) for name, value in cells],
        schema=CELLS_SCHEMA,
        orient="row",
    )
    compared = compare_statements(build_statements([("r", year, "CN-AH", read)]), reports, frame)
    part = pl.DataFrame({"report_id": ["r"], "part": [6]}) if "六、" in text else None
    remarks = remark_statements(compared, reports, load_binding(), part)
    failures = load_failures()
    return Labelled(
        text=text,
        labels=label["statements"],
        read=read,
        outcomes=compared["outcome"].to_list(),
        failed={
            rule
            for rule, case in remarks.select("rule", "case").iter_rows()
            if case in failures[rule]
        },
        expected=set(label["findings"]),
    )


@cache
def judge_rendered(name: str) -> dict[str, Labelled]:
    """Judge the reports of a file with prose of our own; cells not named are 0."""
    judged = {}
    for label in load_labels(name):
        form = label["form"]
        cells = [(cell.key, label["cells"].get(cell.key, 0)) for cell in load_form(form).cells]
        judged[label["id"]] = judge(
            label["text"], label, label["year"], form, label["scope"], cells
        )
    return judged


def judge_real(label: dict[str, Any]) -> Labelled:
    """Judge a real report, or skip where the folder is not there."""
    path = REAL / label["file"]
    if not path.exists():
        pytest.skip(f"no real report at {path}")
    content = path.read_bytes()
    report = read_report(content, load_gazetteer())
    cells = [(cell.cell, cell.value) for cell in report.cells]
    text = read_document(content).text
    return judge(text, label, report.year, report.form, report.scope, cells)


def load_labels(name: str) -> list[dict[str, Any]]:
    """Load the labels of a file under `prose`."""
    labels: list[dict[str, Any]] = yaml.safe_load((PROSE / f"{name}.yaml").read_text("utf-8"))
    return labels


OWN = [(name, str(label["id"])) for name in MENDED for label in load_labels(name)]


@pytest.mark.parametrize(
    ("names", "least_found", "most_false"),
    [(MENDED, 0.99, 0.01), *(((name,), 0.9, 0.02) for name in VOICES)],
    ids=["mended", *VOICES],
)
def test_labelled_prose_is_found_and_nothing_else_differs(
    names: tuple[str, ...], least_found: float, most_false: float
) -> None:
    """Nearly all labelled statements are found, and hardly any other figure differs."""
    judged = [report for name in names for report in judge_rendered(name).values()]
    places = [report.find(label) for report in judged for label in report.labels]
    expected = [
        {report.find(label) for label in report.labels if label.get("outcome") == "differs"}
        for report in judged
    ]
    wrong = [
        report.read[place].noun
        for report, known in zip(judged, expected, strict=True)
        for place, outcome in enumerate(report.outcomes)
        if outcome == "differs" and place not in known
    ]
    compared = sum(outcome in ("agrees", "differs") for one in judged for outcome in one.outcomes)
    assert len(places) > 60
    assert sum(place is not None for place in places) / len(places) >= least_found
    assert len(wrong) / compared <= most_false, wrong


@pytest.mark.parametrize(("name", "report_id"), OWN, ids=[report_id for _, report_id in OWN])
def test_rules_fail_where_the_prose_is_wrong_and_only_there(name: str, report_id: str) -> None:
    """The rules that fail are those labelled, and each labelled outcome is given."""
    report = judge_rendered(name)[report_id]
    assert report.failed == report.expected
    for entry in report.labels:
        place = report.find(entry)
        if place is not None:
            assert report.outcomes[place] == entry["outcome"], entry


@pytest.mark.parametrize("label", load_labels("real"), ids=lambda label: str(label["file"]))
def test_real_reports_are_read_as_labelled(label: dict[str, Any]) -> None:
    """Every labelled statement of a real report is found, with its outcome, and no other fails."""
    report = judge_real(label)
    for entry in report.labels:
        place = report.find(entry)
        assert place is not None, entry
        if "outcome" in entry:
            assert report.outcomes[place] == entry["outcome"], entry
    assert report.failed == report.expected
    known = {report.find(entry) for entry in report.labels}
    assert not [
        report.read[place]
        for place, outcome in enumerate(report.outcomes)
        if outcome == "differs" and place not in known
    ]


@pytest.mark.parametrize(
    ("text", "subject", "value", "unit"),
    [
        ("2023年收到政府信息公开申请１，２３４件。", "received", "1234", "件"),
        ("主动公开政府信息12.5万条。", "disclosed", "125000", "条"),
        ("收到政府信息公开申请两件。", "received", "2", "件"),
        ("收到政府信息公开申请十二件。", "received", "12", "件"),
        ("收取信息处理费0.05万元。", "fee.collected", "500", "元"),
        ("收到 政府信息\n公开申请。答复政府信息公开申请 5 件。", "closed", "5", "件"),
    ],
    ids=["full-width", "scaled", "numeral", "tens", "money", "blanks"],
)
def test_figures_are_read_as_printed(text: str, subject: str, value: str, unit: str) -> None:
    """A figure keeps its value and unit however it is printed."""
    (entry,) = read_statements(text, year=2023, scope="department")
    assert (entry.subject, entry.quantity, entry.unit) == (subject, Decimal(value), unit)


def test_a_statement_tells_where_it_stands() -> None:
    """Offsets are places in the text as it was given, blanks and all."""
    text = "前言。\n  2023 年，我局 收到政府信息公开申请 7 件。"
    (entry,) = read_statements(text, year=2023, scope="department")
    assert text[entry.offset : entry.end] == "7 件"
    assert entry.sentence == "2023年，我局收到政府信息公开申请7件"


@pytest.mark.parametrize(
    ("text", "qualities"),
    [
        ("我市收到政府信息公开申请7件。", ("territory", "current", ())),
        ("2022年收到政府信息公开申请7件。", ("whole", "2022", ())),
        ("上半年收到政府信息公开申请7件。", ("whole", "part", ())),
        ("收到政府信息公开申请约7件。", ("whole", "current", ("about",))),
        ("收到政府信息公开申请较上年增加7件。", ("whole", "current", ("change",))),
    ],
    ids=["scope", "year", "half", "about", "change"],
)
def test_words_that_set_a_figure_apart_are_kept(
    text: str, qualities: tuple[str, str, tuple[str, ...]]
) -> None:
    """Another scope, period or kind of figure is told, so that it is not compared."""
    (entry,) = read_statements(text, year=2023, scope="department")
    assert (entry.scope, entry.period, entry.qualifiers) == qualities


@pytest.mark.parametrize(
    "text",
    [
        "受理低保申请320件，办结318件。",
        "办理行政应诉案件3件。",
        "承办政协提案9件，办结9件。",
        "作为复议机关审结行政复议案件51件。",
        "第二十条第（一）项信息内容规章000行政规范性文件889第二十条第（八）项行政事业性收费35",
        "目前未收到该申请人提交的补正材料。",
        "《关于办理3件申请的通知》（国办函〔2020〕109号）",
    ],
    ids=["welfare", "suits", "proposals", "authority", "table", "correction", "document"],
)
def test_other_figures_are_no_statements_about_requests(text: str) -> None:
    """Figures about other matters name nothing that the tables hold."""
    read = read_statements(text, year=2023, scope="department")
    assert {entry.subject for entry in read} <= {"stated"}
