"""Waivers: what they set aside, what they leave, and what is said of those that do nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from expectations.problems import number_problems
from expectations.repair import repair_reports
from expectations.rules import evaluate
from expectations.verdict import add_verdicts
from expectations.waiver_file import WaiversError, load_waivers
from expectations.waivers import Waiver, list_remarks, waive_findings

TODAY = date(2026, 3, 1)
WAIVER = Waiver("a", None, "T3-01", "合计含共同申请", "王科长", TODAY)
ENTRY = {
    "report": "a",
    "rule": "T3-01",
    "reason": "合计含共同申请",
    "who": "王科长",
    "until": "2026-03-01",
}


@pytest.fixture
def judged(make: Any) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Two reports with one total of a row that is off by one: reports, cells, findings."""
    reports = pl.concat([make.build_report(name, "2021") for name in "ab"])
    figures = make.fill("2021")
    figures["t3.granted.total"] += 1
    cells = pl.concat([make.build_cells(name, figures) for name in "ab"])
    return reports, cells, evaluate(reports, cells).findings


def list_waived(findings: pl.DataFrame) -> list[tuple[str, str]]:
    """List report and rule of what is waived."""
    waived = findings.filter(pl.col("waived_for").is_not_null())
    return sorted(waived.select("report_id", "rule").unique().rows())


@pytest.mark.parametrize(
    ("waiver", "expected"),
    [
        (WAIVER, [("a", "T3-01")]),
        (
            replace(WAIVER, report=None, publisher="韶关市人民政府"),
            [("a", "T3-01"), ("b", "T3-01")],
        ),
        (replace(WAIVER, until=TODAY - timedelta(days=1)), []),
        (replace(WAIVER, until=TODAY + timedelta(days=1)), [("a", "T3-01")]),
        (replace(WAIVER, report="c"), []),
        (replace(WAIVER, report=None, publisher="韶关市"), []),
        (replace(WAIVER, rule="T3-06"), []),
    ],
    ids=["on its last day", "of a publisher", "expired", "before", "other report", "other", "rule"],
)
def test_a_waiver_sets_aside_its_rule_and_subject_until_its_day(
    judged: Any, waiver: Waiver, expected: list[tuple[str, str]]
) -> None:
    """The findings of the rule and the report or publisher are waived, up to that day, no other."""
    reports, _, findings = judged
    waived = waive_findings(findings, reports, [waiver], TODAY)
    assert list_waived(waived) == expected
    # Nothing is lost or changed but for the mark.
    marks = ["waived_for", "waived_by", "waived_until"]
    assert waived.drop(marks).equals(findings.drop(marks))
    told = waived.drop_nulls("waived_for").select(marks).unique().rows()
    assert told == ([(waiver.reason, waiver.who, waiver.until)] if expected else [])


def test_waived_findings_are_counted_apart(judged: Any) -> None:
    """Errors that are all waived make no report invalid; without the waiver they do."""
    reports, cells, findings = judged
    rules = set(findings.filter(pl.col("outcome") == "failed")["rule"])
    waivers = [replace(WAIVER, rule=rule) for rule in rules]
    marked = waive_findings(findings, reports, waivers, TODAY)
    numbered = number_problems(marked, repair_reports(reports, cells, marked))
    waived = add_verdicts(reports, cells, numbered)
    own = waived.select("report_id", "verdict", "errors", "problems", "waived").rows(named=True)
    assert own[0]["verdict"] == "valid"
    assert (own[0]["errors"], own[0]["problems"]) == (0, 0)
    assert own[0]["waived"] == findings.filter(report_id="a", outcome="failed").height
    assert own[1]["verdict"] == "invalid"
    assert own[1]["errors"] >= own[1]["problems"] > 0
    assert own[1]["waived"] == 0


def test_what_was_not_evaluated_stays_open(make: Any) -> None:
    """A waiver excuses an error and does not read a cell."""
    reports = make.build_report("a", "2021")
    cells = make.build_cells("a", make.fill("2021") | {"t3.granted.total": ("unreadable", "若干")})
    findings = evaluate(reports, cells).findings
    assert "T3-01" in set(findings.filter(outcome="not_evaluated")["rule"])
    assert list_waived(waive_findings(findings, reports, [WAIVER], TODAY)) == []


def test_a_waiver_no_more_in_the_file_ends(judged: Any) -> None:
    """Marks of an earlier check do not outlive their waiver; of two, the longer counts."""
    reports, _, findings = judged
    longer = replace(WAIVER, until=TODAY + timedelta(days=9), who="李处长")
    marked = waive_findings(findings, reports, [WAIVER, longer], TODAY)
    assert marked.drop_nulls("waived_by")["waived_by"].unique().to_list() == ["李处长"]
    assert list_waived(waive_findings(marked, reports, [], TODAY)) == []


def test_what_does_nothing_is_said(judged: Any) -> None:
    """Expired waivers and those for nothing known are named; those that work are not."""
    reports, _, _ = judged
    expired = replace(WAIVER, until=TODAY - timedelta(days=1))
    strangers = [
        replace(WAIVER, report="zzz"),
        replace(WAIVER, report=None, publisher="无此机关"),
    ]
    said = list_remarks([WAIVER, expired, *strangers], reports, TODAY)
    assert [len(one) for one in said] == [1, 2]
    assert "expired on 2026-02-28" in said[0][0]
    assert "zzz" in said[1][0]
    assert "无此机关" in said[1][1]


def write(path: Path, **changes: Any) -> Path:
    """Write a file of one waiver with some keys changed, or left out where None."""
    entry = {key: value for key, value in (ENTRY | changes).items() if value is not None}
    lines = [f"{key}: {value}" for key, value in entry.items()]
    path.write_text("waivers:\n  - " + "\n    ".join(lines), "utf-8")
    return path


def test_the_file_is_loaded(tmp_path: Path) -> None:
    """An entry becomes a waiver; no file, no waivers."""
    assert load_waivers(write(tmp_path / "waivers.yaml")) == (WAIVER,)
    assert load_waivers(None) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rule": "T9-99"}, "rule: expected the id of a rule as in `gouji rules`, found 'T9-99'"),
        ({"publisher": "韶关市"}, "expected either report or publisher"),
        ({"report": None}, "expected either report or publisher"),
        ({"until": "'2026-03-01'"}, "until: expected a day such as 2027-03-31"),
        ({"until": "2026-03-01 10:00:00"}, "until: expected a day such as 2027-03-31"),
        ({"until": None}, "until: expected a value, found none"),
        ({"who": "''"}, "who: "),
        ({"reason": None}, "reason: expected a value, found none"),
        ({"untill": "2026-03-01"}, "untill: unknown key"),
    ],
    ids=["rule", "both", "neither", "text", "hour", "open", "nobody", "no reason", "key"],
)
def test_a_faulty_file_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    """The message names file, entry, key, and what was expected and found."""
    path = write(tmp_path / "waivers.yaml", **changes)
    with pytest.raises(WaiversError) as error:
        load_waivers(path)
    assert str(error.value).startswith(f"{path}: entry 1, ")
    assert said in str(error.value)


NO_DAY = b"waivers: [{until: 2026-02-30}]"


@pytest.mark.parametrize(
    "content", [b"waivers: {}", b"- a", b"waivers: [", b"\xff", NO_DAY, None], ids=str
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """What is no list of waivers is refused with what was expected."""
    path = tmp_path / "waivers.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WaiversError, match="expected"):
        load_waivers(path)
