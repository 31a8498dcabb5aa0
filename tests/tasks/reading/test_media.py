"""What telling a file's type by its bytes promises."""

from __future__ import annotations

import random
import time
import zipfile
from io import BytesIO

import pytest

from tasks.reading.media import DOC, DOCX, ENCRYPTED, OFD, OLE, XLS, XLSX, ZIP, tell_media_type
from tasks.reading.ole import refuse_encrypted
from tasks.reading.report import UnreadableError
from tasks.sample.compound import pack_compound
from tasks.sample.ofd import pack_ofd
from tasks.sample.office import pack_docx, pack_xlsx, pack_zip
from tasks.sample.word97 import Stretch, pack_doc

PAGE = "<!DOCTYPE html><html><head><title>年度报告</title></head><body><p>公开</p></body></html>"


def change_type(content: bytes, kind: str, family: str = "wordprocessingml") -> bytes:
    """Change the type of the main part that a Word file claims."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    types = "[Content_Types].xml"
    changed = parts[types].replace("wordprocessingml.document.main", f"{family}.{kind}")
    return pack_zip(parts | {types: changed})


TEXT = "上犹县2022年政府信息公开工作年度报告\n一、总体情况\n新收申请 12 件，a < b。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(PAGE, "text/html", id="page"),
        pytest.param("<!-- saved\n -->\n <p align=center>报告</p>", "text/html", id="fragment"),
        pytest.param("报告正文\n<table border=1><tr><td>一", "text/html", id="table-in-text"),
        pytest.param("<?xml version='1.0'?>\n" + PAGE, "text/html", id="xhtml"),
        pytest.param("<?xml version='1.0'?><报告/>", "application/xml", id="xml"),
        pytest.param(TEXT, "text/plain", id="text"),
    ],
)
def test_text_is_told_in_every_encoding(text: str, expected: str, encoding: str) -> None:
    """Pages and texts are told apart in whatever encoding they come."""
    assert tell_media_type(text.encode(encoding)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", "application/x-empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf\n%PDF-1.7\n\x00\x01", "application/pdf", id="pdf"),
        pytest.param(bytes.fromhex("d0cf11e0a1b11ae10000"), "application/x-ole-storage", id="ole"),
        pytest.param(b"PK\x03\x04\x14\0<html>", "application/zip", id="zip"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg", id="jpeg"),
        pytest.param(random.Random(3).randbytes(3000), "application/octet-stream", id="random"),
        pytest.param(b"\x7fELF\x02\x01\x01" + bytes(200), "application/octet-stream", id="elf"),
    ],
)
def test_binary_files_are_told_by_content(content: bytes, expected: str) -> None:
    """A binary file is told by its signature, or is unknown; never taken for text."""
    assert tell_media_type(content) == expected


def test_many_comments_cost_no_time() -> None:
    """A head of nothing but comments is told at once: the pattern does not try their splits."""
    start = time.process_time()
    assert tell_media_type(b"<!-- -->" * 5000 + b"x") == "text/plain"
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(pack_docx(""), DOCX, id="docx"),
        pytest.param(change_type(pack_docx(""), "template.main"), DOCX, id="docx-template"),
        pytest.param(
            change_type(pack_docx(""), "document.macroEnabled.main", "ms-word"),
            DOCX,
            id="docx-with-macros",
        ),
        pytest.param(pack_xlsx([]), XLSX, id="xlsx"),
        pytest.param(pack_ofd("", 9), OFD, id="ofd"),
        pytest.param(pack_zip({"a.docx": "x"}), ZIP, id="zip"),
        pytest.param(pack_zip({"a.docx": "x"})[:40], ZIP, id="zip-cut-off"),
        pytest.param(
            pack_zip({"mimetype": "application/vnd.oasis.opendocument.text"}),
            "application/vnd.oasis.opendocument.text",
            id="odt",
        ),
        pytest.param(pack_zip({"mimetype": "text/html"}), ZIP, id="zip-with-a-claim"),
        pytest.param(pack_doc([Stretch("x\r")]), DOC, id="doc-or-wps"),
        pytest.param(pack_compound({"Workbook": b""}), XLS, id="xls"),
        pytest.param(
            pack_compound({"EncryptedPackage": b"", "EncryptionInfo": b""}), ENCRYPTED, id="locked"
        ),
        pytest.param(pack_compound({"Contents": b""}), OLE, id="other-compound-file"),
        pytest.param(pack_doc([Stretch("x\r")])[:700], OLE, id="compound-file-cut-off"),
    ],
)
def test_office_files_are_told_by_what_their_container_holds(content: bytes, expected: str) -> None:
    """Neither a suffix nor a claim counts, only the parts inside."""
    assert tell_media_type(content) == expected


def test_a_locked_office_file_is_refused_as_encrypted() -> None:
    """The reason names the password, not a damage."""
    with pytest.raises(UnreadableError) as refused:
        refuse_encrypted(pack_compound({"EncryptedPackage": b""}))
    assert refused.value.code == "encrypted"
