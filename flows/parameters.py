"""What runs may be told: the fields that several flows share, with what the form of the UI says."""

from __future__ import annotations

from typing import Annotated, Any

from prefect.runtime import flow_run
from pydantic import AfterValidator, ConfigDict, Field

from expectations.territories import UNRESOLVED
from storage.reference.gazetteer import load_provinces

REGIONS = (*sorted(province.region for province in load_provinces().values()), "CN", UNRESOLVED)
CONFIG = ConfigDict(extra="forbid")


def _check_region(code: str) -> str:
    if code not in REGIONS:
        raise ValueError("expected an ISO 3166-2 code such as CN-JX, CN or unresolved")
    return code


def _offer_regions(schema: dict[str, Any]) -> None:
    schema["enum"] = list(REGIONS)  # a list to choose from, in the UI


RegionCode = Annotated[
    str, AfterValidator(_check_region), Field(json_schema_extra=_offer_regions, title="Region")
]
Region = Annotated[
    RegionCode | None,
    Field(
        title="Region",
        description="The reports of this region only: ISO 3166-2 code such as CN-JX.",
    ),
]
Year = Annotated[
    int | None,
    Field(ge=2003, le=2100, title="Report year", description="This report year only."),
]
DataFolder = Annotated[
    str | None,
    Field(title="Data folder", description="None: GOUJI_DATA, else ./data."),
]
Waivers = Annotated[
    str | None,
    Field(
        title="Waivers",
        description="YAML of findings to set aside; none: GOUJI_WAIVERS, else waivers.yaml in "
        "the data folder.",
    ),
]
Accepted = Annotated[
    list[str],
    Field(
        title="Accepted",
        description="What was looked at and is right: a family of reports whose failures jumped, "
        "such as host www.example.gov.cn, or a partition that loses reports or figures, such as "
        "2023/CN-JX.",
    ),
]
SendAlerts = Annotated[
    bool,
    Field(title="Send alerts", description="Write and send the digests of what is invalid."),
]
PagesPerTask = Annotated[
    int,
    Field(
        ge=10, le=20_000, title="Pages a task", description="Pages that one reading task takes on."
    ),
]
Sources = Annotated[
    list[str],
    Field(
        title="Sources",
        description="Names of the source list, files, folders, addresses or source lists (YAML) to "
        "read; none: the list "
        "(GOUJI_SOURCES, else sources.yaml in the data folder).",
    ),
]


def name_scope() -> str:
    """Name the region and year that the present run was asked for; empty where it was for all."""
    given = flow_run.parameters.get("parameters") or {}
    asked = given if isinstance(given, dict) else given.model_dump()
    return " ".join(str(asked[name]) for name in ("region", "year") if asked.get(name))
