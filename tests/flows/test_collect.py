"""Promises of the main job, kept over real HTTP on the sample site."""

from __future__ import annotations

from collections import Counter
from email import message_from_bytes, policy
from typing import Any

import duckdb
import polars as pl
import pyarrow.dataset as ds

from flows.check import CheckParameters, check
from storage.documents import read_documents
from storage.lake import read_table
from storage.runs import list_runs
from storage.schema import CELLS, FINDINGS, REPORTS, SKETCHES
from tasks.sample.spec import Spec, print_figures
from tasks.stamps import name_reader


def exceeds_requests(spec: Spec) -> bool:
    """Tell whether a printed result is more than the requests of its column: T3-07."""
    texts = print_figures(spec)
    results = next(e.left for e in spec.form.equations if e.rule == "T3-02")
    rows = {cell.split(".")[1] for cell in results}
    for column in spec.form.tables["t3"].blocks[0].columns:
        asked = [texts[f"t3.{row}.{column}"] for row in ("new", "carried_in")]
        given = [texts[f"t3.{row}.{column}"] for row in rows]
        if all(text.isdigit() for text in asked) and any(
            text.isdigit() and int(text) > sum(map(int, asked)) for text in given
        ):
            return True
    return False


def test_every_report_gets_the_planned_verdict(sample_runs: Any) -> None:
    """Each planned report is found and judged as planned; none is invented."""
    reports = read_table(sample_runs.folder, REPORTS)
    found = dict(zip(reports["url"], reports["verdict"], strict=True))
    planned = {url: report.verdict for url, report in sample_runs.site.reports.items()}
    assert found == planned
    assert len(planned) >= 60
    assert reports["region"].n_unique() >= 6
    assert reports["year"].n_unique() >= 4
    assert set(reports["form"]) == {"2019", "2021"}


def test_sketches_of_texts_are_stored(sample_runs: Any) -> None:
    """What later runs compare texts with is in the lake, once a report and part."""
    sketches = read_table(sample_runs.folder, SKETCHES)
    reports = read_table(sample_runs.folder, REPORTS)
    assert sketches.join(reports, on=["report_id", "year", "region"], how="anti").is_empty()
    assert sketches["report_id"].n_unique() > reports.height / 2
    assert set(sketches["part"]) == {1, 5}


def test_every_report_fails_the_planned_rules_and_no_other(sample_runs: Any) -> None:
    """The failed rules of severity error of each report are those its planted faults break."""
    reports = read_table(sample_runs.folder, REPORTS).select("report_id", "url")
    failed = (
        read_table(sample_runs.folder, FINDINGS)
        .filter((pl.col("outcome") == "failed") & (pl.col("severity") == "error"))
        .join(reports, on="report_id")
    )
    found: dict[str, set[str]] = {url: set() for url in reports["url"]}
    for url, rule in failed.select("url", "rule").iter_rows():
        found[url].add(rule)
    planned = {
        url: set(report.failed_rules) | ({"T3-07"} if exceeds_requests(report.spec) else set())
        for url, report in sample_runs.site.reports.items()
    }
    assert found == planned
    assert len(set().union(*planned.values())) >= 8


def test_every_cell_is_what_was_printed(sample_runs: Any) -> None:
    """No cell is read with another figure than the one printed in it."""
    reports = read_table(sample_runs.folder, REPORTS).select("report_id", "url")
    cells = read_table(sample_runs.folder, CELLS).join(reports, on="report_id")
    wrong = []
    for url, table, row, column, value, status in cells.select(
        "url", "table", "row", "column", "value", "status"
    ).iter_rows():
        spec = sample_runs.site.reports[url].spec
        name = f"{table}.{row}.{column}"
        if status == "read" and name not in spec.overrides and value != spec.figures[name]:
            wrong.append((url, name, value, spec.figures[name]))
    assert wrong == []
    assert cells["status"].value_counts().filter(pl.col("status") == "read")["count"][0] > 10_000


def test_what_gave_no_report_is_a_row_with_a_reason(sample_runs: Any) -> None:
    """A dead link, a dead host and a page that is no report are told apart, with reasons."""
    documents = read_documents(sample_runs.folder)
    outcome = dict(zip(documents["url"], documents["outcome"], strict=True))
    site = sample_runs.site
    assert {outcome[url] for url in site.missing} == {"gone"}
    assert {outcome[url] for url in site.notices} == {"not_a_report"}
    assert outcome[site.refused] == "unreachable"
    assert documents.filter(pl.col("outcome") != "read")["reason"].null_count() == 0


