"""The proof that no figure in the tables of a report is lost: each is a cell's, or is told of.

Every figure printed is another five-digit number, so that where it went can be told by its
digits alone, without any of the readers' own words.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from opencc import OpenCC
from pypdfium2 import PdfDocument

from expectations.form import load_form
from tasks.reading import match
from tasks.reading.document import Document
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.reading.report import CellReading
from tasks.sample.corruption import DAMAGES, damage_tables
from tasks.sample.grids import Rows
from tasks.sample.look import draw_look
from tasks.sample.ofd import render_ofd
from tasks.sample.office import render_docx, render_xlsx
from tasks.sample.pdf import render_pdf
from tasks.sample.render import (
    compose_parts,
    list_layouts,
    print_look,
    render_html,
    render_tables,
    render_text,
)
from tasks.sample.spec import Body, RowFault, Spec
from tasks.sample.word97 import render_doc

REPORTS = Path(__file__).resolve().parents[2].parent / "shared/reports"
REAL = (
    "000_9e678f4fbfe67a94.txt",
    "001_b59b729ba7c2a485.txt",
    "002_7eb68c448bcdd812.txt",
    "hongze_2023.pdf",
    "pingtan_2019.txt",
    "pingtan_2020.txt",
    "pingtan_2021.txt",
    "pingtan_finance_2021.txt",
    "pingtan_finance_2023.txt",
    "pingtan_police_2021.txt",
    "shanghai_office_2019.html",
)
BODY = Body("固镇县", "固镇县", "固镇县人民政府办公室", "government", "CN-AH", "340323", "county")
EDITIONS = {"2021": 2022, "2019": 2019}
FORMATS: dict[str, Callable[[Spec], bytes]] = {
    "docx": render_docx,
    "doc": render_doc,
    "xlsx": render_xlsx,
    "ofd": render_ofd,
    "pdf": render_pdf,
    **{f"page {name}": partial(render_html, layout=name) for name in list_layouts(".html")},
    **{f"text {name}": partial(render_text, layout=name) for name in list_layouts(".txt")},
}
ROWS = ("new", "granted", "denied_third_party", "rejected_repeat", "closed", "carried_out")
FAULTS: tuple[RowFault, ...] = ("short", "long", "dropped")


def draw_spec(rng: random.Random) -> Spec:
    """Draw a report of distinct five-digit figures, sometimes with rows that lost or won one."""
    edition = rng.choice(list(EDITIONS))
    year, form = EDITIONS[edition], load_form(edition)
    numbers = rng.sample(range(10_000, 100_000), len(form.cells))
    figures = {
        cell.key: Decimal(number) / (100 if cell.kind == "amount" and cell.unit_printed else 1)
        for cell, number in zip(form.cells, numbers, strict=True)
    }
    faults = {rng.choice(ROWS): rng.choice(FAULTS)} if rng.random() < 0.5 else {}
    return Spec(
        body=BODY,
        title=f"固镇县{year}年政府信息公开工作年度报告",
        year=year,
        edition=edition,
        figures=figures,
        period=(date(year, 1, 1), date(year, 12, 31)),
        signed_on=date(year + 1, 1, 16),
        published_on=date(year + 1, 1, 18),
        row_faults=faults,
    )


def keep_digits(text: str) -> str:
    """Keep the digits of a text, full-width ones as plain ones."""
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))


def list_figures(tables: list[Rows]) -> list[str]:
    """List the five-digit figures that stand in tables, in the order printed."""
    texts = [slot.text for rows in tables for row in rows for slot in row]
    return [digits for text in texts if len(digits := keep_digits(text)) == 5]


def find_astray(content: bytes, printed: list[str]) -> list[str]:
    """List the printed figures that went nowhere, or were read in more cells than printed."""
    document = read_document(content)
    edition = tell_edition(document)
    assert edition is not None
    pool = "\n".join(list_told(document, edition, {}))
    readings = match_grids(document.grids, index_labels(edition)).readings.values()
    read = Counter(keep_digits(one.text or "") for one in readings if one.status == "read")
    return [
        figure
        for figure, count in Counter(printed).items()
        if figure not in pool or read[figure] > count
    ]


def list_told(document: Document, edition: str, settled: Mapping[str, CellReading]) -> Counter[str]:
    """Count the digits of each place that is a cell, a row that stays unread, or in none.

    Cells that were printed in one run share its text and its place. `settled` are the cells of
    the report, else those of its grids.
    """
    matching = match_grids(document.grids, index_labels(edition))
    readings = (settled or matching.readings).values()
    places = {
        (reading.locator, reading.cell if reading.status == "read" else "", reading.text or "")
        for reading in readings
    }
    texts = [text for _, _, text in places] + [text for _, text in matching.unmatched]
    return Counter(digits for text in texts if (digits := keep_digits(text)))


@pytest.mark.parametrize("name", FORMATS)
def test_no_figure_of_a_report_is_lost_in_any_format(name: str) -> None:
    """Every figure printed in the three tables is in a cell, or told as belonging to none."""
    for seed in range(4):
        spec = draw_spec(random.Random(seed))
        tables = [part.rows for part in compose_parts(spec, "standard") if part.rows is not None]
        assert find_astray(FORMATS[name](spec), list_figures(tables)) == []


def find_damaged(seed: int) -> list[str]:
    """Draw a damaged page; give what went astray of it."""
    rng = random.Random(seed)
    spec, look = replace(draw_spec(rng), row_faults={}), draw_look(rng)
    damage = rng.choice(sorted(DAMAGES))
    tables = damage_tables(print_look(spec, look), damage, rng)
    printed = list_figures([rows for parts in tables.values() for rows in parts])
    astray = find_astray(render_tables(spec, tables, look).encode(), printed)
    return [f"seed {seed} ({damage}): {figure}" for figure in astray]


def test_no_figure_of_a_damaged_page_is_lost() -> None:
    """Lost labels, rows cut or joined, merged cells: what no cell takes is told of."""
    assert [astray for seed in range(80) for astray in find_damaged(seed)] == []


@pytest.mark.slow
def test_no_figure_of_many_damaged_pages_is_lost() -> None:
    """The same, many more times."""
    assert [astray for seed in range(80, 4_000) for astray in find_damaged(seed)] == []


def test_the_proof_notices_what_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that forgets what it cannot place is found out."""
    monkeypatch.setattr(match, "keep_unmatched", lambda *_: None)
    assert any(find_damaged(seed) for seed in range(80))


