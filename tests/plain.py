"""A plain report to publish and change: some requests of natural persons, and 0 elsewhere.

`HEADINGS` are those of the six parts that every report has.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from expectations.form import load_form
from tasks.sample.spec import Body, Spec

COUNTY = Body("上犹县", "上犹县", "上犹县人民政府", "government", "CN-JX", "360724", "county")
FINANCE = Body("上犹县财政局", "上犹县", "上犹县财政局", "department", "CN-JX", "360724", "county")

HEADINGS = (
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
)


def make_spec(body: Body, year: int, rows: Mapping[str, int]) -> Spec:
    """Make the report of a body on the form of 2021; rows of table 3 not given are 0."""
    figures = dict.fromkeys((cell.key for cell in load_form("2021").cells), Decimal(0))
    for row, value in rows.items():
        figures |= {f"t3.{row}.{name}": Decimal(value) for name in ("natural_person", "total")}
    return Spec(
        body=body,
        title=f"{body.name}{year}年政府信息公开工作年度报告",
        year=year,
        edition="2021",
        figures=figures,
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 16),
        published_on=date(year + 1, 1, 18),
    )


def make_granted(body: Body, year: int, requests: int) -> Spec:
    """Make a valid report of so many requests, all granted."""
    return make_spec(body, year, dict.fromkeys(("new", "granted", "closed"), requests))
