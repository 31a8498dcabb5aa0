"""What a mail says: subject, HTML and its plain-text twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from expectations.form import load_forms
from storage.schema import SEVERITIES
from tasks.alerting.cards import Card, Unread
from tasks.alerting.corrections import Correction
from tasks.alerting.grouping import Reason
from tasks.alerting.summary import Summary, summarise
from tasks.alerting.wording import word_correction
from tasks.alerting.words import Language, fold_text, load_texts, name_region

CARD_LIMIT = 50
SUBJECT_TITLE_LIMIT = 40
NAMED_REASONS = 3
BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Rendering:
    """One mail in words."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """What a digest tells: why it comes, new problems, reports published again, what is settled.

    `worded` are the first cards in words. `closed` are titles of reports whose problems are no
    longer found though they did not change, `remaining` counts problems told of before that
    still stand.
    """

    reason: Reason
    cards: Sequence[Card]
    worded: Sequence[dict[str, Any]]
    corrections: Sequence[Correction]
    closed: Sequence[str]
    remaining: int
    unread: Unread
    regions: Sequence[str]


def render_digest(
    story: Story, language: Language, regions: Sequence[str] | None, now: datetime
) -> Rendering:
    """Render a summary, reports published again, the first 50 cards, then the notes.

    `regions` are those that the reader looks after; None: all.
    """
    texts = load_texts(language)
    facts = {
        "texts": texts,
        "subject": compose_subject(story, language),
        "lead": texts["lead"][story.reason].format(
            reports=len(story.cards), problems=sum(len(card.problems) for card in story.cards)
        ),
        "summary": _name_rows(summarise(story.cards), texts, language) if story.cards else None,
        "cards": story.worded,
        "corrections": [word_correction(one, language) for one in story.corrections],
        "closed": story.closed,
        "notes": _compose_notes(story, texts),
        "why": texts["why"].format(
            regions=_name_regions(regions, language),
            now=now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M"),
        ),
    }
    return Rendering(
        subject=facts["subject"],
        html=load_template("digest.html.j2").render(facts),
        text=load_template("digest.txt.j2").render(facts),
    )


def compose_subject(story: Story, language: Language) -> str:
    """Say where, how many reports, and what is wrong with them, in one line."""
    forms = load_texts(language)["subject"]
    if story.cards:
        subject = _name_problems(story.cards, language)
        return (
            str(forms["repeated"].format(subject=subject))
            if (story.reason == "repeated")
            else subject
        )
    named = name_regions(story.regions, language)
    if not story.corrections:
        return str(forms["resolved"].format(regions=named))
    is_settled = not any(one.left for one in story.corrections)
    form = forms["corrected" if is_settled else "changed"]
    return str(form.format(regions=named, count=len(story.corrections)))


def name_regions(regions: Sequence[str], language: Language) -> str:
    """Name two regions, and how many there are if more."""
    texts = load_texts(language)
    named = texts["comma"].join(name_region(region, language) for region in regions[:2])
    if len(regions) > 2:
        return str(texts["regions_more"].format(names=named, count=len(regions)))
    return str(named)


def _name_problems(cards: Sequence[Card], language: Language) -> str:
    texts = load_texts(language)
    wrong = [card for card in cards if card.error_count] or list(cards)
    named = name_regions(list(dict.fromkeys(card.region for card in wrong)), language)
    problem = texts["problem"][_judge(wrong)]
    forms = texts["subject"]
    if len(wrong) > 1:
        return str(forms["many"].format(regions=named, count=len(wrong), problem=problem))
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


def _compose_notes(story: Story, texts: dict[str, Any]) -> list[str]:
    cards, unread, notes = story.cards, story.unread, []
    if story.remaining:
        notes.append(texts["remaining"].format(count=story.remaining))
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


def _name_regions(regions: Sequence[str] | None, language: Language) -> str:
    texts = load_texts(language)
    if regions is None:
        return str(texts["all_regions"])
    return str(texts["comma"].join(name_region(region, language) for region in regions))


@cache
def load_template(name: str) -> Template:
    """Load a template; those of HTML escape whatever is put in."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)