def dump(path: Path) -> str:
    """Give the plain text of a real report, by none of our readers; simplified, folded."""
    if path.suffix == ".pdf":
        pages = (page.get_textpage().get_text_range() for page in PdfDocument(path))
        text = "\n".join(re.sub(r"(?m)^- \d+ -\s*$", "", page) for page in pages)
    else:
        text = re.sub(r"<[^>]+>", " ", path.read_text("utf-8")).replace("&nbsp;", " ")
        text = OpenCC("t2s").convert(text)
    return fold(text)


def fold(text: str) -> str:
    """Leave out what sets the characters of a text apart."""
    return re.sub(r"[\s|\"'“”]+", "", unicodedata.normalize("NFKC", text))


def list_digits(path: Path) -> str:
    """List all digits between the first label of table 2 and the part behind table 4."""
    text = dump(path)
    text = text[text.rindex("第二十条第(一)项") : text.rindex("存在的主要问题")]
    labels = {
        fold(printed)
        for form in map(load_form, EDITIONS)
        for table in form.tables.values()
        for block in table.blocks
        for label in block.rows.values()
        for printed in (label.official, *label.drift)
    }
    for label in sorted(labels, key=len, reverse=True):
        text = text.replace(label, "#")
    return keep_digits(text)


@pytest.mark.parametrize("name", REAL)
def test_no_digit_of_a_real_report_is_lost(name: str) -> None:
    """All digits that stand in its tables, labels aside, are a cell's or told of, once each."""
    path = REPORTS / name
    if not path.exists():
        pytest.skip(f"the real report {path} is not there")
    document = read_document(path.read_bytes())
    edition = tell_edition(document) or ""
    cells = {cell.cell: cell for cell in read_cells(document, edition)[0]}
    told = "".join(list_told(document, edition, cells).elements())
    assert Counter(told) == Counter(list_digits(path))
