"""Who gets which region's digest: the recipients YAML, checked and loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from storage.schema import SEVERITIES
from tasks.alerting.words import Language, fold_text, load_provinces

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
EXAMPLE = """recipients:
  - {name: "A. Clerk", address: clerk@example.org, regions: [CN-JX], min_severity: error}
  - {name: "Desk", address: desk@example.org, regions: "*"}"""


class RecipientsError(ValueError):
    """The recipients file cannot be used; the message says where and what was expected."""


class Recipient(BaseModel):
    """One reader of digests: their regions, and the mildest severity they are told of.

    Maintainers are also told of families of reports whose failures jumped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    address: str
    regions: Literal["*"] | tuple[str, ...]
    min_severity: Literal["error", "warning", "info"] = "error"
    language: Language = "zh"
    is_maintainer: bool = False

    @field_validator("address")
    @classmethod
    def check_address(cls, address: str) -> str:
        """Accept one plain ASCII address: all that every mail server takes."""
        if not ADDRESS.fullmatch(address):
            raise ValueError("expected one plain address such as clerk@example.org")
        return address

    @field_validator("name")
    @classmethod
    def fold_name(cls, name: str) -> str:
        """Fold the name to one line, as it stands in a header."""
        return fold_text(name, 100)

    @field_validator("regions", mode="before")
    @classmethod
    def check_regions(cls, regions: Any) -> Any:
        """Accept "*" or a list of known codes."""
        if regions == "*":
            return regions
        if not isinstance(regions, list | tuple) or not regions:
            raise ValueError('expected "*" (in quotes) or a list of codes such as [CN-JX, CN-GD]')
        unknown = [str(region) for region in regions if region not in load_provinces()]
        if unknown:
            raise ValueError(
                f"unknown code {', '.join(unknown)}; expected ISO 3166-2 codes of provinces "
                "such as CN-JX, CN for central bodies, or unresolved"
            )
        return tuple(regions)

    @property
    def severities(self) -> tuple[str, ...]:
        """The severities they are told of, the gravest first."""
        return SEVERITIES[: SEVERITIES.index(self.min_severity) + 1]


def load_recipients(path: Path | None, default_address: str) -> tuple[Recipient, ...]:
    """Load the recipients; without a file everything goes to one default address.

    Raises:
        RecipientsError: the file is missing, is no YAML, or an entry is not as expected; the
            message names the file, each key and what was expected there.
    """
    if path is None:
        reader = Recipient(
            name=default_address, address=default_address, regions="*", is_maintainer=True
        )
        return (reader,)
    entries = _read_entries(path)
    recipients, problems = [], []
    for number, entry in enumerate(entries):
        try:
            recipients.append(Recipient.model_validate(entry))
        except ValidationError as error:
            problems += _describe(error, number)
    seen: set[str] = set()
    for recipient in recipients:
        if recipient.address.lower() in seen:
            problems.append(
                f"{recipient.address}: expected once, found twice; "
                "give one entry with all of their regions"
            )
        seen.add(recipient.address.lower())
    if problems:
        raise RecipientsError("\n".join(f"{path}: {problem}" for problem in problems))
    return tuple(recipients)


def _read_entries(path: Path) -> list[Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise RecipientsError(
            f"{path}: expected a readable file of recipients, found {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise RecipientsError(
            f"{path}: expected UTF-8, found other bytes; save it as UTF-8"
        ) from error
    except yaml.YAMLError as error:
        place = " ".join(str(error).split())
        raise RecipientsError(
            f'{path}: expected YAML, found {place}; an asterisk is written "*", in quotes'
        ) from error
    entries = content.get("recipients") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries or set(content) != {"recipients"}:
        raise RecipientsError(f"{path}: expected one key with a list of entries:\n{EXAMPLE}")
    return entries


def _describe(error: ValidationError, number: int) -> list[str]:
    """Say each fault as key, what was expected, what was found."""
    lines = []
    for fault in error.errors():
        place = ".".join([f"recipients[{number}]", *(str(part) for part in fault["loc"][:1])])
        said = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "missing":
            lines.append(f"{place}: expected a value, found none")
        elif fault["type"] == "extra_forbidden":
            known = ", ".join(Recipient.model_fields)
            lines.append(f"{place}: unknown key; expected one of {known}")
        else:
            lines.append(f"{place}: {said}, found {fault['input']!r}")
    return lines
