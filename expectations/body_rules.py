"""Rules about the running text as a whole: its parts, its basis, its years, what is left over."""

from __future__ import annotations

import polars as pl

from expectations.remarks import write_figure, write_remarks
from expectations.report_rules import INSTANCE
from expectations.sheet import Sheet
from expectations.words import load_words
from storage.schema import FIGURE

PARTS_DUE = (1, 2, 3, 4, 5, 6)
LEAST_HEADINGS = 4  # fewer found, and it is our reading that has to be looked at
FORM_DOCUMENT = ("2021", "30")
FEES = "t2.fees.amount"
PARAGRAPH_CHARACTERS = 80


def check_parts(reports: pl.DataFrame, parts: pl.DataFrame) -> list[pl.LazyFrame]:
    """Ask for the six parts (S-01; `missing`, `unread`), each once and in order (S-02)."""
    words = load_words()
    numbers = pl.col("part").filter(pl.col("part") > 0)
    found = (
        parts.lazy()
        .sort("report_id", "position")
        .group_by("report_id", maintain_order=True)
        .agg(
            numbers.alias("numbers"),
            pl.col("text")
            .str.contains(words.patterns["flattened"], literal=True)
            .any()
            .alias("flat"),
        )
    )
    judged = (
        reports.lazy()
        .select("report_id")
        .join(found, on="report_id", how="left")
        .with_columns(pl.col("numbers").fill_null([]))
        .with_columns(
            missing=pl.concat_str(
                [
                    pl.when(~pl.col("numbers").list.contains(number)).then(
                        pl.lit(words.lists["numerals"][number - 1])
                    )
                    for number in PARTS_DUE
                ],
                separator=words.lists["places"]["list"],
                ignore_nulls=True,
            ),
            count=pl.col("numbers").list.n_unique(),
        )
    )
    is_unread = (pl.col("count") < LEAST_HEADINGS) | pl.col("flat").fill_null(False)
    is_ordered = pl.col("numbers") == pl.col("numbers").list.unique().list.sort()
    return [
        write_remarks(
            judged.filter(pl.col("missing") != ""),
            rule="S-01",
            case=pl.when(is_unread).then(pl.lit("unread")).otherwise(pl.lit("missing")),
            instance=INSTANCE,
            detail=pl.col("missing"),
            count=pl.col("count"),
        ),
        write_remarks(
            judged.filter(~is_ordered),
            rule="S-02",
            case="disordered",
            instance=INSTANCE,
            reported=pl.col("numbers").cast(pl.List(pl.String)).list.join(","),
        ),
    ]


def check_basis(reports: pl.DataFrame, parts: pl.DataFrame) -> list[pl.LazyFrame]:
    """Ask for the document that the form stands in (S-15; `other`, `none`)."""
    words = load_words()
    cited = parts.lazy().select(
        "report_id",
        year=pl.col("text").str.extract(words.patterns["cited"], 1),
        number=pl.col("text").str.extract(words.patterns["cited"], 2),
    )
    first = cited.filter(pl.col("year").is_not_null()).unique(
        "report_id", keep="first", maintain_order=True
    )
    is_due = (pl.col("year") == FORM_DOCUMENT[0]) & (pl.col("number") == FORM_DOCUMENT[1])
    written = words.patterns["document"]
    known = parts.lazy().select("report_id").unique()
    return [
        write_remarks(
            reports.lazy()
            .select("report_id")
            .join(known, on="report_id", how="semi")
            .join(first, on="report_id", how="left")
            .filter(~is_due.fill_null(False)),
            rule="S-15",
            case=pl.when(pl.col("year").is_null()).then(pl.lit("none")).otherwise(pl.lit("other")),
            instance=INSTANCE,
            expected=written.format(*FORM_DOCUMENT),
            reported=pl.format(written, "year", "number"),
        )
    ]


