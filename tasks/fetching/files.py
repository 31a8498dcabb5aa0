"""Files and folders as sources, under the same limits as the web."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from tasks.fetching.limits import Limits
from tasks.fetching.page import Miss, Page
from tasks.fetching.source import Source
from tasks.reading.media import tell_media_type


def read_files(
    source: Source, limits: Limits, now: Callable[[], datetime]
) -> Iterator[Page | Miss]:
    """Yield each file of a file or folder source, one at a time, in the order of their paths.

    Hidden files and folders are skipped, links to folders are not followed.
    """
    closed: list[OSError] = []
    paths = list_files(Path(source.location), closed.append)
    for error in closed:
        yield Miss(
            name_path(Path(error.filename)), source.name, "unreadable_file", describe_error(error)
        )
    if not paths and not closed:
        reason = f"expected files in {source.location}, found none that is not hidden"
        yield Miss(source.location, source.name, "no_reports", reason)
    for path in paths:
        yield read_file(path, source.name, limits, now)


def list_files(root: Path, refuse: Callable[[OSError], None]) -> list[Path]:
    """Return the files at or under `root`, sorted, those with a hidden part left out.

    `refuse` is told of each folder that cannot be listed.
    """
    if not root.is_dir():
        return [root]
    found: list[Path] = []
    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return sorted(found)


def read_file(path: Path, source: str, limits: Limits, now: Callable[[], datetime]) -> Page | Miss:
    """Read one file; one over the limit is refused by its size, without reading it whole."""
    url = name_path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            reason = f"expected a regular file, found a device, pipe or socket at {path}"
            return Miss(url, source, "unreadable_file", reason)
        if status.st_size > limits.max_bytes:
            return Miss(url, source, "too_large", describe_excess(limits.max_bytes, status.st_size))
        with path.open("rb") as file:
            content = file.read(limits.max_bytes + 1)
    except OSError as error:
        return Miss(url, source, "unreadable_file", describe_error(error))
    if len(content) > limits.max_bytes:
        return Miss(url, source, "too_large", describe_excess(limits.max_bytes, None))
    if not content:
        return Miss(url, source, "empty", "expected a report, found a file of 0 bytes")
    sha256 = hashlib.sha256(content).hexdigest()
    return Page(url, source, now(), sha256, tell_media_type(content), content)


def name_path(path: Path) -> str:
    """Return a path as valid text, bytes that are no UTF-8 escaped."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def describe_error(error: OSError) -> str:
    """Say that a file or folder cannot be read, and why."""
    return f"expected it to be readable, found: {error.strerror}; check it and its permissions"


def describe_excess(max_bytes: int, found_bytes: int | None) -> str:
    """Say that something is over the limit of bytes, and how to raise it."""
    found = "more" if found_bytes is None else f"{found_bytes:,}"
    return (
        f"expected at most {max_bytes:,} bytes (the limit GOUJI_MAX_BYTES), found {found}; "
        "raise GOUJI_MAX_BYTES if this is a report"
    )
