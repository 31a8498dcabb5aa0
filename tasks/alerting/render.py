"""Cards as words: subject, HTML and its plain-text twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from expectations.form import load_forms
from expectations.rulebook import load_rulebook
from storage.schema import SEVERITIES
from tasks.alerting.cards import Card, Line, Problem, Repair, Unread
from tasks.alerting.recipients import Recipient
from tasks.alerting.summary import Summary, summarise
from tasks.alerting.words import Language, fold_text, load_texts, name_region

CARD_LIMIT = 50
SUBJECT_TITLE_LIMIT = 40
NAMED_CELLS = 4
FIGURE_WIDTH = 8
NAMED_REASONS = 3
BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Rendering:
    """One digest in words."""

    subject: str
    html: str
    text: str


def render_digest(
    cards: Sequence[Card], unread: Unread, recipient: Recipient, now: datetime
) -> Rendering:
    """Render at least one card: a summary, then the first 50 cards, then the notes."""
    language = recipient.language
    texts = load_texts(language)
    facts = {
        "texts": texts,
        "subject": compose_subject(cards, language),
        "lead": texts["lead"].format(
            name=fold_text(recipient.name),
            reports=len(cards),
            problems=sum(len(card.problems) for card in cards),
        ),
        "summary": _name_rows(summarise(cards), texts, language),
        "cards": [_word_card(card, texts, language) for card in cards[:CARD_LIMIT]],
        "notes": _compose_notes(cards, unread, texts),
        "why": texts["why"].format(
            regions=_name_regions(recipient, texts),
            now=now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M"),
        ),
    }
    return Rendering(
        subject=facts["subject"],
        html=_load_template("digest.html.j2").render(facts),
        text=_load_template("digest.txt.j2").render(facts),
    )


def compose_subject(cards: Sequence[Card], language: Language) -> str:
    """Say where, how many reports, and what is wrong with them, in one line."""
    texts = load_texts(language)
    forms = texts["subject"]
    wrong = [card for card in cards if card.error_count] or list(cards)
    regions = list(dict.fromkeys(card.region for card in wrong))
    named = texts["comma"].join(name_region(region, language) for region in regions[:2])
    if len(regions) > 2:
        named = texts["regions_more"].format(names=named, count=len(regions))
    problem = texts["problem"][_judge(wrong)]
    if len(wrong) > 1:
        return str(
            texts["subject"]["many"].format(regions=named, count=len(wrong), problem=problem)
        )
    title = fold_text(wrong[0].title or texts["title_unknown"], SUBJECT_TITLE_LIMIT)
    return str(forms["one"].format(regions=named, title=title, problem=problem))


def _judge(cards: Sequence[Card]) -> str:
    """Tell what may be said of every one of the cards."""
    equations = {equation.rule for form in load_forms().values() for equation in form.equations}
    errors = [
        {line.rule for line in card.lines if line.severity == SEVERITIES[0]} for card in cards
    ]
    if not all(errors):
        return "doubt"
    return "arithmetic" if all(rules & equations for rules in errors) else "error"


def _name_rows(summary: Summary, texts: dict[str, Any], language: Language) -> dict[str, Any]:
    """Name the summary's rows, and leave out the severities that nothing has."""
    present = [place for place, count in enumerate(summary.total.counts) if count]
    is_named = summary.grouping != "region"

    def name_row(row: Any) -> dict[str, Any]:
        name = row.name or texts[f"{summary.grouping}_unknown"] if is_named else None
        return {
            "region": name_region(row.region, language),
            "name": name,
            "reports": row.reports,
            "counts": [row.counts[place] for place in present],
        }

    return {
        "name_heading": texts["columns"][summary.grouping] if is_named else None,
        "severities": [SEVERITIES[place] for place in present],
        "rows": [name_row(row) for row in summary.rows],
        "total": name_row(summary.total),
    }