def test_a_report_is_read_through_its_attachment(sample_runs: Any) -> None:
    """A cover leads to the file; a page with tables is compared with it, cell by cell."""
    site = sample_runs.site
    documents = read_documents(sample_runs.folder)
    outcome = dict(zip(documents["url"], documents["outcome"], strict=True))
    page = dict(zip(documents["url"], documents["page"], strict=True))
    report = dict(zip(documents["url"], documents["report_id"], strict=True))
    assert {url: page[url] for url in site.attachments} == site.attachments
    for url, cover in site.attachments.items():
        assert report[url] == report[cover] is not None
        is_alone = url in site.reports
        found = (outcome[cover], outcome[url])
        assert found == (("cover", "read") if is_alone else ("read", "copy"))
    differing = [
        (report.spec, report.attachment.spec)
        for report in site.reports.values()
        if report.attachment and report.attachment.spec.figures != report.spec.figures
    ]
    findings = read_table(sample_runs.folder, FINDINGS).filter(
        (pl.col("rule") == "P-12") & (pl.col("outcome") == "failed")
    )
    assert findings.height == len(differing) == 1
    ((printed, attached),) = differing
    (cell,) = findings["cells"][0]
    assert (findings["reported"][0], findings["expected"][0]) == (
        str(printed.figures[cell]),
        str(attached.figures[cell]),
    )


def test_the_same_job_a_second_time_changes_no_file(sample_runs: Any) -> None:
    """A run with nothing new leaves every file as it was, but for the records of runs."""
    before, after = sample_runs.files_after_first, sample_runs.files_after_second
    changed = {path for path in before if after.get(path) != before[path]}
    assert changed == {"crawl.sqlite", "metrics.prom"}
    added = {path.split("/")[0] for path in after if path not in before}
    assert added == {"logs", "runs", "warc"}
    documents = read_documents(sample_runs.folder).drop_nulls("sha256")
    assert set(documents["reader"]) == {name_reader()}
    assert sample_runs.second.stored.kept == len(sample_runs.site.reports)
    assert sample_runs.second.alerted.written == 0
    assert "fetched" not in sample_runs.second.addresses
    assert sample_runs.second.addresses["unchanged"] > len(sample_runs.site.reports)


def test_the_lake_reads_alike_everywhere(sample_runs: Any) -> None:
    """DuckDB, Polars and PyArrow see each report once, with year and region as partitions."""
    glob = f"{sample_runs.folder}/lake/reports/**/*.parquet"
    expected = len(sample_runs.site.reports)
    query = "SELECT count(*), count(DISTINCT report_id), min(year), max(year) FROM read_parquet(?)"
    with duckdb.connect() as connection:
        rows = connection.execute(query, [glob]).fetchall()
    assert rows == [(expected, expected, 2019, 2022)]
    assert pl.read_parquet(glob, hive_partitioning=True).height == expected
    dataset = ds.dataset(sample_runs.folder / "lake/reports", partitioning="hive")
    assert dataset.count_rows() == expected


def test_one_digest_names_what_is_invalid(sample_runs: Any) -> None:
    """The run leaves one mail: both bodies, a CSV and the sheets, naming each invalid report."""
    (path,) = (sample_runs.folder / "outbox").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    kinds = Counter(part.get_content_type() for part in mail.walk())
    assert (kinds["text/plain"], kinds["text/html"], kinds["text/csv"]) == (1, 2, 1)
    body = mail.get_body(("html",))
    assert body is not None
    html = body.get_content()
    reports = read_table(sample_runs.folder, REPORTS)
    for title in reports.filter(pl.col("verdict") == "invalid")["title"]:
        assert title in html
    for title in reports.filter(pl.col("verdict") == "valid")["title"]:
        assert title not in html


def test_data_docs_and_run_records_are_left(sample_runs: Any) -> None:
    """Each run leaves its record; the site of Great Expectations stands in the data folder."""
    assert (sample_runs.folder / "docs/index.html").is_file()
    runs = list_runs(sample_runs.folder)
    assert [run.parameters["flow"] for run in runs[:2]] == ["collect", "collect"]
    assert runs[0].counts["stored_added"] == len(sample_runs.site.reports)
    assert runs[0].counts["troubles"] == 0


def test_the_archive_gives_the_same_again_without_the_network(sample_runs: Any) -> None:
    """Read again from the archive, with the site gone, every table stays byte for byte."""
    folder = sample_runs.folder
    before = {path: path.read_bytes() for path in sorted((folder / "lake").rglob("*.parquet"))}
    summary = check(CheckParameters(data=str(folder), read_again=True))
    assert summary.outcomes["read"] > 60
    assert summary.stored.files == ()
    assert {path: path.read_bytes() for path in before} == before


def test_checking_again_finds_the_same(sample_runs: Any) -> None:
    """The rules over what is stored give what they gave when it was stored."""
    summary = check(CheckParameters(data=str(sample_runs.folder)))
    assert summary.verdicts == sample_runs.first.verdicts
    assert summary.findings.drop("url").equals(sample_runs.first.findings.drop("url"))
    assert summary.stored.files == ()
