"""From HTML to a document: grids with spans expanded, and the running text around them."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.reading.document import Document, Grid, GridCell, TextBlock
from tasks.reading.words import load_patterns

MAX_SPAN = 60
MAX_TABLES = 400
MAX_ROWS = 2_000
_BREAKING = re.compile(r"<(?=/?(?:p|div|li|tr|h[1-6]|table)[\s>]|br)", re.IGNORECASE)
_UNSEEN = "script,style,noscript,template,select"


def read_html(markup: str) -> Document:
    """Read a page into its grids and text blocks.

    A table that holds other tables is layout: its inner tables become grids, its own cells
    running text. Text blocks are lines of the text outside grids; locators name the table,
    row and cell by position (`table[2]/tr[5]/td[3]`), or the line.
    """
    tree = LexborHTMLParser(_break_lines(markup))
    title = _read_title(tree)
    facts = _read_meta(tree)
    for node in tree.css(_UNSEEN):
        node.decompose(recursive=True)
    blocks: list[TextBlock | Grid] = []
    for number, table in enumerate(tree.css("table")[:MAX_TABLES], 1):
        if len(table.css("table")) > 1:
            continue
        blocks.append(read_table(table, f"table[{number}]"))
        table.decompose(recursive=True)
    text = tree.body.text(deep=True) if tree.body else ""
    lines = [line for raw in text.split("\n") if (line := raw.replace("\u00a0", " ").strip())]
    texts = [TextBlock(line, f"line[{number}]") for number, line in enumerate(lines, 1)]
    return Document("text/html", title, (*texts, *blocks), facts)


def _break_lines(markup: str) -> str:
    """Put a line break before every tag that ends a line on the screen.

    Text runs on over inline tags; a paragraph or line break inside a cell must not join two
    figures. Done on the markup, for the tree would be many times slower to change.
    """
    return _BREAKING.sub("\n<", markup)


def read_table(table: LexborNode, locator: str) -> Grid:
    """Expand one table into rows of distinct cells, with the slots each covers.

    `rowspan=0` and spans that are no number count as 1; spans are held to 60 slots.
    """
    rows: list[tuple[GridCell, ...]] = []
    pending: dict[int, tuple[GridCell, int]] = {}  # slot column -> cell from above, rows left
    for r, tr in enumerate(_direct_rows(table)[:MAX_ROWS]):
        place = f"{locator}/tr[{r + 1}]"
        row: list[GridCell] = []
        below: dict[int, tuple[GridCell, int]] = {}
        column = 0
        tds = [node for node in tr.iter() if node.tag in ("td", "th")]
        for c, td in enumerate(tds, 1):
            if column in pending:
                column = _take_pending(pending, below, row, column)
            attributes = td.attributes
            width = _read_span(attributes["colspan"]) if "colspan" in attributes else 1
            height = _read_span(attributes["rowspan"]) if "rowspan" in attributes else 1
            cell = GridCell(td.text().strip(), f"{place}/td[{c}]", r, column, height, width)
            row.append(cell)
            if height > 1:
                below[column] = (cell, height - 1)
            column += width
        while pending:
            column = _take_pending(pending, below, row, min(pending))
        pending = below
        rows.append(tuple(row))
    return Grid(tuple(rows))


def _take_pending(
    pending: dict[int, tuple[GridCell, int]],
    below: dict[int, tuple[GridCell, int]],
    row: list[GridCell],
    column: int,
) -> int:
    """Put the cells that reach down from above at this slot into the row; return the next."""
    while column in pending:
        cell, left = pending.pop(column)
        row.append(cell)
        if left > 1:
            below[column] = (cell, left - 1)
        column += cell.column_span
    return column


def _direct_rows(table: LexborNode) -> list[LexborNode]:
    """The rows of this table and of no other inside it."""
    rows: list[LexborNode] = []
    for child in table.iter():
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in ("tbody", "thead", "tfoot"):
            rows.extend(node for node in child.iter() if node.tag == "tr")
    return rows


def _read_span(value: str | None) -> int:
    digits = "".join(character for character in (value or "")[:4] if character.isdigit())
    return min(max(int(digits or 1), 1), MAX_SPAN)


def _read_title(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("title")
    return node.text().strip() or None if node else None


def _read_meta(tree: LexborHTMLParser) -> dict[str, str]:
    """Values the page states about itself, under the names of `patterns.yaml`."""
    words = load_patterns().words
    wanted = {
        name.lower(): fact
        for fact, key in (
            ("title", "meta_titles"),
            ("published", "meta_published"),
            ("publisher", "meta_publisher"),
        )
        for name in words[key]
    }
    facts: dict[str, str] = {}
    for node in tree.css("meta[name]"):
        fact = wanted.get((node.attributes.get("name") or "").lower())
        content = (node.attributes.get("content") or "").strip()
        if fact and content:
            facts.setdefault(fact, content)
    return facts
