"""What unpacking archives of files promises."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from tasks.reading.report import UnreadableError
from tasks.reading.zipped import MAX_FILES, list_members
from tasks.sample.office import pack_docx


def pack(*members: tuple[bytes, bytes]) -> bytes:
    """Pack members under raw names, without the mark for UTF-8, as old systems write them."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, (_, part) in enumerate(members):
            archive.writestr(f"{number:x>{len(members[number][0])}}", part)
    content = packed.getvalue()
    for number, (name, _) in enumerate(members):
        content = content.replace(f"{number:x>{len(name)}}".encode(), name)
    return content


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8"])
def test_names_are_read_in_the_encodings_of_china(encoding: str) -> None:
    """A name without a mark is told by its bytes."""
    name = "上犹县2022年年报.doc"
    assert list_members(pack((name.encode(encoding), b"text"))) == [(name, b"text")]


def test_a_name_marked_as_utf_8_is_one() -> None:
    """The mark of newer systems counts."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("年报.txt", b"text")
    assert list_members(packed.getvalue()) == [("年报.txt", b"text")]


def test_members_come_one_by_one_and_inner_archives_unpacked() -> None:
    """Office files, archives in their form, stay whole; litter and folders are left out."""
    office = pack_docx("<w:p/>")
    inner = pack((b"b.txt", b"two"), (b"c.docx", office))
    content = pack((b"aa.txt", b"one"), (b"inner.zip", inner), (b"__MACOSX/._a.txt", b"x"))
    assert list_members(content) == [
        ("aa.txt", b"one"),
        ("inner.zip/b.txt", b"two"),
        ("inner.zip/c.docx", office),
    ]


def test_locked_members_are_named() -> None:
    """The reason says which files a password locks."""
    content = bytearray(pack((b"locked.doc", b"x"), (b"open.doc.", b"y")))
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableError, match=r"locked\.doc$") as refused:
        list_members(bytes(content))
    assert refused.value.code == "encrypted"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(pack((b"1.zip", pack((b"2.zip", pack((b"a", b"x")))))), id="deep"),
        pytest.param(pack(*[(b"f%04d" % n, b"x") for n in range(MAX_FILES + 1)]), id="many"),
        pytest.param(
            pack(*[(b"%d.zip" % n, pack((b"a", bytes(15 << 20)))) for n in range(3)] * 3),
            id="large",
        ),
    ],
)
def test_an_archive_too_large_inside_is_refused(content: bytes) -> None:
    """Depth, count and bytes are bounded over all inner archives together."""
    with pytest.raises(UnreadableError) as refused:
        list_members(content)
    assert refused.value.code == "too_large_inside"
