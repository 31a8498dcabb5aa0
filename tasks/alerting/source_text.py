"""The text of a report as it was told, and what became of it when it was published again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
import yaml

from expectations.form import load_cells

_FIELD, _ENTRY = "\x1f", "\x1e"
_CELL, _PART, _TITLE = "cell", "part", "title"
_LENGTH = 2000  # of a part: enough to tell that it changed, together with its length


@dataclass(frozen=True, slots=True)
class Change:
    """Something that stands otherwise than before; None: it did not stand there, or does not.

    `kind` is `cell` (`name` its key), `part` (the heading of a part of the text; what stands
    there is not kept) or `title`.
    """

    kind: str
    name: str
    before: str | None
    after: str | None


def write_texts(reports: pl.DataFrame, cells: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Write the text of each report as one string: its title, its cells, its parts from the first.

    Counters of visits are left out. What stands before the first heading is not compared, as it
    is mostly the site's.

    Args:
        reports: `report_id`, `title`.
        cells: `report_id`, `table`, `row`, `column`, `text`.
        parts: `report_id`, `part`, `heading`, `text`.

    Returns:
        `report_id`, `text`, a row a report.
    """
    none = pl.lit("")
    entries = [
        reports.select(
            "report_id", kind=pl.lit(_TITLE), name=none, text=_fold(pl.col("title")).fill_null("")
        ),
        cells.filter(pl.col("text").is_not_null()).select(
            "report_id",
            kind=pl.lit(_CELL),
            name=pl.concat_str("table", "row", "column", separator="."),
            text=_fold(pl.col("text")),
        ),
        parts.filter(pl.col("part") > 0).select(
            "report_id", kind=pl.lit(_PART), name=_fold(pl.col("heading")), text=_shorten_part()
        ),
    ]
    # One chunk: Polars 2.1 misreads frames whose columns are cut differently.
    every = pl.concat(entries, rechunk=True).join(reports, on="report_id", how="semi")
    return (
        every.sort("report_id", "kind", "name", "text")
        .with_columns(entry=pl.concat_str("kind", "name", "text", separator=_FIELD))
        .group_by("report_id", maintain_order=True)
        .agg(text=pl.col("entry").str.join(_ENTRY))
    )


def compare_texts(before: str, after: str) -> tuple[Change, ...]:
    """List what changed between two texts of `write_texts`: the title, cells, parts."""
    old, new = _read_entries(before), _read_entries(after)
    places = {cell: place for place, cell in enumerate(load_cells())}
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    kinds = (_TITLE, _CELL, _PART)
    changed.sort(key=lambda key: (kinds.index(key[0]), places.get(key[1], len(places)), key[1]))
    return tuple(
        Change(kind, name, None, None)
        if kind == _PART
        else Change(kind, name, old.get((kind, name)), new.get((kind, name)))
        for kind, name in changed
    )


def _fold(text: pl.Expr) -> pl.Expr:
    """Drop white space and separators; what is left is what was printed."""
    return text.str.replace_all(r"[\s\x1e\x1f]+", "")


def _shorten_part() -> pl.Expr:
    text = _fold(pl.col("text").str.replace_all(_load_counters(), ""))
    return pl.concat_str(text.str.len_chars().cast(pl.String), text.str.head(_LENGTH))


def _read_entries(text: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for entry in text.split(_ENTRY):
        kind, name, value = entry.split(_FIELD, 2)
        found[kind, name] = found.get((kind, name), "") + value
    return found


@cache
def _load_counters() -> str:
    facts = yaml.safe_load((Path(__file__).parent / "changing.yaml").read_text("utf-8"))
    return str(facts["counters"])
