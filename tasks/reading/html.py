"""From HTML to a document: grids with spans expanded, and the running text around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from tasks.reading.document import (
    Document,
    Grid,
    GridCell,
    TextBlock,
    pack_block,
    pack_cell,
    tell_pictures,
)
from tasks.reading.nesting import refuse_deep_nesting, refuse_many_attributes
from tasks.reading.words import load_patterns

MAX_SPAN = 60
MAX_TABLES = 400
MAX_ROWS = 2_000
MAX_COLUMNS = 100  # more cells in a row are no table of the form; their number alone tells
MAX_CELL_CHARACTERS = 2_000
CUT_OFF = "\ufffd"  # stands behind a cell in which the file ends, or that is cut for length
GRID = "\ufdd0"  # stands, with its number, for a grid in the text; no page may hold it
NO_TEXT = "\ufffc"  # stands for a picture or an input field in a cell
# A figure before one of these tags and one behind it are two, on the screen or in meaning.
_BREAKS = (
    rb"<(?=/?+(?:p|li|t(?:r|able)|d(?:iv|[dt]|el)|br|h[1-6r]|s(?:u[bp]|ection|trike)?|center|pre"
    rb"|article)[\s/>])"
)
_BREAKING = re.compile(_BREAKS)
_BREAKING_CAPITAL = re.compile(_BREAKS, re.IGNORECASE)
_CAPITAL = re.compile(rb"<[A-Z]")
_UNSEEN = "script,style,noscript,template,select"
_META = "meta"
_LINE = re.compile(r"\S[^\n]*")
_HIDDEN = re.compile(rb"display\s*:\s*none")
_PICTURES = "img,input,svg,canvas,object,embed,video"
_CELL = re.compile(rb"<t[dh][\s>]")
_CELL_END = re.compile(rb"</(?:td|th|tr|table|tbody)\s*>")
_CELL_TAGS = ("td", "th")
_SPAN = re.compile(r"\s*\+?([0-9]{1,4})")


def read_html(markup: str | bytes) -> Document:
    """Read a page, as text or in UTF-8, into its grids and text blocks.

    A table that holds other tables is layout: its inner tables become grids, its own cells
    running text; so does a table with a single cell in each row. Text blocks are lines of the
    text outside grids; locators name the table, row and cell by position
    (`table[2]/tr[5]/td[3]`), or the line. Of a cell hidden within a table nothing is read; a
    cell that shows a picture or field instead of text gives U+FFFC, one in which the file ends
    has U+FFFD behind it.

    Raises:
        UnreadableError: `nesting_too_deep` or `too_complex`.
        MemoryError: there is not enough to parse it.
    """
    # Bytes are searched and parsed in half the time of a text.
    page = markup if isinstance(markup, bytes) else markup.encode("utf-8", "replace")
    refuse_deep_nesting(page)
    refuse_many_attributes(page)
    breaking = _BREAKING_CAPITAL if _CAPITAL.search(page) else _BREAKING
    try:
        tree = LexborHTMLParser(_break_lines(page, breaking))
    except SelectolaxError as error:  # whatever the markup: only memory makes parsing fail
        raise MemoryError from error
    tables = page[page.find(b"<table") :] if breaking is _BREAKING else page.lower()
    title = _read_title(tree)
    stated, unseen = _divide(tree.css(f"{_META}[name],{_UNSEEN}"))
    facts = _read_meta(stated)
    for node in reversed(unseen):  # what is inside another goes first
        node.decompose(recursive=True)
    if b"none" in tables and _HIDDEN.search(tables):
        _drop_hidden(tree)
    grids: dict[str, Grid] = {}
    cut = _find_cut_cell(tree) if _ends_in_cell(tables) else None
    tables_found = tree.css("table")
    layout = _find_layout(tables_found)
    for number, table in enumerate(tables_found[:MAX_TABLES], 1):
        if table.mem_id in layout:
            continue
        grid = read_table(table, f"table[{number}]", cut)
        if any(len(row) > 1 for row in grid.rows):
            mark = f"{GRID}{number}"
            grids[mark] = grid
            table.replace_with(f"\n{mark}\n")
    text = (tree.body.text_lexbor() or "") if tree.body else ""
    unread = tell_pictures(len(tree.css("img")))
    blocks = tuple(_order_blocks(text, grids))
    return Document("text/html", title, blocks, facts, unread=unread)


def _order_blocks(text: str, grids: dict[str, Grid]) -> Iterator[TextBlock | Grid]:
    """Give the lines of the text and, where their marks stand in it, the grids."""
    number = 0
    for line in map(str.rstrip, _LINE.findall(text.replace("\u00a0", " "))):
        if line[0] == GRID and line in grids:
            yield grids.pop(line)
        else:
            number += 1
            yield pack_block((line, f"line[{number}]"))
    yield from grids.values()


def _divide(nodes: list[LexborNode]) -> tuple[list[LexborNode], list[LexborNode]]:
    """Set meta elements apart from what is not shown: one walk over the tree finds both."""
    return (
        [node for node in nodes if node.tag == _META],
        [node for node in nodes if node.tag != _META],
    )


def _find_layout(tables: list[LexborNode]) -> set[int]:
    """Find the tables that hold tables, by their memory ids."""
    layout: set[int] = set()
    for table in tables:
        around = table.parent
        while around is not None and around.tag != "table":
            around = around.parent
        if around is not None:
            layout.add(around.mem_id)
    return layout


def _break_lines(page: bytes, breaking: re.Pattern[bytes]) -> bytes:
    """Put a line break before every tag that ends a line on the screen.

    Text runs on over inline tags; a paragraph or line break inside a cell must not join two
    figures. Done on the markup, for the tree would be many times slower to change.
    """
    return breaking.sub(b"\n<", page)


def _drop_hidden(tree: LexborHTMLParser) -> None:
    """Drop what a style hides inside tables; outside, tabs and folds hide whole reports."""
    for node in reversed(tree.css("tr[style], td[style], th[style], td [style], th [style]")):
        if _HIDDEN.search((node.attributes.get("style") or "").lower().encode()):
            node.decompose(recursive=True)


def _ends_in_cell(page: bytes) -> bool:
    """Tell whether the file, in small letters, ends before the last cell of its tables does."""
    end = page.rfind(b"</t")
    if end > page.rfind(b"<t") and page.find(b">", end) > 0:
        return False
    cells = list(_CELL.finditer(page))
    return bool(cells) and _CELL_END.search(page, cells[-1].end()) is None


def _find_cut_cell(tree: LexborHTMLParser) -> int | None:
    cells = tree.css("td,th")
    return cells[-1].mem_id if cells else None


def read_table(table: LexborNode, locator: str, cut: int | None = None) -> Grid:
    """Expand one table into rows of distinct cells, with the slots each covers.

    `rowspan=0` and spans that are no number count as 1; spans are held to 60 slots. `cut` is
    the memory id of the cell in which the file ends.
    """
    rows: list[tuple[GridCell, ...]] = []
    pending: dict[int, tuple[GridCell, int]] = {}  # slot column -> cell from above, rows left
    for r, tr in enumerate(_direct_rows(table)[:MAX_ROWS]):
        place = f"{locator}/tr[{r + 1}]/td["
        row: list[GridCell] = []
        below: dict[int, tuple[GridCell, int]] = {}
        column = count = 0
        for td in tr.iter():
            if td.tag not in _CELL_TAGS:
                continue
            if count == MAX_COLUMNS:
                break
            count += 1
            if column in pending:
                column = _take_pending(pending, below, row, column)
            attributes = td.attributes
            width = _read_span(attributes["colspan"]) if "colspan" in attributes else 1
            height = _read_span(attributes["rowspan"]) if "rowspan" in attributes else 1
            text = (td.text_lexbor() or "").strip()
            if not text or cut is not None or len(text) > MAX_CELL_CHARACTERS:
                text = _settle_text(text, td, cut)
            cell = pack_cell((text, f"{place}{count}]", r, column, height, width))
            row.append(cell)
            if height > 1:
                below[column] = (cell, height - 1)
            column += width
        while pending:
            column = _take_pending(pending, below, row, min(pending))
        pending = below if len(below) <= MAX_COLUMNS else {}
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


def _settle_text(text: str, td: LexborNode, cut: int | None) -> str:
    """Mark a cell that has no text but shows something, is far too long, or is cut off."""
    if not text:
        text = NO_TEXT if td.css_first(_PICTURES) is not None else ""
    if len(text) > MAX_CELL_CHARACTERS:
        text = text[:MAX_CELL_CHARACTERS] + CUT_OFF
    return text + CUT_OFF if td.mem_id == cut else text


@lru_cache(maxsize=1024)
def _read_span(value: str | None) -> int:
    match = _SPAN.match(value or "")
    return min(max(int(match[1]), 1), MAX_SPAN) if match else 1


def _read_title(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("title")
    return node.text().strip() or None if node else None


def _read_meta(elements: list[LexborNode]) -> dict[str, str]:
    """Values the page states about itself, under the names of `patterns.yaml`."""
    wanted = _list_facts()
    facts: dict[str, str] = {}
    for node in elements:
        attributes = node.attributes
        fact = wanted.get((attributes.get("name") or "").lower())
        content = (attributes.get("content") or "").strip()
        if fact and content:
            facts.setdefault(fact, content)
    return facts


@cache
def _list_facts() -> dict[str, str]:
    """Map the names of meta elements, in small letters, to the fact that they state."""
    words = load_patterns().words
    return {
        name.lower(): fact
        for fact, key in (
            ("title", "meta_titles"),
            ("published", "meta_published"),
            ("publisher", "meta_publisher"),
        )
        for name in words[key]
    }
