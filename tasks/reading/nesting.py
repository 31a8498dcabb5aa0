"""Guards before the HTML parser, whose time grows with the square of nesting and attributes."""

from __future__ import annotations

import re

from tasks.reading.report import UnreadableError

MAX_NESTING = 5_000  # 0.1 s to parse; a browser lays out 512
MAX_ATTRIBUTES = 5_000  # in one tag, 0.05 s to parse
_LONG_TAG = re.compile(rb"<[a-zA-Z](?=[^<]{%d})" % (2 * MAX_ATTRIBUTES))
_WHOLE_TAG = re.compile(rb"(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+")
_TAG = re.compile(rb"<(/?)([a-zA-Z][^\s/>]{0,30})")
_SELF_CLOSED = re.compile(rb"[^<>]{0,2000}/>")
# Void, or closed by the next of their kind unless another element stands between.
_FLAT = frozenset({"area", "base", "body", "br", "col", "colgroup", "embed", "head", "hr", "html"})
_FLAT |= {"img", "input", "link", "meta", "option", "p", "param", "source", "track", "wbr"}
_FLAT |= {"dd", "dt", "li", "tbody", "td", "tfoot", "th", "thead", "tr"}
_FOREIGN = frozenset({"svg", "math"})


def refuse_many_attributes(page: bytes) -> None:
    """Refuse a page with a tag of so many attributes that parsing it would take too long.

    Raises:
        UnreadableError: `too_complex`.
    """
    if not _has_long_tag(page):
        return
    for start in _LONG_TAG.finditer(page):
        tag = _WHOLE_TAG.match(page, start.end())
        count = len(tag[0].split()) if tag else 0
        if count > MAX_ATTRIBUTES:
            raise UnreadableError(
                "too_complex",
                f"expected at most {MAX_ATTRIBUTES} attributes in a tag, found about {count} at "
                f"byte {start.start()}; check that the page was saved whole, or save it from a "
                "browser as text",
            )


def _has_long_tag(page: bytes) -> bool:
    """Tell whether a tag may be that long, without a look at every byte.

    Where no tag begins for so many bytes, none begins in one of the windows half as wide.
    """
    starts = range(0, len(page) - MAX_ATTRIBUTES + 1, MAX_ATTRIBUTES)
    return any(page.find(b"<", start, start + MAX_ATTRIBUTES) < 0 for start in starts)


def refuse_deep_nesting(page: bytes) -> None:
    """Refuse a page whose elements are nested so deep that parsing it would take too long.

    Counts the elements open at once, by name: a tag that closes nothing counts for nothing.

    Raises:
        UnreadableError: `nesting_too_deep`.
    """
    tags = page.count(b"<")
    if tags <= MAX_NESTING or tags - page.count(b"</") <= MAX_NESTING:
        return
    counts: dict[str, int] = {}
    depth = 0
    for tag in _TAG.finditer(page):
        name = tag[2].lower().decode("ascii", "replace")
        if name in _FLAT:
            continue
        count = counts.get(name, 0)
        if tag[1]:
            depth -= count > 0
            counts[name] = max(count - 1, 0)
        elif not (_is_foreign(counts) and _SELF_CLOSED.match(page, tag.end())):
            depth += 1
            counts[name] = count + 1
            if depth > MAX_NESTING:
                raise UnreadableError(
                    "nesting_too_deep",
                    f"expected a page with at most {MAX_NESTING} elements open at once, found "
                    f"more at byte {tag.start()}, the last of them <{name}>; check that "
                    "the page was saved whole, or save it from a browser as text",
                )


def _is_foreign(counts: dict[str, int]) -> bool:
    """Tell whether a drawing or formula is open, in which a slash closes a tag."""
    return any(counts.get(name) for name in _FOREIGN)
