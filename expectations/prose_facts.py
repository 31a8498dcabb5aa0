"""What the running text states that rules hold against the tables."""

from __future__ import annotations

import polars as pl

from expectations.words import load_words
from storage.schema import FIGURE, PolarsType

_FACTS: dict[str, PolarsType] = {
    "explains_stock": pl.Boolean,
    "has_fee_sentence": pl.Boolean,
    "fee_yuan": FIGURE,
    "stated_natural": FIGURE,
    "stated_others": FIGURE,
}
PROSE_FACTS = pl.Schema(_FACTS)
MYRIAD = 10_000


def read_prose(reports: pl.DataFrame, parts: pl.DataFrame | None) -> pl.DataFrame:
    """Add `PROSE_FACTS` to the reports; null where the part was not read or states nothing.

    `explains_stock`: the text tells why documents in force changed; `fee_yuan`: the fee that
    part six says was collected; `stated_natural`, `stated_others`: the requests that part one
    says persons and organisations made.
    """
    if parts is None:
        return reports.with_columns(
            pl.lit(None, dtype).alias(name) for name, dtype in PROSE_FACTS.items()
        )
    words = load_words().patterns
    text, part = pl.col("text"), pl.col("part")
    six = text.filter(part == 6).first()
    one = text.filter(part == 1).first()
    found = (
        parts.lazy()
        .group_by("report_id")
        .agg(
            explains_stock=text.str.contains(words["stock_explained"]).any(),
            has_fee_sentence=six.str.contains(words["fee_sentence"]),
            fee_yuan=pl.when(six.str.contains(words["fee_sentence"])).then(
                pl.coalesce(
                    _read_money(six, words["fee_collected"]), _read_money(six, words["fee_taken"])
                )
            ),
            stated_natural=one.str.extract(words["natural_stated"], 1),
            stated_others=one.str.extract(words["others_stated"], 1),
        )
        .collect()
        .with_columns(pl.col(name).cast(dtype, strict=False) for name, dtype in PROSE_FACTS.items())
    )
    return reports.join(found, on="report_id", how="left", maintain_order="left")


def _read_money(text: pl.Expr, pattern: str) -> pl.Expr:
    """Read an amount in yuan by a pattern of a figure and, it may be, the word for 10,000."""
    figure = text.str.extract(pattern, 1).str.replace_all(",", "").cast(FIGURE, strict=False)
    scale = pl.when(text.str.extract(pattern, 2).is_not_null()).then(MYRIAD).otherwise(1)
    return (figure * scale).cast(FIGURE)
