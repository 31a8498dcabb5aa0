"""Who is told of what: the recipients YAML, checked and loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from storage.schema import SEVERITIES
from tasks.alerting.words import Language, fold_text, load_provinces

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
EXAMPLE = """recipients:
  - {name: "A. Clerk", address: clerk@example.org, regions: [CN-JX], min_severity: error}
  - {name: "Desk", address: desk@example.org, regions: "*"}
  - {name: "Group", channel: "wecombot://KEY", regions: [CN-JX]}"""


class RecipientsError(ValueError):
    """The recipients file cannot be used; the message says where and what was expected."""


class Recipient(BaseModel):
    """One reader, by mail or in a chat: what they are told of.

    Maintainers are also told of families of reports whose failures jumped, and of runs that
    do not come.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(description="Who it is; unique among channels.")
    address: str | None = Field(None, description="Where mails go: one plain address.")
    channel: str | None = Field(
        None,
        repr=False,
        description="Instead of an address, an address of apprise: dingtalk://, wecombot://, "
        "feishu://, json:// and so on.",
    )
    regions: Literal["*"] | tuple[str, ...] = Field(
        description='ISO 3166-2 codes of provinces, CN for central bodies, unresolved; or "*".'
    )
    publishers: tuple[str, ...] | None = Field(
        None, description="Names of bodies; none: all bodies of the regions."
    )
    min_severity: Literal["error", "warning", "info"] = Field(
        "error", description="The mildest severity they are told of."
    )
    deadlines: bool = Field(True, description="Whether they are told of reports due and overdue.")
    group_by: Literal["region", "recipient"] | None = Field(
        None,
        description="One mail a region, or one in all; none: one in all for those of all regions.",
    )
    language: Language = Field("zh", description="zh or en.")
    is_maintainer: bool = Field(False, description="Whether they look after gouji itself.")

    @field_validator("address")
    @classmethod
    def check_address(cls, address: str | None) -> str | None:
        """Accept one plain ASCII address: all that every mail server takes."""
        if address is not None and not ADDRESS.fullmatch(address):
            raise ValueError("expected one plain address such as clerk@example.org")
        return address

    @field_validator("name")
    @classmethod
    def fold_name(cls, name: str) -> str:
        """Fold the name to one line, as it stands in a header."""
        return fold_text(name, 100)

    @field_validator("publishers", mode="before")
    @classmethod
    def check_publishers(cls, publishers: Any) -> Any:
        """Accept a list of names."""
        if publishers is None:
            return None
        if not isinstance(publishers, list | tuple) or not publishers:
            raise ValueError("expected a list of names of bodies, as in reports.publisher")
        return tuple(publishers)

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

    @model_validator(mode="after")
    def check_way(self) -> Recipient:
        """Accept one way to reach them."""
        if (self.address is None) == (self.channel is None):
            raise ValueError("expected either an address or a channel")
        return self

    @property
    def key(self) -> str:
        """What the outbox knows them by."""
        return self.address or f"channel {self.name}"

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
        if recipient.key.lower() in seen:
            problems.append(
                f"{recipient.key}: expected once, found twice; "
                "give one entry with all of their regions"
            )
        seen.add(recipient.key.lower())
    if problems:
        raise RecipientsError("\n".join(f"{path}: {problem}" for problem in problems))
    return tuple(recipients)


def describe_schema() -> str:
    """Describe an entry of the file as a JSON schema."""
    return json.dumps(Recipient.model_json_schema(), ensure_ascii=False, indent=2)


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
        found = "" if _is_secret(fault) else f", found {fault['input']!r}"
        said = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "missing":
            lines.append(f"{place}: expected a value, found none")
        elif fault["type"] == "extra_forbidden":
            known = ", ".join(Recipient.model_fields)
            lines.append(f"{place}: unknown key; expected one of {known}")
        else:
            lines.append(f"{place}: {said}{found}")
    return lines


def _is_secret(fault: ErrorDetails) -> bool:
    """Tell whether what was found may hold the key of a channel."""
    return fault["loc"][:1] in ((), ("channel",))
