"""Promises of a data folder in a bucket: moved as a whole, only what changed, never lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage import archive, bucket_change
from storage.access import edit_data, hold_data, view_data
from storage.bucket import (
    delete_objects,
    list_objects,
    open_bucket,
    put_object,
    read_object,
    replace_object,
)
from storage.bucket_lock import NAME, read_turn
from storage.folder import StorageError
from storage.settings import Settings, load_settings


class KilledError(BaseException):
    """Stands for a kill: nothing is tidied up after it."""


@pytest.fixture
def machines(s3_url: str, tmp_path: Path) -> tuple[Settings, Settings]:
    """Give the settings of two machines on one bucket."""
    settings = load_settings(s3_url)
    return tuple(replace(settings, data=tmp_path / name) for name in ("one", "two"))  # type: ignore[return-value]


def _write(settings: Settings, **files: str) -> None:
    for name, content in files.items():
        path = settings.data / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def _list(settings: Settings) -> dict[str, str]:
    """List what is in the bucket, but for the lock."""
    bucket = open_bucket(str(settings.origin))
    found = {name: read_object(bucket, name) for name in list_objects(bucket) if name != NAME}
    return {name: there.content.decode() for name, there in found.items() if there}


def _die(*_: Any, **__: Any) -> None:
    raise KilledError


def test_what_one_machine_stores_another_one_has(machines: tuple[Settings, Settings]) -> None:
    """Files go to the bucket and to the next machine; changed and deleted ones too."""
    one, two = machines
    with hold_data(one):
        _write(one, lake__a="1", lake__b="2", documents="3", staging__x="no", locks__y="no")
        _write(one, **{"gouji.duckdb": "no", "flat__.inputs.json": "no"})
    assert _list(one) == {"lake/a": "1", "lake/b": "2", "documents": "3"}
    with hold_data(two):
        assert (two.data / "lake/b").read_text() == "2"
        _write(two, lake__a="1+")
        (two.data / "lake/b").unlink()
    view_data(one)
    assert (one.data / "lake/a").read_text() == "1+"
    assert not (one.data / "lake/b").exists()
    assert (one.data / "gouji.duckdb").exists()


def test_only_what_changed_is_put(
    machines: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that changes one file puts one; one that writes the same again, or nothing, none."""
    one, _ = machines
    with hold_data(one):
        _write(one, a="1", b="2")
    put: list[str] = []

    def watch(*asked: Any) -> str:
        put.append(asked[1])
        return put_object(*asked)

    monkeypatch.setattr(bucket_change, "put_object", watch)
    with hold_data(one):
        _write(one, a="1+", b="2")
    assert put == ["a"]
    tags = list_objects(open_bucket(str(one.origin)), "")
    with hold_data(one):
        pass
    assert put == ["a"]
    after = list_objects(open_bucket(str(one.origin)), "")
    assert {name for name in tags if after[name] != tags[name]} <= {NAME}


