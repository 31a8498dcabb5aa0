"""What a figure in prose is about: its subject, qualifiers, scope and period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tasks.reading.prose import Sentence
from tasks.reading.prose_words import Figure, Grammar, Mark

STATED = "stated"
SUITS = ("suit_direct", "suit_after_review")
TRIED = ("review", "suit", "review_suit")
REVIEW_PART = 4
WHOLE_PERCENT = 100
MAX_FILLER = 2


@dataclass(frozen=True, slots=True)
class View:
    """A sentence with its marks; `domain` is what the sentence before it spoke of."""

    sentence: Sentence
    figures: tuple[Figure, ...]
    domains: tuple[Mark, ...]
    actions: tuple[Mark, ...]
    scopes: tuple[Mark, ...]
    periods: tuple[Mark, ...]
    domain: str | None


def tell_subjects(
    view: View,
    grammar: Grammar,
    figure: Figure,
    before: tuple[int, int],
    after: tuple[int, int],
) -> list[str]:
    """Tell what a figure counts by the words around it, the nearest first.

    A figure said of each of several things counts each of them.
    """
    words = grammar.words
    taken, local = before
    if figure.unit in words["percent"]:
        return [_tell_ratio(view, grammar, figure, local)]
    near = [mark for mark in view.actions if local <= mark.start and mark.end <= figure.start]
    behind = [mark for mark in view.actions if after[0] <= mark.start < after[1]]
    # What was not answered in time is carried out, whatever else is said of it.
    behind = [mark for mark in behind if mark.key == "carried_out"] or behind[:1]
    far = [mark for mark in view.actions if taken <= mark.start and mark.end <= figure.start]
    domain = _tell_domain(view, figure, near, local, after)
    own_domain = any(local <= mark.start < figure.start for mark in view.domains)
    if domain == "channel":
        return [domain]
    is_told_behind = any(mark.start - figure.end <= MAX_FILLER for mark in _behind(view, after))
    # What a clause names by itself is not what was done with the matter of an earlier one.
    said = view.sentence.text
    is_bare = grammar.single["noun_edges"].sub("", said[local : figure.start]) == ""
    marks = near or behind or (far if is_bare and not is_told_behind else [])
    is_each = grammar.single["of_each"].search(view.sentence.text, local, figure.start)
    is_both = {mark.key for mark in near} == {"received", "closed"} and (
        view.sentence.text[near[0].end : near[-1].start] in words["both"]
    )
    return [
        _name_subject(
            domain, named, view, grammar, figure, own_domain, is_bare and not said[slice(*after)]
        )
        for named in ([[mark] for mark in near] if near and (is_each or is_both) else [marks])
    ]


def share_out(view: View, grammar: Grammar, figure: Figure, local: int) -> list[Mark]:
    """List the actions of a clause that counts several respectively, one for each figure."""
    near = [mark for mark in view.actions if local <= mark.start and mark.end <= figure.start]
    is_each = grammar.single["separately"].search(view.sentence.text, local, figure.start)
    return near if is_each and len(near) > 1 else []


def names_another(view: View, grammar: Grammar, figure: Figure, local: int) -> bool:
    """Tell whether a clause names a matter of its own, where only earlier sentences named one."""
    if any(mark.start < figure.start for mark in view.domains):
        return False
    named = view.sentence.text[local : figure.start]
    known = (*view.actions, *view.scopes, *view.periods)
    for mark in sorted(known, key=lambda mark: mark.start, reverse=True):
        if local <= mark.start and mark.end <= figure.start:
            named = named[: mark.start - local] + named[mark.end - local :]
    return len(grammar.single["manner"].sub("", named)) > MAX_FILLER


def _tell_domain(
    view: View, figure: Figure, near: list[Mark], local: int, after: tuple[int, int]
) -> str | None:
    verb_end = near[-1].end if near else None
    has_noun = any(mark.start >= (verb_end or local) for mark in _before(view, local, figure))
    if not has_noun:
        behind = _behind(view, after)
        is_object = verb_end is not None and figure.start - verb_end <= MAX_FILLER
        if behind and (is_object or behind[0].start - figure.end <= MAX_FILLER):
            return behind[-1].key
    so_far = _list_said(view, view.domains, figure.start)
    known = so_far[-1].key if so_far else view.domain
    is_here = bool(_before(view, local, figure))
    return "application" if known == "channel" and not is_here else known


def _before(view: View, local: int, figure: Figure) -> list[Mark]:
    return [mark for mark in view.domains if local <= mark.start < figure.start]


def _behind(view: View, after: tuple[int, int]) -> list[Mark]:
    return [mark for mark in view.domains if after[0] <= mark.start < after[1]]


def _name_subject(
    domain: str | None,
    marks: list[Mark],
    view: View,
    grammar: Grammar,
    figure: Figure,
    is_own: bool,
    is_bare: bool,
) -> str:
    """Name what a domain and an action mean together.

    `is_own`: the clause names the domain; `is_bare`: nothing is named before or behind.
    """
    words = grammar.words
    if figure.unit == words["yuan"]:
        money = {"collected", "noticed"} & {mark.key for mark in marks[-1:]}
        return f"fee.{money.pop() if money else 'collected'}" if domain == "fee" else STATED
    keys = [mark.key for mark in marks]
    # Requests carried out are said to be dealt with next year.
    action = "carried_out" if "carried_out" in keys else keys[-1] if keys else "none"
    if domain in (None, "application"):
        rows = _join_rows(marks, view.sentence.text, grammar)
        if rows and figure.unit in words["request_units"] and figure.unit != words["piece"]:
            return rows
        if domain is None:
            return STATED
    named = words["subjects"].get(domain or "", {}).get(action)
    if domain in TRIED:
        if not _is_about_disclosure(view, grammar):
            return STATED
        if action == "none" and not (is_own or is_bare):
            return STATED  # another matter, in the paragraph on reviews and suits
        if named is None and action == "closed":
            named = words["subjects"][domain]["none"]
    if domain == "suit":
        domain = _narrow_suit(view, figure)
        named = words["subjects"][domain].get(action, named)
    if domain == "disclosed" and not _is_disclosed(view, grammar, figure):
        return STATED
    if named == "received" and action == "none" and (not is_own or figure.unit == words["piece"]):
        # A part of the requests by what no table holds, or pieces of information to be had
        # on request.
        return STATED
    return str(named or STATED)


def _narrow_suit(view: View, figure: Figure) -> str:
    """Tell which suits an outcome is of: of one kind, if it alone was counted before.

    In a bracket it is that of the figure right before; an outcome of more suits than were
    counted is one of all suits.
    """
    text = view.sentence.text
    opened = text.rfind("(", 0, figure.start)
    is_inside = opened >= 0 and ")" not in text[opened : figure.start]
    said = [mark for mark in view.actions if mark.key in SUITS and mark.end <= figure.start]
    if not said or (not is_inside and len({mark.key for mark in said}) > 1):
        return "suit"
    counted = [one for one in view.figures if said[-1].end <= one.start < figure.start]
    fits = bool(counted) and counted[0].value >= figure.value
    return said[-1].key if fits else "suit"


def _is_about_disclosure(view: View, grammar: Grammar) -> bool:
    """Tell whether reviews and suits are those over disclosure, not the body's others."""
    sentence = view.sentence
    return (
        sentence.part == REVIEW_PART
        or view.domain in ("application", *TRIED)
        or grammar.single["about_disclosure"].search(sentence.text) is not None
        or any(mark.key == "application" for mark in view.domains)
    )


