"""The suites and the checkpoint, through Great Expectations."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lxml import html

from expectations import suite
from expectations.checkpoint import CheckpointError, run_checkpoint
from expectations.docs_site import take_offline
from expectations.rulebook import load_rulebook
from expectations.rules import Evaluation, evaluate

EDITIONS = ("2021", "2019")
OLDER_EDITIONS = ("2014", "2008")


@pytest.fixture(scope="module")
def reports(make: Any) -> pl.DataFrame:
    """Give a report for each edition: right, broken, unread, and one on no edition."""
    rows = [
        make.build_report(f"{state}-{form}", form)
        for form in EDITIONS
        for state in ("right", "broken")
    ]
    unread = make.build_report("unread-2021", "2021", signed_on=None)
    frame: pl.DataFrame = pl.concat([*rows, unread, make.build_report("unknown", None)])
    return frame


@pytest.fixture(scope="module")
def evaluation(make: Any, reports: pl.DataFrame) -> Evaluation:
    """Give what the rules say of these reports: the broken ones fail T4-01."""
    cells = []
    for report_id, form in reports.drop_nulls("form").select("report_id", "form").iter_rows():
        wrong = {"t4.suit_direct.total": 10**6} if "broken" in report_id else {}
        cells.append(make.build_cells(report_id, make.fill(form) | wrong))
    return evaluate(reports, pl.concat(cells))


@pytest.mark.parametrize("edition", EDITIONS + OLDER_EDITIONS)
def test_suite_has_one_expectation_a_rule(edition: str) -> None:
    """A suite has an expectation for each rule of the edition, described and with a severity."""
    built = suite.build_suite(edition)
    rules = [rule for rule in load_rulebook().rules.values() if rule.covers(edition)]
    assert [one.meta["rule"] for one in built.expectations] == [rule.id for rule in rules]
    for expectation, rule in zip(built.expectations, rules, strict=True):
        assert rule.name in expectation.description
        assert rule.formula in expectation.description
        assert expectation.severity == suite.SEVERITIES[rule.severity]


def test_checkpoint_names_failing_reports(evaluation: Evaluation, reports: pl.DataFrame) -> None:
    """Each edition's suite fails its own broken report, under the rule that it breaks alone."""
    result = run_checkpoint(evaluation, reports, None)
    failing = {(rule.edition, rule.rule): rule.failing for rule in result.rules if rule.failing}
    unsigned = {("2021", "P-09"): ("unread-2021",)}
    broken = {(form, "T4-01"): (f"broken-{form}",) for form in EDITIONS}
    assert failing == broken | unsigned
    assert not result.success
    assert result.exceptions == ()


def test_not_evaluated_is_not_passed(evaluation: Evaluation, reports: pl.DataFrame) -> None:
    """A report that could not be judged is neither failed nor evaluated, and is no success."""
    only = reports.filter(pl.col("report_id").is_in(["unread-2021", "right-2021"]))
    chosen = Evaluation(
        evaluation.outcomes.join(only, on="report_id", how="semi"),
        evaluation.findings.join(only, on="report_id", how="semi"),
    )
    result = run_checkpoint(chosen, only, None)
    (signature,) = [rule for rule in result.rules if rule.rule == "P-05"]
    assert (signature.evaluated, signature.failed, signature.not_evaluated) == (1, 0, 1)
    assert not result.success


def test_right_reports_succeed(evaluation: Evaluation, reports: pl.DataFrame) -> None:
    """Reports that pass every rule make a success."""
    only = reports.filter(pl.col("report_id").str.starts_with("right"))
    outcomes = evaluation.outcomes.join(only, on="report_id", how="semi")
    result = run_checkpoint(Evaluation(outcomes, evaluation.findings.clear()), only, None)
    assert result.success
    assert {rule.edition for rule in result.rules} == set(EDITIONS)


@pytest.mark.parametrize(
    ("edition", "rule"),
    [
        (edition, rule.id)
        for edition in EDITIONS + OLDER_EDITIONS
        for rule in load_rulebook().rules.values()
        if rule.covers(edition)
    ],
)
def test_every_expectation_can_fail(edition: str, rule: str) -> None:
    """An expectation fails on one failed report and on one not evaluated, and else succeeds."""
    (expectation,) = [one for one in suite.build_suite(edition).expectations if one.rule == rule]
    for outcome, success in (
        ("passed", True),
        ("not_applicable", True),
        ("failed", False),
        ("not_evaluated", False),
    ):
        frame = pl.DataFrame({"report_id": ["a"], "form": [edition], rule: [outcome]}).to_pandas()
        tally = {suite.METRIC: suite.tally_outcomes(frame, edition)}
        verdict = expectation._validate(tally)
        assert verdict["success"] is success
        assert verdict["result"]["details"]["failing"] == (["a"] if outcome == "failed" else [])