@pytest.mark.parametrize("done", [0, 1, 2], ids=["none", "one", "all"])
def test_a_decided_change_is_completed_by_the_next_run(
    machines: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    """Killed after it was decided, whatever was put already, the next machine has all of it."""
    one, two = machines
    with hold_data(one):
        _write(one, a="1", b="2", c="3")
    left = [done]

    def put(*asked: Any) -> str:
        if not left[0]:
            raise KilledError
        left[0] -= 1
        return put_object(*asked)

    with monkeypatch.context() as patch, pytest.raises(KilledError), hold_data(one):
        patch.setattr(bucket_change, "put_object", put)
        patch.setattr(bucket_change, "delete_objects", _die)
        _write(one, a="1+", b="2+")
        (one.data / "c").unlink()
    view = _list(one)
    assert sum(view[name].endswith("+") for name in "ab") == done
    assert view["c"] == "3"
    with pytest.raises(StorageError, match="a moment in which no change is under way"):
        monkeypatch.setattr("storage.access._TRIES", 1)
        view_data(two)
    with hold_data(two):
        assert {path.name for path in two.data.iterdir() if not path.is_dir()} >= {"a", "b"}
        assert (two.data / "a").read_text() == "1+"
    assert _list(two) == {"a": "1+", "b": "2+"}
    with hold_data(one):
        assert (one.data / "b").read_text() == "2+"


def test_an_undecided_change_is_dropped(
    machines: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before it was decided, readers see nothing of it, and the next run clears it away."""
    one, two = machines
    with hold_data(one):
        _write(one, a="1")
    with monkeypatch.context() as patch, pytest.raises(KilledError), hold_data(one):
        patch.setattr(bucket_change, "replace", _die)  # of the turn, to decide
        _write(one, a="1+", b="2")
    staged = [name for name in _list(one) if name.startswith("staging/")]
    assert len(staged) == 3
    with hold_data(two):
        assert (two.data / "a").read_text() == "1"
    assert _list(two) == {"a": "1"}


@pytest.mark.parametrize("is_first", [True, False], ids=["alone", "after-another"])
def test_a_killed_run_is_gone_on_with_unless_another_came_between(
    machines: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """What a killed run left in the copy counts as long as the bucket is as it found it."""
    one, two = machines
    with hold_data(one):
        _write(one, a="1")
    with monkeypatch.context() as patch, pytest.raises(KilledError), hold_data(one):
        patch.setattr("storage.access.send_copy", _die)
        _write(one, a="1+", new="2", staging__left__commit="no")
    if not is_first:
        with hold_data(two):
            _write(two, other="3")
    with hold_data(one):
        pass
    expected = {"a": "1+", "new": "2"} if is_first else {"a": "1", "other": "3"}
    assert _list(one) == expected
    assert (one.data / "staging/left").exists() is False


def test_a_run_that_lost_its_lock_changes_nothing(machines: tuple[Settings, Settings]) -> None:
    """Who was held up so long that another took over leaves the bucket to the other."""
    one, two = machines
    bucket = open_bucket(str(one.origin))
    with pytest.raises(StorageError, match="took over"), hold_data(one):
        _write(one, a="1")
        taken = b'{"owner": "other", "pid": 1, "host": "elsewhere"}'
        replace_object(bucket, NAME, taken)
    assert "a" not in _list(one)
    assert read_turn(bucket).owner == "other"
    delete_objects(bucket, [NAME])
    with hold_data(two):
        _write(two, a="2")
    with hold_data(one):
        assert (one.data / "a").read_text() == "2"
    assert _list(one) == {"a": "2"}


def test_what_people_put_into_the_bucket_is_seen(machines: tuple[Settings, Settings]) -> None:
    """A list that somebody puts there is in the copy of the next run, and stays as it is."""
    one, _ = machines
    with hold_data(one):
        _write(one, a="1")
    bucket = open_bucket(str(one.origin))
    put_object(bucket, "sources.yaml", b"sources: []", None)
    with hold_data(one):
        assert (one.data / "sources.yaml").read_text() == "sources: []"
        replace_object(bucket, "sources.yaml", b"by hand")
        _write(one, **{"sources.yaml": "by the run"})
    assert _list(one)["sources.yaml"] == "by hand"
    view_data(one)
    assert (one.data / "sources.yaml").read_text() == "by hand"


def test_a_copy_that_was_spoiled_is_mended(machines: tuple[Settings, Settings]) -> None:
    """What changed or vanished in the copy between runs is fetched again, not sent."""
    one, _ = machines
    with hold_data(one):
        _write(one, a="1", b="2")
    _write(one, a="spoiled", c="stray")
    (one.data / "b").unlink()
    with hold_data(one):
        assert (one.data / "a").read_text() == "1"
    assert _list(one) == {"a": "1", "b": "2"}


def test_the_archive_is_sent_once_and_fetched_as_asked_for(
    machines: tuple[Settings, Settings],
) -> None:
    """Texts are not copied to a machine before they are asked for; damage is told and mended."""
    one, two = machines
    with hold_data(one):
        sha256 = archive.put(one.data, b"a text")
        _write(one, warc__run__host="records")
    path = archive.locate(two.data, sha256)
    with hold_data(two):
        assert archive.has(two.data, sha256)
        assert not path.exists()
        assert archive.get(two.data, sha256) == b"a text"
        assert path.stat().st_mtime_ns == 0
        assert not archive.has(two.data, "0" * 64)
        with pytest.raises(archive.ArchiveError, match="found no file"):
            archive.get(two.data, "0" * 64)
    bucket, name = open_bucket(str(one.origin)), f"archive/{sha256[:2]}/{sha256}"
    assert set(_list(one)) == {"warc/run/host", name}
    replace_object(bucket, name, b"a tixt")
    assert archive.find_damaged(two.data) == [sha256]
    path.unlink()
    with pytest.raises(archive.ArchiveError, match="is damaged"):
        archive.get(two.data, sha256)
    with hold_data(two):
        archive.put(two.data, b"a text")
    assert archive.find_damaged(two.data) == []


def test_what_stands_beside_a_database_goes_with_it(
    machines: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a killed process left in the log of a database are sent in the database."""
    one, two = machines
    with monkeypatch.context() as patch, pytest.raises(KilledError), hold_data(one):
        patch.setattr("storage.access.send_copy", _die)
        with closing(sqlite3.connect(one.data / "alerts.sqlite")) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE t AS SELECT 1 AS x")
            database.commit()
            files = [one.data / f"alerts.sqlite{suffix}" for suffix in ("", "-wal")]
            left = {path: path.read_bytes() for path in files}
    for path, content in left.items():
        path.write_bytes(content)
    with hold_data(one):
        pass
    with hold_data(two), closing(sqlite3.connect(two.data / "alerts.sqlite")) as database:
        assert database.execute("SELECT x FROM t").fetchall() == [(1,)]


def test_a_local_folder_is_not_touched_by_looking(tmp_path: Path) -> None:
    """To look at a local folder takes no lock and makes nothing."""
    view_data(load_settings(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


def test_a_failure_is_noted_beside_a_damaged_lake(machines: tuple[Settings, Settings]) -> None:
    """Damage stops a run, and not what has nothing to do with the lake."""
    one, two = machines
    with hold_data(one):
        _write(one, SHA256SUMS=f"{'0' * 64}  lake/gone.parquet\n")
    with pytest.raises(StorageError, match="gouji check --files"), hold_data(two):
        pytest.fail("the run started")
    with edit_data(two):
        _write(two, failures="noted")
    assert _list(one)["failures"] == "noted"
