"""What opening archives and the XML in them promises: no bomb, entity or broken sum passes."""

from __future__ import annotations

import time
import zipfile
from io import BytesIO

import pytest

from tasks.reading.container import MAX_MEMBERS, MAX_XML_BYTES, Archive, parse_xml
from tasks.reading.report import UnreadableError
from tasks.sample.office import pack_zip

MEBIBYTE = 1024 * 1024
LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))


def pack_bytes(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack bytes as an archive."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def expect_refusal(content: bytes, code: str) -> None:
    """Check that opening an archive and reading all of it is refused."""
    with pytest.raises(UnreadableError) as refused:
        archive = Archive(content)
        for name in archive.by_name:
            archive.read(name)
    assert refused.value.code == code


def lock(content: bytes) -> bytes:
    """Mark every member of an archive as encrypted."""
    marked = bytearray(content)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = marked.find(signature)
        while place >= 0:
            marked[place + at] |= 1
            place = marked.find(signature, place + 4)
    return bytes(marked)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "damaged_file", id="empty"),
        pytest.param(pack_zip({"a": "1" * 999})[:60], "damaged_file", id="truncated"),
        pytest.param(
            pack_bytes({"a": b"one"}, zipfile.ZIP_STORED).replace(b"one", b"two"),
            "damaged_file",
            id="wrong-sum",
        ),
        pytest.param(
            pack_bytes({"a": b"1"}, zipfile.ZIP_LZMA), "damaged_file", id="method-not-in-use"
        ),
        pytest.param(lock(pack_zip({"a": "1"})), "encrypted", id="encrypted"),
        pytest.param(
            pack_bytes({str(n): bytes(40 * MEBIBYTE) for n in range(4)}),
            "too_large_inside",
            id="bomb",
        ),
        pytest.param(
            pack_zip({str(n): "" for n in range(MAX_MEMBERS + 1)}),
            "too_large_inside",
            id="many-members",
        ),
    ],
)
def test_a_hostile_archive_is_refused(content: bytes, code: str) -> None:
    """Damage, locks and bombs come out as reasons, in bounded time."""
    start = time.process_time()
    expect_refusal(content, code)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"<a>", "damaged_file", id="open"),
        pytest.param(b"", "damaged_file", id="empty"),
        pytest.param(
            f"<!DOCTYPE a [<!ENTITY l0 'ha'>{LAUGHS}]><a>&l9;</a>".encode(),
            "damaged_file",
            id="laughs",
        ),
        pytest.param(
            f"<!DOCTYPE a [<!ENTITY l0 'ha'>{LAUGHS}]><a b='&l9;'/>".encode(),
            "damaged_file",
            id="laughs-in-attribute",
        ),
        pytest.param(
            b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
            "damaged_file",
            id="external-entity",
        ),
        pytest.param(
            b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a/>",
            "damaged_file",
            id="external-type",
        ),
        pytest.param(b"<a>" * 100_000, "damaged_file", id="deep"),
        pytest.param(b"<a>" + b" " * MAX_XML_BYTES + b"</a>", "too_large_inside", id="large"),
    ],
)
def test_hostile_xml_is_refused(content: bytes, code: str) -> None:
    """Nothing is expanded and nothing fetched."""
    start = time.process_time()
    with pytest.raises(UnreadableError) as refused:
        parse_xml(content, "part.xml")
    assert refused.value.code == code
    assert time.process_time() - start < 2
