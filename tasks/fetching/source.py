"""Where reports are listed: the entries of `sources.yaml`, or what the command line names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

Kind = Literal["file", "folder", "url"]
Publisher = Literal["government", "department", "township", "other"]


@dataclass(frozen=True, slots=True)
class Source:
    """A file, a folder of files, or an address where reports or lists of them stand.

    `region` is the ISO 3166-2 code its entry states, None where it states none. Only where
    `is_local` is true may its address be of a private network or loopback, only where
    `allows_unverified_tls` may its certificate be one that cannot be verified. `expected` are
    the bodies that its entry says owe a report there.
    """

    name: str
    location: str
    kind: Kind
    region: str | None = None
    is_local: bool = False
    allows_unverified_tls: bool = False
    expected: tuple[str, ...] = ()


class Entry(BaseModel):
    """One source of `sources.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = Field(min_length=1, description="unique name of the body or territory")
    url: str = Field(description="address of its home page, its list of reports, or a report")
    region: str | None = Field(None, pattern=r"^CN(-[A-Z]{2})?$", description="ISO 3166-2 code")
    publisher: Publisher | None = Field(None, description="kind of body that publishes there")
    expected: tuple[str, ...] = Field((), description="bodies that owe a report there, if known")
    family: str | None = Field(
        None, description="content system, a hint for people: the page itself is believed"
    )
    unverified_tls: bool = Field(
        False, description="true: read it even if its certificate cannot be verified"
    )
    local: bool = Field(False, description="true: the address may be private or loopback")
    verified: date | None = Field(None, description="day on which it was seen to list reports")
    notes: str | None = None

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if not is_address(url):
            raise ValueError("expected an address such as https://www.example.gov.cn/")
        return url


class SourceFile(BaseModel):
    """A whole `sources.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: list[Entry] = Field(min_length=1)


def load_sources(path: Path) -> tuple[Source, ...]:
    """Load the sources of a YAML file, or of every YAML file in a folder, in file order.

    Raises:
        ValueError: no such file, not the expected structure, or a name that stands twice;
            the message names file, entry and field.
    """
    return tuple(make_source(entry) for entry in load_entries(path))


def load_entries(path: Path) -> tuple[Entry, ...]:
    """Load the entries as `load_sources` does."""
    found: dict[str, tuple[Entry, Path]] = {}
    for file in _list_source_files(path):
        for entry in _read_source_file(file).sources:
            if entry.name in found:
                raise ValueError(
                    f"{file}: expected unique names, found {entry.name!r} a second time, "
                    f"first in {found[entry.name][1]}; rename or drop one"
                )
            found[entry.name] = (entry, file)
    return tuple(entry for entry, _ in found.values())


def make_source(entry: Entry) -> Source:
    """Turn an entry into a source."""
    return Source(
        name=entry.name,
        location=entry.url,
        kind="url",
        region=entry.region,
        is_local=entry.local,
        allows_unverified_tls=entry.unverified_tls,
        expected=entry.expected,
    )


def write_entry(entry: Entry) -> str:
    """Write an entry as YAML, as it stands in a list; what is not set is left out."""
    content = entry.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump([content], allow_unicode=True, sort_keys=False, width=100)


def add_entry(file: Path, entry: Entry) -> None:
    """Append an entry to a source file, which is made where there is none.

    What stands in the file stays as it is, comments included.

    Raises:
        ValueError: the file is malformed, or has the name already; it is left alone.
    """
    text = file.read_text(encoding="utf-8") if file.exists() else "sources:\n"
    if file.exists() and entry.name in {known.name for known in load_entries(file)}:
        raise ValueError(f"{file}: expected a new name, found {entry.name!r} there already")
    lines = "".join(f"  {line}\n" for line in write_entry(entry).splitlines())
    added = text.rstrip("\n") + "\n" + lines
    try:
        SourceFile.model_validate(yaml.safe_load(added))
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError(
            f"{file}: expected a list that can be added to, with `- ` two columns in, found "
            "another layout; add the entry by hand:\n" + write_entry(entry)
        ) from error
    part = file.with_name(file.name + ".part")
    part.write_text(added, encoding="utf-8")
    part.replace(file)


def parse_source_argument(argument: str) -> Source:
    """Turn FILE, DIR or URL of the command line into a source named after itself.

    Paths stay as given. An address given here may be of a private network or loopback.

    Raises:
        ValueError: it is neither an address nor an existing file or folder.
    """
    if is_address(argument):
        return Source(argument, argument, "url", is_local=True)
    path = Path(argument)
    if argument and path.is_dir():
        return Source(argument, argument, "folder")
    if argument and path.exists():
        return Source(argument, argument, "file")
    raise ValueError(
        f"source: expected a file, a folder or an http(s) address, found {argument!r}, which "
        "does not exist; check the spelling"
    )


def is_address(text: str) -> bool:
    """Tell whether `text` is an http or https address with a host and no user name."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and parts.port != 0
            and not any(character <= " " or character == "\x7f" for character in text)
        )
    except ValueError:
        return False


def _list_source_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(file for file in path.glob("**/*") if file.suffix in (".yaml", ".yml"))
    if not files:
        raise ValueError(f"sources: expected a YAML file or a folder of them, found none at {path}")
    return files


def _read_source_file(file: Path) -> SourceFile:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(
            f"{file}: expected a readable YAML file in UTF-8, found {error}"
        ) from error
    try:
        return SourceFile.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
            f", found {problem['input']!r:.80}"
            for problem in error.errors()
        )
        raise ValueError(
            f"{file}: expected `sources:` with a list of name, url and optional region, local, "
            f"notes; {problems}"
        ) from error
