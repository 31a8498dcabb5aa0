"""Traditional characters to simplified ones, only where a text really is traditional."""

from __future__ import annotations

import re
from functools import cache

from opencc import OpenCC

CONVERTED_SHARE = 0.02
_HAN = re.compile(r"[\u3400-\u9fff]+")


def is_traditional(text: str) -> bool:
    """Tell whether more than 2 % of the Han characters would change in conversion.

    Simplified texts hold a few characters that conversion would spoil, as in names of places.
    Mirrors in traditional characters change about a third of them.
    """
    changed = len(_match_traditional().findall(text))
    return changed > CONVERTED_SHARE * sum(map(len, _HAN.findall(text))) if changed else False


def to_simplified(text: str) -> str:
    """Convert a text to simplified characters, keeping its words."""
    return str(_load_converter().convert(text))


@cache
def _load_converter() -> OpenCC:
    return OpenCC("t2s")


@cache
def _match_traditional() -> re.Pattern[str]:
    """Match every single character of the basic blocks that conversion changes."""
    characters = [chr(code) for code in range(0x3400, 0xA000)]
    converted = _load_converter().convert("\n".join(characters)).split("\n")
    changed = [
        before for before, after in zip(characters, converted, strict=True) if before != after
    ]
    return re.compile(f"[{''.join(changed)}]")
