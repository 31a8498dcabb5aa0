"""The proof that no figure in the tables of a report is lost: each is a cell's, or is told of.

Every figure printed is another five-digit number, so that where it went can be told by its
digits alone, without any of the readers' own words.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from expectations.form import load_form
from tasks.reading.labels import index_labels
from tasks.reading.match import match_grids
from tasks.reading.read import read_document, tell_edition
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


def find_lost(content: bytes, printed: list[str]) -> list[str]:
    """List the printed figures that went nowhere, or to more places than they stand in."""
    document = read_document(content)
    edition = tell_edition(document)
    assert edition is not None
    matching = match_grids(document.grids, index_labels(edition))
    told = {(reading.locator, reading.text or "") for reading in matching.readings.values()}
    places = [keep_digits(text) for _, text in told]
    places += [keep_digits(text) for _, text in matching.unmatched]
    pool = "\n".join(places)
    return [figure for figure in printed if not pool.count(figure)]


@pytest.mark.parametrize("name", FORMATS)
def test_no_figure_of_a_report_is_lost_in_any_format(name: str) -> None:
    """Every figure printed in the three tables is in a cell, or told as belonging to none."""
    for seed in range(4):
        spec = draw_spec(random.Random(seed))
        tables = [part.rows for part in compose_parts(spec, "standard") if part.rows is not None]
        assert find_lost(FORMATS[name](spec), list_figures(tables)) == []


def lose_damaged(seed: int) -> tuple[str, list[str]]:
    """Draw a damaged page; give the damage and what was lost of it."""
    rng = random.Random(seed)
    spec, look = draw_spec(rng), draw_look(rng)
    damage = rng.choice(sorted(DAMAGES))
    tables = damage_tables(print_look(spec, look), damage, rng)
    page = render_tables(spec, tables, look).encode()
    printed = list_figures([rows for parts in tables.values() for rows in parts])
    return damage, find_lost(page, printed)
if __name__ == "__main__":
    from collections import Counter
    c=Counter(); n=Counter()
    for s in range(400):
        try: d,l=lose_damaged(s)
        except Exception as e: print(s,repr(e)[:100]); continue
        n[d]+=1
        if l: c[d]+=1; print(s,d,l[:9])
    print(c,n)
