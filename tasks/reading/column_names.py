"""From the texts of headers to the columns of a block of the form."""

from __future__ import annotations

from difflib import SequenceMatcher

from expectations.form import Block
from tasks.reading.labels import fold_variants, match_column
from tasks.reading.words import fold_label, load_patterns

ALIKE = 0.5  # share of characters in common by which a garbled header is still told


def name_columns(texts: list[str], block: Block) -> list[str | None] | None:
    """Name the column of each folded header, None for one the form does not know.

    None in all where a header is printed twice.
    """
    keys: list[str | None] = []
    for place, text in enumerate(texts):
        found = match_column(block, text)
        new = next((key for key in found if key not in keys), None)
        if text and new is None and (found or text in texts[:place]):
            return None
        keys.append(new)
    return keys


def complete_columns(
    keys: list[str | None], texts: list[str], block: Block
) -> list[str | None] | None:
    """Settle the one column whose header is garbled; None where any is missing still.

    `keys` are the columns as named, `texts` the headers, folded, both from left to right.
    """
    missing = [key for key in block.columns if key not in keys]
    if not missing:
        return keys
    if len(missing) > 1:
        return None
    for place, (key, text) in enumerate(zip(keys, texts, strict=True)):
        if key is None and _is_alike(text, missing[0], block):
            settled = [*keys[:place], missing[0], *keys[place + 1 :]]
            if [key for key in settled if key] == [*block.columns]:
                return settled
    return None


def _is_alike(text: str, key: str, block: Block) -> bool:
    """Tell whether a garbled header is more like one column's label than any other's."""
    if text in load_patterns().words["own_columns"]:
        return False
    shares = {
        column: max(SequenceMatcher(None, text, word).ratio() for word in fold_variants(label))
        for column, label in block.columns.items()
    }
    best = max(shares.values())
    return best >= ALIKE and [column for column in shares if shares[column] == best] == [key]


def is_unit_known(texts: list[str], keys: list[str | None], block: Block) -> bool:
    """Tell whether every header is a wording that leaves no doubt about the unit."""
    return all(
        text in fold_variants(block.columns[key])
        and text not in map(fold_label, block.columns[key].unitless)
        for text, key in zip(texts, keys, strict=True)
        if key is not None
    )