def _is_disclosed(view: View, grammar: Grammar, figure: Figure) -> bool:
    """Tell whether a figure counts all that was disclosed, not one kind of it."""
    ends = [mark.end for mark in view.domains if mark.end <= figure.start]
    between = view.sentence.text[ends[-1] : figure.start] if ends else ""
    return bool(ends) and grammar.single["filler"].fullmatch(between) is not None


def _join_rows(marks: list[Mark], text: str, grammar: Grammar) -> str:
    """Join the rows that one figure counts together, as in `granted+partly_granted`."""
    rows: list[Mark] = []
    for mark in reversed(marks):
        if mark.key not in grammar.outcomes:
            break
        if (
            rows
            and rows[-1].key == mark.key.partition("_")[0]
            and not grammar.single["reasons_open"].search(text, mark.end, rows[-1].start)
        ):
            rows[-1] = mark  # the reason stands before the result: the row is that of the reason
            continue
        if rows and text[mark.end : rows[-1].start] not in grammar.words["joiners"]:
            break
        rows.append(mark)
    return "+".join(f"row.{mark.key}" for mark in reversed(rows))


def _tell_ratio(view: View, grammar: Grammar, figure: Figure, local: int) -> str:
    clause = max(view.sentence.text.rfind(edge, 0, figure.start) for edge in ",:()") + 1
    text = view.sentence.text[clause : figure.start]
    is_bracketed = grammar.single["bracketed"].search(view.sentence.text, 0, figure.start)
    follows = is_bracketed and any(one.end == is_bracketed.start() for one in view.figures)
    if grammar.single["share"].search(text) or (follows and not text):
        return "share"
    if grammar.single["closing_rate"].search(text):
        domain = _tell_domain(view, figure, [], local, (figure.end, figure.end))
        is_all = figure.value == WHOLE_PERCENT and domain == "application"
        return "closing_rate" if is_all else "rate"
    if grammar.single["growth"].search(text):
        return "growth"
    return "rate"


