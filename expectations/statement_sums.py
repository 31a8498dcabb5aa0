"""What a stated figure may mean: sums of cells, declared by subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import polars as pl
import yaml

from expectations.form import Form, load_forms
from storage.schema import FIGURE

SUBJECTS_FILE = Path(__file__).with_name("statement_subjects.yaml")
ROW = "row."
CLAIMS = ("all_closed", "closing_rate")
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


def sum_cells(statements: pl.DataFrame, terms: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
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


def name_values(cells: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """Name the values of those cells that any term asks for."""
    wanted = terms["cell"].unique().to_list()
    rows = {name.rsplit(".", 1)[0].split(".", 1)[1] for name in wanted}
    return (
        cells.lazy()
        .filter(pl.col("row").is_in(sorted(rows)), pl.col("value").is_not_null())
        .select(
            pl.col("report_id").cast(pl.String),
            "value",
            cell=pl.concat_str("table", "row", "column", separator="."),
        )
        .filter(pl.col("cell").is_in(wanted))
        .collect()
    )


def spell_terms(pairs: pl.DataFrame, subjects: dict[str, Subject]) -> pl.DataFrame:
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
    known = load_subjects()
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
def load_subjects() -> dict[str, Subject]:
    """Load `statement_subjects.yaml`."""
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


def settle(values: pl.LazyFrame) -> pl.DataFrame:
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


def write_value(value: pl.Expr) -> pl.Expr:
    """Write a figure plainly, without trailing zeros."""
    return value.cast(FIGURE).cast(pl.String).str.replace(r"\.?0+$", "")
