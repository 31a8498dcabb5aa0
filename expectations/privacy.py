"""Numbers of persons that may not stand in a published report, found and masked."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from expectations.remarks import write_remarks
from expectations.words import load_words

IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_DIGITS = "10X98765432"
TABLE_PARTS = (2, 3, 4)
LONG_NUMBER = r"\d{11}"
SHOWN_FIRST, SHOWN_LAST = 3, 2


def check_privacy(parts: pl.DataFrame) -> list[pl.LazyFrame]:
    """Find numbers of identity cards, mobile telephones and bank cards (Q-01).

    A number counts only if its check digit is right; messages show its ends alone.
    """
    words = load_words().patterns
    flat = (
        parts.lazy()
        .filter(pl.col("text").str.contains(words["flattened"], literal=True))
        .select("report_id")
    )
    is_table = pl.col("part").is_in(TABLE_PARTS)
    # Figures of tables that ran together look like numbers of persons.
    numbered = parts.lazy().filter(pl.col("text").str.contains(LONG_NUMBER))
    text = pl.concat(
        [
            numbered.filter(~is_table),
            numbered.filter(is_table).join(flat, on="report_id", how="anti"),
        ]
    ).collect()
    checks: dict[str, Callable[[str], bool]] = {
        "identity_card": is_identity_card,
        "mobile": lambda _: True,
        "bank_card": is_bank_card,
    }
    return [
        remark
        for kind, is_valid in checks.items()
        for remark in _find_numbers(text, kind, is_valid)
    ]


def is_identity_card(number: str) -> bool:
    """Tell whether 18 characters end in the check digit of GB 11643."""
    total = sum(
        int(digit) * weight for digit, weight in zip(number[:17], IDENTITY_WEIGHTS, strict=True)
    )
    return IDENTITY_DIGITS[total % 11] == number[17].upper()


def is_bank_card(number: str) -> bool:
    """Tell whether the digits satisfy the Luhn check of payment cards."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(figure - 9 if figure > 9 else figure for figure in doubled) % 10 == 0


def _find_numbers(
    parts: pl.DataFrame, kind: str, is_valid: Callable[[str], bool]
) -> list[pl.LazyFrame]:
    pattern = load_words().patterns[kind]
    candidates = (
        parts.lazy()
        .filter(pl.col("text").str.contains(pattern))
        .select("report_id", number=pl.col("text").str.extract_all(pattern))
        .explode("number")
        .with_columns(pl.col("number").str.extract(pattern, 1))
        .collect()
    )
    # Few texts hold any such number, so that the check digits may be summed one by one.
    valid = candidates.filter(
        pl.Series([is_valid(number) for number in candidates["number"]], dtype=pl.Boolean)
    )
    if valid.is_empty():
        return []
    masked = pl.format(
        "{}****{}",
        pl.col("number").str.head(SHOWN_FIRST),
        pl.col("number").str.tail(SHOWN_LAST),
    )
    gathered = valid.group_by("report_id").agg(
        pl.len().alias("count"), masked.first().alias("first")
    )
    return [
        write_remarks(
            gathered.lazy(),
            rule="Q-01",
            case=kind,
            instance=kind,
            count=pl.col("count"),
            reported=pl.col("first"),
        )
    ]
