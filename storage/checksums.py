"""Checksums of the stored files, in `<data>/SHA256SUMS` as `sha256sum -c` reads it.

The list changes together with the files it is of (see `storage.staging`). A file that was
changed by anything else, such as a failing disk, is told by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from storage.folder import StorageError, explain_os_errors

SUMS = PurePosixPath("SHA256SUMS")
_SHOWN = 5
_BESIDE_THE_LAKE = ("documents.parquet", "missing.parquet")


@dataclass(frozen=True, slots=True)
class Damage:
    """A stored file that is not as it was written; `path` is relative to the data folder."""

    path: PurePosixPath
    found: str


def hash_file(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sums(data: Path) -> dict[PurePosixPath, str]:
    """Read the checksums by path; none where no list is kept.

    Raises:
        StorageError: a line is not a checksum and a path.
    """
    path = data / SUMS
    if not path.exists():
        return {}
    with explain_os_errors(path):
        content = path.read_text("utf-8", errors="replace")
    sums = {}
    for number, line in enumerate(content.splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if len(digest) != hashlib.sha256().digest_size * 2 or not name:
            raise StorageError(
                f"{path}, line {number}: expected a sha256, two blanks and a path, found "
                f"{line[:90]!r}. Delete the file; `gouji check --files` then makes it anew."
            )
        sums[PurePosixPath(name)] = digest
    return sums


def print_sums(sums: Mapping[PurePosixPath, str]) -> bytes:
    """Print checksums as `read_sums` reads them, sorted by path."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(sums.items())).encode()


def list_files(data: Path) -> list[PurePosixPath]:
    """List the files of the lake and its lists, relative to the data folder, sorted."""
    found = [*(data / "lake").rglob("*.parquet"), *(data / name for name in _BESIDE_THE_LAKE)]
    return sorted(PurePosixPath(path.relative_to(data)) for path in found if path.exists())


def refuse_damage(data: Path) -> None:
    """Raise a `StorageError` if a stored file is not as it was written.

    To be asked before a run writes: of damaged rows, which libraries may well read without
    complaint, it would otherwise make files whose checksums are right.
    """
    damaged = find_damage(data, list_files(data))
    if damaged:
        more = f" and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
        shown = "; ".join(f"{one.path}: {one.found}" for one in damaged[:_SHOWN])
        raise StorageError(
            f"{data}: expected every stored file as it was written, found damage in {shown}{more}. "
            "Nothing was changed. Run `gouji check --files`, which makes these files anew from "
            "the archive and keeps the damaged ones aside."
        )


def find_damage(data: Path, files: Iterable[PurePosixPath]) -> tuple[Damage, ...]:
    """Find which of the files, and of those that have a checksum, are not as written.

    A file without a checksum, from before these were kept, is taken as it is.
    """
    sums = read_sums(data)
    found = []
    for path in sorted({*files, *sums}):
        if not (data / path).exists():
            found.append(Damage(path, "no file"))
        elif path in sums and (digest := hash_file(data / path)) != sums[path]:
            found.append(Damage(path, f"sha256 {digest} instead of {sums[path]}"))
    return tuple(found)
