"""Rewrite the same reports in a bucket without end; started by test_bucket_crash.py."""

from __future__ import annotations

import itertools
import json
import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path

from storage.access import hold_data
from storage.settings import load_settings
from storage.store import store_reports

if __name__ == "__main__":
    make_frames = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["make_frames"]
    places = [tuple(place) for place in json.loads(sys.argv[2])]
    settings = load_settings(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for number in itertools.count(1):
        frames = make_frames(places, cells=20, sha=f"{sys.argv[3]}{number}", value=str(number))
        with hold_data(settings):
            store_reports(settings.data, frames, datetime.now(UTC))
