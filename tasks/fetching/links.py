"""What a link is for: a report, a list of reports, a year of one, a further page. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import yaml

from tasks.fetching.source import is_address

LinkKind = Literal["report", "column", "year", "next", "gateway", "attachment"]
LINKS_FILE = Path(__file__).parent / "links.yaml"

_MAX_URL_CHARACTERS = 2000
_MAX_TEXT_CHARACTERS = 200
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SHARED = re.compile(  # what many registrants share: kinds under a country, provinces under cn
    r"(?:ac|com|edu|gov|mil|net|org)\.[a-z]{2}"
    r"|(?:ah|bj|cq|fj|gd|gs|gx|gz|ha|hb|he|hi|hk|hl|hn|jl|js|jx|ln|mo|nm|nx|qh|sc|sd|sh|sn|sx|tj|tw"
    r"|xj|xz|yn|zj)\.cn"
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns of `links.yaml`, compiled."""

    report: re.Pattern[str]
    excluded: re.Pattern[str]
    harmless: re.Pattern[str]
    report_path: re.Pattern[str]
    article_path: re.Pattern[str]
    column: re.Pattern[str]
    column_path: re.Pattern[str]
    column_folder: re.Pattern[str]
    attachment_path: re.Pattern[str]
    attachment_excluded: re.Pattern[str]
    gateway: re.Pattern[str]
    year: re.Pattern[str]
    next: re.Pattern[str]
    phrases: re.Pattern[str]
    phrases_at_least: int
    article_han_count: int
    error: re.Pattern[str]
    login: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Link:
    """A link of some use: its absolute address without fragment, its text, its kind."""

    url: str
    text: str
    kind: LinkKind


@cache
def load_rules(path: Path = LINKS_FILE) -> Rules:
    """Load and compile the patterns."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Rules(
        report=_compile(data["report"]),
        excluded=re.compile("|".join(data["report"]["exclude"])),
        harmless=re.compile("|".join(data["report"]["harmless"])),
        report_path=re.compile(data["report"]["path"]),
        article_path=re.compile(data["report"]["article_path"]),
        column=_compile(data["column"]),
        column_path=re.compile(data["column"]["path"]),
        column_folder=re.compile(data["column"]["folder"]),
        attachment_path=re.compile(data["attachment"]["path"]),
        attachment_excluded=re.compile("|".join(data["attachment"]["exclude"])),
        gateway=_compile(data["gateway"]),
        year=_compile(data["year"]),
        next=_compile(data["next"]),
        phrases=re.compile("|".join(map(re.escape, data["report_page"]["phrases"]))),
        phrases_at_least=data["report_page"]["at_least"],
        article_han_count=data["report_page"]["article_han_count"],
        error=re.compile("|".join(data["error_page"])),
        login=re.compile("|".join(data["login_page"])),
    )


def classify_link(texts: Sequence[str], url: str, rules: Rules) -> LinkKind | None:
    """Tell what a link is for by its texts (its title and what is printed) and its address.

    None where it is of no use, among them links whose text only speaks about reports.
    """
    folded = [text for text in map(fold_text, texts) if text]
    path = urlsplit(url).path.lower()
    if any(rules.excluded.search(rules.harmless.sub("", text)) for text in folded):
        return None
    by_text: tuple[tuple[LinkKind, re.Pattern[str]], ...] = (
        ("next", rules.next),
        ("report", rules.report),
        ("year", rules.year),
        ("column", rules.column),
    )
    for kind, pattern in by_text:
        if any(pattern.search(text) for text in folded):
            return kind
    if rules.report_path.search(path):
        return "report"
    if rules.column_path.search(path):
        return "column"
    if folded and rules.column_folder.search(path) and rules.article_path.search(path):
        return "report"
    return "gateway" if any(rules.gateway.search(text) for text in folded) else None


def is_file(url: str, rules: Rules) -> bool:
    """Tell by its path whether an address is that of a file, not of a page."""
    return rules.attachment_path.search(urlsplit(url).path.lower()) is not None


def is_attachment(texts: Sequence[str], url: str, rules: Rules) -> bool:
    """Tell whether a link on a report page leads to a file that may hold the report."""
    return is_file(url, rules) and not any(
        rules.attachment_excluded.search(fold_text(text)) for text in texts
    )


def resolve_link(base: str, href: str, *, is_same_host: bool = False) -> str | None:
    """Return the absolute address of a link on a page, without its fragment.

    None for anything but an http(s) address on the site (or, if asked for, the host) and port
    of `base` (http and https on their usual ports count as one), and for addresses over 2,000
    characters.
    """
    try:
        url = urljoin(base, href.strip().replace(" ", "%20")).partition("#")[0]
    except ValueError:
        return None
    if len(url) > _MAX_URL_CHARACTERS or not is_address(url):
        return None
    if _find_port(url) != _find_port(base):
        return None
    if is_same_host:
        return url if urlsplit(url).hostname == urlsplit(base).hostname else None
    return url if is_same_site(url, base) else None


def is_same_site(url: str, other: str) -> bool:
    """Tell whether two addresses belong to one site: one host, or two under one domain.

    The domain is taken to be the last three labels of a host in `gov.cn` and its like or under
    a province's name such as `js.cn`, and the last two of any other; numeric addresses have none.
    """
    one, two = (urlsplit(address).hostname or "" for address in (url, other))
    return one == two or (_name_domain(one) is not None and _name_domain(one) == _name_domain(two))


def is_redirect_allowed(url: str, target: str) -> bool:
    """Tell whether a page may send us on: to its own site, on its port or a usual one."""
    if len(target) > _MAX_URL_CHARACTERS or not is_address(target):
        return False
    return is_same_site(target, url) and _find_port(target) in (None, _find_port(url))


def fold_text(text: str) -> str:
    """Return a text in NFKC form without white space, cut at 200 characters."""
    folded = unicodedata.normalize("NFKC", text[: 4 * _MAX_TEXT_CHARACTERS])
    return "".join(folded.split())[:_MAX_TEXT_CHARACTERS]


def _compile(section: dict[str, Any]) -> re.Pattern[str]:
    whole = (f"^(?:{pattern})$" for pattern in section.get("whole", ()))
    return re.compile("|".join((*section.get("search", ()), *whole)), re.IGNORECASE)


def _find_port(url: str) -> int | None:
    """Return the port of an address, None for both usual ones."""
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    return None if port in _DEFAULT_PORTS.values() else port


def _name_domain(host: str) -> str | None:
    labels = host.split(".")
    if ":" in host or labels[-1].isdigit() or len(labels) < 2:
        return None
    is_shared = _SHARED.fullmatch(".".join(labels[-2:])) is not None
    count = 3 if is_shared else 2
    return ".".join(labels[-count:]) if len(labels) >= count else None
