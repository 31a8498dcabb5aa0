"""A document printed in traditional characters, put into the simplified ones of the form."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tasks.reading.document import Document, Grid, TextBlock
from tasks.reading.script import is_traditional, to_simplified

TRADITIONAL: Final = "traditional"


def is_printed_traditional(document: Document) -> bool:
    """Tell whether a document's text and tables are in traditional characters."""
    cells = (cell.text for grid in document.grids for row in grid.rows for cell in row)
    return is_traditional(document.text + "".join(cells))


def simplify(document: Document) -> Document:
    """Convert all texts of a document if they are in traditional characters."""
    if not is_printed_traditional(document):
        return document
    return replace(
        document,
        title=document.title and to_simplified(document.title),
        blocks=tuple(map(_simplify_block, document.blocks)),
        facts={name: to_simplified(fact) for name, fact in document.facts.items()},
        stream=document.stream and to_simplified(document.stream),
        script=TRADITIONAL,
    )


def _simplify_block(block: TextBlock | Grid) -> TextBlock | Grid:
    if isinstance(block, TextBlock):
        return block._replace(text=to_simplified(block.text))
    return Grid(
        tuple(
            tuple(cell._replace(text=to_simplified(cell.text)) for cell in row)
            for row in block.rows
        )
    )
