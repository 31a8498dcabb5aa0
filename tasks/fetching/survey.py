"""What a fetched HTML page holds: useful links, and whether it is a report or a list. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from selectolax.lexbor import LexborHTMLParser

from tasks.fetching.links import (
    Link,
    Rules,
    classify_link,
    fold_text,
    is_attachment,
    resolve_link,
)
from tasks.fetching.lists.detect import find_places
from tasks.fetching.lists.entries import MOST_CHARACTERS, Entry, find_anchors, list_embedded
from tasks.fetching.lists.family import load_families
from tasks.fetching.lists.place import Place, begin

Trouble = Literal["error_page", "login_page"]

_MOST_ATTACHMENTS = 20
_TITLE_PARTS = re.compile(r"[-_|\u2013\u2014]")
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Survey:
    """What a page holds: its useful links in order, and what it looks like.

    `is_report`: it has the phrases of a report. `is_article`: it has much text beside its
    links. `is_list`: its title or a word in its address is that of a list of reports.
    `is_titled`: its title is that of a report. `heading`: first part of its title.
    `hub`: the family by which it lists reports, whatever else it is. `places`: where its lists
    go on. `trouble`: what stands there instead of what was asked for.
    """

    links: tuple[Link, ...]
    is_report: bool
    is_article: bool
    is_list: bool
    is_titled: bool = False
    hub: str | None = None
    places: tuple[Place, ...] = ()
    trouble: Trouble | None = None
    heading: str = ""


def survey_page(html: str, url: str, rules: Rules) -> Survey:
    """Look over a page for its useful links, each address once, itself left out.

    At most 5,000 links and a million characters are looked at: the parser needs quadratic
    time for elements that are opened and never closed.
    """
    html = html[:MOST_CHARACTERS]
    tree = LexborHTMLParser(html)
    title = tree.css_first("title")
    heading = _TITLE_PARTS.split(title.text().strip() if title else "")[0]
    kind = classify_link((heading,), url, rules)
    families = [family for family in load_families().values() if family.sign.search(html)]
    embedded = [entry for family in families for entry in list_embedded(family, html, tree)]
    links = sort_entries((*find_anchors(tree), *embedded), _find_base(tree, url), url, rules)
    shown = [link.url for link in links if link.kind in ("report", "year")]
    places = (begin(place, shown) for place in find_places(html, url))
    has_files = bool(_list_files(tree, url, rules))
    has_password = tree.css_first("input[type=password]") is not None
    tree.strip_tags(["script", "style", "a", "head"])
    text = "".join(tree.root.text().split()) if tree.root else ""
    is_article = len(_HAN.findall(text)) >= rules.article_han_count
    holds = bool(shown) or is_article or has_files
    return Survey(
        links=links,
        is_report=has_report_phrases(text, rules),
        is_article=is_article,
        is_list=kind == "column",
        is_titled=kind == "report",
        hub=next((family.name for family in families if family.addresses), None),
        places=tuple(place for place in places if place is not None),
        trouble=None if holds else _tell_trouble(heading, text, has_password, rules),
        heading=fold_text(heading),
    )


def sort_entries(entries: Iterable[Entry], base: str, page: str, rules: Rules) -> tuple[Link, ...]:
    """Keep the useful ones of the links of a page, each address once, the page itself left out.

    Lists stay on their host; reports may stand on another host of the same site.
    """
    here = page.partition("#")[0]
    links: dict[str, Link] = {here: Link(here, "", "next")}
    for entry in entries:
        target = resolve_link(base, entry.href)
        kind = target and classify_link(entry.texts, target, rules)
        if target is None or not kind:
            continue
        if kind == "report" or resolve_link(here, target, is_same_host=True):
            text = max(map(fold_text, entry.texts), key=len, default="")
            links.setdefault(target, Link(target, text, kind))
    del links[here]
    return tuple(links.values())


def has_report_phrases(text: str, rules: Rules) -> bool:
    """Tell whether a text has as many of the phrases as make it a report."""
    found: set[str] = set()
    for match in rules.phrases.finditer(text):
        found.add(match[0])
        if len(found) == rules.phrases_at_least:
            return True
    return False


def find_attachments(html: str, url: str, rules: Rules) -> tuple[Link, ...]:
    """Find the files that a report page links to, at most 20, each once, in printed order."""
    return _list_files(LexborHTMLParser(html[:MOST_CHARACTERS]), url, rules)


def _list_files(tree: LexborHTMLParser, url: str, rules: Rules) -> tuple[Link, ...]:
    base = _find_base(tree, url)
    found: dict[str, Link] = {}
    for entry in find_anchors(tree):
        target = resolve_link(base, entry.href)
        if target is not None and is_attachment(entry.texts, target, rules):
            text = max(map(fold_text, entry.texts), key=len)
            found.setdefault(target, Link(target, text, "attachment"))
    return tuple(found.values())[:_MOST_ATTACHMENTS]


def is_hub(html: str) -> bool:
    """Tell whether a page lists reports by the addresses in its scripts, whatever else it is."""
    return any(
        family.addresses is not None and family.sign.search(html)
        for family in load_families().values()
    )


def _find_base(tree: LexborHTMLParser, url: str) -> str:
    """Find the address against which the links of a page stand, on its own site."""
    element = tree.css_first("base[href]")
    href = element.attributes.get("href") if element else None
    return (resolve_link(url, href) if href else None) or url


def _tell_trouble(heading: str, text: str, has_password: bool, rules: Rules) -> Trouble | None:
    said = f"{fold_text(heading)}\n{text}"
    if has_password and rules.login.search(said):
        return "login_page"
    return "error_page" if rules.error.search(said) else None
