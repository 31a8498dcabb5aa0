"""What people have decided about findings: waivers, and families that were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from expectations.waiver_file import load_waivers
from expectations.waivers import Waiver
from storage.settings import Settings
from tasks.alerting.render import BEIJING


@dataclass(frozen=True, slots=True)
class Policy:
    """What people have decided about findings: waivers on a day, and families looked at.

    `accepted` names families whose failures are the publishers' own, however they jump.
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
