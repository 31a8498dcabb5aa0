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
        first, more = error.errors()[0], error.error_count() - 1
        place = "".join(f"{part}: " for part in first["loc"])
        others = f", and {more} more faults" if more else ""
        raise StorageError(
            f"{path}: expected {what} as JSON, found a fault ({place}{first['msg']}{others}). "
            f"{remedy}"
        ) from error
