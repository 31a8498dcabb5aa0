"""The site of results made fit to be read offline: no page asks for anything of the network.

Great Expectations takes the looks of its Data Docs, and the tables of their front page, from
other hosts: without these, the front page is empty and the others are bare. So what is of the
network is taken out, our own style sheet put in, and the front page written anew.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from expectations.rule_result import RuleResult
from expectations.rulebook import load_rulebook

FOLDER = Path(__file__).parent / "site"
STYLE = Path("static/styles/gouji.css")
# What loads something, or runs code that needs what was loaded. Links to reports stay.
LOADING = re.compile(
    r"<link\b[^>]*?>|<script\b.*?</script\s*>|<img\b[^>]*?>"
    r"|<style\b.*?</style\s*>|<footer\b.*?</footer\s*>",
    re.DOTALL | re.IGNORECASE,
)
HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)


def finish_site(site: Path, results: Sequence[RuleResult]) -> None:
    """Make every page of a built site readable without a network, and write its front page.

    Args:
        site: The folder that Great Expectations wrote.
        results: What the front page lists: the rules that failed, by edition.

    Raises:
        ValueError: a page has no head to put the style into.
        OSError: a file cannot be written.
    """
    style = site / STYLE
    shutil.rmtree(site / "static", ignore_errors=True)  # 4 MB that no page asks for any more
    style.parent.mkdir(parents=True, exist_ok=True)
    style.write_bytes((FOLDER / "style.css").read_bytes())
    for page in sorted(site.rglob("*.html")):
        depth = os.path.relpath(style, page.parent)
        page.write_text(take_offline(page.read_text("utf-8"), Path(depth).as_posix()), "utf-8")
    (site / "index.html").write_text(write_index(site, results), "utf-8")


def take_offline(page: str, style: str) -> str:
    """Take out of a page all that loads something, and link the style sheet.

    Raises:
        ValueError: the page has no head.
    """
    bare = LOADING.sub("", page)
    if not HEAD_END.search(bare):
        raise ValueError(f"page of the site: expected a head, found {bare[:80]!r}")
    link = f'<link rel="stylesheet" href="{style}">\n</head>'
    return HEAD_END.sub(lambda _: link, bare, count=1)


def write_index(site: Path, results: Sequence[RuleResult]) -> str:
    """Write the front page: for each edition its pages, and its failed rules, the most first."""
    rulebook = load_rulebook()
    suites: list[dict[str, Any]] = []
    for edition in sorted({result.edition for result in results}, reverse=True):
        own = [result for result in results if result.edition == edition and result.failed]
        pages = sorted((site / "validations" / f"form-{edition}").rglob("*.html"))
        suites.append(
            {
                "edition": edition,
                "results": pages[-1].relative_to(site).as_posix() if pages else "",
                "rules": f"expectations/form-{edition}.html",
                "failing": [
                    {"result": result, "title": rulebook.name_rule(result.rule)}
                    for result in sorted(own, key=lambda one: (-one.failed, one.rule))
                ],
            }
        )
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("index.html.j2").render(words=_load_words(), suites=suites)


@cache
def _load_words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load((FOLDER / "words.yaml").read_text("utf-8"))
    return words
