"""The hours of the day in which hosts may be asked, in the time of China. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")  # without summer time since 1991
_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """From `start`, inclusive, to `end`, exclusive; over midnight where it ends before it starts.

    Equal hours leave no hour out.
    """

    start: time
    end: time


def parse_window(text: str) -> Window:
    """Read a window such as 22:00-06:00.

    Raises:
        ValueError: it has another form.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"GOUJI_HOURS: expected hours in the time of China such as 22:00-06:00, found {text!r}"
        )
    first, second, third, fourth = map(int, match.groups())
    return Window(time(first, second), time(third, fourth))


def is_open(window: Window | None, now: datetime) -> bool:
    """Tell whether an instant lies in a window; always where there is none."""
    if window is None or window.start == window.end:
        return True
    clock = now.astimezone(CHINA).time()
    if window.start < window.end:
        return window.start <= clock < window.end
    return clock >= window.start or clock < window.end
