"""What reading promises of files made to break it: a report or a reason, soon, nothing else."""

from __future__ import annotations

import socket
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from storage.reference.gazetteer import load_gazetteer
from tasks.reading.batch import Origin, read_batch
from tasks.reading.read import read_document, read_report
from tasks.reading.report import UnreadableError
from tasks.sample.compound import pack_compound
from tasks.sample.ofd import pack_ofd
from tasks.sample.office import pack_docx, pack_zip, render_xlsx
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

SPEC = next(page.spec for page in plan_site() if page.verdict == "valid")
PAGE = render_html(SPEC, "standard").decode()
ROW = "<table><tr><td>行政许可</td><td>1</td></tr></table>"
HEAD = "".join(f"{label} " for label in ("自然人", "商业企业", "科研机构", "社会公益组织", "总计"))
LONG = ("a page of lines 200 times",)
SECONDS = 20.0  # of this process; each case takes a tenth of it


def pack(parts: dict[str, bytes]) -> bytes:
    """Pack bytes as an archive."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def nest(count: int) -> bytes:
    """Pack an archive in an archive, and so on."""
    content = b"text"
    for _ in range(count):
        content = pack({"a.zip": content})
    return content


def overlap(count: int, size: int) -> bytes:
    """Pack one member and list it many times: a bomb without an archive inside."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(bytes(size)) + packer.flush()
    facts = (0, 8, 0, 0, zlib.crc32(bytes(size)), len(body), size, 5)
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, *facts, 0) + b"a.txt" + body
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, *facts, *[0] * 6) + b"a.txt"
    end = struct.pack(
        "<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(entry) * count, len(local), 0
    )
    return local + entry * count + end


def write_pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """Write numbered objects as a PDF whose first one is the catalog."""
    content, places = b"%PDF-1.7\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return content + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R %s>>\n"
        b"startxref\n%d\n%%%%EOF\n"
        % (len(places) + 1, table, len(places) + 1, trailer, len(content))
    )


CATALOG = b"<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>"
BLANK_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
OUTLINE = b"<< /First 4 0 R /Next 4 0 R /Last 4 0 R >>"


def list_pages(kids: bytes, count: int) -> bytes:
    """Write the root of a tree of pages."""
    return b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)


def write_locked_pdf() -> bytes:
    """Write a PDF that a password locks."""
    lock = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"41" * 32, b"42" * 32)
    objects = [CATALOG.replace(b"/Outlines 4 0 R ", b""), list_pages(b"3 0 R", 1), BLANK_PAGE, lock]
    return write_pdf(objects, b"/Encrypt 4 0 R /ID [<41><41>] ")


def write_same_lines() -> bytes:
    """Write a PDF whose one page of lines stands in it 200 times."""
    lines = b"0 0 m 9 9 l S " * 3000
    page = BLANK_PAGE.replace(b" >>", b" /Contents 4 0 R >>")
    stream = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(lines), lines)
    return write_pdf([CATALOG, list_pages(b"3 0 R " * 200, 200), page, stream])


def loop_directory() -> bytes:
    """Give a Word file whose directory of streams leads back into itself."""
    content = bytearray(pack_compound({"WordDocument": bytes(9000), "1Table": bytes(5000)}))
    start = 512 * (struct.unpack_from("<I", content, 48)[0] + 1)
    for entry in range(4):
        struct.pack_into("<III", content, start + 128 * entry + 68, entry, entry, entry)
    return bytes(content)


def loop_sectors() -> bytes:
    """Give a Word file whose every sector is followed by the first."""
    content = bytearray(pack_compound({"WordDocument": bytes(9000), "1Table": bytes(5000)}))
    start = 512 * (struct.unpack_from("<I", content, 76)[0] + 1)
    struct.pack_into("<128I", content, start, *[0] * 128)
    return bytes(content)


