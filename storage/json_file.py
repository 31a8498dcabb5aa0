"""A small JSON file of declared content, read whole or told to be damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from storage.folder import StorageError, explain_os_errors

Content = TypeVar("Content")


def read_json(path: Path, adapter: TypeAdapter[Content], what: str, remedy: str) -> Content:
    """Read a file.

    Args:
        path: The file, which is there.
        adapter: What it holds.
        what: The same in words, for the message.
        remedy: What to do where it holds something else: sentences.

    Raises:
        StorageError: it cannot be read, or is damaged.
    """
    with explain_os_errors(path.parent):
        content = path.read_bytes()
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"{part}: " for part in first["loc"])
        raise StorageError(
            f"{path}: expected {what} as JSON, found {error.error_count()} faults in it "
            f"(first: {place}{first['msg']}). {remedy}"
        ) from error
