"""Which reports are a body's: the name they are stored under, from a name alone or a report."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from storage.reference.gazetteer import Gazetteer, select_valid, trace_line
from tasks.reading.identity import Title, tell_body, tell_scope
from tasks.reading.region import resolve_region
from tasks.reading.report import UNRESOLVED, Region, Scope


class Body(NamedTuple):
    """A body as its reports name it: `series` is their `report_id` without the year."""

    series: str
    scope: Scope
    region: Region


def name_series(region: Region, scope: Scope, name: str) -> str:
    """Name the reports of a body by division, scope and body, the same in every year.

    `name` is the body apart from its place, or where the place is not settled whatever tells
    the report from others.
    """
    place = region.adcode or region.region
    return f"{place}-{scope}-{hashlib.blake2s(name.encode(), digest_size=4).hexdigest()}"


def identify_body(gazetteer: Gazetteer, name: str, adcode: str | None, year: int) -> Body | None:
    """Identify the body of a name as reading would, were it the title of a report of that year.

    `adcode` says of which division a body is whose name does not tell. None where the name
    leaves the division open, or is of another.
    """
    for full in (name, _name_division(gazetteer, adcode, year) + name):
        region = resolve_region(
            gazetteer, year=year, title=full, publisher=full, signature=None, body=""
        )
        if region.region != UNRESOLVED.region and adcode in (None, region.adcode):
            body = tell_body(Title(full, full, year), None, region)
            scope = tell_scope(full, body, region)
            return Body(name_series(region, scope, body), scope, region)
    return None


def _name_division(gazetteer: Gazetteer, adcode: str | None, year: int) -> str:
    """Write the names of a division from the province down; empty where there is no such code."""
    year = min(max(year, gazetteer.first_year), gazetteer.last_year)
    divisions = select_valid(gazetteer.by_code.get(adcode or "", ()), year)
    line = trace_line(gazetteer, divisions[0], year) if divisions else ()
    return "".join(division.name for division in line)
