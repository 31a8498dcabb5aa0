"""From the prose of a report to its statements: every figure and every denial, one by one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from expectations.statement import Statement
from tasks.reading.breakdowns import relate
from tasks.reading.prose import Prose, Sentence, cut_prose
from tasks.reading.prose_subjects import (
    STATED,
    View,
    name_period,
    names_another,
    share_out,
    tell_last_domain,
    tell_period,
    tell_qualifiers,
    tell_scope,
    tell_subjects,
)
from tasks.reading.prose_words import Grammar, Mark, compile_grammar, find_figures, find_marks

MAX_NOUN = 30
MAX_SENTENCE = 300
MAX_RECALL = 12
REQUESTS = ("application", "channel")
_EDGE = re.compile(r"[,:()]")
_AFTER_EDGE = re.compile(r"[,:()、]")


def read_statements(text: str, *, year: int, scope: str) -> tuple[Statement, ...]:
    """Read every statement of a report's running text.

    Args:
        text: The running text, one block a line, in simplified characters.
        year: The report year, by which other periods are told.
        scope: government, department, township or other: what "the whole" means.
    """
    prose = cut_prose(text)
    grammar = compile_grammar(year)
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
        actions = tuple(find_marks(grammar.actions, before.text))
        marks = _find_domains(before.text, actions, grammar)
        if marks:
            # A channel was named for one figure; what follows speaks of requests again.
            return "application" if marks[-1].key == "channel" else marks[-1].key
    return None


def _find_domains(text: str, actions: tuple[Mark, ...], grammar: Grammar) -> tuple[Mark, ...]:
    """Find what is spoken of, but for words within the name of a row."""
    rows = [mark for mark in actions if mark.key in grammar.outcomes]
    return tuple(
        mark
        for mark in find_marks(grammar.domains, text)
        if not any(row.start <= mark.start < row.end for row in rows)
    )


def _view(sentence: Sentence, grammar: Grammar, domain: str | None) -> View:
    text = sentence.text
    actions = tuple(find_marks(grammar.actions, text))
    return View(
        sentence=sentence,
        figures=tuple(find_figures(text, grammar)),
        domains=_find_domains(text, actions, grammar),
        actions=actions,
        scopes=tuple(find_marks(grammar.scopes, text)),
        periods=tuple(find_marks(grammar.periods, text)),
        domain=domain,
    )


def _read_figures(view: View, grammar: Grammar, year: int, scope: str) -> Iterator[Statement]:
    text = view.sentence.text
    taken = 0
    last = [STATED]
    waiting: list[Mark] = []
    for index, figure in enumerate(view.figures):
        following = view.figures[index + 1].start if index + 1 < len(view.figures) else len(text)
        edge = _AFTER_EDGE.search(text, figure.end, following)
        after = (figure.end, edge.start() if edge else following)
        bounds = [place.end() for place in _EDGE.finditer(text, taken, figure.start)]
        local = bounds[-1] if bounds else taken
        qualifiers = set(tell_qualifiers(text, figure, local, grammar))
        if names_another(view, grammar, figure, local):
            view = replace(view, domain=None)  # nor are the figures behind it about what was said
        noun = grammar.single["noun_edges"].sub("", text[local : figure.start])
        waiting = share_out(view, grammar, figure, local) or waiting[1:]
        told = view if not waiting else replace(view, actions=(_put(waiting[0], local),))
        subjects = tell_subjects(told, grammar, figure, (taken, local), after)
        # A bracket right behind a period holds the figure of that period.
        said = bounds[-2] if local == figure.start and len(bounds) > 1 else local
        bare = grammar.single["bare_period"].fullmatch(text, said, figure.start)
        if bare:
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
                scope=tell_scope(view, grammar, figure.start, scope),
                period=name_period(bare["year"], year)
                if bare
                else tell_period(view, grammar, figure.start, year, subject),
                qualifiers=tuple(sorted(qualifiers)),
            )
        # What follows a figure up to the next edge belongs to it, not to the next one.
        taken = edge.start() if edge else figure.end


def _put(mark: Mark, place: int) -> Mark:
    return replace(mark, start=place, end=place)


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
            domain = tell_last_domain(view, found.start())
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
                    scope=tell_scope(view, grammar, found.start(), scope),
                    period=tell_period(view, grammar, found.start(), year, subject),
                    qualifiers=("denied",),
                )


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
        and tell_last_domain(view, closed.start()) in REQUESTS
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
        scope=tell_scope(view, grammar, found.start(), scope),
        period=tell_period(view, grammar, found.start(), year, subject),
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
