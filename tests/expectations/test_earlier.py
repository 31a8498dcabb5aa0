"""Last year's report of the same body, and what it states of this year's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from expectations.context import Context
from expectations.earlier import gather_earlier_cells, list_carried

CELL = "t3.carried_out.company"


def build(make: Any, *names: str, form: str = "2021") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Build reports named after body and year, the year's last digit carried over."""
    reports = [make.build_report(name, form, year=int(name[-4:])) for name in names]
    cells = [make.build_cells(name, make.fill(form) | {CELL: int(name[-1])}) for name in names]
    return pl.concat(reports), pl.concat(cells)


def gather(make: Any, *now: str, stored: tuple[str, ...] = (), form: str = "2021") -> Any:
    """Gather what last year's reports carried over, for these reports and some stored ones."""
    reports, cells = build(make, *now)
    others = Context()
    if stored:
        other_reports, other_cells = build(make, *stored, form=form)
        others = Context(other_reports=other_reports, other_cells=other_cells)
    return gather_earlier_cells(reports["report_id"], reports, cells, others)


def read_carried(gathered: pl.DataFrame) -> dict[str, int]:
    """Give what is carried in of 商业企业, by report."""
    carried = list_carried(gathered).filter(pl.col("cell") == "t3.carried_in.company")
    assert set(carried["source"]) == {"last_year"}
    return dict(carried.select("report_id", pl.col("value").cast(pl.Int64)).iter_rows())


def test_last_year_is_found_among_stored_and_checked_reports(make: Any) -> None:
    """Last year's row carried out is this year's carried in, from the lake or the same run."""
    assert read_carried(gather(make, "a-2022", stored=("a-2021",))) == {"a-2022": 1}
    assert read_carried(gather(make, "a-2022", "a-2023", stored=("a-2021",))) == {
        "a-2022": 1,
        "a-2023": 2,
    }


def test_a_report_checked_now_counts_before_its_stored_one(make: Any) -> None:
    """Of a report that is checked again, the stored cells count no more."""
    gathered = gather(make, "a-2022", "a-2023", stored=("a-2022",))
    assert gathered.height == len(make.fill("2021"))


@pytest.mark.parametrize("stored", [(), ("b-2021",), ("a-2020",), ("a-2023",)])
def test_other_bodies_and_years_state_nothing(make: Any, stored: tuple[str, ...]) -> None:
    """Without last year's report of the same body nothing is gathered."""
    assert gather(make, "a-2022", stored=stored) is None


def test_table_2_of_another_edition_is_left_out(make: Any) -> None:
    """Table 2 of 2019 counts other things; tables 3 and 4 are the same."""
    same = gather(make, "a-2022", stored=("a-2021",))
    other = gather(make, "a-2022", stored=("a-2021",), form="2019")
    assert set(same["table"]) == {"t2", "t3", "t4"}
    assert set(other["table"]) == {"t3", "t4"}
    assert read_carried(other) == {"a-2022": 1}


def test_what_was_not_read_states_nothing(make: Any) -> None:
    """A cell of last year without a figure is no 0."""
    reports, cells = build(make, "a-2021", "a-2022")
    hidden = pl.when(pl.col("row") != "carried_out").then("value")
    unread = cells.with_columns(value=hidden)
    gathered = gather_earlier_cells(reports["report_id"], reports, unread, Context())
    assert gathered is not None
    assert list_carried(gathered).is_empty()


def test_only_wanted_reports_are_gathered(make: Any) -> None:
    """Reports that are not asked for cost nothing."""
    reports, cells = build(make, "a-2021", "a-2022", "a-2023")
    gathered = gather_earlier_cells(pl.Series(["a-2023"]), reports, cells, Context())
    assert gathered is not None
    assert set(gathered["report_id"]) == {"a-2023"}
    assert Decimal(2) in gathered["value"].to_list()
