"""Renew the files beside the lake without a run."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from storage.access import hold_data
from storage.settings import Settings
from tasks.publishing.publish import publish_files


def publish(settings: Settings) -> tuple[str, ...]:
    """Publish what changed since the last time; give the files written.

    Raises:
        StorageError: a stored file is damaged, or the folder cannot be written.
    """
    with hold_data(settings):
        return publish_files(settings.data)


def show_published(written: tuple[str, ...], console: Console) -> None:
    """Name the files written; of the lake's, which are many, only how many there are."""
    lake = [name for name in written if name.startswith("lake/")]
    if lake:
        console.print(f"{len(lake)} files of the lake brought to the present tables")
    for name in written:
        if name not in lake:
            console.print(escape(name))
    if not written:
        console.print("Everything is as the lake has it; nothing was written.")
