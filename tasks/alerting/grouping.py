"""Who is told what, and when: groups of recipient and topic, as Prometheus Alertmanager has them.

A group is told when what fires in it is not a subset of what it was last told, when all of that
is resolved, or when the repeat interval has passed; and when a report it was told of was
published again. A new mail shows what is new, a repeated one all that still fires.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from storage.alerts import Alert
from storage.mails import Told
from tasks.alerting.recipients import Recipient

Reason: TypeAlias = Literal["new", "resolved", "corrected", "repeated"]
FINDINGS, DEADLINES, JUMPS, HEARTBEAT = "findings", "deadlines", "jumps", "heartbeat"
FAILURES = "failures"
TOPICS = {
    "finding": FINDINGS,
    "reminder": DEADLINES,
    "overdue": DEADLINES,
    "jump": JUMPS,
    "heartbeat": HEARTBEAT,
    "failure": FAILURES,
}
OURS = (JUMPS, HEARTBEAT, FAILURES)  # told to maintainers alone
EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Group:
    """What a recipient is to be told now of a topic in a region (`*`: in all of theirs).

    `shown` are the alerts to show, `firing` all that fire, `closed` those that were told and
    are resolved, `corrected` the reports told of that were published again since `told_at`.
    """

    recipient: Recipient
    topic: str
    region: str
    reason: Reason
    shown: frozenset[str]
    firing: frozenset[str]
    closed: frozenset[str]
    corrected: frozenset[str]
    told_at: datetime | None

    @property
    def key(self) -> str:
        """The topic and region, as the outbox knows them."""
        return f"{self.topic} {self.region}"


def plan_groups(
    alerts: Sequence[Alert],
    corrected_at: Mapping[str, datetime],
    told: Mapping[tuple[str, str], Told],
    recipients: Iterable[Recipient],
    now: datetime,
    repeat: timedelta,
) -> list[Group]:
    """List the groups that are to be told now.

    Args:
        alerts: All alerts of the outbox.
        corrected_at: When a new text of a report was last seen, for reports with an alert.
        told: The last mail of each group.
        recipients: Who may be told.
        now: The present instant.
        repeat: After how long a group is told again of what still fires.
    """
    known = {alert.fingerprint: alert for alert in alerts}
    buckets: dict[tuple[str, str, str], list[Alert]] = {}
    for alert in alerts:
        if alert.is_firing:
            key = (TOPICS[alert.kind], alert.region, alert.severity)
            buckets.setdefault(key, []).append(alert)
    planned = []
    for recipient in recipients:
        firing = _select(buckets, recipient)
        before = {key: one for (whose, key), one in told.items() if whose == recipient.key}
        for topic, region in sorted({*firing, *(_split_key(key) for key in before)}):
            group = _decide(
                recipient,
                (topic, region),
                frozenset(firing.get((topic, region), ())),
                before.get(f"{topic} {region}"),
                (known, corrected_at),
                (now, repeat),
            )
            if group is not None:
                planned.append(group)
    return planned


def _select(
    buckets: Mapping[tuple[str, str, str], Sequence[Alert]], recipient: Recipient
) -> dict[tuple[str, str], list[str]]:
    """Select what fires for a recipient, by topic and region."""
    is_whole = (recipient.group_by or ("recipient" if recipient.regions == "*" else None)) == (
        "recipient"
    )
    found: dict[tuple[str, str], list[str]] = {}
    for (topic, region, severity), alerts in buckets.items():
        if not _is_told(recipient, topic, region, severity):
            continue
        theirs = [
            alert.fingerprint
            for alert in alerts
            if topic in OURS
            or recipient.publishers is None
            or alert.publisher in recipient.publishers
        ]
        if theirs:
            key = (topic, EVERYWHERE if is_whole or topic in OURS else region)
            found.setdefault(key, []).extend(theirs)
    return found


def _is_told(recipient: Recipient, topic: str, region: str, severity: str) -> bool:
    if topic in OURS:
        return recipient.is_maintainer
    if recipient.regions != "*" and region not in recipient.regions:
        return False
    return recipient.deadlines if topic == DEADLINES else severity in recipient.severities


def _decide(
    recipient: Recipient,
    place: tuple[str, str],
    firing: frozenset[str],
    last: Told | None,
    facts: tuple[Mapping[str, Alert], Mapping[str, datetime]],
    clock: tuple[datetime, timedelta],
) -> Group | None:
    known, corrected_at = facts
    now, repeat = clock
    before = last.fingerprints if last else frozenset()
    gone = [known[one] for one in before - firing if one in known]
    closed = [one for one in gone if one.state == "resolved" and one.decided_by is None]
    subjects = {known[one].subject for one in before if one in known}
    corrected = frozenset(
        subject
        for subject in subjects
        if last is not None and corrected_at.get(subject, last.at) > last.at
    )
    reason = _tell_reason(firing, before, closed, corrected)
    if reason is None and last is not None and firing and now - last.at >= repeat:
        reason = "repeated"
    if reason is None:
        return None
    shown = firing - before if reason == "new" else firing if reason == "repeated" else frozenset()
    return Group(
        recipient=recipient,
        topic=place[0],
        region=place[1],
        reason=reason,
        shown=frozenset(shown),
        firing=firing,
        closed=frozenset(one.fingerprint for one in closed),
        corrected=corrected,
        told_at=last.at if last else None,
    )


def _tell_reason(
    firing: frozenset[str],
    before: frozenset[str],
    closed: Collection[Alert],
    corrected: Collection[str],
) -> Reason | None:
    if not firing <= before:
        return "new"
    if not firing and closed:
        return "resolved"
    return "corrected" if corrected else None


def _split_key(key: str) -> tuple[str, str]:
    topic, _, region = key.partition(" ")
    return topic, region
