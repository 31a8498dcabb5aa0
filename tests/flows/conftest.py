"""One Prefect server and one run over the sample site for all tests of the flows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.testing.utilities import prefect_test_harness

from flows.collect import CollectParameters, collect
from flows.demo import open_demo
from flows.summary import RunSummary
from storage.settings import ReadLimits
from tasks.sample.site import Site
from tasks.workers import Workers, open_workers

OF_BUCKETS = ("AWS_", "GOUJI_WORKING_COPIES")


@dataclass(frozen=True)
class SampleRuns:
    """Two runs over the same site: their summaries, and the files after each."""

    folder: Path
    site: Site
    first: RunSummary
    second: RunSummary
    files_after_first: dict[str, tuple[str, int]]
    files_after_second: dict[str, tuple[str, int]]


@pytest.fixture(scope="session", autouse=True)
def prefect_server() -> Iterator[None]:
    """Give the session a Prefect server with a database of its own."""
    with prefect_test_harness(server_startup_timeout=280):
        yield


@pytest.fixture(scope="session", autouse=True)
def reading_processes() -> Iterator[None]:
    """Keep the reading processes of a run for the next one: each takes seconds to start.

    They have the way to a bucket from the environment in which they started.
    """
    kept: dict[tuple[ReadLimits, str], Workers] = {}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:

        @contextmanager
        def keep_workers(limits: ReadLimits) -> Iterator[Workers]:
            found = (name for name in sorted(os.environ) if name.startswith(OF_BUCKETS))
            key = (limits, " ".join(f"{name}={os.environ[name]}" for name in found))
            if key not in kept:
                kept[key] = stack.enter_context(open_workers(limits))
            yield kept[key]

        for module in ("flows.engines", "flows.inspection", "flows.verify"):
            patch.setattr(f"{module}.open_workers", keep_workers)
        yield


@pytest.fixture(scope="module")
def lake_alone() -> Iterator[None]:
    """Leave out the site of results and the files beside the lake, for tests of neither.

    They take a third of a run's CPU; Great Expectations judges every run all the same.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.check._fingerprint", lambda _: None)  # as of a site shown
        patch.setattr("tasks.publish.publish_files", lambda _: ())
        yield


@pytest.fixture(scope="session")
def sample_runs(tmp_path_factory: pytest.TempPathFactory) -> SampleRuns:
    """Run `collect` twice over the sample site, over real HTTP."""
    data = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GOUJI_SMTP_URL", "GOUJI_RECIPIENTS", "GOUJI_SOURCES"):
            patch.delenv(name, raising=False)
        with open_demo(data) as demo:
            first = collect(CollectParameters(data=str(demo.folder)))
            after_first = list_files(demo.folder)
            second = collect(CollectParameters(data=str(demo.folder)))
            after_second = list_files(demo.folder)
    return SampleRuns(demo.folder, demo.site, first, second, after_first, after_second)


def list_files(folder: Path) -> dict[str, tuple[str, int]]:
    """Map every file below a folder to its hash and time of change in nanoseconds."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
