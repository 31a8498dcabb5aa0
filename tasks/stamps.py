"""Versions of what reads and what checks: a stored figure or finding is held to them later."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_READER = (
    *("tasks/reading", "tasks/archived.py", "tasks/converting.py", "storage/reference"),
    *("storage/schema.py", "expectations/forms", "expectations/form.py"),
    *("expectations/statement.py", "expectations/statement_table.py", "expectations/words.py"),
)
_LIBRARIES = ("lxml", "opencc", "polars", "pypdfium2", "python-calamine", "olefile", "selectolax")
_RULES = ("expectations", "tasks/checking.py")
_KINDS = (".py", ".yaml", ".csv", ".tsv", ".txt", ".json", ".gz", ".parquet")


@cache
def name_reader() -> str:
    """Name the reader: the version of gouji and a digest of all that reading depends on.

    That is our code and data, and the versions of Python and of the libraries that parse.
    """
    return _name(_READER, (platform.python_version(), *map(version, _LIBRARIES)))


@cache
def name_rules() -> str:
    """Name the rules: the version of gouji and a digest of the rule book and its code."""
    return _name(_RULES)


def _name(parts: tuple[str, ...], versions: tuple[str, ...] = ()) -> str:
    digest = hashlib.sha256(" ".join(versions).encode())
    roots = [_ROOT / part for part in parts]
    files = {
        file
        for root in roots
        for file in (root.rglob("*") if root.is_dir() else [root])
        if file.suffix in _KINDS
    }
    for file in sorted(files):
        digest.update(file.relative_to(_ROOT).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return f"{version('gouji')}+{digest.hexdigest()[:12]}"
