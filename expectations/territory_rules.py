"""Rules that hold a government's report against those of the bodies it covers."""

from __future__ import annotations

import polars as pl

from expectations.digests import digest_tables
from expectations.form import Form
from expectations.remarks import write_figure, write_remarks
from expectations.report_rules import INSTANCE
from expectations.sheet import Sheet
from expectations.territories import name_parent
from expectations.words import load_words

TABLE = "t3"
SUMMED = "t3.new.total"
COMPARED_TABLES = ("t2", "t3")
SHOWN_BODIES = 3


def check_office(form: Form, known: pl.DataFrame, values: pl.DataFrame) -> list[pl.LazyFrame]:
    """Hold a government's table 3 against that of its own office (H-01; `less`, `unread`).

    Args:
        form: The edition that all the reports are on.
        known: All reports known on it: `report_id`, `year`, `scope`, `adcode`, `publisher`.
        values: Their cells, as in a sheet.
    """
    words = load_words().patterns
    publisher = pl.col("publisher")
    offices = known.filter(
        pl.col("scope") != "government",
        publisher.str.contains(words["own_office"]),
        ~publisher.str.contains(words["own_office_other"]),
    ).unique(["year", "adcode"], keep="first", maintain_order=True)
    pairs = (
        known.filter(pl.col("scope") == "government")
        .select("report_id", "year", "adcode")
        .join(offices.select("year", "adcode", office="report_id"), on=["year", "adcode"])
    )
    cells = [cell.key for cell in form.tables[TABLE].cells]
    compared = _compare(pairs, values, values.rename({"report_id": "office"}), "office", cells)
    is_less = pl.col("reported") < pl.col("expected")
    is_unread = pl.any_horizontal(pl.col("reported", "expected").is_null())
    return [
        _remark_cells(compared.filter(is_less), form, rule="H-01", case="less"),
        write_remarks(
            compared.filter(is_unread).select("report_id").unique().lazy(),
            rule="H-01",
            case="unread",
            instance=TABLE,
        ),
    ]


def check_sums(
    form: Form, known: pl.DataFrame, values: pl.DataFrame, roster: pl.DataFrame
) -> list[pl.LazyFrame]:
    """Hold a government's table 3 against the sum of its bodies' (H-02).

    Cases: `unequal` where all bodies of the roster are there, `exceeds` where those found
    already sum to more, `partial` with the coverage where neither, `unread` where the
    government's own cells are not all read, `no_bodies` where the roster has none.
    """
    cells = [cell.key for cell in form.tables[TABLE].cells]
    read = values.filter(pl.all_horizontal(pl.col(cells).is_not_null()))
    found = (
        known.select("report_id", "series", "year", parent=name_parent())
        .drop_nulls("parent")
        .join(roster.select("series"), on="series", how="semi")
        .join(read.select("report_id", *cells), on="report_id")
    )
    sums = found.group_by("parent", "year").agg(pl.col(cells).sum(), pl.len().alias("found"))
    governments = _list_governments(known, roster)
    pairs = governments.join(
        sums.select("parent", "year", "found"),
        left_on=["adcode", "year"],
        right_on=["parent", "year"],
        how="left",
    ).with_columns(pl.col("found").fill_null(0))
    covered = pairs.filter(pl.col("found") > 0).with_columns(
        territory=pl.format("{} {}", "adcode", "year")
    )
    right = sums.with_columns(territory=pl.format("{} {}", "parent", "year"))
    compared = _compare(covered, values, right, "territory", cells)
    facts = pairs.select(
        "report_id",
        is_complete=pl.col("found") >= pl.col("owing"),
        detail=pl.format("{}/{}", "found", "owing"),
    )
    own = values.select("report_id", is_read=pl.all_horizontal(pl.col(cells).is_not_null()))
    judged = compared.join(facts, on="report_id").join(own, on="report_id").filter("is_read")
    unequal = judged.filter("is_complete", pl.col("reported") != pl.col("expected"))
    exceeding = judged.filter(~pl.col("is_complete"), pl.col("reported") < pl.col("expected"))
    state = facts.join(own, on="report_id").join(pairs.select("report_id", "owing"), on="report_id")
    open_ones = state.join(exceeding, on="report_id", how="anti").filter(
        ~pl.col("is_complete") | ~pl.col("is_read")
    )
    totals = judged.filter(pl.col("cell") == SUMMED).select("report_id", "expected", "reported")
    return [
        _remark_cells(unequal, form, rule="H-02", case="unequal", detail=pl.col("detail")),
        _remark_cells(exceeding, form, rule="H-02", case="exceeds", detail=pl.col("detail")),
        write_remarks(
            open_ones.join(totals, on="report_id", how="left").lazy(),
            rule="H-02",
            case=pl.when(pl.col("owing") == 0)
            .then(pl.lit("no_bodies"))
            .when("is_read")
            .then(pl.lit("partial"))
            .otherwise(pl.lit("unread")),
            instance=TABLE,
            detail=pl.col("detail"),
            expected=write_figure("expected"),
            reported=write_figure("reported"),
        ),
    ]


