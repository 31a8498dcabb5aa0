"""The years that title, period, list and address name are compared, each with the title's."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from expectations.rules import evaluate

NAMED = "韶关市2022年政府信息公开工作年度报告"
ADDRESS = "https://www.sg.gov.cn/zfxxgknb/t1.html"


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"listed_as": NAMED}, None),
        ({"listed_as": NAMED.replace("2022", "2021")}, ("error", "2021")),
        ({"listed_as": "2021年度"}, ("error", "2021")),
        ({"listed_as": "2021 年"}, ("error", "2021")),
        ({"listed_as": "2022年度政府信息公开年报（2023年更新）"}, None),
        ({"listed_as": "政府信息公开年报 2023年1月18日"}, None),
        ({"listed_as": "年报2023-01-18"}, None),
        ({"listed_as": "附件下载"}, None),
        ({"listed_as": None}, None),
        ({"url": "https://www.sg.gov.cn/nb_2020/t1.html"}, ("warning", "2020")),
        ({"url": "https://www.sg.gov.cn/nb_2023/t1.html"}, None),
        ({"period_start": date(2019, 1, 1), "listed_as": "2021年度"}, ("error", "2019")),
    ],
)
def test_another_year_is_found(
    make: Any, facts: dict[str, Any], found: tuple[str, str] | None
) -> None:
    """A list's or a period's other year is an error, a folder's a warning; dates are no years."""
    standard = {"year": 2022, "title": NAMED, "url": ADDRESS, "period_start": date(2022, 1, 1)}
    report = make.build_report("a", "2021", **(standard | facts))
    findings = evaluate(report, make.build_cells("a", make.fill("2021"))).findings
    years = findings.filter(pl.col("rule") == "P-07", pl.col("outcome") == "failed")
    assert years["severity", "reported"].rows() == ([found] if found else [])
    assert set(years["expected"]) == ({"2022"} if found else set())
