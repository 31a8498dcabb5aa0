"""A source as printed, whatever its format: text blocks and grids in reading order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal, NamedTuple, TypeAlias

Script: TypeAlias = Literal["simplified", "traditional"]


class GridCell(NamedTuple):
    """One printed cell of a table: its text, its locator, and the slots it spans.

    `row` and `column` count slots from 0; `row_span` and `column_span` are at least 1. A
    tuple, for there are hundreds a page and a frozen dataclass takes three times as long.
    """

    text: str
    locator: str
    row: int
    column: int
    row_span: int = 1
    column_span: int = 1


# Of all six values in their order: half the time.
pack_cell = partial(tuple.__new__, GridCell)


@dataclass(frozen=True, slots=True)
class Grid:
    """One table as printed. `rows[r]` holds the distinct cells that cover slot row r.

    A cell merged over several rows appears in each of them, a cell merged over several
    columns appears once, so a row reads from left to right without repetition.
    """

    rows: tuple[tuple[GridCell, ...], ...]


class TextBlock(NamedTuple):
    """A paragraph or line of running text."""

    text: str
    locator: str


pack_block = partial(tuple.__new__, TextBlock)  # of both values


@dataclass(frozen=True)
class Document:
    """A whole source in reading order.

    `title` is what the source itself names as its title (a title element or meta), if any.
    `facts` are the values a page states about itself, such as `published_on` and
    `publisher`, as printed. `stream` is the whole text as it came where the source is plain
    text: what only white space tells is lost in the blocks. `unread` says what of the source
    was not read, and what to do about it. `script` says in which characters it is printed;
    its texts are in simplified ones. `is_picture` says that its tables were only in pictures.
    """

    media_type: str
    title: str | None
    blocks: tuple[TextBlock | Grid, ...]
    facts: dict[str, str]
    stream: str | None = None
    unread: tuple[str, ...] = ()
    script: Script = "simplified"
    is_picture: bool = False

    @cached_property
    def grids(self) -> tuple[Grid, ...]:
        """The tables, in reading order."""
        return tuple(block for block in self.blocks if isinstance(block, Grid))

    @cached_property
    def text(self) -> str:
        """The running text, one block a line, tables left out."""
        return "\n".join(block.text for block in self.blocks if isinstance(block, TextBlock))


def tell_pictures(count: int) -> tuple[str, ...]:
    """Say of the pictures shown within a source that nothing is read from them, if any are."""
    if not count:
        return ()
    return (
        f"pictures within it were not read ({count}): where they show its tables, save them as "
        "files of their own",
    )
