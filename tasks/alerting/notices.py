"""Mails that are no digest: deadlines, failures of ours, families that jumped, missing runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from expectations.jumps import Jump
from storage.alerts import Alert
from tasks.alerting.deadlines import OVERDUE
from tasks.alerting.message import Attachment
from tasks.alerting.render import BEIJING, Rendering, load_template, name_regions
from tasks.alerting.sheet import disarm
from tasks.alerting.words import Language, fold_text, load_provinces, load_texts, name_region

REASON_LIMIT, SHOWN_REASONS = 1000, 20


def render_deadlines(
    alerts: Sequence[Alert],
    regions: Sequence[str],
    is_repeated: bool,
    language: Language,
    now: datetime,
) -> tuple[Rendering, tuple[Attachment, ...]]:
    """Render the bodies whose reports are due or overdue, the longest overdue first.

    Args:
        alerts: Those to show; none: all that was told of is there.
        regions: What a mail without alerts is about.
        is_repeated: Whether they were told of before.
        language: `zh` or `en`.
        now: The present instant.
    """
    texts = load_texts(language)
    words = texts["deadlines"]
    if not alerts:
        subject = words["subject"]["resolved"].format(regions=name_regions(regions, language))
        return render_notice(subject, [words["lead_resolved"]], (), (), (), language), ()
    order = {region: place for place, region in enumerate(load_provinces())}
    ordered = sorted(
        alerts, key=lambda one: (one.name, order.get(one.region, 99), one.publisher or "")
    )
    overdue = sum(alert.kind == OVERDUE for alert in ordered)
    due = len(ordered) - overdue
    places = sorted({alert.region for alert in ordered}, key=lambda region: order.get(region, 99))
    form = words["subject"]["both" if overdue and due else "overdue" if overdue else "due"]
    subject = form.format(regions=name_regions(places, language), overdue=overdue, due=due)
    if is_repeated:
        subject = words["subject"]["repeated"].format(subject=subject)
    today = now.astimezone(BEIJING).date()
    rows = [_word_deadline(alert, today, texts, language) for alert in ordered]
    sheet = write_csv(words["columns"], rows)
    name = words["sheet"].format(date=today.strftime("%Y%m%d"))
    rendering = render_notice(
        subject, [words["lead"]], words["columns"], rows, [words["note"]], language
    )
    return rendering, (Attachment(name, "csv", sheet),)


def render_jumps(
    jumps: Sequence[Jump], language: Language
) -> tuple[Rendering, tuple[Attachment, ...]]:
    """Render families of reports that are held; none: all are settled."""
    texts = load_texts(language)["jumps"]
    if not jumps:
        return render_notice(texts["resolved"], [], (), (), (), language), ()
    facts = [{**asdict(jump), "family": fold_text(jump.family)} for jump in jumps]
    lines = [texts["lead"]]
    for one in facts:
        lines += [texts["line"].format_map(one), texts["todo"].format_map(one)]
    rows = [
        (one.family, one.reports, one.failing, one.reports_before, one.failing_before)
        for one in jumps
    ]
    subject = texts["subject"].format(count=len(jumps))
    sheet = Attachment("families.csv", "csv", write_csv(texts["sheet"], rows))
    return render_notice(subject, lines, (), (), (), language), (sheet,)


def render_heartbeat(
    is_silent: bool, last: datetime | None, language: Language, now: datetime
) -> Rendering:
    """Render that no run succeeded since `last` (None: ever), or that one did again."""
    texts = load_texts(language)["heartbeat"]
    if not is_silent:
        return render_notice(texts["resolved"], [], (), (), (), language)
    said = f"{last.astimezone(BEIJING):%Y-%m-%d %H:%M}" if last else texts["none"]
    subject = texts["subject"].format(days=(now - last).days) if last else texts["never"]
    lines = [texts["lead"].format(last=said), texts["todo"]]
    return render_notice(subject, lines, (), (), (), language)


def render_failures(failed: Sequence[tuple[str, str]], language: Language) -> Rendering:
    """Render flows whose last run failed, each with its reasons; none: they succeed again."""
    texts = load_texts(language)["failures"]
    if not failed:
        return render_notice(texts["resolved"], [], (), (), (), language)
    rows = [
        (flow, fold_text(reason, REASON_LIMIT))
        for flow, reasons in failed
        for reason in reasons.splitlines()[:SHOWN_REASONS]
    ]
    flows = ", ".join(flow for flow, _ in failed)
    lines = [texts["lead"], texts["todo"]]
    subject = texts["subject"].format(flows=flows)
    return render_notice(subject, lines, texts["columns"], rows, (), language)


def render_notice(
    subject: str,
    paragraphs: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str],
    language: Language,
) -> Rendering:
    """Render a mail of paragraphs and one table."""
    facts: Mapping[str, Any] = {
        "texts": load_texts(language),
        "subject": subject,
        "paragraphs": paragraphs or [subject],
        "columns": columns,
        "rows": rows,
        "notes": notes,
    }
    return Rendering(
        subject=subject,
        html=load_template("notice.html.j2").render(facts),
        text=load_template("notice.txt.j2").render(facts),
    )


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a CSV that a spreadsheet opens as it stands: UTF-8 with a byte order mark."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(header)
    for row in rows:
        writer.writerow([disarm(str(value)) for value in row])
    return sheet.getvalue().encode("utf-8-sig")


def _word_deadline(
    alert: Alert, today: date, texts: dict[str, Any], language: Language
) -> tuple[str, ...]:
    days = (date.fromisoformat(alert.name) - today).days
    words = texts["deadlines"]
    state = words["overdue" if days < 0 else "due" if days else "today"].format(days=abs(days))
    return (
        name_region(alert.region, language),
        fold_text(alert.publisher or texts["publisher_unknown"], 100),
        str(alert.year),
        alert.name,
        state,
    )
