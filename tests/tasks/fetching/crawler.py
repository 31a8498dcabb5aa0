"""Crawl an address into a data folder as one run does; started, and killed, by test_kill.py."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from storage.crawl_state import finish_run, open_state
from tasks.crawling import begin_crawl
from tasks.fetching.fetch import fetch_sources
from tasks.fetching.limits import Limits
from tasks.fetching.memory import open_memory
from tasks.fetching.source import Source


def tell_time() -> datetime:
    """Tell the present instant."""
    return datetime.now(UTC)


if __name__ == "__main__":
    data, url = Path(sys.argv[1]), sys.argv[2]
    limits = Limits(timeout_seconds=20, delay_seconds=0, per_host=4)
    run = begin_crawl(data, tell_time())
    with open_memory(data, run, tell_time) as memory:
        for _ in fetch_sources(
            [Source(url, url, "url", is_local=True)], limits, tell_time, None, memory
        ):
            pass
    with open_state(data) as state:
        finish_run(state, run, [], tell_time())
