"""From groups to mails; what several recipients are told alike is rendered once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from storage.mails import NewMail
from tasks.alerting.cards import Unread, count_unread, make_cards
from tasks.alerting.content import Content
from tasks.alerting.corrections import Correction, make_correction
from tasks.alerting.grouping import DEADLINES, EVERYWHERE, FAILURES, HEARTBEAT, JUMPS, Group
from tasks.alerting.letter import write_letters
from tasks.alerting.message import Attachment, build_body, build_head, name_mail
from tasks.alerting.notices import (
    render_deadlines,
    render_failures,
    render_heartbeat,
    render_jumps,
)
from tasks.alerting.ours import list_jumps
from tasks.alerting.render import BEIJING, CARD_LIMIT, Rendering, Story, render_digest
from tasks.alerting.sheet import write_sheet
from tasks.alerting.wording import word_card
from tasks.alerting.words import Language, fold_text, load_provinces, load_texts

CHAT_CARDS = 10


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail but for its recipient: as bytes for an address, as text for a channel."""

    subject: str
    body: bytes
    chat: bytes


@dataclass(slots=True)
class Memory:
    """What was composed already in this run, by what it depends on."""

    composed: dict[Any, Composed] = field(default_factory=dict)
    cards: dict[Any, dict[str, Any]] = field(default_factory=dict)


def compose_mails(
    groups: Sequence[Group], content: Content, sender: str, now: datetime
) -> Iterator[NewMail]:
    """Compose the mail of each group.

    Raises:
        ValueError: the sender is no address.
    """
    memory = Memory()
    for group in groups:
        recipient = group.recipient
        composed = _compose(group, content, memory, now)
        mail_id = name_mail(group)
        is_channel = recipient.channel is not None
        head = b"" if is_channel else build_head(mail_id, sender, recipient, composed.subject, now)
        yield NewMail(
            id=mail_id,
            recipient=recipient.key,
            topic=group.key,
            is_channel=is_channel,
            subject=composed.subject,
            head=head,
            body=composed.chat if is_channel else composed.body,
            fingerprints=tuple(sorted(group.shown)),
            firing=group.firing,
        )


def _compose(group: Group, content: Content, memory: Memory, now: datetime) -> Composed:
    reader = group.recipient
    key = (
        *(group.topic, group.region, group.reason, group.shown, group.closed, group.corrected),
        *(len(group.firing), reader.language, reader.regions, reader.publishers),
    )
    if key not in memory.composed:
        write: dict[str, Callable[[], Composed]] = {
            DEADLINES: partial(_compose_deadlines, group, content, now),
            JUMPS: partial(_compose_jumps, group, content),
            HEARTBEAT: partial(_compose_heartbeat, group, content, now),
            FAILURES: partial(_compose_failures, group, content),
        }
        digest = partial(_compose_digest, group, content, memory, now)
        memory.composed[key] = write.get(group.topic, digest)()
    return memory.composed[key]


def build_chat(rendering: Rendering, text: str | None = None) -> bytes:
    """Build what a channel is told: the subject and a text, else that of the mail."""
    body = rendering.text if text is None else text
    return json.dumps({"title": rendering.subject, "body": body}).encode()


def _build(rendering: Rendering, attachments: tuple[Attachment, ...], chat: str) -> Composed:
    body = build_body(rendering, attachments)
    return Composed(rendering.subject, body, build_chat(rendering, chat))


