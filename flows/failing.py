"""What becomes of a run that fails: noted, told to the maintainers, measured."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from flows.summary import RunSummary
from storage.access import edit_data
from storage.events import append_events
from storage.failures import Failure
from storage.folder import StorageError
from storage.settings import load_settings
from tasks.failing import tell_directly, tell_failure
from tasks.metrics import write_metrics

log = logging.getLogger(__name__)
REASONS = 20


class RunFailedError(Exception):
    """A run came to its end and stored what it could, but something of ours failed on the way."""

    def __init__(self, summary: RunSummary) -> None:
        """Keep what the run did for whoever started it."""
        shown = summary.failures[:REASONS]
        more = len(summary.failures) - len(shown)
        said = [f"{len(summary.failures)} failures of ours:", *shown]
        super().__init__("\n".join([*said, f"… {more} more"] if more else said))
        self.summary = summary


def tell_maintainers(flow: Any, flow_run: Any, state: Any) -> None:
    """Note a run that ended as failed or crashed, and mail the maintainers; a hook of flows."""
    told = flow_run.parameters.get("parameters") or {}
    settings = load_settings(told.get("data"))
    reason = (state.message or state.name).removeprefix("Flow run encountered an exception: ")
    now = datetime.now(UTC)
    failure = Failure(flow.name, str(flow_run.id), now, tuple(reason.splitlines()[: REASONS + 2]))
    try:
        with edit_data(settings):
            faults = tell_failure(settings, failure, now)
            event = {"event": "run_failed", "flow": flow.name, "reasons": failure.reasons}
            append_events(settings.data, failure.run_id, now, [event])
            write_metrics(settings.data)
    except StorageError as error:
        log.warning("the failure is not in the data folder: %s", error)
        faults = tell_directly(settings, failure, now)
    for fault in faults:
        log.warning("telling the maintainers: %s", fault)
