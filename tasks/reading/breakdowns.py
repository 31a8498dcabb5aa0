"""What figures of one text have to do with each other: wholes and parts, shares and bases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from expectations.statement import Statement

RATIOS = frozenset(("share", "growth", "rate", "closing_rate"))
NOT_A_PART = frozenset(("change", "each", "planned", "denied", "all", "about"))
MAX_SHARE_GAP = 25
MAX_SAID = 30
REQUESTS = ("new", "received", "received_with_carried_in")
MIN_SHARED_NOUN = 4
Patterns = dict[str, re.Pattern[str]]


@dataclass(slots=True)
class _Frame:
    """A list of parts being read. A bracket without the opening word has no whole of its own."""

    whole: Statement | None
    is_bracket: bool
    leads_sentence: bool = False
    is_extended: bool = False
    opened_at: int = 0
    parts: list[Statement] = field(default_factory=list)


def relate(statements: Sequence[Statement], text: str, patterns: Patterns) -> tuple[Statement, ...]:
    """Tell of each statement what it is a part of, and what it is a share or growth of.

    `statements` are numbered in the order of `text`, their places are places in it.
    """
    counts = [entry for entry in statements if _is_count(entry)]
    links = _link_parts(counts, text, patterns)
    shares = {
        entry.number: base
        for entry in statements
        if entry.subject in ("share", "growth")
        and (base := _find_base(entry, counts, text, patterns)) is not None
    } | _share_respectively(statements, counts, text, patterns)
    return tuple(
        replace(
            entry,
            part_of=links[entry.number][0] if entry.number in links else None,
            is_closed=entry.number in links and links[entry.number][1],
            share_of=shares.get(entry.number),
        )
        for entry in statements
    )


def _is_count(entry: Statement) -> bool:
    return (
        entry.quantity is not None
        and entry.subject not in RATIOS
        and not NOT_A_PART.intersection(entry.qualifiers)
    )


def _link_parts(
    counts: list[Statement], text: str, patterns: Patterns
) -> dict[int, tuple[int, bool]]:
    lists: list[_Frame] = []
    stack: list[_Frame] = []
    last: Statement | None = None
    for entry in counts:
        if last is not None:
            for turn in patterns["turns"].finditer(text, last.end, entry.offset):
                _turn(stack, lists, turn, last, text)
        _join(stack, entry)
        last = entry
    return {
        part.number: (frame.whole.number, _is_closed(frame, text, patterns))
        for frame in lists
        if frame.whole is not None and len(frame.parts) > 1
        for part in frame.parts
    }


def _turn(
    stack: list[_Frame], lists: list[_Frame], turn: re.Match[str], last: Statement, text: str
) -> None:
    sign = turn[0]
    if sign == "(":
        follows = turn.start() == last.end
        stack.append(_Frame(last if follows else None, is_bracket=True, opened_at=turn.end()))
        lists.append(stack[-1])
    elif sign == ")":
        while stack and not stack.pop().is_bracket:
            pass
    elif len(sign) > 1:
        leads = text[max(turn.start() - 1, 0)] in "。\n"
        stack.append(_Frame(last, False, leads_sentence=leads, opened_at=turn.end()))
        lists.append(stack[-1])
    elif sign == "。" and stack and stack[-1].leads_sentence and not stack[-1].is_extended:
        stack[-1].is_extended = True
    else:
        stack.clear()


def _join(stack: list[_Frame], entry: Statement) -> None:
    """Put a figure into the innermost list, if it counts the same as the whole."""
    if not stack or stack[-1].whole is None:
        return
    frame, whole = stack[-1], stack[-1].whole
    if entry.unit not in (None, whole.unit) or entry.period != whole.period:
        return
    if frame.is_extended and _add(frame.parts) + (entry.quantity or 0) > (whole.quantity or 0):
        # A sentence after the list belongs to it only while the whole leaves room.
        stack.pop()
        return
    frame.parts.append(entry)


def _is_closed(frame: _Frame, text: str, patterns: Patterns) -> bool:
    """Tell whether a list claims to be complete: a total said to be one, and no "and others"."""
    whole = frame.whole
    if whole is None or frame.is_bracket:
        return False
    said = re.split(r"[。;!?\n]", text[max(whole.offset - MAX_SAID, 0) : whole.offset])[-1]
    listed = text[frame.opened_at : frame.parts[-1].end]
    return bool(patterns["whole_words"].search(said)) and not patterns["open_list"].search(listed)


def _add(parts: list[Statement]) -> Decimal:
    return sum((part.quantity or Decimal(0) for part in parts), Decimal(0))


def _find_base(
    entry: Statement, counts: list[Statement], text: str, patterns: Patterns
) -> int | None:
    """Find the figure whose share or growth is given: the one named, else the one just before."""
    earlier = [count for count in counts if count.end <= entry.offset]
    if entry.subject == "share":
        noun = patterns["bare_noun"].sub("", entry.noun)
        if len(noun) >= MIN_SHARED_NOUN:
            named = [
                count
                for count in earlier
                if count.section == entry.section
                and patterns["bare_noun"].sub("", count.noun).endswith(noun)
            ]
            return named[-1].number if named else None
    if not earlier:
        return None
    last = earlier[-1]
    between = text[last.end : entry.offset]
    if len(between) <= MAX_SHARE_GAP and not re.search(r"[。!?\n]", between):
        before = earlier[-2] if len(earlier) > 1 else last
        is_base = entry.subject == "growth" and before.subject == last.subject
        # Growth over a figure just named is that of the figure before it.
        return (before if is_base and last.period != before.period else last).number
    if entry.subject == "growth" and patterns["request_word"].search(entry.noun):
        requests = [count.number for count in earlier if count.subject in REQUESTS]
        return requests[-1] if requests else None
    return None


def _share_respectively(
    statements: Sequence[Statement], counts: list[Statement], text: str, patterns: Patterns
) -> dict[int, int]:
    """Give each of several shares said "respectively" its own figure, in their order."""
    shares = [entry for entry in statements if entry.subject == "share"]
    runs: list[list[Statement]] = []
    for share in shares:
        said = text[max(share.offset - MAX_SHARE_GAP, 0) : share.offset]
        between = text[runs[-1][-1].end : share.offset] if runs else ""
        if runs and len(between) == 1 and patterns["between_shares"].fullmatch(between):
            runs[-1].append(share)
        elif patterns["separately"].search(said):
            runs.append([share])
    return {
        share.number: count.number
        for run in runs
        if len(run) > 1
        for share, count in zip(
            run,
            [count for count in counts if count.end <= run[0].offset][-len(run) :],
            strict=False,
        )
    }
