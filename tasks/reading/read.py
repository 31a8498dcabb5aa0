"""From bytes to a report: decode, split into grids and text, match an edition, identify."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from expectations.form import load_forms
from storage.reference.gazetteer import Gazetteer
from tasks.reading import identity, media
from tasks.reading.contradicted import withdraw_contradicted
from tasks.reading.decoding import decode, encode_utf8
from tasks.reading.document import Document
from tasks.reading.docx import read_docx
from tasks.reading.html import read_html
from tasks.reading.labels import choose_most, index_labels, tell_edition_by_signs
from tasks.reading.legacy import read_legacy_rows
from tasks.reading.match import Matching, match_grids
from tasks.reading.ocr import read_picture
from tasks.reading.ofd import read_ofd
from tasks.reading.ole import refuse_encrypted
from tasks.reading.pdf import read_pdf
from tasks.reading.printed import compare_labels
from tasks.reading.region import resolve_region
from tasks.reading.report import (
    CellReading,
    LegacyRow,
    Place,
    PrintedLabel,
    Report,
    UnreadableError,
)
from tasks.reading.script import to_simplified
from tasks.reading.settle import settle_readings
from tasks.reading.several import find_later, refuse_several
from tasks.reading.simplifying import TRADITIONAL, is_printed_traditional, simplify
from tasks.reading.stream import flatten, match_stream
from tasks.reading.text import read_text
from tasks.reading.word97 import read_word97
from tasks.reading.words import fold_label, load_patterns
from tasks.reading.xls import read_xls
from tasks.reading.xlsx import read_xlsx

FILE_READERS = {
    media.DOCX: read_docx,
    media.DOC: read_word97,
    media.XLSX: read_xlsx,
    media.XLS: read_xls,
    media.OFD: read_ofd,
    media.PDF: read_pdf,
    media.ENCRYPTED: refuse_encrypted,
}
NOWHERE = Place()
MIN_PARTS = 2  # headings of the form's six parts that make a page a report


class TableReading(NamedTuple):
    """What the tables gave: every cell, what kept some from being read, and odd labels."""

    cells: tuple[CellReading, ...]
    problem: str | None
    labels: tuple[PrintedLabel, ...] = ()


def read_document(content: bytes) -> Document:
    """Read bytes into a document, in simplified characters.

    The bytes alone decide on type and encoding, never a name or a header: what is read again
    from the archive gives the same.

    Raises:
        UnreadableError: `empty_file`, `media_type_unsupported` or `encoding_unknown`.
    """
    media_type = media.tell_media_type(content)
    if media_type == media.EMPTY:
        raise UnreadableError("empty_file", "expected a report, found a file of 0 bytes")
    if media_type in FILE_READERS:
        return simplify(FILE_READERS[media_type](content))
    if media_type in media.PICTURES:
        return simplify(read_picture(content, media_type))
    if media_type not in ("text/html", "text/plain"):
        raise UnreadableError(
            "media_type_unsupported",
            "expected a web page, text, PDF, OFD, Word or Excel file, or a picture, found "
            f"{media_type} by its content; save the report as one of these",
        )
    is_page = media_type == "text/html"
    document = read_html(encode_utf8(content)) if is_page else read_text(decode(content))
    if not is_printed_traditional(document):
        return document
    simplified = (read_html if is_page else read_text)(to_simplified(decode(content)))
    return replace(simplified, script=TRADITIONAL)


def read_report(
    content: bytes, gazetteer: Gazetteer, page: Document | None = None, place: Place = NOWHERE
) -> Report:
    """Read one source into a report with every cell of its edition.

    What is attached to a `page` is published with it. Where it prints the form without a
    title, the title and running text are those of the page. The year is that of the title,
    else of the stated period, else what the link to the `place` or its address names.

    A cell that was not found is `absent`. `problem` says why a report that was recognised
    could not be read in full: a page whose tables are lost, an edition not read here.

    Raises:
        UnreadableError: `not_a_report`, `no_report_year`, `several_reports`, or as
            `read_document` says.
    """
    document = read_document(content)
    edition = tell_edition(document)
    title = identity.find_title(document)
    text = document.text
    if page is not None and title is None and edition is not None:
        title, text = identity.find_title(page), f"{page.text}\n{text}"
    _require_report(title, edition, document)
    period_start, period_end = identity.find_period(text)
    year = title.year if title else period_start.year if period_start else None
    year = year or identity.find_year(place)
    if year is None:
        raise UnreadableError(
            "no_report_year",
            "expected a report year in the title, in the stated period, in the link to it or in "
            "its address, found none; check that the whole page was saved",
        )
    cells, problem, labels = read_cells(document, edition)
    signature, signed_on = identity.find_signature(text)
    publisher = identity.find_publisher(document, title, signature)
    published_on = identity.find_published(document)
    if page is not None:
        publisher = publisher or identity.find_publisher(page, title, signature)
        published_on = identity.find_published(page) or published_on
    name = (title.body if title else "") or publisher or ""
    region = resolve_region(
        gazetteer,
        year=year,
        title=title.text if title else None,
        publisher=publisher,
        signature=signature,
        body=text,
        url=place.url if name else "",  # of a body without a name, a site says too little
    )
    body = identity.tell_body(title, publisher, region)
    return Report(
        title=title.text if title else None,
        publisher=publisher,
        body=body,
        scope=identity.tell_scope(name, body, region),
        year=year,
        form=edition,
        period_start=period_start,
        period_end=period_end,
        signed_on=signed_on,
        published_on=published_on,
        region=region,
        cells=cells,
        problem=problem,
        legacy_rows=read_older_table(document, edition),
        signature=signature,
        text=text,
        labels=labels,
        script=document.script,
        is_picture=document.is_picture or (edition is None and bool(document.unread)),
    )


def read_older_table(document: Document, edition: str | None) -> tuple[LegacyRow, ...]:
    """Read the table of an edition before 2019 as rows; none for later editions."""
    if edition is None or edition in load_forms():
        return ()
    return read_legacy_rows(document.stream or document)


def tell_edition(document: Document) -> str | None:
    """Tell the edition of the form by its labels, never by the document it cites.

    The edition whose own labels are printed most often wins, in the tables first, else in
    the running text; a tie tells nothing. Editions before 2019 come last.
    """
    texts = {cell.text for grid in document.grids for row in grid.rows for cell in row}
    cells = "\n".join(map(fold_label, texts))
    told = tell_edition_by_signs(cells)
    if told is not None:
        return told
    text = fold_label(document.text)
    older = {
        edition: sum(fold_label(sign) in text or fold_label(sign) in cells for sign in signs)
        for edition, signs in load_patterns().words["older_editions"].items()
    }
    return tell_edition_by_signs(text) or choose_most(older)


def _require_report(title: identity.Title | None, edition: str | None, document: Document) -> None:
    if edition is not None:
        return
    folded = fold_label(document.text)
    parts = sum(fold_label(part) in folded for part in load_patterns().words["parts"])
    if title is None or parts < MIN_PARTS:
        raise UnreadableError(
            "not_a_report",
            _add_unread(
                "expected the tables of the form, or an annual report's title and its six "
                f"parts; found {'a' if title else 'no'} title and {parts} of its parts",
                document,
            ),
        )


def read_cells(document: Document, edition: str | None) -> TableReading:
    """Give every cell of the edition a reading; say what kept the report from being read.

    Every report is read twice, from its grids and from its flattened stream.

    `edition` is what `tell_edition` says; without one, or for one before 2019, there are no
    cells.

    Raises:
        UnreadableError: `several_reports`, the tables are printed twice.
    """
    if edition is None:
        said = "tables_not_found: none of the form's tables is printed on the page"
        return TableReading((), _add_unread(said, document))
    if edition not in load_forms():
        said = f"edition_before_2019: the table of {edition} is kept as rows, not as cells"
        return TableReading((), said)
    index = index_labels(edition)
    matching = match_tables(document, edition)
    stream = flatten(document) if document.stream is None else document.stream
    settled = settle_readings(matching.readings, match_stream(stream, index), index.form)
    cells = withdraw_contradicted(settled)
    lost = sum(cell.status in ("unreadable", "absent") for cell in cells)
    said = f"cells_unreadable: {lost} of {len(cells)} cells could not be read"
    problem = _add_unread(said, document) if lost else None
    return TableReading(cells, problem, compare_labels(matching.labels, cells, index.form))


def _add_unread(said: str, document: Document) -> str:
    """Say along with what was not found what was not looked at."""
    return "; ".join((said, *document.unread))


def match_tables(document: Document, edition: str) -> Matching:
    """Match the grids alone against an edition; a cell printed twice otherwise is unreadable.

    Raises:
        UnreadableError: `several_reports`, the tables are printed twice.
    """
    index = index_labels(edition)
    matching = match_grids(document.grids, index)
    refuse_several(document, matching, index.form)
    readings = matching.readings
    for name in matching.differing | find_later(matching, index.form) & readings.keys():
        printed = readings[name]
        readings[name] = CellReading(
            name, "unreadable", None, None, printed.text, printed.locator, "printed_twice"
        )
    return matching
