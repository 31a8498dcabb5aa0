"""Promises of runs whose data folder is in a bucket, kept through a real S3 API on loopback."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.check import CheckParameters, check
from flows.collect import CollectParameters, collect
from flows.files import CheckFilesParameters, check_files
from flows.publish import publish
from flows.status import describe_data
from storage.bucket import list_objects, open_bucket, read_object, replace_object
from storage.bucket_lock import NAME
from storage.settings import load_settings
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

FEW = 3


@pytest.fixture
def stored(s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Collect a few reports into a bucket; then stand for another machine."""
    for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES"):
        monkeypatch.delenv(name, raising=False)
    pages = tmp_path / "pages"
    pages.mkdir()
    for number, planned in enumerate(plan_site()[:FEW]):
        (pages / f"{number}.html").write_bytes(render_html(planned.spec, "standard"))
    summary = collect(CollectParameters(sources=[str(pages)], data=s3_url))
    assert (summary.place, summary.stored.added) == (s3_url, FEW)
    monkeypatch.setenv("GOUJI_WORKING_COPIES", str(tmp_path / "another"))
    return s3_url


def test_what_was_collected_is_seen_from_elsewhere(stored: str) -> None:
    """Another machine sees every report, and publishing there finds all as it should be."""
    bucket = open_bucket(stored)
    before = list_objects(bucket)
    assert {"SHA256SUMS", "crawl.sqlite", "flat/wide.csv", "documents.parquet"} < set(before)
    assert sum(name.startswith("archive/") for name in before) == FEW
    assert not any(name.startswith(("staging/", ".")) for name in before)
    facts = describe_data(load_settings(stored), datetime.now(UTC))
    assert (facts["data"], facts["reports"], len(facts["runs"])) == (stored, FEW, 1)
    assert list_objects(bucket) == before
    assert publish(load_settings(stored))
    after = list_objects(bucket)
    assert {name for name in after if after[name] != before.get(name)} == {NAME}


@pytest.mark.slow
def test_checking_and_rebuilding_work_on_a_bucket(stored: str) -> None:
    """Rules run again change nothing; a flipped byte of an object is told and made good."""
    summary = check(CheckParameters(data=stored))
    assert (summary.stored.kept, summary.stored.files) == (FEW, ())
    bucket = open_bucket(stored)
    name = next(iter(list_objects(bucket, "lake/cells")))
    there = read_object(bucket, name)
    assert there is not None
    spoiled = bytearray(there.content)
    spoiled[len(spoiled) // 2] ^= 1
    replace_object(bucket, name, bytes(spoiled))
    found = check_files(CheckFilesParameters(data=stored))
    assert [str(path) for path in found.identical] == [name]
    mended = read_object(bucket, name)
    assert mended is not None
    assert mended.content == there.content
