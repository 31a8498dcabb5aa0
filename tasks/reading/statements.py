"""From the prose of a report to its statements: every figure and every denial, one by one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from expectations.statement import Statement
from tasks.reading.breakdowns import relate
from tasks.reading.prose import Prose, Sentence, cut_prose, load_words

MAX_NOUN = 30
MAX_SENTENCE = 300
MAX_RECALL = 3
WHOLE_PERCENT = 100
MAX_FILLER = 2
STATED = "stated"
REQUESTS = ("application", "channel")
TRIED = ("review", "suit", "review_suit")
REVIEW_PART = 4
_EDGE = re.compile(r"[,:()]")
_AFTER_EDGE = re.compile(r"[,:()、]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that tells something, and where it stands in its sentence."""

    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity as printed, and where it stands in its sentence."""

    value: Decimal
    unit: str | None
    is_about: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by key. `any_word` finds one quickly, the first pattern that fits there names it."""

    any_word: re.Pattern[str]
    words: tuple[tuple[str, re.Pattern[str]], ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The words of `statements.yaml`, compiled for one report year."""

    words: dict[str, Any]
    numbers: re.Pattern[str]
    trigger: re.Pattern[str]
    domains: Lexicon
    actions: Lexicon
    scopes: Lexicon
    periods: Lexicon
    single: dict[str, re.Pattern[str]]
    outcomes: frozenset[str]


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


def read_statements(text: str, *, year: int, scope: str) -> tuple[Statement, ...]:
    """Read every statement of a report's running text.

    Args:
        text: The running text, one block a line, in simplified characters.
        year: The report year, by which other periods are told.
        scope: government, department, township or other: what "the whole" means.
    """
    prose = cut_prose(text)
    grammar = _compile(year)
    found: list[Statement] = []
    for index, sentence in enumerate(prose.sentences):
        found += _read_topics(sentence, grammar)
        if not grammar.trigger.search(sentence.text):
            continue
        view = _view(sentence, grammar, _recall_domain(prose.sentences, index, grammar))
        stated = list(_read_figures(view, grammar, year, scope))
        found += stated
        found += _read_denials(view, grammar, year, scope)
        found += _read_claims(view, grammar, stated, year, scope)
    ordered = sorted(found, key=lambda statement: statement.offset)
    numbered = [replace(entry, number=index + 1) for index, entry in enumerate(ordered)]
    related = relate(numbered, prose.text, grammar.single)
    starts = [sentence.start for sentence in prose.sentences]
    return tuple(
        _locate(entry, prose, prose.sentences[bisect_right(starts, entry.offset) - 1], text)
        for entry in related
    )


def _locate(statement: Statement, prose: Prose, sentence: Sentence, text: str) -> Statement:
    """Give places and sentence of the text as it was given instead of the folded one."""
    origins = prose.origins
    first, last = origins[sentence.start], origins[sentence.start + len(sentence.text) - 1]
    return replace(
        statement,
        sentence="".join(text[first : last + 1].split())[:MAX_SENTENCE],
        offset=origins[statement.offset],
        end=origins[statement.end - 1] + 1,
    )


def _recall_domain(sentences: tuple[Sentence, ...], index: int, grammar: Grammar) -> str | None:
    """Tell what the sentences before one spoke of last, at most a paragraph back."""
    here = sentences[index]
    for before in reversed(sentences[max(index - MAX_RECALL, 0) : index]):
        if before.part != here.part or here.paragraph - before.paragraph > 1:
            return None
        marks = list(_find_marks(grammar.domains, before.text))
        if marks:
            # A channel was named for one figure; what follows speaks of requests again.
            return "application" if marks[-1].key == "channel" else marks[-1].key
    return None


def _view(sentence: Sentence, grammar: Grammar, domain: str | None) -> View:
    text = sentence.text
    actions = tuple(_find_marks(grammar.actions, text))
    rows = [mark for mark in actions if mark.key in grammar.outcomes]
    return View(
        sentence=sentence,
        figures=tuple(_find_figures(text, grammar)),
        domains=tuple(
            mark
            for mark in _find_marks(grammar.domains, text)
            if not any(row.start <= mark.start < row.end for row in rows)
        ),
        actions=actions,
        scopes=tuple(_find_marks(grammar.scopes, text)),
        periods=tuple(_find_marks(grammar.periods, text)),
        domain=domain,
    )


def _find_marks(lexicon: Lexicon, text: str) -> Iterator[Mark]:
    for found in lexicon.any_word.finditer(text):
        key = next(key for key, word in lexicon.words if word.match(text, found.start()))
        yield Mark(key, found.start(), found.end())


def _find_figures(text: str, grammar: Grammar) -> Iterator[Figure]:
    words = grammar.words
    last_unit: str | None = None
    for found in grammar.numbers.finditer(text):
        groups = found.groupdict()
        if groups["zero"] is not None:
            yield Figure(Decimal(0), last_unit, False, found.start(), found.end())
            continue
        if groups["bare"] is not None:
            value = Decimal(groups["bare"])
            yield Figure(value, last_unit, False, found.start("bare"), found.end())
            continue
        value, unit = _value(groups["number"], words), groups["unit"]
        value *= words["scales"].get(groups["scale"], 1)
        if unit in words["money"]:
            value, unit = value * words["money"][unit], words["yuan"]
        is_about = bool(groups["about"] or groups["more"]) or bool(
            grammar.single["about"].search(text, 0, found.start())
        )
        last_unit = unit if unit not in words["percent"] else last_unit
        yield Figure(value, unit, is_about, found.start(), found.end())


def _value(printed: str, words: dict[str, Any]) -> Decimal:
    if printed[0].isdigit():
        return Decimal(printed.replace(",", ""))
    tens, ten, ones = printed.rpartition(words["ten"])
    digits = words["numerals"]
    if not ten:
        return Decimal(int("".join(str(digits[character]) for character in printed)))
    return Decimal((digits[tens] if tens else 1) * 10 + (digits[ones] if ones else 0))


def _read_figures(view: View, grammar: Grammar, year: int, scope: str) -> Iterator[Statement]:
    text = view.sentence.text
    taken = 0
    last = [STATED]
    for index, figure in enumerate(view.figures):
        following = view.figures[index + 1].start if index + 1 < len(view.figures) else len(text)
        edge = _AFTER_EDGE.search(text, figure.end, following)
        after = (figure.end, edge.start() if edge else following)
        bounds = [place.end() for place in _EDGE.finditer(text, taken, figure.start)]
        local = bounds[-1] if bounds else taken
        qualifiers = set(_tell_qualifiers(text, figure, local, grammar))
        noun = grammar.single["noun_edges"].sub("", text[local : figure.start])
        subjects = _tell_subjects(view, grammar, figure, (taken, local), after)
        if grammar.single["bare_period"].fullmatch(text, local, figure.start):
            subjects = last
        elif figure.unit not in grammar.words["percent"]:
            last = subjects
        for subject in subjects:
            is_joint = subject == "received" and "with_carried_in" in qualifiers
            yield _state(
                view,
                (figure.start, figure.end),
                subject="received_with_carried_in" if is_joint else subject,
                quantity=figure.value,
                unit=figure.unit,
                noun=(noun or text[after[0] : after[1]])[-MAX_NOUN:],
                scope=_tell_scope(view, grammar, figure.start, scope),
                period=_tell_period(view, grammar, figure.start, year, subject),
                qualifiers=tuple(sorted(qualifiers)),
            )
        # What follows a figure up to the next edge belongs to it, not to the next one.
        taken = edge.start() if edge else figure.end


def _tell_subjects(
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
    marks = near or behind or ([] if own_domain or is_told_behind else far)
    is_each = grammar.single["of_each"].search(view.sentence.text, local, figure.start)
    is_both = {mark.key for mark in near} == {"received", "closed"} and (
        view.sentence.text[near[0].end : near[-1].start] in words["both"]
    )
    return [
        _name_subject(domain, named, view, grammar, figure, own_domain)
        for named in ([[mark] for mark in near] if near and (is_each or is_both) else [marks])
    ]


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
) -> str:
    """Name what a domain and an action mean together; `is_own`: the clause names the domain."""
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
        if named is None and action == "closed":
            named = words["subjects"][domain]["none"]
    if domain == "disclosed" and not _is_disclosed(view, grammar, figure):
        return STATED
    if named == "received" and action == "none" and (not is_own or figure.unit == words["piece"]):
        # A part of the requests by what no table holds, or pieces of information to be had
        # on request.
        return STATED
    return str(named or STATED)


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
        if rows and text[mark.end : rows[-1].start] not in grammar.words["joiners"]:
            break
        rows.append(mark)
    return "+".join(f"row.{mark.key}" for mark in reversed(rows))


def _tell_ratio(view: View, grammar: Grammar, figure: Figure, local: int) -> str:
    clause = max(view.sentence.text.rfind(edge, 0, figure.start) for edge in ",:()") + 1
    text = view.sentence.text[clause : figure.start]
    if grammar.single["share"].search(text):
        return "share"
    if grammar.single["closing_rate"].search(text):
        domain = _tell_domain(view, figure, [], local, (figure.end, figure.end))
        is_all = figure.value == WHOLE_PERCENT and domain == "application"
        return "closing_rate" if is_all else "rate"
    if grammar.single["growth"].search(text):
        return "growth"
    return "rate"


def _tell_qualifiers(text: str, figure: Figure, local: int, grammar: Grammar) -> Iterator[str]:
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


def _tell_scope(view: View, grammar: Grammar, place: int, report_scope: str) -> str:
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


def _tell_period(view: View, grammar: Grammar, place: int, year: int, subject: str) -> str:
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


def _state(view: View, span: tuple[int, int], **facts: Any) -> Statement:
    sentence = view.sentence
    return Statement(
        number=0,
        section=sentence.part,
        sentence=sentence.text,
        offset=sentence.start + span[0],
        end=sentence.start + span[1],
        **facts,
    )


def _read_denials(view: View, grammar: Grammar, year: int, scope: str) -> Iterator[Statement]:
    text = view.sentence.text
    for index, entry in enumerate(grammar.words["negatives"]):
        for found in grammar.single[f"negative_{index}"].finditer(text):
            refuse = grammar.single.get(f"refuse_{index}")
            if refuse is not None and refuse.search(found[0]):
                continue
            domain = _tell_last_domain(view, found.start())
            if domain not in entry.get("domain", (domain,)):
                continue
            for subject in _deny(entry["subjects"], found[0], domain, grammar):
                yield _state(
                    view,
                    found.span(),
                    subject=subject,
                    quantity=Decimal(0),
                    unit=None,
                    noun=found[0][-MAX_NOUN:],
                    scope=_tell_scope(view, grammar, found.start(), scope),
                    period=_tell_period(view, grammar, found.start(), year, subject),
                    qualifiers=("denied",),
                )


def _tell_last_domain(view: View, place: int) -> str | None:
    said = [mark.key for mark in view.domains if mark.end <= place]
    return said[-1] if said else view.domain


def _deny(subjects: list[str], matter: str, domain: str | None, grammar: Grammar) -> list[str]:
    """Name what a denial denies: reviews, suits or both, and whether only lost ones."""
    if subjects == ["lost"]:
        return [f"{domain}.corrected"]
    if subjects != ["review", "suit"]:
        return [f"denied.{key}" if key == "received" else key for key in subjects]
    single = grammar.single
    named = [
        *(["review"] if single["review_word"].search(matter) else []),
        *(["suit"] if single["suit_word"].search(matter) else []),
    ]
    is_lost = single["lost"].search(matter) is not None
    return [f"{key}.corrected" if is_lost else f"denied.{key}" for key in named]


def _read_claims(
    view: View, grammar: Grammar, stated: list[Statement], year: int, scope: str
) -> Iterator[Statement]:
    """Read what is said of all: all requests closed, all reviews or suits upheld."""
    single, text = grammar.single, view.sentence.text
    closed = single["all_closed"].search(text)
    subjects = {entry.subject for entry in stated}
    if (
        closed
        and not subjects & {"closed", "carried_out"}
        and _tell_last_domain(view, closed.start()) in REQUESTS
    ):
        yield _claim(view, grammar, closed, "all_closed", year, scope)
    upheld = single["all_upheld"].search(text)
    if upheld:
        for entry in stated:
            if entry.subject in ("review", "suit", "review_suit"):
                yield replace(entry, subject=f"{entry.subject}.upheld", qualifiers=("all",))


def _claim(
    view: View, grammar: Grammar, found: re.Match[str], subject: str, year: int, scope: str
) -> Statement:
    return _state(
        view,
        found.span(),
        subject=subject,
        quantity=None,
        unit=None,
        noun=found[0][-MAX_NOUN:],
        scope=_tell_scope(view, grammar, found.start(), scope),
        period=_tell_period(view, grammar, found.start(), year, subject),
        qualifiers=("all",),
    )


def _read_topics(sentence: Sentence, grammar: Grammar) -> Iterator[Statement]:
    """Read what part one claims and part five admits."""
    kind = {1: "claim", 5: "problem"}.get(sentence.part or 0)
    if kind is None:
        return
    for topic in grammar.words["topics"]:
        found = grammar.single[f"{kind}_{topic}"].search(sentence.text)
        if found:
            yield Statement(
                number=0,
                subject=f"{kind}.{topic}",
                quantity=None,
                unit=None,
                noun=found[0][-MAX_NOUN:],
                scope="whole",
                period="current",
                qualifiers=(),
                section=sentence.part,
                sentence=sentence.text,
                offset=sentence.start + found.start(),
                end=sentence.start + found.end(),
            )


def _collect_words(patterns: dict[str, str]) -> Lexicon:
    # Without groups the engine passes over places where no word begins, many times faster.
    return Lexicon(
        any_word=re.compile("|".join(patterns.values())),
        words=tuple((key, re.compile(pattern)) for key, pattern in patterns.items()),
    )


@lru_cache(maxsize=64)
def _compile(year: int) -> Grammar:
    words = load_words()
    actions = {
        key: pattern.replace(r"\{previous\}", str(year - 1)).replace(r"\{next\}", str(year + 1))
        for key, pattern in words["actions"].items()
    }
    single = {key: re.compile(value) for key, value in words.items() if isinstance(value, str)}
    for index, entry in enumerate(words["negatives"]):
        single[f"negative_{index}"] = re.compile(entry["pattern"])
        if "refuse" in entry:
            single[f"refuse_{index}"] = re.compile(entry["refuse"])
    for topic, facts in words["topics"].items():
        single[f"claim_{topic}"] = re.compile(facts["claim"])
        single[f"problem_{topic}"] = re.compile(facts["problem"])
    bare = words["bare"].replace("?P<number>", "?P<bare>")
    numbers = f"{words['quantity']}|{bare}|(?P<zero>{words['zero']})"
    return Grammar(
        words=words,
        numbers=re.compile(numbers),
        trigger=re.compile(f"{numbers}|{words['denial_trigger']}"),
        domains=_collect_words(words["domains"]),
        actions=_collect_words(actions),
        scopes=_collect_words(words["scopes"]),
        periods=_collect_words(words["periods"]),
        single=single,
        outcomes=frozenset(words["outcomes"]),
    )
