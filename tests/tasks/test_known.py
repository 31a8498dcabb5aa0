"""What a run knows beside the reports it checks."""

from __future__ import annotations

import polars as pl

from expectations.context import ROSTER
from tasks.fetching.source import Source
from tasks.known import name_hosts_down


def test_a_body_is_down_with_the_host_of_its_newest_report() -> None:
    """Its newest report names a body's host, else the source that expects it; no guess else."""
    reports = pl.DataFrame(
        {
            "report_id": ["a-2022", "a-2023", "b-2023"],
            "year": [2022, 2023, 2023],
            "url": ["http://down.cn/1", "http://up.cn/2", "http://down.cn/3"],
        }
    )
    bodies = [{"series": name, "publisher": f"body {name}"} for name in "abcd"]
    sources = [Source("s", "http://down.cn/", "url", expected=("body c", "body a"))]
    told = name_hosts_down(reports, pl.DataFrame(bodies, schema=ROSTER), sources, {"down.cn"})
    assert sorted(told.rows()) == [("b", "down.cn"), ("c", "down.cn")]
    assert name_hosts_down(reports, pl.DataFrame(bodies, schema=ROSTER), sources, ()).is_empty()