def _compose_digest(group: Group, content: Content, memory: Memory, now: datetime) -> Composed:
    reader = group.recipient
    language = reader.language
    rows = [row for one in group.shown for row in content.rows.get(one, ())]
    rows.sort(key=lambda row: (row["report_id"], row["rule"], row["instance"]))
    cards = make_cards(rows, content.repairs)
    worded = []
    for card in cards[:CARD_LIMIT]:
        key = (card.report_id, language, tuple(line.fingerprint for line in card.lines))
        if key not in memory.cards:
            memory.cards[key] = word_card(card, content.print_cells(card.report_id), language)
        worded.append(memory.cards[key])
    corrections = _list_corrections(group, content)
    told = {one.report_id for one in corrections}
    closed = [content.alerts[one] for one in sorted(group.closed) if one in content.alerts]
    settled = {
        alert.subject: fold_text(alert.title or alert.subject, 200)
        for alert in closed
        if alert.subject not in told
    }
    places = {
        *(card.region for card in cards),
        *(one.region for one in corrections),
        *(alert.region for alert in closed),
    }
    unread = Unread(0, {})
    if cards:
        unread = count_unread(content.reports, content.findings, reader, _sort(places))
    story = Story(
        reason=group.reason,
        cards=cards,
        worded=worded,
        corrections=corrections,
        closed=tuple(settled.values()),
        remaining=len(group.firing - group.shown),
        unread=unread,
        regions=_sort(places),
    )
    regions = None if reader.regions == "*" else reader.regions
    rendering = render_digest(story, language, regions, now)
    if not cards:
        return _build(rendering, (), rendering.text)
    texts = load_texts(language)
    date = now.astimezone(BEIJING).strftime("%Y%m%d")
    attachments = (
        Attachment(
            texts["attachment"].format(date=date), "csv", write_sheet(cards, texts, language)
        ),
        Attachment(
            texts["letter"]["file"].format(date=date),
            "html",
            write_letters(worded, language, now),
        ),
    )
    return _build(rendering, attachments, _write_chat(story, rendering, language))


def _list_corrections(group: Group, content: Content) -> tuple[Correction, ...]:
    """List the reports told of that were published again since."""
    firing = [content.alerts[one] for one in group.firing if one in content.alerts]
    earlier: dict[str, list[Any]] = {}
    for alert in content.alerts.values():
        if alert.subject in group.corrected and alert.sent_at is not None:
            earlier.setdefault(alert.subject, []).append(alert)
    found = []
    for report_id in sorted(group.corrected):
        listed = content.changes.get(report_id, ())
        since = [changes for at, changes in listed if group.told_at is None or at > group.told_at]
        told = earlier.get(report_id) or [
            alert for alert in content.alerts.values() if alert.subject == report_id
        ]
        if told and since:
            changes = tuple(change for changes in since for change in changes)
            found.append(make_correction(told, changes, firing))
    return tuple(found)


def _compose_deadlines(group: Group, content: Content, now: datetime) -> Composed:
    alerts = [content.alerts[one] for one in group.shown]
    closed = {content.alerts[one].region for one in group.closed if one in content.alerts}
    rendering, attachments = render_deadlines(
        alerts, _sort(closed), group.reason == "repeated", group.recipient.language, now
    )
    return _build(rendering, attachments, rendering.text)


def _compose_jumps(group: Group, content: Content) -> Composed:
    jumps = [
        jump
        for jump, alert in zip(content.jumps, list_jumps(content.jumps), strict=True)
        if alert.fingerprint in group.shown
    ]
    rendering, attachments = render_jumps(jumps, group.recipient.language)
    return _build(rendering, attachments, rendering.text)


def _compose_heartbeat(group: Group, content: Content, now: datetime) -> Composed:
    language: Language = group.recipient.language
    rendering = render_heartbeat(bool(group.firing), content.last_run, language, now)
    return _build(rendering, (), rendering.text)


def _compose_failures(group: Group, content: Content) -> Composed:
    shown = [content.alerts[one] for one in sorted(group.shown)]
    failed = [(alert.subject, alert.message) for alert in shown]
    rendering = render_failures(failed, group.recipient.language)
    return _build(rendering, (), rendering.text)


def _write_chat(story: Story, rendering: Rendering, language: Language) -> str:
    """Write what a channel is told: the first lines of the mail, then a line a report."""
    texts = load_texts(language)["channel"]
    lead = next(line for line in rendering.text.splitlines() if line)
    lines = [texts["body"].format(lead=lead)]
    for number, card in enumerate(story.worded[:CHAT_CARDS], 1):
        message = card["problems"][0]["lines"][0]["message"]
        lines.append(texts["line"].format(number=number, title=card["title"], message=message))
        lines.append(card["url"])
    if len(story.cards) > CHAT_CARDS:
        lines.append(texts["more"].format(count=len(story.cards) - CHAT_CARDS))
    return "\n".join(lines)


def _sort(regions: set[str]) -> tuple[str, ...]:
    """Sort regions in the official order."""
    order = {region: place for place, region in enumerate(load_provinces())}
    return tuple(sorted(regions - {EVERYWHERE}, key=lambda one: order.get(one, len(order))))
