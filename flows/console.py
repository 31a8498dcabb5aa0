"""What the commands share: options, the output of JSON, and failures turned into messages."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from storage.archive import ArchiveError
from storage.folder import StorageError
from storage.settings import quieten_prefect

if TYPE_CHECKING:
    from flows.summary import RunSummary

FAILED = 2
TROUBLE = 1
DataOption = Annotated[
    str | None,
    typer.Option("--data", metavar="DIR", help="Data folder [default: $GOUJI_DATA, else ./data]."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
YearOption = Annotated[
    int | None, typer.Option("--year", min=2003, max=2100, help="This report year only.")
]
RegionOption = Annotated[
    str | None,
    typer.Option(
        "--region", metavar="CODE", help="This region only: ISO 3166-2 code such as CN-JX."
    ),
]
WaiversOption = Annotated[
    str | None,
    typer.Option(
        "--waivers",
        metavar="FILE",
        help="Findings to set aside [default: $GOUJI_WAIVERS, else waivers.yaml in the data "
        "folder].",
    ),
]
AcceptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="FAMILY|YEAR/REGION",
        help="What was looked at and is right: a family whose failures jumped, or a partition "
        "that loses reports or figures; repeatable.",
    ),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show the log of the run.")]


@contextmanager
def explain_failure() -> Iterator[None]:
    """Turn what a user can mend into a message and status 2; wrong words into status 64."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise typer.BadParameter(f"{name}: {first['msg']}, found {first['input']!r}") from error
    except (StorageError, ArchiveError, OSError, ValueError) as error:
        Console(stderr=True).print(f"Error: {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(FAILED) from error


def print_json(value: object) -> None:
    """Print a value as JSON, Chinese as it stands."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def start_flow(is_verbose: bool) -> None:
    """Prepare the terminal before Prefect is imported, which takes seconds."""
    quieten_prefect(is_verbose)
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    Console(stderr=True).print("Starting Prefect …", style="dim")


def finish(run: Callable[[], RunSummary | None]) -> None:
    """Run a flow with a progress bar, show what it did and exit by how it went."""
    from flows.failing import RunFailedError
    from flows.terminal import show_progress, show_summary

    with explain_failure():
        with show_progress(Console(stderr=True)):
            try:
                summary = run()
            except RunFailedError as error:
                summary = error.summary
        if summary is None:
            Console().print("Nothing to do.")
            return
        show_summary(summary, Console())
    raise typer.Exit(TROUBLE if summary.failures or summary.troubles else 0)
