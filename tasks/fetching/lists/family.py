"""The families of content systems as data. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

FAMILIES_FILE = Path(__file__).parent / "families.yaml"
Form = Literal["page", "html", "xml", "json", "json_html"]
Numbering = Literal["up", "from_zero", "down"]


@dataclass(frozen=True, slots=True)
class Family:
    """One entry of `families.yaml`, its patterns compiled; the file says what they mean."""

    name: str
    sign: re.Pattern[str]
    needs: frozenset[str]
    in_page: Mapping[str, re.Pattern[str]]
    in_address: Mapping[str, re.Pattern[str]]
    defaults: Mapping[str, str]
    object: re.Pattern[str] | None
    repeated: str | None
    url: str | None
    form: tuple[str, ...]
    size: int
    numbering: Numbering
    begins: int
    answer: Form
    at: tuple[str, ...]
    title: tuple[str, ...]
    href: tuple[str, ...]
    has_embedded: bool
    needs_referer: bool
    addresses: re.Pattern[str] | None
    options: tuple[str, ...]
    option_url: str


@cache
def load_families(path: Path = FAMILIES_FILE) -> Mapping[str, Family]:
    """Load the families by name, in the order of the file."""
    entries: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: _build(name, entry) for name, entry in entries.items()}


def _build(name: str, entry: dict[str, Any]) -> Family:
    in_page, in_address = entry.get("in_page", {}), entry.get("in_address", {})
    defaults = {key: str(value) for key, value in entry.get("defaults", {}).items()}
    needs = frozenset({*entry.get("needs", ()), *in_page, *in_address})
    if "each_name" in entry:
        others = (key for key in (*entry.get("needs", ()), *defaults) if key not in in_page)
        in_page = {**in_page, **{key: entry["each_name"].format(name=key) for key in others}}
    options = entry.get("options", {})
    return Family(
        name=name,
        sign=re.compile(entry["sign"]),
        needs=needs,
        in_page={key: re.compile(pattern) for key, pattern in in_page.items()},
        in_address={key: re.compile(pattern) for key, pattern in in_address.items()},
        defaults=defaults,
        object=_compile(entry.get("object")),
        repeated=entry.get("repeated"),
        url=entry.get("url"),
        form=tuple(entry.get("form", ())),
        size=entry.get("size", 0),
        numbering=entry.get("numbering", "up"),
        begins=entry.get("begins", 1),
        answer=entry.get("answer", "page"),
        at=tuple(entry.get("at", "").split(".")),
        title=tuple(entry.get("title", ())),
        href=tuple(entry.get("href", ())),
        has_embedded=entry.get("embedded", False),
        needs_referer=entry.get("referer", False),
        addresses=_compile(entry.get("addresses")),
        options=tuple(options.get("names", ())),
        option_url=options.get("url", ""),
    )


def _compile(pattern: str | None) -> re.Pattern[str] | None:
    return None if pattern is None else re.compile(pattern)
