"""What maintainers are told of: failures of ours, families that jumped, runs that do not come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from expectations.jumps import Jump
from storage.alerts import Firing
from storage.failures import Failure
from tasks.alerting.firing import fingerprint

JUMP, HEARTBEAT, FAILURE = "jump", "heartbeat", "failure"
RUNS = "runs"


def list_jumps(jumps: Iterable[Jump]) -> list[Firing]:
    """List an alert a family; it stays the same while the past it is held against does."""
    return [
        _make_firing(
            JUMP, jump.family, f"{jump.failing_before}/{jump.reports_before}", jump.message
        )
        for jump in jumps
    ]


def list_failures(failures: Iterable[Failure]) -> list[Firing]:
    """List an alert a flow whose last run failed; it stays the same while the reasons do."""
    return [
        _make_firing(FAILURE, one.flow, "\n".join(one.reasons), "\n".join(one.reasons))
        for one in failures
    ]


def list_heartbeat(last: datetime | None, now: datetime, longest: timedelta) -> list[Firing]:
    """List an alert if no run succeeded for longer than it may take; `last` None: none ever did."""
    if last is not None and now - last <= longest:
        return []
    said = last.isoformat(timespec="seconds") if last else "never"
    message = f"expected a successful run within {longest.days} days, found the last: {said}"
    return [_make_firing(HEARTBEAT, RUNS, said, message)]


def _make_firing(kind: str, subject: str, name: str, message: str) -> Firing:
    return Firing(
        fingerprint=fingerprint(f"{kind} {subject}", name, ""),
        kind=kind,
        subject=subject,
        name=name,
        source="",
        year=None,
        region="*",
        publisher=None,
        title=None,
        url=None,
        severity="error",
        message=message,
    )