@pytest.mark.parametrize("where", ["metric", "expectation"])
def test_raising_expectation_is_our_failure(
    where: str, evaluation: Evaluation, reports: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expectation that raises is named as our failure, and fails no report."""

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("out of order")

    if where == "metric":
        monkeypatch.setattr(suite, "tally_outcomes", fail)
    else:
        monkeypatch.setattr(suite.ExpectReportsToSatisfyRule, "_validate", fail)
    result = run_checkpoint(evaluation, reports, None)
    assert not result.success
    assert result.rules == ()
    assert "form 2021, rule T4-01: out of order" in "\n".join(result.exceptions)


def test_disagreement_with_findings_is_refused(
    evaluation: Evaluation, reports: pl.DataFrame, tmp_path: Path
) -> None:
    """A finding that the suites do not share stops the run and leaves the old site standing."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.html").write_text("old")
    with pytest.raises(CheckpointError, match=r"rule T4-01.*broken-20"):
        run_checkpoint(replace(evaluation, findings=evaluation.findings.clear()), reports, docs)
    assert (docs / "index.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["docs"]


def test_site_is_readable(evaluation: Evaluation, reports: pl.DataFrame, tmp_path: Path) -> None:
    """The site says each rule in Chinese, who failed it and how many were not evaluated."""
    docs = tmp_path / "data" / "docs"
    named = reports.with_columns(
        title=pl.col("report_id"), url=pl.format("https://www.sg.gov.cn/{}?a=1&b='\"", "report_id")
    )
    for _ in range(2):
        run_checkpoint(evaluation, named, docs)
    assert (docs / "index.html").is_file()
    pages = {path.parents[2].name: path.read_text() for path in docs.glob("validations/*/*/*/*")}
    assert set(pages) == {"form-2021", "form-2019"}
    page = pages["form-2021"]
    assert "T4-01（错误）表四各类总计：结果维持 + 结果纠正 + 其他结果 + 尚未审结 = 总计" in page
    assert "broken-2021" in page and "broken-2019" not in page
    assert 'href="https://www.sg.gov.cn/broken-2021?a=1&amp;b=&#x27;&quot;"' in page
    assert "有不符。适用 3 份；核对 3 份，相符 2 份，不符 1 份；未能核对 0 份" in page
    assert "未能全部核对。适用 3 份；核对 2 份，相符 2 份，不符 0 份；未能核对 1 份" in page
    assert "不适用。适用 0 份" in page
    assert [path.name for path in docs.parent.iterdir()] == ["docs"]


def test_a_relative_folder_is_taken_from_where_the_program_runs(
    evaluation: Evaluation, reports: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`data/docs` means the folder beside the caller, as for every other path of the settings."""
    monkeypatch.chdir(tmp_path)
    run_checkpoint(evaluation, reports, Path("data/docs"))
    assert (tmp_path / "data/docs/index.html").is_file()


def test_site_asks_nothing_of_the_network(
    evaluation: Evaluation, reports: pl.DataFrame, tmp_path: Path
) -> None:
    """No page loads anything but our style sheet, and every page is reached from the front."""
    docs = tmp_path / "docs"
    run_checkpoint(evaluation, reports, docs)
    pages = list(docs.rglob("*.html"))
    for page in pages:
        tree = html.fromstring(page.read_text("utf-8"))
        loaded = tree.xpath("//@src | //@srcset | //@data | //link/@href | //script")
        assert [(page.parent / one).resolve() for one in loaded] == [
            docs.resolve() / "static/styles/gouji.css"
        ]
        assert not re.search(r"url\(|@import|<iframe|http-equiv=.refresh", page.read_text("utf-8"))
    front = html.fromstring((docs / "index.html").read_text("utf-8"))
    links = {(docs / link).resolve() for link in front.xpath("//a/@href")}
    assert links == {page.resolve() for page in pages} - {(docs / "index.html").resolve()}
    assert (docs / "static/styles/gouji.css").stat().st_size > 0


def test_front_page_lists_what_failed(
    evaluation: Evaluation, reports: pl.DataFrame, tmp_path: Path
) -> None:
    """Each failed rule stands there by its Chinese name with its counts, and no other."""
    result = run_checkpoint(evaluation, reports, tmp_path / "docs")
    front = html.fromstring((tmp_path / "docs/index.html").read_text("utf-8"))
    shown = [
        [cell.text_content() for cell in row] for row in front.xpath("//tr[td[@class='number']]")
    ]
    failed = [rule for rule in result.rules if rule.failed]
    assert sorted(shown) == sorted(
        [
            load_rulebook().name_rule(rule.rule),
            str(rule.failed),
            str(rule.evaluated),
            str(rule.not_evaluated),
        ]
        for rule in failed
    )
    assert failed


def test_a_page_that_cannot_be_made_readable_is_refused() -> None:
    """A page without a head stops the site; one with scripts and styles loses these."""
    with pytest.raises(ValueError, match="expected a head"):
        take_offline("<body>", "a.css")
    page = '<head><LINK href="https://x/a.css"><script>\n$()</script ></head><img src="//x/y">text'
    assert take_offline(page, "a.css").split() == (
        ["<head><link", 'rel="stylesheet"', 'href="a.css">', "</head>text"]
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/data/a.html", None])
def test_no_link_but_to_the_web(
    evaluation: Evaluation, reports: pl.DataFrame, tmp_path: Path, url: str | None
) -> None:
    """A path or script is no link, and a title is shown as it stands, never as markup."""
    named = reports.with_columns(
        title=pl.lit("<script>alert(1)</script>"), url=pl.lit(url, pl.String)
    )
    run_checkpoint(evaluation, named, tmp_path / "docs")
    (page,) = (tmp_path / "docs/validations/form-2021").glob("*/*/*.html")
    text = page.read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert(1)" not in text and "javascript:alert" not in text


def test_no_known_form(make: Any) -> None:
    """Where no report is on a known edition there is nothing to judge, which is no failure."""
    report = make.build_report("a", None, signed_on=date(2023, 1, 1))
    result = run_checkpoint(evaluate(report, make.build_cells("a", {})), report, None)
    assert result.success and result.rules == ()
