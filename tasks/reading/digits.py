"""Where run-together digits split: every way that the sums of the form allow.

A blank cell cannot hide in a run whose total is printed and right. Cutting an addend in two
lowers the sum and cutting the total lowers it too, while both keep their digit sums; a split
with too many cuts fits only where the cut-off head of the total is a multiple of nine. What
is left of the doubt (a blank or wrong total) the sums of the columns decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import NamedTuple

MAX_SPLITS = 4_000  # of one row; more are no evidence and cost time
MAX_STEPS = 50_000  # figures tried for one row
MAX_SUMS = 200_000  # sums formed at once while columns are added up
MAX_SHARED = 50  # splits left of a row that several balances share
MAX_RUN_DIGITS = 200
MAX_FIGURE_DIGITS = 12
BLANK = -1  # stands in a split for a cell of which nothing is printed
_COLUMN_BITS = 60  # a packed row gives each column so many bits: sums never run over

Split = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """An identity between rows, column by column: `left` rows sum to `right` rows."""

    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def rows(self) -> tuple[str, ...]:
        """Every row it binds."""
        return self.left + self.right


def split_sums(
    tokens: Sequence[str], width: int, groups: int = 1, blank: int | None = None
) -> list[Split] | None:
    """List every split of digits into groups of `width` figures that end in their sum.

    Printed separators (between `tokens`) are kept as cuts, each digit is used once, no figure
    has a leading zero. The figure at `blank` is not printed (-1); whatever it is, the others
    of its group are no more than the total. None where there are more than 4,000, or too many
    to try.
    """
    digits = "".join(tokens)
    cuts, position = [], 0
    for token in tokens:
        position += len(token)
        cuts.append(position)
    count = width * groups - (blank is not None)
    if not digits.isdecimal() or not count <= len(digits) <= MAX_RUN_DIGITS:
        return []
    run = _Run(digits, cuts, width, groups, blank, iter(range(MAX_STEPS)))
    found = list(islice(_extend(run, 0, ()), MAX_SPLITS + 1))
    is_whole = len(found) <= MAX_SPLITS and next(run.steps, None) is not None
    return found if is_whole else None


def split_sums_with_blank(tokens: Sequence[str], width: int, groups: int) -> list[Split] | None:
    """List the splits that are possible if any one addend is blank; None if too many."""
    found: list[Split] = []
    for place in range(width * groups):
        if place % width == width - 1:
            continue
        splits = split_sums(tokens, width, groups, place)
        if splits is None:
            return None
        found.extend(splits)
    return found


class _Run(NamedTuple):
    digits: str
    cuts: list[int]
    width: int
    groups: int
    blank: int | None
    steps: Iterator[int]  # what is left of them


def _extend(run: _Run, start: int, done: Split) -> Iterator[Split]:
    """Extend a split by its next figure; the last of a group is the sum of the others."""
    digits, width = run.digits, run.width
    place = len(done) % width
    left = run.groups * width - len(done)
    if left == 0:
        if start == len(digits):
            yield done
        return
    if len(done) == run.blank:
        yield from _extend(run, start, (*done, BLANK))
        return
    if start >= len(digits) or next(run.steps, None) is None:
        return
    end = next(cut for cut in run.cuts if cut > start)
    last = min(end, start + MAX_FIGURE_DIGITS) if digits[start] != "0" else start + 1
    group = [figure for figure in done[len(done) - place :] if figure != BLANK]
    total = sum(group)
    is_total = place == width - 1
    if is_total and len(group) == place:
        stop = start + len(str(total))
        if stop <= last and digits.startswith(str(total), start):
            yield from _extend(run, stop, (*done, total))
        return
    longest = max((len(str(figure)) for figure in group), default=1)
    unprinted = run.blank is not None and run.blank >= len(done)
    for stop in range(start + 1, last + 1):
        # Behind this figure stand the rest of its group, a total no shorter, the other groups.
        least = left - 1 if is_total else left - 2 + max(longest, stop - start)
        if len(digits) - stop < least - unprinted:
            break
        figure = int(digits[start:stop])
        if not is_total or figure >= total:
            yield from _extend(run, stop, (*done, figure))


def settle_rows(
    choices: Mapping[str, Sequence[Split]], balances: Sequence[Balance]
) -> dict[str, list[Split]] | None:
    """Keep of each row the splits that stand in an assignment in which all balances hold.

    Exact: a split is kept if and only if such an assignment contains it. Rows that no balance
    binds are left out. An empty dict says that no assignment fits, None that there are too
    many partial sums to tell.
    """
    bound = {row: list(choices[row]) for balance in balances for row in balance.rows}
    if not all(bound.values()):
        return {}
    pruned = _prune_by_column(bound, balances)
    if not pruned:
        return pruned
    shared = [row for row in pruned if sum(row in balance.rows for balance in balances) > 1]
    if prod(len(pruned[row]) for row in shared) > MAX_SHARED:
        return None
    packed = {row: [_pack(split) for split in splits] for row, splits in pruned.items()}
    kept: dict[str, set[int]] = {row: set() for row in pruned}
    for fixed in _combine(shared, packed):
        supports: dict[str, set[int]] = {row: {value} for row, value in fixed.items()}
        for balance in balances:
            rows = [row for row in balance.rows if row not in fixed]
            signs = {row: 1 if row in balance.left else -1 for row in balance.rows}
            target = -sum(signs[row] * value for row, value in fixed.items() if row in signs)
            found = _find_supports([[signs[r] * v for v in packed[r]] for r in rows], target)
            if found is None:
                return None
            if not found:
                break
            for row, values in zip(rows, found, strict=True):
                supports[row] = {signs[row] * value for value in values}
        else:
            for row, values in supports.items():
                kept[row] |= values
    if not all(kept.values()):
        return {}
    return {
        row: [s for s, value in zip(splits, packed[row], strict=True) if value in kept[row]]
        for row, splits in pruned.items()
    }


def _prune_by_column(
    choices: dict[str, list[Split]], balances: Sequence[Balance]
) -> dict[str, list[Split]]:
    """Drop, column after column, the splits whose figure no sum of that column can hold."""
    width = len(next(iter(choices.values()))[0])
    is_open = True
    while is_open:
        is_open = False
        for balance in balances:
            for column in range(width):
                values = [
                    [side * v for v in {split[column] for split in choices[row]}]
                    for side, rows in ((1, balance.left), (-1, balance.right))
                    for row in rows
                ]
                found = _find_supports(values, 0)
                if found is None:
                    continue
                if not found:
                    return {}
                for row, supported in zip(balance.rows, found, strict=True):
                    side = 1 if row in balance.left else -1
                    kept = [s for s in choices[row] if side * s[column] in supported]
                    is_open |= len(kept) < len(choices[row])
                    choices[row] = kept
                    if not kept:
                        return {}
    return choices


def _find_supports(choices: Sequence[Sequence[int]], target: int) -> list[set[int]] | None:
    """Keep of each choice the values with which one from each can sum to the target.

    An empty list where none do, None where there are too many partial sums.
    """
    fixed = sum(values[0] for values in choices if len(values) == 1)
    many = [values for values in choices if len(values) > 1]
    before: list[set[int]] = [{fixed}]
    for values in many:
        if len(before[-1]) * len(values) > MAX_SUMS:
            return None
        before.append({total + value for total in before[-1] for value in values})
    if target not in before[-1]:
        return []
    supports: list[set[int]] = []
    wanted = {target}
    for values, reached in zip(reversed(many), reversed(before[:-1]), strict=True):
        pairs = [(v, t - v) for t in wanted for v in values if t - v in reached]
        supports.append({value for value, _ in pairs})
        wanted = {rest for _, rest in pairs}
    supports.reverse()
    later = iter(supports)
    return [{values[0]} if len(values) == 1 else next(later) for values in choices]


def _combine(rows: list[str], packed: Mapping[str, list[int]]) -> Iterator[dict[str, int]]:
    if not rows:
        yield {}
        return
    for rest in _combine(rows[1:], packed):
        for value in packed[rows[0]]:
            yield {rows[0]: value, **rest}


def _pack(split: Split) -> int:
    """Pack a row into one number, so that sums of numbers are sums column by column."""
    return sum(figure << (_COLUMN_BITS * place) for place, figure in enumerate(split))


def split_texts(
    run: str, patterns: Sequence[re.Pattern[str]], *, may_be_blank: bool
) -> Iterator[tuple[str, ...]]:
    """Give every split of a printed run into one text a column, each as its pattern demands.

    Blanks in the run are kept as cuts. With `may_be_blank`, a column may also have nothing.
    """
    yield from _split_texts(run.strip(), list(patterns), may_be_blank)


def _split_texts(
    run: str, patterns: list[re.Pattern[str]], may_be_blank: bool
) -> Iterator[tuple[str, ...]]:
    if not patterns:
        if not run:
            yield ()
        return
    if may_be_blank:
        yield from (("", *rest) for rest in _split_texts(run, patterns[1:], may_be_blank))
    for stop in range(1, len(run) + 1):
        if patterns[0].fullmatch(run[:stop]):
            for rest in _split_texts(run[stop:].lstrip(), patterns[1:], may_be_blank):
                yield (run[:stop], *rest)
