"""Promises on real reports; skipped where they are not at hand."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flows.inspection import inspect_sources
from storage.settings import load_settings
from tasks.fetching.source import parse_source_argument

FOLDER = Path(__file__).resolve().parents[2].parent / "shared/reports"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no real reports at {FOLDER}")


@cache
def inspect_all() -> dict[str, dict[str, Any]]:
    """Inspect the real reports in one go, by the names of their files."""
    paths = sorted(FOLDER.iterdir())
    sources = [parse_source_argument(str(path)) for path in paths]
    found = inspect_sources(sources, load_settings())
    return {path.name: one.facts for path, one in zip(paths, found, strict=True)}


def inspect(name: str) -> dict[str, Any]:
    """Give what was found in the one real report whose name starts so."""
    (facts,) = (facts for file, facts in inspect_all().items() if file.startswith(name))
    return facts


def list_errors(facts: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Count the failed rules of severity error with the row or column they are about."""
    return Counter(
        (finding["rule"], finding["instance"])
        for finding in facts["findings"]
        if finding["severity"] == "error" and finding["outcome"] == "failed"
    )


@pytest.mark.parametrize(
    ("name", "region", "adcode", "place", "form", "count"),
    [
        ("000", "CN-JX", "360724", "上犹县", "2021", 200),
        ("001", "CN-JS", "320703", "连云区", "2021", 200),
        ("002", "CN-GD", "440204", "浈江区", "2019", 198),
    ],
    ids=["county", "mirror", "office"],
)
def test_flattened_reports_are_read_whole(
    name: str, region: str, adcode: str, place: str, form: str, count: int
) -> None:
    """Every cell is read, and body, region and edition are told."""
    facts = inspect(name)
    report = facts["report"]
    assert (report["region"], report["adcode"], report["form"]) == (region, adcode, form)
    assert report["region_name"].endswith(place)
    assert report["year"] == 2022
    assert Counter(cell["status"] for cell in facts["cells"]) == {"read": count}


@pytest.mark.parametrize("name", ["000", "001"])
def test_clean_reports_have_no_error(name: str) -> None:
    """A report whose arithmetic holds fails no rule of severity error."""
    assert not list_errors(inspect(name))


def test_the_office_report_fails_just_what_is_wrong() -> None:
    """Line (7) left at 0 breaks two equations in two columns; the form is old, the date early."""
    facts = inspect("002")
    assert facts["report"]["scope"] == "department"
    assert list_errors(facts) == {
        ("T3-02", "t3.natural_person"): 1,
        ("T3-02", "t3.total"): 1,
        ("T3-03", "t3.natural_person"): 1,
        ("T3-03", "t3.total"): 1,
        ("S-07", "report"): 1,
        ("P-05", "report"): 1,
    }
    messages = [finding["message"] for finding in facts["findings"]]
    assert "表三（七）总计·自然人：应为 1，填报 0" in messages


def test_blanks_of_the_page_stay_blank() -> None:
    """Empty cells are no zeros: totals left empty are named, equations over them not judged."""
    facts = inspect("shanghai_office_2019")
    assert facts["report"]["region"] == "CN-SH"
    statuses = Counter(cell["status"] for cell in facts["cells"])
    assert set(statuses) == {"read", "blank"}
    assert statuses["blank"] > 100
    assert {cell["value"] for cell in facts["cells"] if cell["status"] == "blank"} == {None}
    assert {rule for rule, _ in list_errors(facts)} == {"C-03"}
    equations = [f for f in facts["findings"] if f["rule"] in ("T3-01", "T3-02", "T3-03")]
    assert equations
    assert {finding["outcome"] for finding in equations} == {"not_evaluated"}


def test_what_cannot_be_read_says_why() -> None:
    """A document that gives no whole report has a code and a reason, and no made-up figure."""
    for facts in inspect_all().values():
        if "error" in facts:
            assert facts["error"]["code"]
            assert len(facts["error"]["message"]) > 20
        for cell in facts.get("cells", []):
            assert (cell["value"] is not None) == (cell["status"] in ("read", "derived"))
