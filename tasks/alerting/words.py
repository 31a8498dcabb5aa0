"""The words of a mail: texts by language and names of regions, from YAML, and safe folding."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml

Language: TypeAlias = Literal["zh", "en"]
FOLDER = Path(__file__).parent
BLANKS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})


@cache
def load_texts(language: Language) -> dict[str, Any]:
    """Load every sentence of a digest in one language."""
    texts: dict[str, Any] = yaml.safe_load(
        (FOLDER / "texts" / f"{language}.yaml").read_text("utf-8")
    )
    return texts


@cache
def load_provinces() -> dict[str, dict[Language, str]]:
    """Map every value of `region` to its names, in the official order, `unresolved` last."""
    names: dict[str, dict[Language, str]] = yaml.safe_load(
        (FOLDER / "provinces.yaml").read_text("utf-8")
    )
    return names


def name_region(region: str, language: Language) -> str:
    """Name a region; a code that is not on the list names itself."""
    names = load_provinces().get(region)
    return names[language] if names else fold_text(region)


def fold_text(text: str, limit: int | None = None) -> str:
    """Fold a printed text to one harmless line of at most `limit` characters.

    Line breaks could forge a header, and control and direction marks (U+202E) could make a
    line read as something else than it is, so they become blanks; blanks are folded.
    """
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(mark) in BLANKS else mark for mark in text)
    line = " ".join(text.split())
    if limit is None or len(line) <= limit:
        return line
    return line[: limit - 1] + "…"
