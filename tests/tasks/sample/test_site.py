"""The sample site over real HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from tasks.fetching.source import load_sources
from tasks.sample.plan import plan_site, render_attachment, render_planned
from tasks.sample.site import Site, serve_site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Serve the planned site once for all tests."""
    with serve_site(plan_site(0)) as running:
        yield running


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Give a client that asks nobody but loopback."""
    with httpx.Client(trust_env=False, timeout=10) as opened:
        yield opened


def follow_links(client: httpx.Client, start: str) -> dict[str, list[str]]:
    """Follow every link of pages that are lists or lead to them; map targets to link titles."""
    found: dict[str, list[str]] = {}
    waiting, seen = [start], {start}
    while waiting:
        url = waiting.pop()
        page = client.get(url).raise_for_status().text
        targets = [
            (a.attributes.get("title") or a.text(), urljoin(url, a.attributes["href"] or ""))
            for a in LexborHTMLParser(page).css("a[href]")
        ]
        paging = re.search(r"createPageHTML\((\d+), 0", page)
        pages = range(1, int(paging[1])) if paging else ()
        targets += [("", urljoin(url, f"index_{number}.html")) for number in pages]
        for title, target in targets:
            if re.search(r"20\d\d年.{2,}", title):
                found.setdefault(target, []).append(title)
            elif target.startswith("http") and "#" not in target and target not in seen:
                seen.add(target)
                waiting.append(target)
    return found


def test_every_report_is_linked_by_its_title(site: Site, client: httpx.Client) -> None:
    """From the addresses in the sources file links lead to each report, and to what is none."""
    found: dict[str, list[str]] = {}
    for source in site.sources[:-1]:
        found |= follow_links(client, source["url"])
    for url, planned in site.reports.items():
        page = site.attachments.get(url, url)
        assert planned.spec.title in found[page]
    assert {*site.notices, *site.missing} <= found.keys()
    known = {*site.reports, *site.attachments.values()}
    others = [titles for url, titles in found.items() if url not in known]
    assert len(others) >= 6


def test_reports_are_served_as_rendered(site: Site, client: httpx.Client) -> None:
    """Each address answers with the bytes of its report, texts as text/plain."""
    assert len(site.reports) == len(plan_site(0))
    alone = {url: planned for url, planned in site.reports.items() if planned.attachment is None}
    assert len(alone) >= 70
    for url, planned in alone.items():
        content, suffix = render_planned(planned)
        answer = client.get(url)
        assert answer.content == content
        kind = "text/plain" if suffix == ".txt" else "text/html"
        assert answer.headers["Content-Type"].startswith(kind)
        assert url.endswith((suffix, ".shtml"))


def test_attachments_are_served_and_linked(site: Site, client: httpx.Client) -> None:
    """Each file is as planned; its page links to it, with the tables or as a cover alone."""
    planned = [report for report in site.reports.values() if report.attachment is not None]
    assert len(site.attachments) == len(planned) >= 5
    files = {
        render_attachment(report.attachment): report.attachment
        for report in planned
        if report.attachment is not None
    }
    for url, page in site.attachments.items():
        attachment = files[client.get(url).content]
        text = client.get(page).raise_for_status().text
        assert f'href="{urlsplit(url).path}"' in text
        assert ("<table" in text) != attachment.is_alone
        assert (url in site.reports) == attachment.is_alone


def test_unchanged_page_is_not_sent_again(site: Site, client: httpx.Client) -> None:
    """A known ETag or date is answered with 304 and no body, another ETag with the page."""
    url = next(iter(site.reports))
    first = client.get(url)
    for header, value in (
        ("If-None-Match", first.headers["ETag"]),
        ("If-Modified-Since", first.headers["Last-Modified"]),
    ):
        answer = client.get(url, headers={header: value})
        assert (answer.status_code, answer.content) == (304, b"")
    assert client.get(url, headers={"If-None-Match": '"other"'}).content == first.content


def test_head_has_no_body(site: Site, client: httpx.Client) -> None:
    """HEAD tells the length of a page without sending it."""
    url = next(iter(site.reports))
    answer = client.head(url)
    assert answer.content == b""
    assert int(answer.headers["Content-Length"]) == len(client.get(url).content)


def test_missing_notice_and_refused(site: Site, client: httpx.Client) -> None:
    """One linked report is 404, one page is a notice without tables, one host refuses."""
    (missing,), (notice,) = site.missing, site.notices
    assert client.get(missing).status_code == 404
    assert "<table" not in client.get(notice).raise_for_status().text
    with pytest.raises(httpx.ConnectError):
        client.get(site.refused)


def test_sources_file_is_one_that_fetching_loads(site: Site, tmp_path: Path) -> None:
    """The written sources load as local sources, the refusing host among them."""
    path = tmp_path / "sources.yaml"
    site.write_sources(path)
    sources = load_sources(path)
    assert [source.location for source in sources] == [entry["url"] for entry in site.sources]
    assert all(source.is_local for source in sources)
    assert sources[-1].location == site.refused
    assert len({urljoin(source.location, "/") for source in sources}) == 5


def test_counts_of_verdicts_cover_all_reports(site: Site) -> None:
    """The planned verdicts add up to the reports that are served."""
    assert sum(site.verdicts.values()) == len(site.reports)


def test_unknown_portal_is_refused() -> None:
    """A report planned for a portal that does not exist stops the site from starting."""
    (planned, *_) = plan_site(0)
    stray = replace(planned, portal="north")
    with pytest.raises(KeyError, match=r"expected one of .* found {'north'}"), serve_site([stray]):
        pass
