"""Promises of the conversion of traditional characters."""

from __future__ import annotations

import pytest
from opencc import OpenCC

from tasks.reading.document import Document, Grid, GridCell, TextBlock
from tasks.reading.read import read_document
from tasks.reading.script import is_traditional, to_simplified
from tasks.reading.simplifying import simplify

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


def test_files_are_converted_as_pages_are() -> None:
    """Whatever the format, text, tables and stream are in simplified characters, and it is told."""

    def write(script: str) -> Document:
        text = OpenCC(script).convert(SIMPLIFIED)
        cell = GridCell(text, "table[1]/tr[1]/td[1]", 0, 0)
        return Document("x", text, (TextBlock(text, "p[1]"), Grid(((cell,),))), {"a": text}, text)

    found = simplify(write("s2t"))
    plain = write("t2s")
    assert (found.title, found.blocks, found.facts, found.stream, found.script) == (
        *(plain.title, plain.blocks, plain.facts, plain.stream),
        "traditional",
    )
    assert simplify(plain) is plain
    assert plain.script == "simplified"


@pytest.mark.parametrize(("to", "script"), [("s2t", "traditional"), ("t2s", "simplified")])
def test_pages_tell_their_script(to: str, script: str) -> None:
    """A page in traditional characters says so, and its text is in simplified ones."""
    page = f"<html><body><p>{OpenCC(to).convert(SIMPLIFIED)}</p></body></html>"
    document = read_document(page.encode())
    assert (document.script, document.text) == (script, SIMPLIFIED)
