"""Promises of objects in a bucket: a put happens under its condition, or not at all."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from storage.bucket import (
    ChangedError,
    delete_objects,
    has_object,
    list_objects,
    list_top,
    open_bucket,
    put_object,
    read_object,
)
from storage.folder import StorageError


def test_an_object_is_put_only_over_the_one_that_was_seen(s3_url: str) -> None:
    """A put where something stands, or over what changed meanwhile, changes nothing and says so."""
    bucket = open_bucket(s3_url)
    first = put_object(bucket, "a/b", b"one", None)
    with pytest.raises(ChangedError):
        put_object(bucket, "a/b", b"two", None)
    second = put_object(bucket, "a/b", b"two", first)
    with pytest.raises(ChangedError):
        put_object(bucket, "a/b", b"three", first)
    assert read_object(bucket, "a/b") == (b"two", second)


def test_a_put_that_finds_itself_is_done(s3_url: str) -> None:
    """Where the answer was lost and the client sends again, the same content is no conflict."""
    bucket = open_bucket(s3_url)
    tag = put_object(bucket, "a", b"one", None)
    assert put_object(bucket, "a", b"one", None) == tag


def test_of_many_writers_one_is_first(s3_url: str) -> None:
    """Of eight that put the same new object at once, one does, and the others are told."""
    bucket = open_bucket(s3_url)

    def put(number: int) -> bool:
        try:
            put_object(bucket, "race", str(number).encode(), None)
        except ChangedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(put, range(8)))
    there = read_object(bucket, "race")
    assert there is not None
    assert [number for number in range(8) if done[number]] == [int(there.content)]


def test_objects_are_listed_and_deleted(s3_url: str) -> None:
    """Lists have the objects below a folder, those at the top apart; what is gone is no harm."""
    bucket = open_bucket(s3_url)
    tags = {name: put_object(bucket, name, b"x", None) for name in ("top", "a/1", "a/b/2")}
    assert list_objects(bucket, "a") == {name: tags[name] for name in ("a/1", "a/b/2")}
    assert list_top(bucket) == (["a"], {"top": tags["top"]})
    delete_objects(bucket, ["a/1", "a/none"])
    assert (has_object(bucket, "a/1"), has_object(bucket, "a/b/2")) == (False, True)
    assert read_object(bucket, "a/1") is None


def test_a_bucket_that_is_not_there_is_named(s3_url: str) -> None:
    """The message names the bucket and the variables to look at."""
    bucket = open_bucket("s3://no-such-bucket-here/x")
    with pytest.raises(StorageError, match=r"s3://no-such-bucket-here/x: .*AWS_ENDPOINT_URL"):
        put_object(bucket, "a", b"one", None)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not installed the extra is told its name."""
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(StorageError, match=r'pip install "gouji\[s3\]"'):
        open_bucket("s3://some-bucket/without-extra")


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix"])
def test_an_address_without_a_bucket_is_refused(url: str) -> None:
    """An address has to name a bucket."""
    with pytest.raises(StorageError, match="expected s3://bucket/prefix"):
        open_bucket(url)
