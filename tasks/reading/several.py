"""Several reports on one page: told by tables printed again and by titles between tables."""

from __future__ import annotations

from expectations.form import Form
from tasks.reading.document import Document, Grid
from tasks.reading.identity import Title, match_title
from tasks.reading.place import Matching
from tasks.reading.report import UnreadableError
from tasks.reading.words import load_patterns

MAX_TITLE = 80  # characters of a line that may be a title
LEAST_ROWS = 2  # printed again, by which a grid is another print of a table


def refuse_several(document: Document, matching: Matching, form: Form) -> None:
    """Refuse a page with several reports: which figures count cannot be told.

    The same tables once more under one and the same title are a copy for print or mobile.

    Raises:
        UnreadableError: `several_reports`, most cells are printed twice, or another report's
            title stands between the tables.
    """
    titles = _list_titles(document)
    whole = [(number, title) for number, title, is_whole in titles if is_whole]
    is_twice = len(matching.repeated) >= len(form.cells) / 2
    names = {title.text for _, title, _ in titles}
    if is_twice and (matching.differing or len(names) > 1):
        raise UnreadableError(
            "several_reports",
            f"expected one report on the page, found the tables printed twice "
            f"({len(matching.repeated)} cells repeated, {len(matching.differing)} of them with "
            f"other figures, {len(names)} titles); save each report as a page of its own",
        )
    used = set(matching.grids.values())
    if not used:
        return
    before = [title for number, title in whole if number < min(used)]
    first = before[-1] if before else match_title(document.title or "")
    other = next(
        (
            title
            for number, title in whole
            if first and min(used) <= number < max(used) and _is_other(title, first)
        ),
        None,
    )
    if first and other:
        raise UnreadableError(
            "several_reports",
            f"expected one report on the page, found the title {other.text} between the tables "
            f"of {first.text}; save each report as a page of its own",
        )


def find_later(matching: Matching, form: Form) -> frozenset[str]:
    """Find the cells that only a second print of the tables has: they may be another report's.

    A second print begins with the first grid that repeats several rows, or before it where
    the tables begin anew.
    """
    again = [grid for grid, rows in matching.again.items() if len(rows) >= LEAST_ROWS]
    if not again:
        return frozenset()
    order = [cell.key for cell in form.cells if cell.key in matching.grids]
    grids = [matching.grids[cell] for cell in order]
    # In one report, what stands earlier in the form stands in an earlier grid or in the same.
    back = [grid for place, grid in enumerate(grids) if grid > min(grids[place:])]
    start = min([*again, *back])
    return frozenset(cell for cell, grid in matching.grids.items() if grid >= start)


def _list_titles(document: Document) -> list[tuple[int, Title, bool]]:
    """List the lines that hold a title, with the number of grids before and whether it is all."""
    titles: list[tuple[int, Title, bool]] = []
    grids = 0
    for block in document.blocks:
        if isinstance(block, Grid):
            grids += 1
        elif len(block.text) <= MAX_TITLE and (title := match_title(block.text)):
            titles.append((grids, title, title.text == block.text.strip()))
    return titles


def _is_other(title: Title, first: Title) -> bool:
    """Tell whether a title is that of another year or body, however long the body is named."""
    if title.body in first.body or first.body in title.body:
        return title.year != first.year
    return any(scope.search(title.body) for scope in load_patterns().scopes.values())
