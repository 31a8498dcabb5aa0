"""Rewrite the same reports in a given data folder without end; started by test_staging.py."""

from __future__ import annotations

import itertools
import json
import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path

from storage.store import store_reports

if __name__ == "__main__":
    make_frames = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["make_frames"]
    places = [tuple(place) for place in json.loads(sys.argv[2])]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for number in itertools.count(1):
        frames = make_frames(places, cells=20, sha=str(number), value=str(number))
        store_reports(Path(sys.argv[1]), frames, datetime.now(UTC))
