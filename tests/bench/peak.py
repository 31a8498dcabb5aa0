"""The most memory that a process has held."""

from __future__ import annotations

import re
import resource
from pathlib import Path

STATUS = Path("/proc/self/status")


def measure_peak() -> float:
    """Return the megabytes that this program held at its peak.

    Where the system tells it since the program began; `getrusage` also has what the process
    that started it held.
    """
    told = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text()) if STATUS.exists() else None
    kilobytes = int(told[1]) if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / 1024
