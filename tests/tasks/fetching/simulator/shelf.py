"""A site whose texts have names: it answers 304 to whom has them, and its texts can change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tests.tasks.fetching.simulator.server import HTML, NOT_FOUND, Asked, Reply

Naming = Literal["etag", "last-modified", "none"]
REPORT = (
    "<title>{title}</title><h1>{title}</h1><p>政府信息公开工作年度报告</p>"
    "<table><tr><td>第二十条第（一）项</td></tr></table>{filler}"
)


@dataclass(slots=True)
class Shelf:
    """Pages by path, and what stands in for some of them; `naming` is how texts are named."""

    pages: dict[str, bytes]
    naming: Naming = "etag"
    stand_ins: dict[str, Callable[[Asked], Reply]] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        """Answer one request."""
        if asked.path in self.stand_ins:
            return self.stand_ins[asked.path](asked)
        page = self.pages.get(asked.path)
        if page is None:
            return NOT_FOUND
        if self.naming == "none":
            return Reply(page)
        digest = hashlib.sha256(page).hexdigest()
        names = {
            "etag": ("ETag", f'"{digest[:16]}"', "if-none-match"),
            "last-modified": (
                "Last-Modified",
                f"Mon, 05 Jan 2026 {int(digest[:4], 16) % 24:02}:{int(digest[4:8], 16) % 60:02}:"
                f"{int(digest[8:12], 16) % 60:02} GMT",
                "if-modified-since",
            ),
        }
        name, value, condition = names[self.naming]
        if asked.headers.get(condition) == value:
            return Reply(b"", 304, headers=((name, value),))
        return Reply(page, headers=(*HTML, (name, value)))


def fill_shelf(count: int, naming: Naming = "etag", filler: str = "") -> Shelf:
    """Make a site with a column at `/zfxxgknb/` that lists reports, 100 on a page of the list."""
    titles = {f"/art/{n}.html": f"某局{n}二〇二四年政府信息公开工作年度报告" for n in range(count)}
    pages = {
        path: REPORT.format(title=title, filler=filler).encode() for path, title in titles.items()
    }
    links = [f'<li><a href="{path}">{title}</a></li>' for path, title in titles.items()]
    starts = range(0, count, 100)
    for number, start in enumerate(starts):
        path = f"/zfxxgknb/index_{number}.html" if number else "/zfxxgknb/"
        further = f'<a href="/zfxxgknb/index_{number + 1}.html">下一页</a>'
        shown = "".join(links[start : start + 100]) + (further if start != starts[-1] else "")
        pages[path] = f"<title>政府信息公开年报</title><ul>{shown}</ul>".encode()
    return Shelf(pages, naming)
