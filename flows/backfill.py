"""Backfill: collect years, regions or sources piece by piece; started again, it goes on."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, Field
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.collect import CollectParameters, choose_sources, collect
from flows.failing import RunFailedError
from flows.parameters import CONFIG, DataFolder, RegionCode, Sources, Year
from storage.access import prepare_data
from storage.settings import load_settings
from tasks.backfilling import Piece, add_seconds, is_collected, plan_pieces
from tasks.fetching.limits import choose_limits


class BackfillParameters(BaseModel):
    """What a run of `backfill` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    first_year: Year = Field(None, title="First report year", description="None: all years.")
    last_year: Year = Field(None, title="Last report year", description="None: the first one.")
    regions: list[RegionCode] = Field(
        default_factory=list, title="Regions", description="None: those of all sources."
    )
    sources: Sources = Field(
        default_factory=list, description="Names of the source list, or addresses; none: all."
    )
    fresh_days: int = Field(
        7,
        ge=0,
        le=365,
        title="Fresh days",
        description="Leave out pieces that were collected within so many days; 0: collect anew.",
    )
    dry_run: bool = Field(
        False, title="Dry run", description="Only plan: the pieces, pages known, planned time."
    )
    data: DataFolder = None


class BackfillError(Exception):
    """Some pieces failed on our side; the others are collected."""


@flow(name="backfill", validate_parameters=True)
def backfill(parameters: BackfillParameters = BackfillParameters()) -> list[Piece]:  # noqa: B008
    """Collect region by region what is asked for; give the pieces, with those done before.

    Each piece is a run of `collect`. A backfill that was stopped goes on when it is started
    again: pieces that are done are left out, the one that was stopped asks for no page twice.

    Raises:
        ValueError: a source is not known, or the years are in the wrong order.
        BackfillError: some pieces failed on our side; the others are collected.
    """
    pieces = plan_backfill(parameters, datetime.now(UTC))
    create_table_artifact(
        key="backfill-plan",
        table=[{**asdict(piece), "sources": ", ".join(piece.sources)} for piece in pieces],
        description=f"At least {add_seconds(pieces)} for the pieces that are not done",
    )
    if parameters.dry_run:
        return pieces
    failed = []
    for piece in pieces:
        if piece.is_done:
            continue
        try:
            collect(_choose_parameters(piece, parameters))
        except RunFailedError as error:
            failed.append(f"{piece.region or 'no region'}: {error}")
    if failed:
        raise BackfillError("pieces that failed on our side:\n" + "\n".join(failed))
    return pieces


def plan_backfill(parameters: BackfillParameters, now: datetime) -> list[Piece]:
    """Plan the pieces of a backfill; nothing is fetched or written.

    Raises:
        ValueError: a source is not known, or the years are in the wrong order.
    """
    first, last = parameters.first_year, parameters.last_year
    if last is not None and (first is None or last < first):
        raise ValueError(f"years: expected a first year up to the last, found {first} and {last}")
    settings = load_settings(parameters.data)
    prepare_data(settings)
    sources = choose_sources(
        CollectParameters(sources=parameters.sources, data=parameters.data), settings
    )
    pieces = plan_pieces(sources, parameters.regions, settings.data, choose_limits(settings))
    since = now - timedelta(days=parameters.fresh_days)
    return [
        replace(piece, is_done=is_collected(settings.data, _describe(piece, parameters), since))
        for piece in pieces
    ]


def show_plan(pieces: list[Piece], console: Console) -> None:
    """Print the pieces, what is known of each, and the time in all."""
    table = Table("region", "sources", "never asked", "hosts", "pages known", "at least", box=None)
    for piece in pieces:
        time = "done" if piece.is_done else str(timedelta(seconds=round(piece.seconds)))
        counts = (len(piece.sources), piece.unknown, piece.hosts, piece.pages)
        table.add_row(escape(piece.region or "none"), *map(str, counts), time)
    console.print(table)
    console.print(f"At least {add_seconds(pieces)} at the rates allowed, without pages not known")


def _choose_parameters(piece: Piece, parameters: BackfillParameters) -> CollectParameters:
    return CollectParameters(**_describe(piece, parameters), data=parameters.data)


def _describe(piece: Piece, parameters: BackfillParameters) -> dict[str, Any]:
    """Describe a piece as `collect` is told of it, and as the record of that run has it."""
    return {
        "sources": list(piece.sources),
        "year": parameters.first_year,
        "last_year": parameters.last_year,
        "region": None,  # what they give of another region, or of none, is kept too
    }


if __name__ == "__main__":
    backfill()
