"""The commands of those who run the pipeline: `gouji read-again`, `backfill` and `serve`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from flows.console import (
    TROUBLE,
    AcceptOption,
    DataOption,
    RegionOption,
    VerboseOption,
    WaiversOption,
    YearOption,
    explain_failure,
    finish,
    start_flow,
)
from storage.access import prepare_data
from storage.settings import load_settings


def read_again(
    year: YearOption = None,
    region: RegionOption = None,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Only tell which cells differ; store nothing.")
    ] = False,
    data: DataOption = None,
    waivers: WaiversOption = None,
    accept: AcceptOption = None,
    is_verbose: VerboseOption = False,
) -> None:
    """Read the archived pages again with today's reader; no network.

    Tells which cells differ before it stores them. Exit status: 0 complete; 1 something on our
    side failed; 2 it could not run; 64 wrong usage.
    """
    start_flow(is_verbose)
    from flows.read_again import ReadAgainParameters, read_again, show_foreseen

    with explain_failure():
        parameters = ReadAgainParameters(
            year=year,
            region=region,
            publish=False,
            data=data,
            waivers=waivers,
            accepted=accept or [],
        )
        prepare_data(load_settings(data))
        if is_dry:
            show_foreseen(read_again(parameters), Console())
            return
    finish(lambda: read_again(parameters.model_copy(update={"publish": True})).summary)


def backfill(
    first_year: Annotated[
        int | None, typer.Option("--first-year", min=2003, max=2100, help="From this report year.")
    ] = None,
    last_year: Annotated[
        int | None, typer.Option("--last-year", min=2003, max=2100, help="To this report year.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", metavar="CODE", help="ISO 3166-2 code; repeatable."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="NAME|URL", help="Of the source list; repeatable."),
    ] = None,
    fresh_days: Annotated[
        int,
        typer.Option(
            "--fresh-days", min=0, help="Leave out what was collected within so many days."
        ),
    ] = 7,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and its cost; nothing is fetched.")
    ] = False,
    data: DataOption = None,
    is_verbose: VerboseOption = False,
) -> None:
    """Collect years, regions or sources piece by piece; started again, it goes on.

    Exit status: 0 complete; 1 a piece failed on our side; 2 it could not run; 64 wrong usage.
    """
    start_flow(is_verbose)
    from flows.backfill import (
        BackfillError,
        BackfillParameters,
        backfill,
        plan_backfill,
        show_plan,
    )

    with explain_failure():
        parameters = BackfillParameters(
            first_year=first_year,
            last_year=last_year,
            regions=region or [],
            sources=source or [],
            fresh_days=fresh_days,
            data=data,
        )
        pieces = plan_backfill(parameters, datetime.now(UTC))
        show_plan(pieces, Console())
        if is_dry:
            return
        try:
            backfill(parameters)
        except BackfillError as error:
            Console(stderr=True).print(f"Error: {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(TROUBLE) from error


def serve() -> None:
    """Start a Prefect server with its UI, all deployments and a worker; says where the UI is."""
    from flows.serve import serve

    raise typer.Exit(serve())
