"""The second reading of a PDF: lines of text by position alone, without ruled lines or boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from expectations.form import load_forms
from tasks.reading.glyphs import (
    BLANK_SHARE,
    GAP_SHARE,
    UNKNOWN_CHARACTER,
    Glyph,
    compose_line,
)
from tasks.reading.labels import index_labels
from tasks.reading.pdf_pages import PdfPage, is_in_margin, is_page_number, read_pages
from tasks.reading.words import fold_label, load_patterns

LINE_PITCH = 2.2  # heights: lines further apart are no lines of one cell
SAME_ROW_SHARE = 0.5
LONG_LINE = 18  # heights
NEAR = 6  # blocks
FIGURE = re.compile(r"[+\-−]?\d[\d.,]*(?<!\.)[^\W\d]{0,2}")


@dataclass(slots=True)
class _Block:
    """Words drawn one after the other and below one another, as in a cell of a table."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    last: list[Glyph]
    is_figure: bool

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def read_pdf_lines(content: bytes) -> str:
    """Read a PDF into lines of text from the top down, page after page.

    Words are told by the gaps between characters in the order in which they are drawn; a
    label on several lines is put together again, figures never are. What stands at one
    height makes one line, parted by single blanks. Nothing is taken from
    ruled lines.

    Raises:
        UnreadableError: as `read_pages` says.
    """
    return compose_lines(read_pages(content))


def compose_lines(pages: Iterable[PdfPage]) -> str:
    """Compose the text of pages of fixed layout into lines, as `read_pdf_lines` says."""
    lines: list[str] = []
    for page in pages:
        blocks = _stack(_split_words(page.glyphs))
        rows = _place_spans(_straighten_headers(_hide_cut_heads(_split_rows(blocks))))
        texts = [" ".join(one.text for one in sorted(row, key=_get_left)) for row in rows]
        lines.extend(
            text
            for row, text in zip(rows, texts, strict=True)
            if not (is_page_number(text) and is_in_margin(row[0].middle, page.box))
        )
    return "\n".join(lines)


