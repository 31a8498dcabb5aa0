"""One report in every format: what is printed is the same, how it is written is the look's."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO

from tasks.sample.grids import Rows
from tasks.sample.look import Look
from tasks.sample.ofd import write_ofd
from tasks.sample.office import write_docx, write_xlsx
from tasks.sample.pdf import write_pdf
from tasks.sample.render import PLAIN_TEXT, Part, arrange_parts, encode_page, render_tables
from tasks.sample.spec import Spec
from tasks.sample.word97 import write_doc
from tasks.sample.xls import write_xls

Printed = tuple[Spec, dict[str, list[Rows]]]
_ENDING = re.compile(r"</body>\s*</html>\s*$")
PAGES = ("html", "text")
FILES: dict[str, Callable[[Sequence[Part], Look], bytes]] = {
    "docx": lambda parts, look: write_docx(parts, is_nested=look.is_nested),
    "doc": lambda parts, _: write_doc(parts),
    "xlsx": lambda parts, _: write_xlsx(parts),
    "xls": lambda parts, _: write_xls(parts),
    "ofd": lambda parts, _: write_ofd(parts),
    "pdf": lambda parts, look: write_pdf(
        parts, page=look.paper, cuts_rows=look.cuts_rows, is_closed=look.is_closed
    ),
}
FORMATS = (*PAGES, *FILES)


def render_report(name: str, reports: Sequence[Printed], look: Look) -> bytes:
    """Render a report in one of `FORMATS`, several one behind the other as one file."""
    if name in PAGES:
        return encode_page(render_page(name, reports, look), look)
    parts = [
        part
        for spec, tables in reports
        for part in (Part("title", spec.title), *arrange_parts(spec, tables, look))
    ]
    return FILES[name](parts, look)


def render_page(name: str, reports: Sequence[Printed], look: Look) -> str:
    """Render a page (`html`) or flattened text (`text`) before it is encoded."""
    look = look if name == "html" else replace(look, template=PLAIN_TEXT)
    *others, last = [render_tables(spec, tables, look) for spec, tables in reports]
    return "".join([*(_ENDING.sub("", page) for page in others), last])


def pack_named(content: bytes, name: bytes) -> bytes:
    """Pack one file as an archive under a raw name without a mark for UTF-8, as in China."""
    packed = BytesIO()
    holder = "x" * len(name)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(holder), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue().replace(holder.encode(), name)
