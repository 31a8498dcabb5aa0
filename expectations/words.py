"""The words and patterns by which rules read texts, loaded from `words.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

WORDS_FILE = Path(__file__).parent / "words.yaml"


@dataclass(frozen=True, slots=True)
class Words:
    """Regular expressions of `words.yaml` by name (Rust syntax), and its lists."""

    patterns: dict[str, str]
    lists: dict[str, Any]

    @property
    def party_bodies(self) -> str:
        """Names of bodies that neither license nor punish."""
        return self.patterns["party_bodies"]


@cache
def load_words() -> Words:
    """Load `words.yaml`: texts are patterns, lists and maps stay."""
    facts = yaml.safe_load(WORDS_FILE.read_text("utf-8"))
    return Words(
        patterns={key: value for key, value in facts.items() if isinstance(value, str)},
        lists={key: value for key, value in facts.items() if not isinstance(value, str)},
    )
