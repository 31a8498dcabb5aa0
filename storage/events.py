"""What happened in a run, one JSON object a line: `<data>/logs/<run>.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from storage.folder import explain_os_errors

FOLDER = "logs"


def append_events(
    data: Path, run_id: str, now: datetime, events: Iterable[Mapping[str, Any]]
) -> Path:
    """Append events to the log of a run, each with the instant and the run; give its path.

    Each event has the key `event`; one about a report or document has `report_id`, null where
    it gave none.

    Raises:
        StorageError: the folder cannot be written.
    """
    path = data / FOLDER / f"{run_id}.jsonl"
    head = {"at": now.isoformat(timespec="milliseconds"), "run_id": run_id}
    with explain_os_errors(data):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(
                json.dumps({**head, **event}, ensure_ascii=False, default=str) + "\n"
                for event in events
            )
    return path
