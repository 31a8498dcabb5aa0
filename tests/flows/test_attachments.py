"""Promises of `inspect` on pages whose report, or a copy of it, is attached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.inspection import inspect_sources
from storage.settings import load_settings
from tasks.fetching.source import Source
from tasks.sample.plan import PlannedReport, plan_site
from tasks.sample.site import Site, serve_site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Serve the sample site."""
    with serve_site(plan_site()) as running:
        yield running


def find_pages(site: Site, is_alone: bool) -> dict[str, tuple[str, PlannedReport]]:
    """Map pages with attachments to the file and the plan of their report."""
    found = {}
    for file, page in site.attachments.items():
        planned = site.reports[file if file in site.reports else page]
        if planned.attachment is not None and planned.attachment.is_alone == is_alone:
            found[page] = file, planned
    return found


def inspect(url: str, data: Path) -> list[dict[str, Any]]:
    """Inspect an address of loopback."""
    source = Source("test", url, "url", is_local=True)
    return [found.facts for found in inspect_sources([source], load_settings(data, {}))]


def test_a_cover_is_inspected_as_the_report_that_is_attached(site: Site, tmp_path: Path) -> None:
    """The one line of output is that of the file, with every figure as planned."""
    page, (file, planned) = next(iter(find_pages(site, is_alone=True).items()))
    (facts,) = inspect(page, tmp_path)
    assert facts["source"] == file
    assert facts["report"]["title"] == planned.spec.title
    found = {cell["cell"]: cell["value"] for cell in facts["cells"]}
    assert found == {name: float(value) for name, value in planned.spec.figures.items()}


def test_a_page_is_inspected_together_with_its_copy(site: Site, tmp_path: Path) -> None:
    """What the file prints otherwise is a finding on the page, and only there."""
    for page, (_, planned) in find_pages(site, is_alone=False).items():
        (facts,) = inspect(page, tmp_path)
        assert facts["source"] == page
        failed = {found["rule"] for found in facts["findings"] if found["outcome"] == "failed"}
        attachment = planned.attachment
        assert attachment is not None
        is_differing = attachment.spec.figures != planned.spec.figures
        assert ("P-12" in failed) == is_differing