BOX = "<w:p><w:r><w:pict><w:txbxContent>", "</w:txbxContent></w:pict></w:r></w:p>"
CELL = "<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty_file"),
    "elements in each other": (lambda: b"<html><body>" + b"<div>" * 100_000, "nesting_too_deep"),
    "tables in each other": (
        lambda: b"<html><body>" + b"<table><tr><td>" * 100_000,
        "nesting_too_deep",
    ),
    "attributes": (
        lambda: b"<html><table><tr><td %s>" % b" ".join(b"a%d=1" % n for n in range(100_000)),
        "too_complex",
    ),
    "10,000 tables behind": (lambda: (PAGE + ROW * 10_000).encode(), "read"),
    "10,000 tables before": (
        lambda: PAGE.replace("<body>", "<body>" + ROW * 10_000).encode(),
        "cells_unreadable",
    ),
    "a row of 100,000 cells": (
        lambda: b"<html><table><tr>" + b"<td>0" * 100_000,
        "not_a_report",
    ),
    "spans over columns": (
        lambda: PAGE.replace("<td", "<td colspan=1000000000").encode(),
        "cells_unreadable",
    ),
    "spans over rows": (
        lambda: b"<html><table>" + (b"<tr>" + b"<td rowspan=999999999>0" * 90) * 500,
        "not_a_report",
    ),
    "a figure of a million digits": (
        lambda: PAGE.replace(">0<", f">{'9' * 1_000_000}<", 1).encode(),
        "cells_unreadable",
    ),
    "null bytes": (lambda: PAGE.replace("0", "\0" * 9).encode(), "media_type_unsupported"),
    "UTF-32": (lambda: PAGE.encode("utf-32"), "read"),
    "a line without end": (lambda: ("政府信息公开2022" + "1" * 3_000_000).encode(), "not_a_report"),
    "half titles": (lambda: ("2022年政府" * 200_000).encode(), "not_a_report"),
    "half titles in lines": (
        lambda: (("某" * 39 + "2022年" + "某" * 39 + "\n") * 9_000).encode(),
        "not_a_report",
    ),
    "labels without end": (lambda: (HEAD * 20_000).encode(), "not_a_report"),
    "a sentence without end": (
        lambda: PAGE.replace(
            "<body>", f"<body><p>{'2022年收到政府信息公开申请12件，上年结转3件，' * 1_000}"
        ).encode(),
        "read",
    ),
    "text boxes in each other": (
        lambda: pack_docx(BOX[0] * 60 + "<w:p/>" + BOX[1] * 60),
        "not_a_report",
    ),
    "Word tables in each other": (
        lambda: pack_docx(CELL[0] * 80 + "<w:p/>" + CELL[1] * 80),
        "not_a_report",
    ),
    "Word elements in each other": (
        lambda: pack_docx(CELL[0] * 9_000 + "<w:p/>" + CELL[1] * 9_000),
        "damaged_file",
    ),
    "archives in each other": (lambda: nest(30), "too_large_inside"),
    "an archive listing one file 1,900 times": (
        lambda: overlap(1_900, 16_000_000),
        "too_large_inside",
    ),
    "an archive of zeros": (
        lambda: pack({str(n): bytes(9_000_000) for n in range(3)}),
        "too_large_inside",
    ),
    "pages that hold each other": (
        lambda: write_pdf([CATALOG, list_pages(b"3 0 R", 250), list_pages(b"2 0 R 2 0 R", 250)]),
        "damaged_file",
    ),
    "a million pages": (
        lambda: write_pdf([CATALOG, list_pages(b"2 0 R 2 0 R", 1_000_000)]),
        "too_many_pages",
    ),
    "5,000 pages": (
        lambda: write_pdf([CATALOG, list_pages(b"3 0 R " * 5_000, 5_000), BLANK_PAGE]),
        "too_many_pages",
    ),
    "an outline that leads to itself": (
        lambda: write_pdf([CATALOG, list_pages(b"3 0 R", 1), BLANK_PAGE, OUTLINE]),
        "scanned_no_text",
    ),
    "a page of lines 200 times": (write_same_lines, "too_complex"),
    "a locked PDF": (write_locked_pdf, "encrypted"),
    "a locked office file": (lambda: pack_compound({"EncryptedPackage": b"x"}), "encrypted"),
    "a directory that leads to itself": (loop_directory, "media_type_unsupported"),
    "sectors that lead to themselves": (loop_sectors, "media_type_unsupported"),
    "numbers without end in OFD": (
        lambda: pack_ofd(
            '<ofd:TextObject Boundary="nan inf 1e400 -1e400" Size="1e308"><ofd:TextCode X="nan" '
            'Y="inf" DeltaX="1e400 nan">公开</ofd:TextCode></ofd:TextObject>',
            297,
        ),
        "scanned_no_text",
    ),
}


