"""Sample reports as bytes: pages and flattened texts, by look or by a name of `layouts.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from opencc import OpenCC

from tasks.sample.flatten import flatten_parts, flatten_table
from tasks.sample.grids import Rows, print_tables
from tasks.sample.look import Look, dress_tables, load_looks
from tasks.sample.spec import Spec

FOLDER = Path(__file__).parent
PLAIN_TEXT = "plain.txt"
MARKS = {"# ": "heading", "## ": "topic", "> ": "right"}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a report in reading order; `rows` only where `kind` is `table`."""

    kind: str
    text: str = ""
    rows: Rows | None = None


@cache
def load_layouts() -> dict[str, dict[str, Any]]:
    """Load `layouts.yaml`: the options of a look, by the name of the layout."""
    layouts: dict[str, dict[str, Any]] = yaml.safe_load(
        (FOLDER / "layouts.yaml").read_text("utf-8")
    )
    return layouts


def list_layouts(suffix: str) -> list[str]:
    """Name the layouts that give `.html` pages or `.txt` texts."""
    return [name for name in load_layouts() if load_look(name).template.endswith(suffix)]


def render_html(spec: Spec, layout: str) -> bytes:
    """Render a report as the page of a publisher's site, in the encoding of the layout.

    Raises:
        ValueError: the layout is none of `layouts.yaml` that gives a page.
    """
    return _render(spec, layout, ".html")


def render_text(spec: Spec, layout: str) -> bytes:
    """Render a report as flattened text, one cell a line, in the encoding of the layout.

    Raises:
        ValueError: the layout is none of `layouts.yaml` that gives a text.
    """
    return _render(spec, layout, ".txt")


def compose_parts(spec: Spec, layout: str) -> list[Part]:
    """Put the paragraphs and tables of a report in reading order, without its title."""
    look = load_look(layout)
    return arrange_parts(spec, print_look(spec, look), look)


def load_look(layout: str) -> Look:
    """Give the look of the tables in a layout."""
    return Look(**load_layouts()[layout])


def print_look(spec: Spec, look: Look) -> dict[str, list[Rows]]:
    """Print the tables of a report as a look has them."""
    tables = print_tables(
        spec,
        is_table2_split=look.table2 == "separate",
        page_break_after=look.page_break_after,
    )
    return dress_tables(spec.form, tables, look)


def arrange_parts(spec: Spec, tables: dict[str, list[Rows]], look: Look) -> list[Part]:
    """Put the paragraphs of a report and the given tables in reading order."""
    text = load_templates().get_template("report.txt").render(_name_facts(spec))
    parts = list(_read_parts(text.splitlines(), tables))
    if not look.prose:
        return parts
    remarks = [Part("paragraph", remark) for remark in load_looks()["prose"]]
    return [piece for part in parts for piece in (*(remarks if part.kind == "table" else ()), part)]


def render_tables(spec: Spec, tables: dict[str, list[Rows]], look: Look) -> str:
    """Render a page or text with the given tables in the template of a look."""
    parts = arrange_parts(spec, tables, look)
    page = load_templates().get_template(look.template)
    flat = flatten_parts(parts, look) if look.template == PLAIN_TEXT else ""
    return page.render(spec=spec, body=spec.body, parts=parts, look=look, flat=flat)


def encode_page(page: str, look: Look) -> bytes:
    """Write a page in the script and encoding of a look, its declaration as it was."""
    facts = load_looks()["scripts"].get(look.script)
    if facts:
        page = _load_converter(facts["opencc"]).convert(page)
        page = page.translate(str.maketrans(facts.get("replace", {})))
    return page.encode(look.encoding)


@cache
def load_templates() -> Environment:
    """Open the folder of templates; an unknown name in one is an error."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["pieces"] = _cut_label
    templates.filters["flattened"] = flatten_table
    return templates


def _render(spec: Spec, layout: str, suffix: str) -> bytes:
    if layout not in list_layouts(suffix):
        raise ValueError(f"layout: expected one of {list_layouts(suffix)}, found {layout!r}")
    look = load_look(layout)
    return encode_page(render_tables(spec, print_look(spec, look), look), look)


@cache
def _load_converter(conversion: str) -> OpenCC:
    return OpenCC(conversion)


def _name_facts(spec: Spec) -> dict[str, Any]:
    """Name what the running text may speak of; it tells the true figures."""
    return {
        "place": spec.body.place,
        "scope": spec.body.scope,
        "publisher": spec.body.publisher,
        "year": spec.year,
        "document": spec.form.document,
        "start": spec.period[0],
        "end": spec.period[1],
        "signed_on": spec.signed_on,
        "variant": spec.variant,
        "n": partial(_sum_figures, spec),
    }


def _sum_figures(spec: Spec, *cells: str) -> int:
    """Sum true figures; a cell that only the other edition has counts nothing."""
    return int(sum(spec.figures.get(cell, 0) for cell in cells))


def _read_parts(lines: Iterable[str], tables: dict[str, list[Rows]]) -> Iterator[Part]:
    for line in lines:
        mark = next((mark for mark in MARKS if line.startswith(mark)), None)
        if line.startswith("["):
            yield from (Part("table", rows=rows) for rows in tables[line.strip("[]")])
        elif mark:
            yield Part(MARKS[mark], line.removeprefix(mark))
        elif line.strip():
            yield Part("paragraph", line)


def _cut_label(label: str, length: int) -> list[str]:
    """Cut a label into lines of at most `length` characters, as narrow columns do."""
    return [label[start : start + length] for start in range(0, len(label), length)]
