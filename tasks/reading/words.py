"""The words and patterns of `patterns.yaml`, compiled once, and the folding of labels."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

PATTERNS_FILE = Path(__file__).with_name("patterns.yaml")
_WHITE_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans("", "", "\"'“”‘’`«»〝〞\ufeff\u200b\u200c\u200d")


@dataclass(frozen=True, slots=True)
class Patterns:
    """The compiled content of `patterns.yaml`; names as there."""

    words: dict[str, Any]
    regexes: dict[str, re.Pattern[str]]
    scopes: dict[str, re.Pattern[str]]


@cache
def load_patterns() -> Patterns:
    """Load `patterns.yaml`: texts become regular expressions, lists and maps stay."""
    facts = yaml.safe_load(PATTERNS_FILE.read_text("utf-8"))
    return Patterns(
        words={key: value for key, value in facts.items() if not isinstance(value, str)},
        regexes={key: re.compile(value) for key, value in facts.items() if isinstance(value, str)},
        scopes={key: re.compile(value) for key, value in facts["scopes"].items()},
    )


@lru_cache(maxsize=16_384)
def fold_label(text: str) -> str:
    """Fold a label for comparison: NFKC, without white space and quotation marks.

    Word processors, OCR and mirrors change brackets, blanks and quotes at will; the rest
    of a label is the form's own wording.
    """
    return _WHITE_SPACE.sub("", unicodedata.normalize("NFKC", text)).translate(_QUOTES)


@lru_cache(maxsize=16_384)
def strip_enumerator(folded: str) -> str:
    """Drop the enumerator before a folded label, which pages often retype or lose."""
    return load_patterns().regexes["enumerator"].sub("", folded)
