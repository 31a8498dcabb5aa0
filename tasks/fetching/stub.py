"""Pages that show next to nothing: they send their reader on, or wall him off. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import yaml

from tasks.fetching.answer import Answer
from tasks.fetching.links import fold_text, load_rules
from tasks.reading.decoding import decode
from tasks.reading.report import UnreadableError

SCRIPTS_FILE = Path(__file__).parent / "scripts.yaml"
_IS_HTML = re.compile(rb"^\W*<(?:!doctype html|!--|html|head|script|meta|body)", re.I)
# Each pattern takes what is never closed up to the end: linear time, and what browsers do.
_NOT_RUN = re.compile(r"<!--.*?(?:-->|\Z)|<noscript\b.*?(?:</noscript>|\Z)", re.I | re.S)
_REMARKS = re.compile(r"/\*.*?(?:\*/|\Z)|(?<=[\s;{}>])//[^\n]*", re.S)
_TAGS = re.compile(r"<[^>]*(?:>|\Z)")
_UNSEEN = re.compile(r"<(script|style|title)\b.*?(?:</\1\s*>|\Z)|<[^>]*(?:>|\Z)", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Signs:
    """The patterns of `scripts.yaml`, compiled."""

    most_bytes: int
    most_characters: int
    redirects: tuple[re.Pattern[str], ...]
    walls: re.Pattern[str]


@cache
def load_signs(path: Path = SCRIPTS_FILE) -> Signs:
    """Load and compile the patterns."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Signs(
        most_bytes=data["most_bytes"],
        most_characters=data["most_characters"],
        redirects=tuple(
            re.compile(pattern, re.I) for pattern in (data["refresh"], *data["redirect"])
        ),
        walls=re.compile("|".join(data["wall"]), re.I),
    )


def find_redirect(answer: Answer) -> str | None:
    """Return the absolute address to which a page sends its reader by itself, None if to none.

    Only a page that shows next to nothing does so, at once or within 10 seconds; not one that
    says that something is missing, nor one that names its own address.
    """
    text = _read_stub(answer.content, answer.charset)
    if text is None or load_rules().error.search(fold_text(_TAGS.sub("", text))):
        return None
    found = (match for pattern in load_signs().redirects if (match := pattern.search(text)))
    for match in found:
        target = next(group for group in match.groups() if group)
        try:
            url = urljoin(answer.url, target.strip()).partition("#")[0]
        except ValueError:
            return None
        return None if url == answer.url else url
    return None


def is_wall(content: bytes) -> bool:
    """Tell whether a page shows next to nothing but has the signs of a script wall."""
    text = _read_stub(content, None)
    return text is not None and load_signs().walls.search(text) is not None


def _read_stub(content: bytes, charset: str | None) -> str | None:
    """Return what a browser would run of a page that shows next to nothing, None of any other."""
    signs = load_signs()
    if len(content) > signs.most_bytes or not _IS_HTML.match(content[:200]):
        return None
    try:
        html = _NOT_RUN.sub("", decode(content, charset))
    except UnreadableError:
        return None
    shown = "".join(_UNSEEN.sub("", html).split())
    return _REMARKS.sub("", html) if len(shown) <= signs.most_characters else None
