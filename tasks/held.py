"""Which families of reports are held, from run to run: `<data>/held_families.json`."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from expectations.jumps import Jump
from storage.folder import explain_os_errors, replace_file
from storage.json_file import read_json

HELD = "held_families.json"
_JUMPS = TypeAdapter(tuple[Jump, ...])


def read_held(data: Path) -> tuple[Jump, ...]:
    """Read the families that are held; none where no run held any.

    Raises:
        StorageError: the file is damaged.
    """
    path = data / HELD
    if not path.exists():
        return ()
    remedy = "Put it back from a copy; without it, their findings would be mailed."
    return read_json(path, _JUMPS, "the families that are held", remedy)


def write_held(data: Path, jumps: tuple[Jump, ...]) -> None:
    """Write the families that are held; a run that changes none leaves the file alone.

    Raises:
        StorageError: the folder cannot be written.
    """
    path = data / HELD
    if jumps == read_held(data):
        return
    with explain_os_errors(data):
        replace_file(path, _JUMPS.dump_json(jumps, indent=2))
