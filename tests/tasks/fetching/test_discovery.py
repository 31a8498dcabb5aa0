"""What discovering reports promises, on sites of each family over real connections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from tasks.fetching.fetch import fetch_sources
from tasks.fetching.limits import Limits
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source
from tests.tasks.fetching.simulator.families import FAMILIES, Lie, Site, html, tell_the_truth
from tests.tasks.fetching.simulator.server import Reply, Simulator, serve

LIMITS = Limits(timeout_seconds=5, tries=2, backoff_seconds=0.01, delay_seconds=0)


def discover(
    sites: Mapping[str, Site], starts: Mapping[str, str]
) -> tuple[dict[str, set[str]], dict[str, list[Miss]], Simulator]:
    """Fetch sites side by side; return paths of pages and misses by site, and the server."""
    addresses = {name: f"127.0.7.{number}" for number, name in enumerate(sites, 1)}
    with serve({addresses[name]: site for name, site in sites.items()}) as simulator:
        sources = [
            Source(name, simulator.url(addresses[name], starts[name]), "url", is_local=True)
            for name in sites
        ]
        found = list(fetch_sources(sources, LIMITS, lambda: datetime.now(UTC)))
    paths: dict[str, set[str]] = {name: set() for name in sites}
    misses: dict[str, list[Miss]] = {name: [] for name in sites}
    for item in found:
        if isinstance(item, Page):
            paths[item.source].add(item.url.removeprefix(simulator.url(addresses[item.source], "")))
        else:
            misses[item.source].append(item)
    return paths, misses, simulator


@pytest.mark.parametrize("start", ["home", "column"])
def test_every_report_is_found_and_no_other(start: str) -> None:
    """Of each family every planted report is found, nothing else, and nothing is amiss."""
    sites = {name: build(60, tell_the_truth) for name, build in FAMILIES.items()}
    starts = {name: "/" if start == "home" else site.column for name, site in sites.items()}
    paths, misses, simulator = discover(sites, starts)
    for name, site in sites.items():
        assert paths[name] == site.reports, name
    assert {name: found for name, found in misses.items() if found} == {}
    assert len({(asked.address, asked.target, asked.body) for asked in simulator.asked}) == len(
        simulator.asked
    )


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(lambda _: 1, id="too-few"),
        pytest.param(lambda count: 40 * count, id="too-many"),
    ],
)
def test_a_list_that_lies_about_its_length_is_still_read_to_its_end(lie: Lie) -> None:
    """Whatever count a list states, its reports are found; pages it lacks are told or passed."""
    sites = {
        name: build(100, lie)
        for name, build in FAMILIES.items()
        if name not in ("vsb", "generic", "hanweb_annual")  # these state no count
    }
    paths, misses, simulator = discover(sites, {name: site.column for name, site in sites.items()})
    for name, site in sites.items():
        assert paths[name] == site.reports, name
        assert {miss.outcome for miss in misses[name]} <= {"gone"}, name
        assert len(misses[name]) <= 2, name
    assert len(simulator.asked) < 100 * len(sites) + 20 * len(sites)


def test_a_column_that_moved_is_found_from_the_home_page() -> None:
    """Where the source's address is gone, the home page leads on, and the move is told."""
    sites = {name: FAMILIES[name](30, tell_the_truth) for name in ("trs", "jpaas", "vsb")}
    starts = dict.fromkeys(sites, "/zwgk/old/zfxxgknb/index.html")
    paths, misses, _ = discover(sites, starts)
    for name, site in sites.items():
        assert paths[name] == site.reports
        assert [miss.outcome for miss in misses[name]] == ["moved"]
        assert "404" in misses[name][0].reason
        assert "correct the source's address" in misses[name][0].reason


def test_what_stands_in_place_of_a_report_is_told() -> None:
    """An error page or a login page with status 200 is no report, and its reason says so."""
    site = FAMILIES["trs"](12, tell_the_truth)
    lost, walled, *_ = sorted(site.reports)
    site.pages[lost] = html("<p>您访问的页面不存在或已删除</p>", "提示信息")
    site.pages[walled] = html("用户名<input name=u>密码<input type=password>", "用户登录")
    paths, misses, simulator = discover({"x": site}, {"x": site.column})
    assert paths["x"] == site.reports - {lost, walled}
    assert {
        miss.url.removeprefix(simulator.url("127.0.7.1", "")): miss.outcome for miss in misses["x"]
    } == {
        lost: "gone",
        walled: "blocked",
    }


def test_a_report_under_two_addresses_is_found_under_both_and_is_one() -> None:
    """A report that is listed twice gives the same bytes twice, by which it is known as one."""
    site = FAMILIES["trs"](8, tell_the_truth)
    first = min(site.reports)
    twin = first.replace("/202401/", "/202402/")
    site.pages[twin] = site.pages[first]
    listed = site.pages[site.column].body.decode()
    again = f'<a href="{twin}">某市2008年政府信息公开工作年度报告</a></body>'
    site.pages[site.column] = Reply(listed.replace("</body>", again).encode())
    with serve({"127.0.7.1": site}) as simulator:
        source = Source("x", simulator.url("127.0.7.1", site.column), "url", is_local=True)
        found = list(fetch_sources([source], LIMITS, lambda: datetime.now(UTC)))
    pages = [item for item in found if isinstance(item, Page)]
    assert len(found) == len(pages) == len(site.reports) + 1
    assert len({page.sha256 for page in pages}) == len(site.reports)


@pytest.mark.slow
def test_hundreds_of_reports_are_found() -> None:
    """Of each family, with hundreds of reports, precision and recall are 1."""
    sites = {name: build(430, tell_the_truth) for name, build in FAMILIES.items()}
    paths, misses, _ = discover(sites, dict.fromkeys(sites, "/"))
    assert paths == {name: site.reports for name, site in sites.items()}
    assert not any(misses.values())
