"""What the archive of raw bytes promises."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from storage import archive

CONTENT = b"<p>one page</p>"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_put_keeps_the_bytes_under_their_hash(tmp_path: Path) -> None:
    """What was put is found by its hash, at the documented place."""
    assert archive.put(tmp_path, CONTENT) == SHA256
    assert (tmp_path / "archive" / SHA256[:2] / SHA256).read_bytes() == CONTENT
    assert archive.get(tmp_path, SHA256) == CONTENT
    assert archive.has(tmp_path, SHA256)
    assert not archive.has(tmp_path, "0" * 64)


def test_put_never_writes_twice(tmp_path: Path) -> None:
    """Putting the same bytes again leaves the file as it was, and nothing beside it."""
    path = archive.locate(tmp_path, archive.put(tmp_path, CONTENT))
    before = path.stat()
    archive.put(tmp_path, CONTENT)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [child.name for child in path.parent.iterdir()] == [SHA256]


def test_put_replaces_a_file_of_another_length(tmp_path: Path) -> None:
    """A kept file that lost its end is set right by the next put."""
    path = archive.locate(tmp_path, archive.put(tmp_path, CONTENT))
    path.write_bytes(CONTENT[:4])
    archive.put(tmp_path, CONTENT)
    assert archive.get(tmp_path, SHA256) == CONTENT


def test_a_failed_put_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the bytes cannot be moved into place, no partial file stays."""

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        archive.put(tmp_path, CONTENT)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("sha256", "message"),
    [
        pytest.param("0" * 64, "found no file", id="missing"),
        pytest.param(SHA256, "is damaged", id="damaged"),
        pytest.param("../../etc/passwd", "hexadecimal digits", id="no-hash"),
    ],
)
def test_get_says_what_is_wrong(tmp_path: Path, sha256: str, message: str) -> None:
    """Missing and damaged bytes, and a name that is no hash, are told apart."""
    archive.locate(tmp_path, archive.put(tmp_path, CONTENT)).write_bytes(b"<p>two page</p>")
    with pytest.raises(archive.ArchiveError, match=message):
        archive.get(tmp_path, sha256)
