"""What the readers of office files promise for any bytes at all."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reading.document import Document
from tasks.reading.docx import read_docx
from tasks.reading.media import tell_media_type
from tasks.reading.ofd import read_ofd
from tasks.reading.report import UnreadableError
from tasks.reading.word97 import read_word97
from tasks.reading.xls import read_xls
from tasks.reading.xlsx import read_xlsx
from tasks.reading.zipped import list_members
from tasks.sample.compound import pack_compound
from tasks.sample.grids import Slot
from tasks.sample.ofd import pack_ofd
from tasks.sample.office import PlacedSlot, pack_docx, pack_xlsx, place_slots
from tasks.sample.word97 import Stretch, pack_doc, write_table

ROWS = [[Slot("甲", 2), Slot("乙", 1, 2)], [Slot("1"), Slot("2")]]
LINE = "公开" * 30
BIFF = (
    b"\x09\x08\x10\x00\x00\x06\x05\x00\xbb\x0d\xcc\x07" + bytes(8)
    + b"\x85\x00\x0a\x00\x26\x00\x00\x00\x00\x00\x01\x01\x68\x88" + b"\x0a\x00\x00\x00"
    + b"\x09\x08\x10\x00\x00\x06\x10\x00\xbb\x0d\xcc\x07" + bytes(8)
    + b"\x03\x02\x0e\x00\x01\x00\x01\x00\x00\x00" + bytes(6) + b"\x28\x40"
    + b"\xe5\x00\x0a\x00\x01\x00\x01\x00\x02\x00\x01\x00\x02\x00" + b"\x0a\x00\x00\x00"
)  # fmt: skip
DOCX = pack_docx(
    '<w:p><w:r><w:t>1</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/>'
    "<w:vMerge/></w:tcPr><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>"
)
OFD = pack_ofd(
    f'<ofd:TextObject Boundary="9 9 99 9" CTM="1 0 0 1 0 0" Size="3"><ofd:TextCode X="0" Y="3" '
    f'DeltaX="g 59 3">{LINE}</ofd:TextCode></ofd:TextObject><ofd:PathObject Boundary="9 9 9 9">'
    "<ofd:AbbreviatedData>M 0 0 L 9 0 L 9 9 L 0 9 C M 4 0 L 4 9</ofd:AbbreviatedData>"
    "</ofd:PathObject>",
    297,
)
FILES: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "docx": (read_docx, DOCX),
    "doc": (
        read_word97,
        pack_doc(
            [Stretch("\x13a\x14b\x15\r"), *write_table(ROWS)], [Stretch("b", b"\x00\x08\x01")]
        ),
    ),
    "xlsx": (read_xlsx, pack_xlsx(place_slots(ROWS))),
    "xls": (read_xls, pack_compound({"Workbook": BIFF})),
    "ofd": (read_ofd, OFD),
    "zip": (list_members, pack_xlsx([PlacedSlot(0, 0, Slot("1"))])),
}
EDITS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["put", "cut", "repeat"]),
        st.one_of(
            st.binary(min_size=1, max_size=4),
            st.sampled_from([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\x7f", b"-1", b"99999999"]),
        ),
    ),
    min_size=1,
    max_size=5,
)


def mutate(content: bytes, edits: list[tuple[float, str, bytes]]) -> bytes:
    """Overwrite, cut out or repeat some bytes."""
    for place, kind, part in edits:
        at = int(place * len(content))
        if kind == "put":
            content = content[:at] + part + content[at + len(part) :]
        elif kind == "cut":
            content = content[:at] + content[at + 64 * len(part) :]
        else:
            content = content[:at] + content[at : at + 64] * len(part) + content[at:]
    return content


def mutate_inside(content: bytes, edits: list[tuple[float, str, bytes]]) -> bytes:
    """Change the parts of an archive and pack them anew with right sums; else the bytes."""
    if not content.startswith(b"PK"):
        return mutate(content, edits)
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as archive, zipfile.ZipFile(packed, "w") as changed:
        names = archive.namelist()
        for number, name in enumerate(names):
            mine = [edit for edit in edits if int(edit[0] * 997) % len(names) == number]
            changed.writestr(name, mutate(archive.read(name), mine))
    return packed.getvalue()


def read_or_refuse(read: Callable[[bytes], object], content: bytes) -> None:
    """Read a file: a document, or a reason; nothing else may come out, and soon."""
    start = time.process_time()
    tell_media_type(content)
    try:
        read(content)
    except UnreadableError as error:
        assert error.code
        assert error.message
    assert time.process_time() - start < 5


@pytest.mark.parametrize("name", FILES)
def test_the_file_itself_is_read(name: str) -> None:
    """The files that are changed below are whole before."""
    read, content = FILES[name]
    document = read(content)
    assert not isinstance(document, Document) or document.blocks


@pytest.mark.parametrize("name", FILES)
@given(edits=EDITS)
@settings(max_examples=60, deadline=None)
def test_a_changed_file_is_read_or_refused(
    name: str, edits: list[tuple[float, str, bytes]]
) -> None:
    """Whatever is changed in a file, it gives a document or a reason."""
    read, content = FILES[name]
    read_or_refuse(read, mutate(content, edits))
    read_or_refuse(read, mutate_inside(content, edits))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
@given(edits=EDITS)
@settings(max_examples=3000, deadline=None)
def test_many_changed_files_are_read_or_refused(
    name: str, edits: list[tuple[float, str, bytes]]
) -> None:
    """The same, many more times."""
    read, content = FILES[name]
    read_or_refuse(read, mutate(content, edits))
    read_or_refuse(read, mutate_inside(content, edits))
