"""What decoding promises about the encodings of Chinese pages."""

from __future__ import annotations

import random

import pytest

from tasks.reading.decoding import decode
from tasks.reading.report import UnreadableError

SIMPLIFIED = "上犹县2022年政府信息公开工作年度报告，本年新收政府信息公开申请数量，㙍头村、朱镕"
TRADITIONAL = "上猶縣2022年政府信息公開工作年度報告，本年新收政府信息公開申請數量，結轉下年度"


def render(text: str, meta: str = "") -> str:
    """Wrap a text as a page."""
    return f"<html><head>{meta}<title>x</title></head><body><p class='a'>{text}</p></body></html>"


@pytest.mark.parametrize("meta", ["", "<meta charset=gb2312>", '<meta charset="utf-8">'])
@pytest.mark.parametrize("declared", [None, "utf-8", "gb2312", "big5", "ISO-8859-1", "x-none"])
@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        pytest.param("utf-8", SIMPLIFIED, id="utf-8"),
        pytest.param("utf-8-sig", SIMPLIFIED, id="utf-8-mark"),
        pytest.param("gb18030", SIMPLIFIED, id="gb18030"),
        pytest.param("gb18030", TRADITIONAL, id="gb18030-traditional"),
        pytest.param("big5hkscs", TRADITIONAL, id="big5"),
        pytest.param("utf-16", SIMPLIFIED, id="utf-16-mark"),
        pytest.param("utf-16-le", SIMPLIFIED, id="utf-16-le"),
        pytest.param("utf-16-be", SIMPLIFIED, id="utf-16-be"),
    ],
)
def test_a_page_is_read_whatever_it_declares(
    encoding: str, text: str, declared: str | None, meta: str
) -> None:
    """A page is decoded rightly even where header and meta element lie."""
    page = render(text, meta)
    assert decode(page.encode(encoding), declared) == page


def test_characters_beyond_gb2312_survive_its_declaration() -> None:
    """A page declared as gb2312 keeps the characters that only GB18030 holds."""
    page = render(SIMPLIFIED + "犇㙍镕𬭊", "<meta charset=gb2312>")
    assert decode(page.encode("gb18030"), "gb2312") == page


def test_minority_scripts_are_no_reason_to_refuse() -> None:
    """Valid UTF-8 without a common Chinese character is still UTF-8."""
    page = render("བོད་ལྗོངས་རང་སྐྱོང་ལྗོངས")
    assert decode(page.encode()) == page


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_cut_off_character_shows(encoding: str) -> None:
    """A page that ends within a character is read up to there, and the loss is visible."""
    content = (render(SIMPLIFIED) + SIMPLIFIED).encode(encoding)
    text = decode(content[:-1])
    assert text.startswith(render(SIMPLIFIED))
    assert text.endswith("\ufffd")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_little_damage_is_tolerated(encoding: str) -> None:
    """One broken byte in some thousands costs one character, not the page."""
    page = render(SIMPLIFIED * 60)
    content = page.encode(encoding).replace(b"</p>", b"\xff</p>")
    text = decode(content)
    assert text.replace("\ufffd", "") == page


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(random.Random(5).randbytes(4000), id="random"),
        pytest.param(bytes(range(32)) * 50, id="controls"),
        pytest.param(SIMPLIFIED.encode() + b"\xff\xfe\xfd" * 40, id="much-damage"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes) -> None:
    """Bytes that are text in no encoding raise, with a stable code and the candidates."""
    with pytest.raises(UnreadableError, match="gb18030") as caught:
        decode(content)
    assert caught.value.code == "encoding_unknown"


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_an_encoding_beyond_the_ladder_is_guessed_last(encoding: str) -> None:
    """What no claim and no rung of the ladder reads is read by its statistics, if it is Chinese."""
    page = render(SIMPLIFIED)
    assert decode(page.encode(encoding)) == page


def test_nothing_is_an_empty_text() -> None:
    """No bytes give no text."""
    assert decode(b"") == ""
