"""Promises of the conversion of traditional characters."""

from __future__ import annotations

import pytest
from opencc import OpenCC

from tasks.reading.script import is_traditional, to_simplified

SIMPLIFIED = "本年新收政府信息公开申请数量，行政复议与行政诉讼情况，予以公开，" * 20


def test_a_simplified_text_with_a_few_rare_characters_is_left_alone() -> None:
    """The 乾 of 乾县 would become 干: a text that is simplified is not converted."""
    text = SIMPLIFIED + "乾县、乾安县、於潜镇"
    assert to_simplified("乾县") == "干县"
    assert not is_traditional(text)


def test_a_mirror_in_traditional_characters_is_told_and_converted() -> None:
    """A text in traditional characters is told, and gives the form's own words again."""
    mirrored = OpenCC("s2t").convert(SIMPLIFIED)
    assert is_traditional(mirrored)
    assert to_simplified(mirrored) == SIMPLIFIED


@pytest.mark.parametrize(("changed", "expected"), [(20, False), (21, True)])
def test_the_bound_is_two_in_a_hundred_han_characters(changed: int, expected: bool) -> None:
    """Up to 2 % of the Han characters may be traditional; Latin text does not count."""
    text = "開" * changed + "文" * (1000 - changed) + "abc 123 " * 500
    assert is_traditional(text) is expected
