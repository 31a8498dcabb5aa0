"""What reading a page costs, against parsing it and expanding its tables."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from selectolax.lexbor import LexborHTMLParser

from tasks.reading.read import read_cells, read_document, tell_edition
from tasks.sample.plan import plan_site
from tasks.sample.render import render_html

PAGE_BYTES = 100_000
ROUNDS = 60
PARAGRAPH = "<p class=MsoNormal><span lang=EN-US>&nbsp;</span>{}</p>\n"
MOST_TIMES_BASELINE = 2.0


def make_page() -> bytes:
    """Render a report as a word processor would, filled up with prose to 100 KB."""
    planned = next(
        planned
        for planned in plan_site()
        if planned.verdict == "valid" and planned.spec.edition == "2021"
    )
    page = render_html(planned.spec, "word").decode("utf-8")
    filler = PARAGRAPH.format("政务公开工作有序推进，" * 12)
    count = max(0, PAGE_BYTES - len(page.encode())) // len(filler.encode()) + 1
    return page.replace("</body>", filler * count + "</body>").encode()


def expand_grids(page: bytes) -> list[list[list[str]]]:
    """Parse a page and fill the merged slots of its tables: the least any reader does."""
    grids = []
    for table in LexborHTMLParser(page.decode("utf-8")).css("table"):
        pending: dict[tuple[int, int], str] = {}
        rows = []
        for r, tr in enumerate(table.css("tr")):
            row: list[str] = []
            for td in tr.css("td,th"):
                while (r, len(row)) in pending:
                    row.append(pending[r, len(row)])
                attributes = td.attributes
                text = td.text(deep=True).strip()
                for _ in range(int(attributes.get("colspan") or 1)):
                    for below in range(1, int(attributes.get("rowspan") or 1)):
                        pending[r + below, len(row)] = text
                    row.append(text)
            rows.append(row)
        grids.append(rows)
    return grids


def measure(*functions: Callable[[], object]) -> list[float]:
    """Time functions in turn, round by round; return the median CPU seconds of each."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, taken in zip(functions, times, strict=True):
            started = time.process_time()
            function()
            taken.append(time.process_time() - started)
    return [statistics.median(taken) for taken in times]


@pytest.mark.bench
def test_reading_costs_at_most_twice_the_bare_expansion() -> None:
    """From bytes to 200 cells takes at most twice what parsing and expanding grids takes."""
    page = make_page()

    def read() -> int:
        document = read_document(page)
        cells, problem = read_cells(document, tell_edition(document))
        assert problem is None
        return len(cells)

    assert read() == 200
    ours, baseline = measure(read, lambda: expand_grids(page))
    print(
        f"\nbench reading: {len(page)} bytes, {ours * 1e3:.2f} ms a page, bare grid expansion "
        f"{baseline * 1e3:.2f} ms, ratio {ours / baseline:.2f}, {1 / ours:.0f} pages/s a core"
    )
    assert ours / baseline <= MOST_TIMES_BASELINE
