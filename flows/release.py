"""Make a release of the lake."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow
from pydantic import BaseModel, Field
from rich.console import Console
from rich.markup import escape

from flows.failing import tell_maintainers
from flows.parameters import CONFIG, DataFolder
from storage.access import hold_data
from storage.folder import StorageError
from storage.lake import list_partitions
from storage.schema import REPORTS
from storage.settings import load_settings
from tasks.publishing.release import Release, make_release


class ReleaseParameters(BaseModel):
    """What a run of `release` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    name: str | None = Field(
        None,
        title="Name",
        pattern=r"^[^/\\\s.][^/\\]*$",
        description="Such as 2026-03; none: the day of the run, UTC.",
    )
    data: DataFolder = None


@flow(
    name="release",
    validate_parameters=True,
    on_failure=[tell_maintainers],
    on_crashed=[tell_maintainers],
)
def release(parameters: ReleaseParameters = ReleaseParameters()) -> Release:  # noqa: B008
    """Write an immutable snapshot of the lake and what changed since the last one.

    Runs wait meanwhile. A release that exists is never changed.
    """
    now = datetime.now(UTC)
    settings = load_settings(parameters.data)
    data = settings.data
    with hold_data(settings):
        if not list_partitions(data, REPORTS):
            raise StorageError(
                f"{settings.place}: expected reports to release, found none; collect first"
            )
        return make_release(data, parameters.name or now.date().isoformat(), now)


def show_release(made: Release, console: Console) -> None:
    """Say where the release is and what is otherwise in it."""
    console.print(f"[bold]{escape(str(made.folder))}[/]: {made.rows['reports']} reports")
    if made.difference is None:
        console.print("The first release; there is none to compare it with.")
        return
    console.print(f"Since release {escape(str(made.previous))}:")
    for what, counts in made.difference.items():
        said = ", ".join(f"{number} {name}" for name, number in counts.items()) or "none"
        console.print(f"  {what}: {said}")


if __name__ == "__main__":
    release()