def _split_words(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Split glyphs, in the order drawn, into runs without a gap or a change of line."""
    words: list[list[Glyph]] = []
    for glyph in glyphs:
        if words:
            before = words[-1][-1]
            height = max(before.height, glyph.height)
            gap = glyph.left - before.right
            if -height / 2 < gap <= GAP_SHARE * height and _is_level(before, glyph, height, gap):
                words[-1].append(glyph)
                continue
        words.append([glyph])
    return words


def _is_level(before: Glyph, glyph: Glyph, height: float, gap: float) -> bool:
    """Tell whether two neighbours stand on one line, and no blank between Latin ones."""
    both_ascii = before.text.isascii() and glyph.text.isascii()
    if both_ascii and gap > BLANK_SHARE * height:
        return False
    return abs(glyph.middle - before.middle) < SAME_ROW_SHARE * height


def _stack(words: Iterable[list[Glyph]]) -> list[_Block]:
    """Put words that stand directly below one another, and are no figures, into blocks.

    The order drawn tells which belong together; a few cells beside may come between.
    """
    blocks: list[_Block] = []
    for word in words:
        text = compose_line(word)
        top, bottom = min(glyph.top for glyph in word), max(glyph.bottom for glyph in word)
        left, right = word[0].left, word[-1].right
        is_figure = _is_figure(text)
        near = [] if is_figure else [block for block in blocks[-NEAR:] if not block.is_figure]
        above = next(
            (
                block
                for block in reversed(near)
                if _continues(block, word) and (block is blocks[-1] or _is_flush(block, word))
            ),
            None,
        )
        if above is None:
            blocks.append(_Block(text, left, top, right, bottom, word, is_figure))
            continue
        above.text += text
        above.left, above.right = min(above.left, left), max(above.right, right)
        above.bottom, above.last = max(above.bottom, bottom), word
    return blocks


@lru_cache(maxsize=4096)
def _is_figure(text: str) -> bool:
    """Tell whether a word may stand in a cell for figures: a figure, or a mark for none."""
    words = load_patterns().words
    return FIGURE.fullmatch(text) is not None or text in (*words["blanks"], *words["zero_words"])


def _continues(above: _Block, word: list[Glyph]) -> bool:
    """Tell whether a word begins the next line of a block; long lines must begin alike."""
    height = max(glyph.height for glyph in word)
    left, right = word[0].left, word[-1].right
    pitch = word[0].middle - above.last[0].middle
    if not SAME_ROW_SHARE * height < pitch < LINE_PITCH * height:
        return False
    text = compose_line(word)
    if _is_head(above.text) and _is_head(text) and not _is_head(above.text + text):
        return False
    if above.right - above.left > LONG_LINE * height:
        return abs(left - above.left) < height
    return left < above.right and right > above.left


def _is_flush(above: _Block, word: list[Glyph]) -> bool:
    """Tell whether a word has both edges of the line above it."""
    reach = SAME_ROW_SHARE * word[0].height
    first, last = above.last[0], above.last[-1]
    return abs(word[0].left - first.left) < reach and abs(word[-1].right - last.right) < reach


def _split_rows(blocks: list[_Block]) -> list[list[_Block]]:
    """Split blocks into lines: what stands at one height."""
    rows: list[list[_Block]] = []
    for block in sorted(blocks, key=lambda block: block.middle):
        if rows:
            height = max(rows[-1][0].last[0].height, block.last[0].height)
            if block.middle - rows[-1][0].middle < SAME_ROW_SHARE * height:
                rows[-1].append(block)
                continue
        rows.append([block])
    return rows


def _get_left(block: _Block) -> float:
    return block.left


def _hide_cut_heads(rows: list[list[_Block]]) -> list[list[_Block]]:
    """Make heads unknown that a page break cuts from their figures: some may be missing."""
    last = max((n for n, row in enumerate(rows) if any(b.is_figure for b in row)), default=-1)
    _hide_heads(rows[last + 1 :])
    return rows


def _straighten_headers(rows: list[list[_Block]]) -> list[list[_Block]]:
    """Put the heads of columns in the order of the figures below them.

    Each column's own head is the lowest above its first figure. Heads that stand higher than
    the others are beside a head of several columns: they join its line, as they would in a
    row of cells. Where a column has no figure, or a figure no head, nothing is moved.
    """
    straight: list[list[_Block]] = []
    start = 0  # of the rows without figures above the current one
    for row in rows:
        figures = sorted((one for one in row if one.is_figure), key=lambda one: one.left)
        if figures:
            above_rows = straight[start:]
            above = [block for one in above_rows for block in one]
            heads = [head for figure in figures if (head := _find_head(figure, above))]
            own = {id(head) for head in heads}
            known = {id(block) for block in above if _is_column(block.text)}
            if len(own) == len(figures) and known <= own:
                rest = [[block for block in one if id(block) not in own] for one in above_rows]
                straight[start:] = _level(heads, [one for one in rest if one])
            start = len(straight) + 1
        straight.append(row)
    return straight


def _level(heads: list[_Block], rest: list[list[_Block]]) -> list[list[_Block]]:
    """Put the heads on the lines they would have as cells of a table."""
    lowest = max(heads, key=lambda head: head.middle)
    reach = lowest.middle - SAME_ROW_SHARE * lowest.last[0].height
    low = [head for head in heads if head.middle > reach]
    high = [head for head in heads if head.middle <= reach]
    left, right = heads[0].left, heads[-1].right
    beside = [one for one in rest if any(left < (b.left + b.right) / 2 < right for b in one)]
    if high and beside:
        beside[-1].extend(high)
        return [*rest, low]
    return [*rest, heads]


def _place_spans(rows: list[list[_Block]]) -> list[list[_Block]]:
    """Put a head of several columns between the heads beside it.

    Alone on its line it would seem to stand before or behind all of them, and shift the
    figures. Where none stand beside it, or heads on several lines have none above them, all
    are made unknown.
    """
    for number, row in enumerate(rows):
        span = next((block for block in row if _is_span(block.text)), None)
        if span is None or _surrounds(row, span):
            continue
        near = [*rows[number + 1 :][:3], *rows[max(0, number - 2) : number]]
        beside = next((one for one in near if _surrounds(one, span)), None)
        if beside is None or any(block.is_figure for block in beside):
            _hide_heads([row, *near])
            continue
        beside.append(span)
        row.remove(span)
    run: list[list[_Block]] = []  # the rows above the next figures
    for row in rows:
        if not any(block.is_figure for block in row):
            run.append(row)
            continue
        texts = [block.text for one in run for block in one]
        lines = sum(any(_is_column(block.text) for block in one) for one in run)
        if lines > 1 and not any(_is_span(text) or _is_row_head(text) for text in texts):
            _hide_heads(run)
        run = []
    return [row for row in rows if row]


def _hide_heads(rows: list[list[_Block]]) -> None:
    """Make the heads of columns on some lines unknown."""
    for block in (block for row in rows for block in row if not block.is_figure):
        if _is_head(block.text) or _is_span(block.text):
            block.text = UNKNOWN_CHARACTER


def _surrounds(row: list[_Block], span: _Block) -> bool:
    """Tell whether a line has blocks to the left and to the right of a head."""
    return any(block.right < span.left for block in row) and any(
        block.left > span.right for block in row
    )


@lru_cache(maxsize=4096)
def _is_head(text: str) -> bool:
    """Tell whether a text heads a column or several in any edition of the form."""
    return any(fold_label(text) in index_labels(edition).headers for edition in load_forms())


@lru_cache(maxsize=4096)
def _is_column(text: str) -> bool:
    """Tell whether a text heads a single column in any edition of the form."""
    return any(
        fold_label(text) in labels
        for edition in load_forms()
        for labels in index_labels(edition).columns.values()
    )


@lru_cache(maxsize=4096)
def _is_row_head(text: str) -> bool:
    """Tell whether a text names a row that stands beside others, above its own columns."""
    return any(fold_label(text) in index_labels(edition).across for edition in load_forms())


@lru_cache(maxsize=4096)
def _is_span(text: str) -> bool:
    """Tell whether a text is, or has run into, a head of several columns in any edition."""
    folded = fold_label(text)
    spans = [span for edition in load_forms() for span in index_labels(edition).spans]
    return any(span in folded and len(folded) <= 2 * len(span) + 4 for span in spans)


def _find_head(figure: _Block, above: list[_Block]) -> _Block | None:
    """Find the lowest block above a figure that covers its middle and is no long line."""
    x = (figure.left + figure.right) / 2
    heads = [
        block
        for block in above
        if block.left - block.last[0].height < x < block.right + block.last[0].height
        and block.right - block.left < LONG_LINE * block.last[0].height
    ]
    covering = [block for block in heads if block.left < x < block.right] or heads
    return max(covering, key=lambda block: block.bottom, default=None)
