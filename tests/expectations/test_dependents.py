"""Which stored reports are judged again when others change."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from expectations.dependents import choose_dependents


@pytest.mark.parametrize(
    ("report_id", "facts", "chosen"),
    [
        ("a-2022", {"scope": "department"}, ["a-2023", "g-2022"]),
        ("a-2023", {"scope": "department", "year": 2023}, []),
        ("g-2022", {}, []),
        ("c-2022", {"adcode": "440204"}, ["g-2022"]),
        ("a-2022", {"scope": "department", "adcode": "440204"}, ["a-2023"]),
    ],
    ids=["a department", "its newest year", "a government", "one below", "elsewhere"],
)
def test_dependents(make: Any, report_id: str, facts: dict[str, Any], chosen: list[str]) -> None:
    """Next year's report of the body and its government's of the year, and no other."""
    stored = pl.concat(
        [
            make.build_report("a-2021", "2021", year=2021, scope="department"),
            make.build_report("a-2023", "2021", year=2023, scope="department"),
            make.build_report("b-2022", "2021", scope="department"),
            make.build_report("g-2022", "2021"),
            make.build_report("g-2021", "2021", year=2021),
        ]
    )
    changed = make.build_report(report_id, "2021", **facts)
    assert choose_dependents(changed, stored)["report_id"].to_list() == chosen