def read_outcomes(content: bytes) -> set[str]:
    """Read a file as a run does; give what became of it."""
    origin = Origin("x", "x", "x", "x", datetime.now(UTC))
    return set(read_batch([(origin, content)]).documents["outcome"])


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in HOSTILE],
)
def test_a_hostile_file_is_read_or_refused_in_time(name: str) -> None:
    """What is built to use up time or memory ends as a reading or with its own reason."""
    build, outcome = HOSTILE[name]
    content = build()
    start = time.process_time()
    outcomes = read_outcomes(content)
    assert time.process_time() - start < SECONDS
    assert outcome in outcomes
    assert "failed" not in outcomes


@pytest.mark.parametrize("suffix", ["utf-16-le", "utf-16-be", "utf-16", "gb18030"])
def test_a_page_without_a_mark_of_its_encoding_is_read(suffix: str) -> None:
    """UTF-16 without a byte order mark and GB 18030 without a claim give every cell."""
    page = PAGE.replace("utf-8", "x").encode(suffix, "replace")
    assert {cell.status for cell in read_report(page, load_gazetteer()).cells} == {"read"}


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("1\u200b2", 12),
        ("\ufeff12", 12),
        ("\u202e21", None),
        ("2\u202e1", None),
        ("1\u03052", None),
        ("²", None),
        ("٣", None),
        ("1e9", None),
        ("0x10", None),
        ("12\0", 12),
    ],
)
def test_signs_that_are_not_seen_make_no_figure(printed: str, value: int | None) -> None:
    """Writing to the right, raised and foreign digits are no figures; zero-width signs are none."""
    cell = f">{printed}<"
    before, label, behind = PAGE.rpartition("行政许可")
    figure = f">{SPEC.figures['t2.licences.decisions']}<"
    assert figure in behind
    page = before + label + behind.replace(figure, cell, 1)
    reading = next(
        cell
        for cell in read_report(page.encode(), load_gazetteer()).cells
        if cell.cell == "t2.licences.decisions"
    )
    assert reading.value == value


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listen on loopback; who calls, stands in the queue."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def write_doctype(address: str) -> str:
    """Write a document type that names a file by entity, by parameter entity and as itself."""
    return (
        f'<?xml version="1.0"?><!DOCTYPE r SYSTEM "{address}" [<!ENTITY e SYSTEM "{address}">'
        f'<!ENTITY % p SYSTEM "{address}"> %p;]>'
    )


def plant(kind: str, address: str) -> bytes:
    """Write a document of a kind that asks for an address in every way it has."""
    head = write_doctype(address)
    if kind == "html":
        return (
            head + f"<html><head><link rel=stylesheet href='{address}'><script src='{address}'>"
            f"</script></head><body>&e;<img src='{address}'><iframe src='{address}'></iframe>"
            + PAGE
        ).encode()
    if kind == "xml":
        return f"{head}<r>&e;</r>".encode()
    packed = {"docx": pack_docx("<w:p/>"), "ofd": pack_ofd("", 297), "xlsx": render_xlsx(SPEC)}
    with zipfile.ZipFile(BytesIO(packed[kind])) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    return pack_zip(
        {
            name: text if name == "[Content_Types].xml" else head + text.replace("><", ">&e;<", 1)
            for name, text in parts.items()
        }
    )


@pytest.mark.parametrize("kind", ["html", "xml", "docx", "xlsx", "ofd"])
def test_nothing_that_a_document_names_is_opened(
    kind: str, tmp_path: Path, listener: socket.socket
) -> None:
    """Neither a file nor an address named by entities, styles or pictures is looked at."""
    secret = tmp_path / "secret.txt"
    secret.write_text("314159265")
    for address in (secret.as_uri(), f"http://127.0.0.1:{listener.getsockname()[1]}/a"):
        try:
            document = read_document(plant(kind, address))
        except UnreadableError as error:
            assert "314159265" not in error.message
        else:
            assert "314159265" not in str(document)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_the_listener_would_notice(listener: socket.socket) -> None:
    """Who does call, is seen."""
    socket.create_connection(listener.getsockname()).close()
    listener.accept()[0].close()
