"""Compare what the prose states with the tables, and with what else it states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import polars as pl
import yaml

from expectations.form import Form, load_forms
from expectations.statement_table import STATEMENTS
from storage.schema import FIGURE

SUBJECTS_FILE = Path(__file__).with_name("statement_subjects.yaml")
ROW = "row."
ROW_RULE, RATIO_RULE, UNIT_RULE = "N-05", "N-13", "N-15"
CLAIMS = ("all_closed", "closing_rate")
RATIOS = ("share", "growth")
# Words that make a figure another than the one the table holds.
APART = ("about", "change", "each", "planned", "filed", "other_unit")
KEY = ("report_id", "number")
_TERMS = pl.Schema(
    {
        "subject": pl.String,
        "form": pl.String,
        "alternative": pl.Int32,
        "cell": pl.String,
        "sign": pl.Int32,
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a figure may be compared with: the rule, and the admissible sums of cells."""

    key: str
    name: str
    rule: str
    sums: tuple[str, ...]
    forms: tuple[str, ...] | None


def compare_statements(
    statements: pl.DataFrame,
    reports: pl.DataFrame,
    cells: pl.DataFrame,
    earlier_cells: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Compare each statement with every value that it may mean.

    A statement differs only when none of its values fits and all could be read; it is not
    evaluated when none fits and one could not be read. A statement of another scope, period
    or unit, or about nothing that is tabled, is not applicable.

    Args:
        statements: As `STATED`.
        reports: `report_id`, `year`, `form`.
        cells: As the cells table, of these reports.
        earlier_cells: The cells of the reports of a year before, under the `report_id` of
            this year's, by which growth is recomputed. None: not known.

    Returns:
        `STATEMENTS.frame_schema`, a row a statement in the order given.
    """
    dated = (
        statements.lazy()
        .with_row_index("order")
        .join(reports.lazy().select("report_id", "form"), on="report_id", how="left")
        .with_columns(is_plain=_is_plain())
        .collect()
    )
    subjects = _load_subjects()
    pairs = dated.select("subject", "form").unique().drop_nulls()
    terms = _spell_terms(pairs, subjects)
    tabled = _sum_cells(dated.filter("is_plain"), terms, _name_values(cells, terms))
    earlier = None if earlier_cells is None else _name_values(earlier_cells, terms)
    admissible = pl.concat(
        [
            _judge_counts(tabled),
            _judge_shares(dated, cells),
            _judge_growth(dated, terms, earlier),
        ]
    )
    rules = pl.DataFrame(
        {"subject": list(subjects), "rule": [entry.rule for entry in subjects.values()]}
    )
    return (
        dated.lazy()
        .join(admissible.lazy(), on=KEY, how="left")
        .join(rules.lazy(), on="subject", how="left")
        .with_columns(
            rule=_tell_rule(),
            outcome=pl.when(_is_excused())
            .then(pl.lit("agrees"))
            .otherwise(pl.col("outcome").fill_null("not_applicable")),
            cells=pl.col("cells").fill_null([]),
            admissible=pl.col("admissible").fill_null([]),
        )
        .sort("order")
        .select(*STATEMENTS.frame_schema)
        .cast(STATEMENTS.frame_schema)
        .collect()
    )


def list_stated_values(compared: pl.DataFrame, reports: pl.DataFrame) -> pl.DataFrame:
    """List the cells whose value the prose states without another reading.

    Args:
        compared: As `STATEMENTS`.
        reports: `report_id`, `form`.

    Returns:
        `report_id`, `source` (always `prose`), `cell`, `value`: what repairing asks for.
    """
    dated = compared.join(reports.select("report_id", "form"), on="report_id")
    terms = _spell_terms(dated.select("subject", "form").unique().drop_nulls(), _load_subjects())
    single = terms.filter(pl.len().over("subject", "form") == 1)
    return (
        dated.filter(_is_plain(), ~pl.col("subject").is_in(CLAIMS))
        .join(single, on=["subject", "form"])
        .select("report_id", "cell", source=pl.lit("prose"), value="quantity")
        .unique(["report_id", "cell"], keep="first", maintain_order=True)
        .select("report_id", "source", "cell", "value")
    )


def _is_plain() -> pl.Expr:
    """Tell a statement of what the report covers, in its year, of one definite figure."""
    apart = pl.col("qualifiers").list.set_intersection(list(APART)).list.len() > 0
    return (pl.col("scope") == "whole") & (pl.col("period") == "current") & ~apart


def _is_excused() -> pl.Expr:
    """Tell a claim that all was closed in a prose that also states what was carried out."""
    states_rest = (pl.col("subject") == "carried_out").any().over("report_id")
    return pl.col("subject").is_in(CLAIMS) & pl.col("is_plain") & states_rest


def _tell_rule() -> pl.Expr:
    is_request = pl.col("rule").is_in(["N-01", "N-02", "N-05"])
    other_unit = pl.col("qualifiers").list.contains("other_unit")
    return (
        pl.when(is_request & other_unit)
        .then(pl.lit(UNIT_RULE))
        .when(pl.col("subject").str.starts_with(ROW))
        .then(pl.lit(ROW_RULE))
        .when(pl.col("subject").is_in(RATIOS))
        .then(pl.lit(RATIO_RULE))
        .otherwise("rule")
    )


def _sum_cells(statements: pl.DataFrame, terms: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Sum the cells of every admissible reading; null where one of them was not read.

    Returns:
        `report_id`, `number`, `wanted`, `alternative`, `value`, `cells`.
    """
    wanted = pl.when(pl.col("subject").is_in(CLAIMS)).then(pl.lit(0)).otherwise("quantity")
    return (
        statements.lazy()
        .select(*KEY, "subject", "form", wanted=wanted.cast(FIGURE))
        .join(terms.lazy(), on=["subject", "form"])
        .join(values.lazy(), on=["report_id", "cell"], how="left")
        .group_by(*KEY, "wanted", "alternative")
        .agg(
            value=(pl.col("value") * pl.col("sign")).sum(),
            is_read=pl.col("value").is_not_null().all(),
            cells=pl.col("cell"),
        )
        .with_columns(value=pl.when("is_read").then("value"))
        .drop("is_read")
        .collect()
    )


def _judge_counts(sums: pl.DataFrame) -> pl.DataFrame:
    return _settle(
        sums.lazy().with_columns(
            fits=pl.col("value") == pl.col("wanted"), written=_write(pl.col("value"))
        )
    )


def _judge_shares(dated: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Recompute shares from every whole the prose or the table offers.

    A share agrees if it is that of any earlier figure of the same unit and part of the
    report, of its siblings together, or of the requests of the table, rounded or cut off.
    """
    counts = dated.select(*KEY, "quantity", "unit", "section", "subject", "part_of", "form")
    shares = (
        dated.filter(
            pl.col("subject") == "share",
            pl.col("share_of").is_not_null(),
            ~pl.col("qualifiers").list.contains("about"),
        )
        .select(*KEY, "share_of", "places", stated="quantity", part="section")
        .join(counts, left_on=["report_id", "share_of"], right_on=KEY)
        .rename({"quantity": "numerator", "part_of": "whole"})
    )
    near = shares.join(counts, on="report_id", suffix="_other").filter(
        pl.col("number_other") < pl.col("number"),
        pl.col("unit_other").eq_missing(pl.col("unit")),
        pl.col("section_other").eq_missing(pl.col("part")),
        pl.col("number_other") != pl.col("share_of"),
        # A part is a share of its own whole; else of any figure that is no row of the table.
        (pl.col("number_other") == pl.col("whole"))
        | (pl.col("whole").is_null() & ~pl.col("subject_other").str.starts_with(ROW)),
    )
    siblings = (
        shares.filter(pl.col("whole").is_not_null())
        .join(counts, left_on=["report_id", "whole"], right_on=["report_id", "part_of"])
        .group_by(*KEY, "places", "stated", "numerator")
        .agg(value=pl.col("quantity").sum())
    )
    requests = shares.filter(
        pl.col("subject").str.contains(r"^(row\.|from\.|closed|received|new|carried)")
    )
    terms = _spell_terms(
        requests.select("form", subject=pl.lit("share_of_requests")).unique().drop_nulls(),
        _load_subjects(),
    )
    tabled = _sum_cells(
        requests.select(*KEY, "form", subject=pl.lit("share_of_requests"), quantity="stated"),
        terms,
        _name_values(cells, terms),
    )
    ratio_columns = (*KEY, "places", "stated", "numerator", "value")
    wholes = pl.concat(
        [
            near.select(*ratio_columns[:-1], value=pl.col("quantity").cast(pl.Float64)),
            siblings.select(*ratio_columns[:-1], pl.col("value").cast(pl.Float64)),
            requests.join(tabled, on=KEY).select(
                *ratio_columns[:-1], pl.col("value").cast(pl.Float64)
            ),
        ]
    ).filter(pl.col("value").is_null() | (pl.col("value") >= pl.col("numerator")))
    value = 100 * pl.col("numerator").cast(pl.Float64) / pl.col("value")
    return _judge_ratios(wholes.with_columns(value=value), shares)


def _judge_growth(
    dated: pl.DataFrame, terms: pl.DataFrame, earlier: pl.DataFrame | None
) -> pl.DataFrame:
    """Recompute growth from last year's figure, in the prose or in last year's report."""
    growth = (
        dated.filter(pl.col("subject") == "growth", pl.col("share_of").is_not_null())
        .with_columns(falls=pl.col("qualifiers").list.contains("falling"))
        .select(*KEY, "year", "share_of", "places", "falls", stated="quantity")
        .join(
            dated.select(*KEY, "subject", "form", numerator="quantity", base_unit="unit"),
            left_on=["report_id", "share_of"],
            right_on=KEY,
        )
    )
    stated = growth.join(
        dated.filter(pl.col("subject") != "growth").select(
            "report_id", "subject", "period", value="quantity", unit="unit"
        ),
        on=["report_id", "subject"],
    ).filter(
        pl.col("unit").eq_missing(pl.col("base_unit")),
        (pl.col("period") == "previous")
        | (pl.col("period") == (pl.col("year") - 1).cast(pl.String)),
        pl.col("subject") != "stated",
    )
    columns = (*KEY, "places", "stated", "numerator", "falls")
    parts = [stated.select(*columns, pl.col("value").cast(pl.Float64))]
    if earlier is not None:
        asked = growth.select(*KEY, "subject", "form", quantity="stated")
        tabled = _sum_cells(asked, terms, earlier)
        parts.append(growth.join(tabled, on=KEY).select(*columns, pl.col("value").cast(pl.Float64)))
    sign = pl.when("falls").then(-1).otherwise(1)
    before = pl.col("value")
    value = sign * 100 * (pl.col("numerator").cast(pl.Float64) - before) / before
    bases = pl.concat(parts).filter(before.is_null() | (before != 0))
    return _judge_ratios(bases.with_columns(value=value).drop("falls"), growth)


def _judge_ratios(bases: pl.DataFrame, ratios: pl.DataFrame) -> pl.DataFrame:
    """Settle ratios by their recomputed values; one without a base is not evaluated."""
    step = pl.lit(10.0).pow(-pl.col("places").cast(pl.Float64))
    judged = _settle(
        bases.lazy()
        .with_columns(
            fits=(pl.col("value") - pl.col("stated").cast(pl.Float64)).abs() < step - 1e-9,
            written=_write(pl.col("value").round(2)),
            cells=pl.lit([], pl.List(pl.String)),
        )
        .select(*KEY, "value", "fits", "written", "cells")
    )
    unknown = ratios.select(KEY).join(judged, on=KEY, how="anti")
    return pl.concat(
        [judged, unknown.with_columns(outcome=pl.lit("not_evaluated"))], how="diagonal"
    )


def _settle(values: pl.LazyFrame) -> pl.DataFrame:
    """Bring the admissible values of each statement to one outcome.

    Args:
        values: `report_id`, `number`, `fits`, `written`, `cells`; `fits` null: not read.
    """
    agrees = pl.col("fits").fill_null(False).any()
    return (
        values.group_by(KEY)
        .agg(
            outcome=pl.when(agrees)
            .then(pl.lit("agrees"))
            .when(pl.col("fits").is_null().any())
            .then(pl.lit("not_evaluated"))
            .otherwise(pl.lit("differs")),
            cells=pl.col("cells").list.explode().drop_nulls().unique().sort(),
            admissible=pl.col("written").drop_nulls().unique().sort(),
        )
        .collect()
    )


def _write(value: pl.Expr) -> pl.Expr:
    return value.cast(FIGURE).cast(pl.String).str.replace(r"\.?0+$", "")


def _name_values(cells: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """Name the values of those cells that any term asks for."""
    wanted = terms["cell"].unique().to_list()
    rows = {name.rsplit(".", 1)[0].split(".", 1)[1] for name in wanted}
    return (
        cells.lazy()
        .filter(pl.col("row").is_in(sorted(rows)), pl.col("value").is_not_null())
        .select("report_id", "value", cell=pl.concat_str("table", "row", "column", separator="."))
        .filter(pl.col("cell").is_in(wanted))
        .collect()
    )


def _spell_terms(pairs: pl.DataFrame, subjects: dict[str, Subject]) -> pl.DataFrame:
    """Spell out the sums of each subject on each edition, a row a term.

    Args:
        pairs: `subject` and `form`.
        subjects: As declared.
    """
    forms = load_forms()
    rows = [
        (subject, form, alternative, cell, sign)
        for subject, form in pairs.select("subject", "form").sort("subject", "form").iter_rows()
        if form in forms
        for alternative, terms in enumerate(_list_sums(subject, forms[form], subjects))
        for cell, sign in terms
    ]
    return pl.DataFrame(rows, schema=_TERMS, orient="row")


def _list_sums(
    subject: str, form: Form, subjects: dict[str, Subject]
) -> Iterator[list[tuple[str, int]]]:
    cells = [cell.key for cell in form.cells]
    if subject.startswith(ROW):
        # Several rows under one figure are one sum.
        rows = [part.removeprefix(ROW) for part in subject.split("+")]
        texts = [
            subjects[ROW + row].sums[0] if ROW + row in subjects else f"t3.{row}.total"
            for row in rows
        ]
        sums: tuple[str, ...] = (" + ".join(texts),)
    else:
        known = subjects.get(subject)
        if known is None or (known.forms is not None and form.edition not in known.forms):
            return
        sums = known.sums
    for text in sums:
        terms: list[tuple[str, int]] = []
        for piece in text.replace(" - ", " + -").split(" + "):
            pattern, sign = piece.removeprefix("-"), -1 if piece.startswith("-") else 1
            named = [cell for cell in cells if fnmatchcase(cell, pattern)]
            if not named:
                break
            terms += [(cell, sign) for cell in named]
        else:
            yield terms


def name_subjects(subjects: pl.Series) -> pl.DataFrame:
    """Name subjects in Chinese, for messages: `subject`, `name`.

    Rows of table 3 are named by the newest form that has them; what is not tabled has no name.
    """
    known = _load_subjects()
    labels = {
        f"{ROW}{cell.row}": cell.title.split("·")[0]
        for form in reversed(load_forms().values())
        for cell in form.cells
        if cell.table == "t3"
    } | {key: entry.name for key, entry in known.items()}
    named = {
        subject: "、".join(labels.get(part, part) for part in subject.split("+"))
        for subject in subjects.unique()
        if subject.split("+")[0] in labels
    }
    return pl.DataFrame(
        {"subject": list(named), "name": list(named.values())},
        schema={"subject": pl.String, "name": pl.String},
    )


@cache
def _load_subjects() -> dict[str, Subject]:
    facts = yaml.safe_load(SUBJECTS_FILE.read_text("utf-8"))
    return {
        key: Subject(
            key=key,
            name=entry["name"],
            rule=entry["rule"],
            sums=tuple(entry["any"]),
            forms=tuple(entry["forms"]) if "forms" in entry else None,
        )
        for key, entry in facts.items()
    }
