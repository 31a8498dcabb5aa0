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
    if len(matching.repeated) >= len(form.cells) / 2:
        names = {title.text for title, _ in _list_titles(document)}
        if matching.differing or len(names) > 1:
            raise UnreadableError(
                "several_reports",
                f"expected one report on the page, found the tables printed twice "
                f"({len(matching.repeated)} cells repeated, {len(matching.differing)} of them "
                f"with other figures, {len(names)} titles); save each report as a page of its own",
            )
    first, last = (choose(matching.grids.values(), default=0) for choose in (min, max))
    between = [title for title, is_whole in _list_titles(document, first, last) if is_whole]
    if not between:
        return
    before = [title for title, is_whole in _list_titles(document, 0, first) if is_whole]
    own = before[-1] if before else match_title(document.title or "")
    other = next((title for title in between if own and _is_other(title, own)), None)
    if own and other:
        raise UnreadableError(
            "several_reports",
            f"expected one report on the page, found the title {other.text} between the tables "
            f"of {own.text}; save each report as a page of its own",
        )


def find_later(matching: Matching, form: Form) -> frozenset[str]:
    """Find the cells that only a second print of the tables has: they may be another report's.

    A second print begins with the first grid that repeats several rows, or before it where
    the tables begin anew.
    """
    again = [grid for grid, rows in matching.again.items() if len(rows) >= LEAST_ROWS]
    if not again:
        return frozenset()
    order = dict.fromkeys(f"{cell.table}.{cell.row}" for cell in form.cells)
    grids = [matching.grids[row] for row in order if row in matching.grids]
    # In one report, what stands earlier in the form stands in an earlier grid or in the same.
    back = [grid for place, grid in enumerate(grids) if grid > min(grids[place:])]
    start = min([*again, *back])
    later = {row for row, grid in matching.grids.items() if grid >= start}
    return frozenset(cell.key for cell in form.cells if f"{cell.table}.{cell.row}" in later)


def _list_titles(
    document: Document, first: int = 0, last: int | None = None
) -> list[tuple[Title, bool]]:
    """List the lines that hold a title, and whether it is all they hold.

    Of those with at least `first` and fewer than `last` grids before them.
    """
    titles: list[tuple[Title, bool]] = []
    grids = 0
    for block in document.blocks:
        if last is not None and grids >= last:
            break
        if isinstance(block, Grid):
            grids += 1
        elif first <= grids and len(block.text) <= MAX_TITLE:
            title = match_title(block.text)
            if title:
                titles.append((title, title.text == block.text.strip()))
    return titles


def _is_other(title: Title, first: Title) -> bool:
    """Tell whether a title is that of another year or body, however long the body is named."""
    if title.body in first.body or first.body in title.body:
        return title.year != first.year
    return any(scope.search(title.body) for scope in load_patterns().scopes.values())
