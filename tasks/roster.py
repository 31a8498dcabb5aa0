"""The roster: which bodies owe reports, from a YAML or CSV file of people's own."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from expectations.context import ROSTER
from storage.reference.gazetteer import Gazetteer, load_gazetteer
from storage.settings import Settings
from tasks.reading.bodies import identify_body

NAMES = ("roster.yaml", "roster.csv")
EXAMPLE = "bodies:\n  - {body: its full name, kind: department, region: '360724', since: 2019}"


class RosterError(ValueError):
    """The roster cannot be used; the message says where and what was expected."""


class BodyEntry(BaseModel):
    """One body that owes reports: `since` and `until` are report years, `until` the last one."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    body: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]
    kind: Literal["government", "department", "township"]
    region: str | None = Field(None, pattern=r"^\d{6}$")
    since: int = Field(ge=2003, le=2100)
    until: int | None = Field(None, ge=2003, le=2100)
    due: str | None = Field(None, pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")


def load_roster(settings: Settings) -> pl.DataFrame:
    """Load the roster: GOUJI_ROSTER, else `roster.yaml` or `roster.csv` in the data folder.

    Returns:
        As `ROSTER`; without a file it has no rows.

    Raises:
        RosterError: the file is missing, or an entry is not as expected or names a body whose
            division cannot be told; the message lists every fault.
    """
    beside = [settings.data / name for name in NAMES if (settings.data / name).exists()]
    path = settings.roster or (beside[0] if beside else None)
    if path is None:
        return ROSTER.to_frame()
    gazetteer = load_gazetteer()
    rows, problems = [], []
    for number, entry in enumerate(_read_entries(path), start=1):
        try:
            rows.append(_identify(BodyEntry.model_validate(entry), gazetteer))
        except ValidationError as error:
            problems += [
                f"{path}: entry {number}, {'.'.join(map(str, fault['loc']))}: {fault['msg']}, "
                f"found {fault['input']!r:.80}"
                for fault in error.errors()
            ]
        except RosterError as error:
            problems.append(f"{path}: entry {number}, {error}")
    roster = pl.DataFrame(rows, schema=ROSTER, orient="row")
    problems += [
        f"{path}: expected each body once, found {name!r} again"
        for name in roster.filter(pl.col("series").is_duplicated())["publisher"].to_list()[1:]
    ]
    if problems:
        raise RosterError("\n".join([*problems, "Mend the file."]))
    return roster


def _identify(entry: BodyEntry, gazetteer: Gazetteer) -> dict[str, Any]:
    body = identify_body(gazetteer, entry.body, entry.region, entry.until or gazetteer.last_year)
    if body is None:
        known = f"one of {entry.region}" if entry.region else "one whose division its name tells"
        raise RosterError(
            f"body: expected {known}, found {entry.body!r}; give the full name, or as region the "
            "six digits of its division"
        )
    return {
        "series": body.series,
        "publisher": entry.body,
        "scope": entry.kind,
        "adcode": body.region.adcode,
        "region": body.region.region,
        "first_year": entry.since,
        "last_year": entry.until,
        "due": entry.due,
    }


def _read_entries(path: Path) -> list[Any]:
    """Read the entries of the file as maps; an empty field of a CSV is left out."""
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix == ".csv":
            return [
                {key: value for key, value in row.items() if value}
                for row in csv.DictReader(text.splitlines())
            ]
        content = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RosterError(
            f"{path}: expected a readable roster in UTF-8, YAML or CSV, found {error}; mend it or "
            "name another with GOUJI_ROSTER"
        ) from error
    entries = content.get("bodies") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise RosterError(f"{path}: expected one key `bodies` with a list, such as:\n{EXAMPLE}")
    return entries
