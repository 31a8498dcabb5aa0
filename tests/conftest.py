"""What all tests share: how workers divide them, and a server that speaks S3 on loopback."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

LONG = ("tests/flows/", "tests/storage/", "tests/tasks/test_workers.py")
SAMPLE = "sample_runs"
BUCKET = "gouji-test"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
}


class BySample(LoadFileScheduling):  # type: ignore[misc]
    """Give workers whole files, and one worker all that use the runs over the sample site.

    The others then need not make those runs again.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return SAMPLE if _uses_sample(self.config.rootpath / file) else file


@cache
def _uses_sample(path: Path) -> bool:
    return SAMPLE in path.read_text("utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Divide the tests for `--dist loadfile`; the other ways are those of pytest-xdist."""
    return BySample(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long begin first, so that no worker is left alone with it."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


class OneAtATime:
    """Have an application do one request after the other.

    S3 looks at a condition and puts the object in one step; moto does not, unless it is alone.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer a request."""
        with self.lock:
            return [*self.application(environ, start_response)]


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Serve S3 on loopback for the session, with one empty bucket; give its address."""
    moto = pytest.importorskip("moto.server")
    serving = pytest.importorskip("werkzeug.serving")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = OneAtATime(moto.DomainDispatcherApplication(moto.create_backend_app))
    server = serving.make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def s3_url(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> str:
    """Give an empty `s3://` folder; the environment says how to reach it, also to children."""
    import httpx

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("GOUJI_WORKING_COPIES", str(tmp_path / "copies"))
    httpx.put(f"{s3_endpoint}/{BUCKET}")
    return f"s3://{BUCKET}/{uuid4().hex}"
