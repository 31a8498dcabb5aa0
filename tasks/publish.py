"""Renew the files beside the lake for tools that read single files, DuckDB and people."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from storage.folder import StorageError
from tasks.publishing.publish import publish_files


@task(name="publish", tags=["disk"], cache_policy=NO_CACHE)
def publish_lake(data: Path) -> tuple[int, tuple[str, ...]]:
    """Publish what changed; give the count of files written, and troubles.

    The lake is right whatever happens here, so a failure is a trouble of the run, not its end.
    """
    try:
        return len(publish_files(data)), ()
    except StorageError as error:
        return 0, (f"publishing: {error}",)
