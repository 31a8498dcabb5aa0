"""The file of waivers: a YAML list, checked before anything is waived."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from expectations.rulebook import load_rulebook
from expectations.waivers import Waiver

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
EXAMPLE = """waivers:
  - report: 360724-government-2022   # or publisher: name of the body, as in the reports table
    rule: T3-01
    reason: why the finding is to be set aside
    who: who decided it
    until: 2027-03-31"""


class WaiversError(ValueError):
    """The file of waivers cannot be used; the message says where and what was expected."""


class WaiverEntry(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    report: Text | None = None
    publisher: Text | None = None
    rule: str
    reason: Text
    who: Text
    until: date

    @field_validator("rule")
    @classmethod
    def check_rule(cls, rule: str) -> str:
        """Accept a rule that is run."""
        if rule not in load_rulebook().rules:
            raise ValueError("expected the id of a rule as in `gouji rules`")
        return rule

    @model_validator(mode="after")
    def check_subject(self) -> WaiverEntry:
        """Ask for a report or a publisher, not both."""
        if (self.report is None) == (self.publisher is None):
            raise ValueError("expected either report or publisher")
        return self


def load_waivers(path: Path | None) -> tuple[Waiver, ...]:
    """Load the waivers; without a file there are none.

    Raises:
        WaiversError: the file is missing, is no YAML, or an entry is not as expected; the
            message names the file and, for each fault, entry, key, what was expected and found.
    """
    if path is None:
        return ()
    waivers, problems = [], []
    for number, entry in enumerate(_read_entries(path), start=1):
        try:
            waivers.append(Waiver(**dict(WaiverEntry.model_validate(entry))))
        except ValidationError as error:
            problems += [f"{path}: entry {number}, {fault}" for fault in _describe(error)]
    if problems:
        raise WaiversError("\n".join([*problems, "Mend the file; nothing was waived."]))
    return tuple(waivers)


def _read_entries(path: Path) -> list[Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise WaiversError(
            f"{path}: expected a readable file of waivers, found {error.strerror}; name another "
            "with GOUJI_WAIVERS"
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # a day that is none is a ValueError
        found = " ".join(str(error).split())
        raise WaiversError(f"{path}: expected YAML in UTF-8, found {found}; mend it") from error
    entries = content.get("waivers") if isinstance(content, dict) else None
    if not isinstance(entries, list) or set(content) != {"waivers"}:
        raise WaiversError(f"{path}: expected one key with a list of entries:\n{EXAMPLE}")
    return entries


def _describe(error: ValidationError) -> list[str]:
    """Say each fault as key, what was expected, what was found."""
    known = ", ".join(WaiverEntry.model_fields)
    lines = []
    for fault in error.errors():
        key = str(fault["loc"][0]) if fault["loc"] else "report, publisher"
        said = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "missing":
            lines.append(f"{key}: expected a value, found none")
        elif fault["type"] == "extra_forbidden":
            lines.append(f"{key}: unknown key; expected one of {known}")
        elif fault["type"].startswith("date"):
            lines.append(
                f"{key}: expected a day such as 2027-03-31, without quotes, "
                f"found {fault['input']!r}"
            )
        else:
            lines.append(f"{key}: {said}, found {fault['input']!r}")
    return lines
