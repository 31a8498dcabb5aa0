"""Objects in a bucket that speaks S3: whole objects, read, listed, and put under a condition.

A put is atomic: readers get the object before or after it. `put_object` replaces an object only
if it is still the one that was seen, so that of two writers one is told. Credentials, region and
`AWS_ENDPOINT_URL` come from the environment, as for every client of S3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from storage.folder import StorageError
from storage.settings import OBJECTS, is_plain_endpoint

if TYPE_CHECKING:
    from obstore.store import S3Store

AT_ONCE = 16
_TOLD = re.compile("<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", re.DOTALL)
_RETRY = {"max_retries": 6, "retry_timeout": timedelta(seconds=60)}

Item = TypeVar("Item")
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, or what is under a prefix of it; names of objects are relative to it."""

    url: str
    store: S3Store


class Kept(NamedTuple):
    """An object that was read: its bytes, and the tag that is another one once they change."""

    content: bytes
    tag: str


class ChangedError(Exception):
    """An object is not the one that was seen: another writer was faster."""


@cache
def open_bucket(url: str) -> Bucket:
    """Open what is under `s3://bucket/prefix`; nothing is asked yet.

    Raises:
        StorageError: the address names no bucket, or the extra `s3` is not installed.
    """
    if not url.startswith(OBJECTS) or not url.removeprefix(OBJECTS).split("/")[0]:
        raise StorageError(f"data folder: expected s3://bucket/prefix, found {url!r}")
    try:
        from obstore.store import S3Store
    except ImportError as error:
        raise StorageError(
            f"data folder {url}: expected the extra that speaks S3, found that it is not "
            'installed; run pip install "gouji[s3]", or give a local folder with --data'
        ) from error
    with _explain(url):
        store = S3Store.from_url(
            url.rstrip("/"),
            client_options={"allow_http": is_plain_endpoint(), "timeout": timedelta(minutes=10)},
            retry_config=_RETRY,  # type: ignore[arg-type]
        )
    return Bucket(url.rstrip("/"), store)


def read_object(bucket: Bucket, name: str) -> Kept | None:
    """Read an object in one request; None where there is none."""
    import obstore

    with _explain(bucket.url):
        try:
            found = obstore.get(bucket.store, name)
            return Kept(bytes(found.bytes()), str(found.meta["e_tag"]))
        except FileNotFoundError:
            return None


def put_object(bucket: Bucket, name: str, content: bytes, seen: str | None) -> str:
    """Put an object where there is none (`seen` is None) or the one with that tag; give its tag.

    Raises:
        ChangedError: another object stands there now, and it is not this content.
        StorageError: the bucket does not take it.
    """
    import obstore
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    with _explain(bucket.url):
        try:
            mode = {"e_tag": seen} if seen is not None else "create"
            put = obstore.put(
                bucket.store,
                name,
                content,
                mode=mode,  # type: ignore[arg-type]
                use_multipart=False,
            )
            return str(put["e_tag"])
        except (AlreadyExistsError, PreconditionError) as error:
            # A put whose answer was lost is sent again by the client, and then finds itself.
            there = read_object(bucket, name)
            if there is not None and there.content == content:
                return there.tag
            raise ChangedError(name) from error


def replace_object(bucket: Bucket, name: str, content: bytes) -> str:
    """Put an object, whatever stands there; give its tag."""
    import obstore

    with _explain(bucket.url):
        return str(obstore.put(bucket.store, name, content, use_multipart=False)["e_tag"])


def list_objects(bucket: Bucket, folder: str = "") -> dict[str, str]:
    """List the objects below a folder with their tags."""
    import obstore

    with _explain(bucket.url):
        return {
            str(found["path"]): str(found["e_tag"])
            for page in obstore.list(bucket.store, folder or None, chunk_size=1000)
            for found in page
        }


def list_top(bucket: Bucket) -> tuple[list[str], dict[str, str]]:
    """List the folders at the top, and the objects beside them with their tags."""
    import obstore

    with _explain(bucket.url):
        found = obstore.list_with_delimiter(bucket.store)
        beside = {str(one["path"]): str(one["e_tag"]) for one in found["objects"]}
        return [str(name) for name in found["common_prefixes"]], beside


def has_object(bucket: Bucket, name: str) -> bool:
    """Tell whether there is an object of that name."""
    import obstore

    with _explain(bucket.url):
        try:
            obstore.head(bucket.store, name)
        except FileNotFoundError:
            return False
        return True


def delete_objects(bucket: Bucket, names: list[str]) -> None:
    """Delete objects; those that are gone already do no harm."""
    import obstore

    with _explain(bucket.url):
        for start in range(0, len(names), 1000):
            obstore.delete(bucket.store, names[start : start + 1000])


def do_at_once(act: Callable[[Item], Given], items: Iterable[Item]) -> list[Given]:
    """Do the same with all items, several at a time; give the results in their order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(act, items))


@contextmanager
def _explain(url: str) -> Iterator[None]:
    """Turn what the client says into a `StorageError` that says what to do about it."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, FileNotFoundError, PermissionError) as error:
        told = _TOLD.search(str(error))
        said = ": ".join(told.groups()) if told else str(error).split("\n")[0]
        raise StorageError(
            f"data folder {url}: expected a bucket that can be read and written, found: {said}. "
            "Look at the bucket's name, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and "
            "AWS_ENDPOINT_URL."
        ) from error
