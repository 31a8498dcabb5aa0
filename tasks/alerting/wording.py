"""Cards and corrections in words, and with the part of the table they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expectations.form import load_cells, load_forms
from expectations.rulebook import load_rulebook
from tasks.alerting.cards import Card, Line, Problem, Repair
from tasks.alerting.corrections import Correction
from tasks.alerting.source_text import Change
from tasks.alerting.table_part import TablePart, draw_parts
from tasks.alerting.words import Language, fold_text, load_texts, name_region

NAMED_CELLS = 4
FIGURE_WIDTH = 8
SHOWN_CHANGES = 8
PRINTED_LIMIT = 12  # characters of a cell in the part of a table


def word_card(card: Card, printed: Mapping[str, str], language: Language) -> dict[str, Any]:
    """Put a card in words.

    Args:
        card: The card.
        printed: What stands in the cells of its report, by name.
        language: `zh` or `en`.
    """
    texts = load_texts(language)
    place = card.region_name or name_region(card.region, language)
    about = [card.publisher, texts["report_year"].format(year=card.year), place]
    if card.form:
        about.append(texts["form"].format(form=card.form))
    return {
        "report_id": card.report_id,
        "number": texts["number"].format(id=card.report_id),
        "title": card.title or texts["title_unknown"],
        "publisher": card.publisher or texts["publisher_unknown"],
        "year": card.year,
        "url": card.url,
        "link": card.link,
        "about": [fact for fact in about if fact],
        "problems": [
            _word_problem(problem, card.form, printed, texts) for problem in card.problems
        ],
        # Dates and editions are no cells of the tables, which alone are read twice.
        "is_confirmed": all(line.is_confirmed for line in card.lines if line.cells),
    }


def word_correction(correction: Correction, language: Language) -> dict[str, Any]:
    """Put a correction in words: which cells changed, whether it holds now, what else changed."""
    texts = load_texts(language)
    about = [correction.publisher, name_region(correction.region, language)]
    if correction.year is not None:
        about.insert(1, texts["report_year"].format(year=correction.year))
    return {
        "title": correction.title or texts["title_unknown"],
        "link": correction.link,
        "url": correction.url,
        "about": [fact for fact in about if fact],
        "named": _word_changes(correction.named, texts),
        "others": _word_changes(correction.others, texts),
        "is_settled": not correction.left,
        "state": texts["correction_fails"].format(count=correction.left)
        if correction.left
        else texts["correction_holds"],
    }


def _word_changes(changes: tuple[Change, ...], texts: dict[str, Any]) -> list[str]:
    words = [_word_change(change, texts) for change in changes[:SHOWN_CHANGES]]
    if len(changes) > SHOWN_CHANGES:
        words.append(texts["correction_more"].format(count=len(changes) - SHOWN_CHANGES))
    return words


def _word_change(change: Change, texts: dict[str, Any]) -> str:
    if change.kind == "part":
        return str(texts["correction_part"].format(heading=fold_text(change.name, 40)))
    known = load_cells()
    name = known[change.name].title if change.name in known else change.name
    return str(
        texts[f"correction_{change.kind}"].format(
            cell=name,
            before=fold_text(change.before or "", 60) or texts["nothing_printed"],
            after=fold_text(change.after or "", 60) or texts["nothing_printed"],
        )
    )


def _word_problem(
    problem: Problem, edition: str | None, printed: Mapping[str, str], texts: dict[str, Any]
) -> dict[str, Any]:
    count = len(problem.lines)
    suggested = problem.repair.suggested if problem.repair else {}
    return {
        "severity": problem.severity,
        "heading": texts["one_problem"].format(count=count) if count > 1 else None,
        "repair": _word_repair(problem.repair, texts) if problem.repair else None,
        "lines": [_word_line(line, texts) for line in problem.lines],
        "parts": _draw_parts(problem, edition, printed, suggested),
        "part_note": texts["part_note" if suggested else "part_note_bound"],
    }


def _draw_parts(
    problem: Problem,
    edition: str | None,
    printed: Mapping[str, str],
    suggested: Mapping[str, str],
) -> tuple[TablePart, ...]:
    form = load_forms().get(edition or "")
    if form is None or not printed:
        return ()
    folded = {name: fold_text(text, PRINTED_LIMIT) for name, text in printed.items()}
    bound = {key for line in problem.lines for key in line.keys}
    return draw_parts(form, folded, bound, suggested)


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
