"""The entries of a list: from web pages, from the answers of the families. Pure."""

from __future__ import annotations

import html as references
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from tasks.fetching.lists.family import Family

MOST_CHARACTERS = 1_000_000
MOST_ENTRIES = 5000
_RECORD = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A link as it stands: its address as written, its texts (title attribute, printed text)."""

    href: str
    texts: tuple[str, ...]


def read_answer(family: Family, text: str) -> tuple[Entry, ...]:
    """Read the entries of an answer; none where it is not what the family answers with."""
    if family.answer == "html":
        return list_anchors(text)
    if family.answer == "xml":
        return list_anchors("".join(_RECORD.findall(text[:MOST_CHARACTERS])))
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    for key in family.at:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, str):
        return list_anchors(value)
    items = value if isinstance(value, list) else []
    return tuple(
        Entry(href, (_take(item, family.title),))
        for item in items[:MOST_ENTRIES]
        if isinstance(item, dict) and (href := _take(item, family.href))
    )


def list_anchors(html: str) -> tuple[Entry, ...]:
    """List the links of a page or a part of one, in order; at most 5,000."""
    return find_anchors(LexborHTMLParser(html[:MOST_CHARACTERS]))


def find_anchors(tree: LexborHTMLParser) -> tuple[Entry, ...]:
    """List the links of a parsed page, in order; at most 5,000."""
    return tuple(
        Entry(
            anchor.attributes.get("href") or "",
            (anchor.attributes.get("title") or "", anchor.text()),
        )
        for anchor in tree.css("a[href]")[:MOST_ENTRIES]
    )


def list_embedded(family: Family, html: str, tree: LexborHTMLParser) -> Iterator[Entry]:
    """List what a page holds beside its links: records, addresses in scripts, selections."""
    if family.has_embedded:
        yield from read_answer(family, html)
    if family.addresses is not None:
        for address in family.addresses.findall(html)[:MOST_ENTRIES]:
            yield Entry(references.unescape(address), ())
    if family.options:
        choices = [
            [option.attributes.get("value") or "" for option in tree.css(selector)]
            for selector in (f'select[name="{name}"] option' for name in family.options)
        ]
        for values in list(product(*choices))[:MOST_ENTRIES]:
            if all(value.isalnum() for value in values):
                named = dict(zip(family.options, values, strict=True))
                yield Entry(family.option_url.format_map(named), ())


def _take(item: dict[str, Any], names: tuple[str, ...]) -> str:
    found = (item.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")