def check_copied_tables(sheets: list[Sheet], known: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find governments whose table 2 or 3 is that of one body (H-04, `copied`).

    Only where another body has figures of its own in that table.
    """
    if not sheets:
        return []
    digests = pl.concat([digest_tables(sheet) for sheet in sheets])
    placed = known.join(digests, on="report_id").with_columns(parent=name_parent())
    tables = sheets[0].form.tables
    remarks = []
    for table in COMPARED_TABLES:
        digest = f"digest_{table}"
        bodies = placed.filter(
            pl.col("parent").is_not_null(), pl.col(digest).is_not_null(), pl.col(digest) != 0
        )
        several = bodies.group_by("parent", "year").agg(bodies=pl.len())
        copied = (
            placed.filter(pl.col("scope") == "government")
            .select("report_id", "year", digest, parent="adcode")
            .join(
                bodies.select("parent", "year", digest, detail="publisher"),
                on=["parent", "year", digest],
            )
            .join(several, on=["parent", "year"])
            .filter(pl.col("bodies") > 1)
            .unique("report_id", keep="first", maintain_order=True)
        )
        remarks.append(
            write_remarks(
                copied.lazy(),
                rule="H-04",
                case="copied",
                instance=table,
                name=tables[table].name,
                detail=pl.col("detail"),
            )
        )
    return remarks


def check_missing(known: pl.DataFrame, roster: pl.DataFrame) -> list[pl.LazyFrame]:
    """Tell a government which bodies of its territory have no report (H-05).

    Cases `missing`, `outage` where those that are missing stand on hosts that do not answer,
    and `no_bodies` where the roster has none of its territory.
    """
    owing = _spread_roster(known, roster)
    present = known.select("series", "year").with_columns(is_present=pl.lit(True))
    gathered = (
        owing.join(present, on=["series", "year"], how="left")
        .group_by("parent", "year")
        .agg(
            expected=pl.len(),
            found=pl.col("is_present").count(),
            names=pl.col("publisher")
            .filter(pl.col("is_present").is_null(), pl.col("host_down").is_null())
            .sort(),
        )
    )
    governments = known.filter(pl.col("scope") == "government").select(
        "report_id", "year", parent="adcode"
    )
    joint = load_words().lists["places"]["list"]
    return [
        write_remarks(
            governments.join(gathered, on=["parent", "year"], how="left")
            .filter((pl.col("found") == pl.col("expected")).fill_null(value=False).not_())
            .lazy(),
            rule="H-05",
            case=pl.when(pl.col("expected").is_null())
            .then(pl.lit("no_bodies"))
            .when(pl.col("names").list.len() == 0)
            .then(pl.lit("outage"))
            .otherwise(pl.lit("missing")),
            instance=INSTANCE,
            expected=pl.col("expected").cast(pl.String),
            reported=pl.col("found").cast(pl.String),
            count=pl.col("names").list.len(),
            detail=pl.col("names").list.head(SHOWN_BODIES).list.join(joint),
        )
    ]


def _spread_roster(known: pl.DataFrame, roster: pl.DataFrame) -> pl.DataFrame:
    """Give each body of the roster a row for each year in which it owes a report."""
    years = known.select("year").unique()
    return (
        roster.with_columns(parent=name_parent())
        .drop_nulls("parent")
        .join(years, how="cross")
        .filter(
            pl.col("first_year") <= pl.col("year"),
            pl.col("last_year").is_null() | (pl.col("last_year") >= pl.col("year")),
        )
    )


def _list_governments(known: pl.DataFrame, roster: pl.DataFrame) -> pl.DataFrame:
    owing = _spread_roster(known, roster).group_by("parent", "year").agg(owing=pl.len())
    return (
        known.filter(pl.col("scope") == "government")
        .select("report_id", "year", "adcode")
        .join(owing, left_on=["adcode", "year"], right_on=["parent", "year"], how="left")
        .with_columns(pl.col("owing").fill_null(0))
    )


def _compare(
    pairs: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame, key: str, cells: list[str]
) -> pl.DataFrame:
    """List, of each pair, the cells in which its two sides differ or are not read.

    Returns:
        `report_id`, `cell`, `reported`, `expected`.
    """
    numbers = pairs.select("report_id", key)
    sides = [
        numbers.join(frame, on=on, how="left", maintain_order="left").select("report_id", *cells)
        for frame, on in ((left, "report_id"), (right, key))
    ]
    long = [side.unpivot(cells, index="report_id", variable_name="cell") for side in sides]
    return pl.concat(
        [
            long[0].rename({"value": "reported"}),
            long[1].select(expected="value"),
        ],
        how="horizontal",
    )


def _remark_cells(differing: pl.DataFrame, form: Form, **columns: pl.Expr | str) -> pl.LazyFrame:
    """Write one remark a report on the cells that differ, naming the first in the form's order."""
    titles = pl.DataFrame(
        {
            "cell": [cell.key for cell in form.cells],
            "name": [cell.title for cell in form.cells],
            "place": range(len(form.cells)),
        }
    )
    detail = columns.pop("detail", None)
    named = differing.join(titles, on="cell").sort("report_id", "place")
    if detail is None:
        named = named.with_columns(detail=pl.lit(None, pl.String))
    gathered = named.group_by("report_id", maintain_order=True).agg(
        pl.len().alias("count"),
        pl.col("cell").alias("cells"),
        pl.col("name", "expected", "reported", "detail").first(),
    )
    return write_remarks(
        gathered.lazy(),
        instance=TABLE,
        cells=pl.col("cells"),
        name=pl.col("name"),
        count=pl.col("count"),
        expected=write_figure("expected"),
        reported=write_figure("reported"),
        difference=pl.col("reported") - pl.col("expected"),
        detail=pl.col("detail"),
        **columns,
    )
