"""What a fetched HTML page holds: useful links, and whether it is a report or a list. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from tasks.fetching.links import (
    Link,
    Rules,
    classify_link,
    fold_text,
    is_attachment,
    resolve_link,
)

_MAX_CHARACTERS = 1_000_000
_MAX_ANCHORS = 5000
_MAX_LIST_PAGES = 300
_MAX_ATTACHMENTS = 20
_TITLE_PARTS = re.compile(r"[-_|\u2013\u2014]")
_HAN = re.compile(r"[\u3400-\u9fff]")
# TRS lists: createPageHTML(pages, this page from 0, "index", "html") writes index_1.html ...
_TRS_PAGING = re.compile(
    r"createPageHTML\(\s*[\"']?(\d{1,5})[\"']?\s*,\s*[\"']?\d+[\"']?\s*,"
    r"\s*[\"']([\w-]+)[\"']\s*,\s*[\"'](\w+)[\"']"
)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a page holds: its useful links in order, and what it looks like.

    `is_report`: it has the phrases of a report. `is_article`: it has much text beside its
    links. `is_list`: its title or a word in its address is that of a list of reports.
    `is_titled`: its title is that of a report.
    """

    links: tuple[Link, ...]
    is_report: bool
    is_article: bool
    is_list: bool
    is_titled: bool


def survey_page(html: str, url: str, rules: Rules) -> Survey:
    """Look over a page for its useful links, each address once, itself left out.

    At most 5,000 links, 300 pages of a TRS list and a million characters are looked at: the
    parser needs quadratic time for elements that are opened and never closed.
    """
    tree = LexborHTMLParser(html[:_MAX_CHARACTERS])
    title = tree.css_first("title")
    heading = _TITLE_PARTS.split(title.text().strip() if title else "")[0]
    links: dict[str, Link] = {url: Link(url, "", "next")}
    for link in (*_list_links(tree, url, rules), *_list_trs_pages(html, url)):
        links.setdefault(link.url, link)
    del links[url]
    kind = classify_link((heading,), url, rules)
    tree.strip_tags(["script", "style", "a", "head"])
    text = "".join(tree.root.text().split()) if tree.root else ""
    return Survey(
        links=tuple(links.values()),
        is_report=has_report_phrases(text, rules),
        is_article=len(_HAN.findall(text)) >= rules.article_han_count,
        is_list=kind == "column",
        is_titled=kind == "report",
    )


def has_report_phrases(text: str, rules: Rules) -> bool:
    """Tell whether a text has as many of the phrases as make it a report."""
    return sum(phrase in text for phrase in rules.phrases) >= rules.phrases_at_least


def find_attachments(html: str, url: str, rules: Rules) -> tuple[Link, ...]:
    """Find the files that a report page links to, at most 20, each once, in printed order."""
    tree = LexborHTMLParser(html[:_MAX_CHARACTERS])
    found = {
        target: Link(target, max(map(fold_text, texts), key=len), "attachment")
        for texts, target in _list_anchors(tree, url)
        if is_attachment(texts, target, rules)
    }
    return tuple(found.values())[:_MAX_ATTACHMENTS]


def _list_anchors(tree: LexborHTMLParser, url: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Give the texts and the address of each link to the page's own site."""
    base_element = tree.css_first("base[href]")
    href = base_element.attributes.get("href") if base_element else None
    base = (resolve_link(url, href) if href else None) or url
    for anchor in tree.css("a[href]")[:_MAX_ANCHORS]:
        target = resolve_link(base, anchor.attributes.get("href") or "")
        if target is not None:
            yield (anchor.attributes.get("title") or "", anchor.text()), target


def _list_links(tree: LexborHTMLParser, url: str, rules: Rules) -> Iterator[Link]:
    for texts, target in _list_anchors(tree, url):
        kind = classify_link(texts, target, rules)
        if kind is not None:
            yield Link(target, max(map(fold_text, texts), key=len), kind)


def _list_trs_pages(html: str, url: str) -> Iterator[Link]:
    match = _TRS_PAGING.search(html)
    if match is None:
        return
    for number in range(1, min(int(match[1]), _MAX_LIST_PAGES)):
        target = resolve_link(url, f"{match[2]}_{number}.{match[3]}")
        if target is not None:
            yield Link(target, str(number + 1), "next")
