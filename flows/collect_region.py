"""The main job for one region: a run that many machines can share out among them."""

from __future__ import annotations

from prefect import flow
from pydantic import BaseModel, Field

from expectations.territories import UNRESOLVED
from flows.collect import CollectParameters, choose_sources, collect
from flows.parameters import (
    CONFIG,
    DataFolder,
    PagesPerTask,
    RegionCode,
    SendAlerts,
    Waivers,
    Year,
    name_scope,
)
from flows.summary import RunSummary
from storage.access import prepare_data
from storage.settings import load_settings


class CollectRegionParameters(BaseModel):
    """What a run of `collect-region` may be told; the form of the Prefect UI."""

    model_config = CONFIG

    region: RegionCode = Field(
        title="Region",
        description="ISO 3166-2 code of the province, CN for central bodies; unresolved: the "
        "sources that state none.",
    )
    year: Year = None
    data: DataFolder = None
    waivers: Waivers = None
    send_alerts: SendAlerts = False
    pages_per_task: PagesPerTask = 1000


def name_run() -> str:
    """Name a run after its region and year."""
    return name_scope() or "region"


@flow(name="collect-region", flow_run_name=name_run, validate_parameters=True)
def collect_region(parameters: CollectRegionParameters) -> RunSummary:
    """Run the main job on the sources of a region; the regions together are the whole job.

    Mails wait for the run of `alert` that follows, unless `send_alerts` is set.

    Raises:
        ValueError: the source list has no source of the region.
    """
    return collect(choose_parameters(parameters))


def choose_parameters(parameters: CollectRegionParameters) -> CollectParameters:
    """Name the sources of the region; what they give of another region, or none, is kept too.

    Raises:
        ValueError: the source list has no source of the region.
    """
    told = parameters.model_dump(exclude={"region"})
    settings = load_settings(parameters.data, waivers=parameters.waivers)
    prepare_data(settings)
    listed = choose_sources(CollectParameters(**told), settings)
    region = None if parameters.region == UNRESOLVED else parameters.region
    names = [source.name for source in listed if source.region == region]
    if not names:
        raise ValueError(
            f"region: expected one that sources of the list state, found {parameters.region!r}"
        )
    return CollectParameters(**{**told, "sources": names})


if __name__ == "__main__":
    import sys

    collect_region(CollectRegionParameters(region=sys.argv[1]))