def check_current_year(reports: pl.DataFrame, parts: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find texts that speak of another year as the current one (Y-08; `opening`, `plan`)."""
    words = load_words().patterns
    years = reports.lazy().select("report_id", year=pl.col("year").cast(pl.Int64))
    found = (
        parts.lazy()
        .filter(pl.col("part").is_in([1, 5]))
        .with_columns(
            named=pl.when(pl.col("part") == 1)
            .then(pl.col("text").str.extract(words["opening_year"], 1))
            .otherwise(pl.col("text").str.extract(words["planned_year"], 1))
            .cast(pl.Int64)
        )
        .filter(pl.col("named").is_not_null())
        .join(years, on="report_id")
    )
    is_opening = (pl.col("part") == 1) & (pl.col("named") == pl.col("year") - 1)
    is_plan = (pl.col("part") == 5) & (pl.col("named") <= pl.col("year"))
    return [
        write_remarks(
            found.filter(is_opening | is_plan).unique(["report_id", "part"]),
            rule="Y-08",
            case=pl.when(is_opening).then(pl.lit("opening")).otherwise(pl.lit("plan")),
            instance=pl.format("part-{}", "part"),
            expected=pl.when(is_opening)
            .then(pl.col("year"))
            .otherwise(pl.col("year") + 1)
            .cast(pl.String),
            reported=pl.col("named").cast(pl.String),
        )
    ]


def check_paragraphs(parts: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find paragraphs that stand twice in one report (Q-02, `twice`)."""
    paragraphs = (
        parts.lazy()
        .select("report_id", paragraph=pl.col("text").str.split("\n"))
        .explode("paragraph")
        .with_columns(pl.col("paragraph").str.strip_chars())
        .filter(pl.col("paragraph").str.len_chars() >= PARAGRAPH_CHARACTERS)
    )
    repeated = (
        paragraphs.group_by("report_id", digest=pl.col("paragraph").hash())
        .agg(pl.len().alias("times"), pl.col("paragraph").first())
        .filter(pl.col("times") > 1)
        .sort("report_id", "digest")
        .group_by("report_id", maintain_order=True)
        .agg(pl.len().alias("count"), pl.col("paragraph").first())
    )
    return [
        write_remarks(
            repeated,
            rule="Q-02",
            case="twice",
            instance=INSTANCE,
            count=pl.col("count"),
            detail=pl.col("paragraph").str.slice(0, 20),
        )
    ]


def check_other_bodies(reports: pl.DataFrame, parts: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find the name of another body's report in the text (Q-04, `other_body`)."""
    words = load_words().patterns
    titled = pl.col("title").str.replace_all(words["title_rest"], "")
    stem = titled.str.replace(words["body_endings"], "")
    own = reports.lazy().select("report_id", titled=titled, stem=stem).filter(pl.col("stem") != "")
    named = (
        parts.lazy()
        .filter(pl.col("text").str.contains(words["named_report"]))
        .select("report_id", named=pl.col("text").str.extract(words["other_body"], 1))
        .filter(pl.col("named").is_not_null())
        .unique("report_id", keep="first", maintain_order=True)
        .join(own, on="report_id")
    )
    rest = pl.col("named").str.replace(words["body_endings"], "")
    is_own = pl.col("named").str.contains(pl.col("stem"), literal=True) | pl.col(
        "titled"
    ).str.contains(rest, literal=True)
    return [
        write_remarks(
            named.filter(~is_own),
            rule="Q-04",
            case="other_body",
            instance="body",
            expected=pl.col("titled"),
            reported=pl.col("named"),
        )
    ]


def check_split(parts: pl.DataFrame) -> list[pl.LazyFrame]:
    """Add up the units by which a total is said to be split (H-03, `unequal`).

    Only where each share names a unit, and the split does not say that it is incomplete.
    """
    words = load_words().patterns
    split, text = words["unit_split"], pl.col("text")
    shares = pl.col("split").str.extract_all(words["unit_share"])
    summed = shares.list.eval(
        pl.element().str.extract(words["counted"], 1).cast(pl.Int64)
    ).list.sum()
    found = (
        parts.lazy()
        .filter(text.str.contains(split))
        .select(
            "report_id",
            total=text.str.extract(split, 1).cast(pl.Int64),
            split=text.str.extract(split, 2),
        )
        .with_columns(summed=summed, shares=shares.list.len())
        .filter(
            pl.col("shares") == pl.col("split").str.count_matches(words["counted"]),
            ~pl.col("split").str.contains(words["open_split"]),
            pl.col("summed") != pl.col("total"),
        )
        .unique("report_id", keep="first", maintain_order=True)
    )
    return [
        write_remarks(
            found,
            rule="H-03",
            case="unequal",
            instance=INSTANCE,
            expected=pl.col("total").cast(pl.String),
            reported=pl.col("summed").cast(pl.String),
            difference=pl.col("summed") - pl.col("total"),
            detail=pl.col("split").str.slice(0, 40),
        )
    ]


def check_fees(sheet: Sheet) -> list[pl.LazyFrame]:
    """Hold the fee of part six against the fees of table 2 (X-02; `broken`, `unread`).

    Half a unit of the last digit printed in the table is allowed for rounding.
    """
    if FEES not in sheet.values.columns:
        return []
    position = [cell.key for cell in sheet.form.cells].index(FEES)
    decimals = pl.col("text").str.extract(r"\.(\d+)", 1).str.len_chars().fill_null(0)
    fees = (
        sheet.cells.gather_every(len(sheet.form.cells), position)
        .hstack(sheet.reports.select("report_id", "fee_yuan"))
        .lazy()
        .filter(pl.col("fee_yuan") > 0)
        .with_columns(
            known=pl.when("has_unit").then(pl.col("value")),
            slack=(5_000 / pl.lit(10).pow(decimals)).cast(FIGURE),
        )
    )
    is_short = pl.col("known") * 10_000 + pl.col("slack") < pl.col("fee_yuan")
    case = (
        pl.when(pl.col("known").is_null())
        .then(pl.lit("unread"))
        .when(is_short)
        .then(pl.lit("broken"))
    )
    return [
        write_remarks(
            fees.filter(case.is_not_null()),
            rule="X-02",
            case=case,
            instance=FEES,
            cells=(FEES,),
            name=sheet.form.cells[position].title,
            expected=write_figure("fee_yuan"),
            reported=write_figure("known"),
        )
    ]
