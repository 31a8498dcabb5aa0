"""What people have decided about findings: waivers, and families that were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from expectations.waiver_file import load_waivers
from expectations.waivers import Waiver
from storage.guard import LossLimit
from storage.settings import Settings
from tasks.alerting.render import BEIJING


@dataclass(frozen=True, slots=True)
class Policy:
    """What people have decided: waivers on a day, and what they looked at and accept.

    `accepted` names families whose failures are the publishers' own, however they jump, and
    partitions that may lose as much as they do.
    """

    waivers: tuple[Waiver, ...] = ()
    today: date = date.min
    accepted: tuple[str, ...] = ()


NO_POLICY = Policy()


def choose_policy(settings: Settings, accepted: Sequence[str], now: datetime) -> Policy:
    """Load the waivers: GOUJI_WAIVERS, else `waivers.yaml` in the data folder; days of Beijing.

    Raises:
        WaiversError: the file is not as expected.
    """
    beside = settings.data / "waivers.yaml"
    path = settings.waivers or (beside if beside.exists() else None)
    return Policy(load_waivers(path), now.astimezone(BEIJING).date(), tuple(accepted))


def limit_losses(settings: Settings, policy: Policy) -> LossLimit:
    """Say what a run may take from a partition before it has to be looked at."""
    return LossLimit(settings.loss_percent / 100, policy.accepted)