def _word_card(card: Card, texts: dict[str, Any], language: Language) -> dict[str, Any]:
    place = card.region_name or name_region(card.region, language)
    about = [card.publisher, texts["report_year"].format(year=card.year), place]
    if card.form:
        about.append(texts["form"].format(form=card.form))
    return {
        "title": card.title or texts["title_unknown"],
        "url": card.url,
        "link": card.link,
        "about": [fact for fact in about if fact],
        "problems": [_word_problem(problem, texts) for problem in card.problems],
        # Dates and editions are no cells of the tables, which alone are read twice.
        "is_confirmed": all(line.is_confirmed for line in card.lines if line.cells),
    }


def _word_problem(problem: Problem, texts: dict[str, Any]) -> dict[str, Any]:
    count = len(problem.lines)
    return {
        "severity": problem.severity,
        "heading": texts["one_problem"].format(count=count) if count > 1 else None,
        "repair": _word_repair(problem.repair, texts) if problem.repair else None,
        "lines": [_word_line(line, texts) for line in problem.lines],
    }


def _word_repair(repair: Repair, texts: dict[str, Any]) -> dict[str, Any]:
    changes = [
        texts["repair_change"].format(cell=cell, reported=reported, suggested=suggested)
        for cell, reported, suggested in repair.changes
    ]
    return {"changes": changes, "why": texts["repair_why"].format(reason=repair.reason)}


def _word_line(line: Line, texts: dict[str, Any]) -> dict[str, Any]:
    figures = {
        name: value or texts["none"]
        for name, value in (
            ("expected", line.expected),
            ("reported", line.reported),
            ("difference", line.difference),
        )
    }
    given = [value for value in (line.expected, line.reported) if value]
    message = line.message
    has_columns = bool(given) and all(len(value) <= FIGURE_WIDTH for value in given)
    if has_columns:  # the figures stand in columns of their own: no need to say them twice
        message = message.removesuffix(load_texts("zh")["figures"].format(**figures))
    is_said = not has_columns and all(value in message for value in given)
    return {
        "severity": line.severity,
        "message": texts["message"].format(message=message, description=line.description),
        "figures": None if is_said else texts["figures_line"].format(**figures),
        "has_columns": has_columns,
        **figures,
        "rule": _word_rule(line.rule, texts),
        "cells": _word_cells(line, message, texts),
    }


def _word_rule(rule: str, texts: dict[str, Any]) -> str:
    known = load_rulebook().rules.get(rule)
    if known is None:
        return str(texts["rule_unnamed"].format(rule=rule))
    return str(texts["rule"].format(rule=rule, name=known.name, formula=known.formula))


def _word_cells(line: Line, message: str, texts: dict[str, Any]) -> str | None:
    """List the cells, unless the message begins with the one that matters, or names them all."""
    if not line.cells or message.startswith(line.cells):
        return None
    if all(cell in message for cell in line.cells):
        return None
    form = texts["cells_few" if len(line.cells) <= NAMED_CELLS else "cells_many"]
    named = texts["comma"].join(line.cells[:NAMED_CELLS])
    return str(form.format(cells=named, count=len(line.cells)))


def _compose_notes(cards: Sequence[Card], unread: Unread, texts: dict[str, Any]) -> list[str]:
    notes = []
    if len(cards) > CARD_LIMIT:
        notes.append(texts["cards_cut"].format(shown=CARD_LIMIT, rest=len(cards) - CARD_LIMIT))
    if unread.count:
        reasons = list(unread.reasons.items())
        named = [(_name_reason(reason, texts), count) for reason, count in reasons[:NAMED_REASONS]]
        rest = sum(count for _, count in reasons[NAMED_REASONS:])
        if rest:
            named.append((texts["unread_other"], rest))
        said = [texts["unread_reason"].format(reason=text, count=count) for text, count in named]
        notes.append(
            texts["unread"].format(count=unread.count, reasons=texts["semicolon"].join(said))
        )
    return notes


def _name_reason(reason: str | None, texts: dict[str, Any]) -> str:
    if reason is None:
        return str(texts["unread_doubtful"])
    return str(texts["unread_reasons"].get(reason, reason) or texts["unread_unknown"])


def _name_regions(recipient: Recipient, texts: dict[str, Any]) -> str:
    if recipient.regions == "*":
        return str(texts["all_regions"])
    names = (name_region(region, recipient.language) for region in recipient.regions)
    return str(texts["comma"].join(names))


@cache
def _load_template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)