def tell_qualifiers(text: str, figure: Figure, local: int, grammar: Grammar) -> Iterator[str]:
    """Tell what narrows, widens or sets apart a figure; its clause starts at `local`."""
    single = grammar.single
    before = text[local : figure.start]
    if figure.is_about:
        yield "about"
    if single["change"].search(before) and figure.unit not in grammar.words["percent"]:
        yield "change"
    if single["falling"].search(before):
        yield "falling"
    channels = single["via"].findall(text, 0, figure.start)
    if channels:
        yield f"via {channels[-1]}"
    if single["each"].search(before):
        yield "each"
    if single["planned"].search(before):
        yield "planned"
    if single["filed"].search(before):
        yield "filed"
    if single["with_carried_in"].search(text[figure.end :]) or single[
        "with_carried_in_before"
    ].search(before):
        yield "with_carried_in"
    if figure.unit in grammar.words["other_units"]:
        yield "other_unit"


def tell_scope(view: View, grammar: Grammar, place: int, report_scope: str) -> str:
    """Tell whether a place speaks of all that the report covers, else of what."""
    said = _list_said(view, view.scopes, place)
    if not said:
        return "whole"
    key = said[-1].key
    return "whole" if key in grammar.words["whole"].get(report_scope, ()) else key


def _list_said(view: View, marks: tuple[Mark, ...], place: int) -> list[Mark]:
    """List the marks before a place, without those in a bracket that is closed by then."""
    text = view.sentence.text
    return [
        mark
        for mark in marks
        if mark.start < place
        and text.count(")", mark.end, place) <= text.count("(", mark.end, place)
    ]


def tell_period(view: View, grammar: Grammar, place: int, year: int, subject: str) -> str:
    """Tell whether a place speaks of the report year, else of which period.

    What is carried in or out belongs to the report year, whatever year is named with it.
    """
    if subject in ("carried_in", "carried_out"):
        return "current"
    said = [
        mark
        for mark in _list_said(view, view.periods, place)
        if not any(action.start <= mark.start < action.end for action in view.actions)
    ]
    if not said or said[-1].key == "whole":
        return "current"
    if said[-1].key == "year":
        digits = view.sentence.text[said[-1].start : said[-1].start + 4]
        stays = "current" if int(digits) == year else digits
        is_month = view.sentence.text[said[-1].end - 1] == grammar.words["month"]
        return "part" if is_month else stays
    return said[-1].key


def name_period(printed: str | None, year: int) -> str:
    """Name a period that stands alone before a figure; `printed` is its year, None: last year."""
    if printed is None:
        return "previous"
    return "current" if int(printed) == year else printed


def tell_last_domain(view: View, place: int) -> str | None:
    """Tell what was spoken of last before a place."""
    said = [mark.key for mark in view.domains if mark.end <= place]
    return said[-1] if said else view.domain
