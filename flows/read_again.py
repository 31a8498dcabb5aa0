"""Read the archive again with today's reader: tell what differs, then store it if told to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, Field
from rich.console import Console
from rich.markup import escape

from flows.artifacts import write_table
from flows.check import check_material, take_archived
from flows.failing import tell_maintainers
from flows.parameters import CONFIG, Accepted, DataFolder, Region, Waivers, Year
from flows.summary import RunSummary
from storage.access import hold_data
from storage.folder import explain_os_errors, replace_file
from storage.settings import load_settings
from tasks.foreseeing import Foreseen, foresee_reading
from tasks.policy import choose_policy

CELLS_FILE = "read_again.csv"  # in the data folder, that of the last run
SHOWN = 50


class ReadAgainParameters(BaseModel):
    """What a run of `read-again` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    year: Year = None
    region: Region = None
    publish: bool = Field(
        False,
        title="Publish",
        description="Store what comes out otherwise; off: only tell which cells differ.",
    )
    data: DataFolder = None
    waivers: Waivers = None
    accepted: Accepted = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading again gave; `summary` is that of storing it, None where it was only told."""

    foreseen: Foreseen
    cells_file: Path
    summary: RunSummary | None


@flow(
    name="read-again",
    validate_parameters=True,
    on_failure=[tell_maintainers],
    on_crashed=[tell_maintainers],
)
def read_again(parameters: ReadAgainParameters = ReadAgainParameters()) -> Reread:  # noqa: B008
    """Read every archived page again, tell which cells differ, and store them if told to.

    No network is touched. What differs is told before anything is stored: as the artifact
    `read-again-differences` and as `read_again.csv` in the data folder.

    Raises:
        ArchiveError: archived bytes are missing or damaged.
        StorageError: a stored file is damaged, or the folder cannot be written.
    """
    started_at = datetime.now(UTC)
    settings = load_settings(parameters.data, waivers=parameters.waivers)
    data = settings.data
    with hold_data(settings):
        policy = choose_policy(settings, parameters.accepted, started_at)
        material = take_archived(settings, parameters.year, parameters.region)
        foreseen = foresee_reading(material.batch, material.renamed, data, started_at)
        cells_file = data / CELLS_FILE
        with explain_os_errors(data):
            replace_file(cells_file, foreseen.cells.write_csv(include_bom=True).encode())
        create_markdown_artifact(
            key="read-again-differences",
            markdown=write_differences(foreseen, cells_file, parameters.publish),
            description="What today's reader reads otherwise than what is stored",
        )
        if not parameters.publish:
            return Reread(foreseen, cells_file, None)
        told = parameters.model_dump(mode="json")
        summary = check_material(material, settings, policy, started_at, "read-again", told)
    return Reread(foreseen, cells_file, summary)


def write_differences(foreseen: Foreseen, cells_file: Path, is_published: bool) -> str:
    """Write what differs as Markdown: counts, reports, the first cells."""
    counts = [[name.replace("_", " "), count] for name, count in foreseen.counts.items()]
    reports = foreseen.reports.head(SHOWN).select("what", "title", "year", "region", "cells")
    shown = ("report_id", "table", "row", "column", "old_text", "old_value", "text", "value")
    cells = foreseen.cells.head(SHOWN).select(*shown, "status")
    fate = (
        "They are being stored."
        if is_published
        else "Nothing was stored; start again with Publish on to store it."
    )
    return "\n\n".join(
        [
            fate,
            write_table(["count of", "number"], counts),
            write_table(reports.columns, reports.rows()),
            write_table(cells.columns, cells.rows()),
            f"All cells that differ: `{cells_file}`",
        ]
    )


def show_foreseen(reread: Reread, console: Console) -> None:
    """Print what differs: counts, the first reports, and where all cells are."""
    foreseen = reread.foreseen
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in foreseen.counts.items())
    console.print(said)
    for row in foreseen.reports.head(SHOWN).iter_rows(named=True):
        console.print(
            f"  {row['what']}: {escape(row['title'] or row['url'])}, {row['cells']} cells",
            soft_wrap=True,
        )
    console.print(f"All cells that differ: {reread.cells_file}", soft_wrap=True)
    if reread.summary is None:
        console.print("Nothing was stored.")


if __name__ == "__main__":
    read_again()
