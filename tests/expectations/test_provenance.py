"""What a report is printed in: traditional characters (P-15), pictures alone (P-11)."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from expectations.context import Context
from expectations.rules import evaluate
from storage.schema import PARTS


@pytest.mark.parametrize(
    ("facts", "rule", "severity"),
    [
        ({"script": "traditional", "url": "https://www.itlinnan.com/1.html"}, "P-15", "error"),
        ({"script": "traditional", "url": "https://big5.fujian.gov.cn/1"}, "P-15", "warning"),
        ({"script": "traditional", "url": "/data/1.txt"}, "P-15", "warning"),
        ({"script": "simplified", "url": "https://www.itlinnan.com/1.html"}, "P-15", None),
        ({"script": None}, "P-15", None),
        ({"is_picture": True, "media_type": "application/pdf"}, "P-11", "warning"),
        ({"is_picture": False, "media_type": "application/pdf"}, "P-11", None),
        ({"is_picture": None, "media_type": "image/png"}, "P-11", "warning"),
        ({"is_picture": None}, "P-11", None),
    ],
)
def test_what_is_printed_is_told(
    make: Any, facts: dict[str, Any], rule: str, severity: str | None
) -> None:
    """Traditional text of a foreign host is an error; a scan is told whatever its file is."""
    report = make.build_report("a", "2021", **facts)
    context = Context(parts=PARTS.frame_schema.to_frame())
    cells = make.build_cells("a", make.fill("2021"))
    findings = evaluate(report, cells, context).findings
    found = findings.filter(pl.col("rule") == rule, pl.col("outcome") == "failed")
    assert found["severity"].to_list() == ([severity] if severity else [])
