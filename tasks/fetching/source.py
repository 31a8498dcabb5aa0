"""Where reports are listed: the entries of `sources.yaml`, or what the command line names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

Kind = Literal["file", "folder", "url"]


@dataclass(frozen=True, slots=True)
class Source:
    """A file, a folder of files, or an address where reports or lists of them stand.

    `region` is the ISO 3166-2 code its entry states, None where it states none. Only where
    `is_local` is true may its address be of a private network or loopback.
    """

    name: str
    location: str
    kind: Kind
    region: str | None = None
    is_local: bool = False


class Entry(BaseModel):
    """One source of `sources.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = Field(min_length=1, description="unique name of the body or territory")
    url: str = Field(description="address of its home page, its list of reports, or a report")
    region: str | None = Field(None, pattern=r"^CN(-[A-Z]{2})?$", description="ISO 3166-2 code")
    local: bool = Field(False, description="true: the address may be private or loopback")
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
    files = _list_source_files(path)
    found: dict[str, tuple[Source, Path]] = {}
    for file in files:
        for entry in _read_source_file(file).sources:
            if entry.name in found:
                raise ValueError(
                    f"{file}: expected unique names, found {entry.name!r} a second time, "
                    f"first in {found[entry.name][1]}; rename or drop one"
                )
            source = Source(entry.name, entry.url, "url", entry.region, entry.local)
            found[entry.name] = (source, file)
    return tuple(source for source, _ in found.values())


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
        raise ValueError(f"{file}: expected a readable YAML file in UTF-8: {error}") from error
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
