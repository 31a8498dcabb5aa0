"""Run everything on one machine: Prefect server with its UI, the deployments, one worker."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from http.client import HTTPException
from pathlib import Path
from typing import NoReturn
from urllib.error import URLError
from urllib.request import urlopen

from storage.settings import load_settings, name_server

HOME = Path(__file__).parent.parent
PREFECT = Path(sys.executable).with_name("prefect")
POOL = "gouji"
START_SECONDS = 120


def serve() -> int:
    """Start the server, deploy `prefect.yaml`, run a worker until it is stopped.

    Returns the worker's exit status; 1 if the server did not come up.
    """
    api, port = name_server(HOME)
    signal.signal(signal.SIGTERM, _stop)  # as service managers end us: server and worker end, too
    server = subprocess.Popen([PREFECT, "server", "start", "--port", str(port)])  # noqa: S603
    try:
        if not _wait_for(f"{api}/health", server):
            sys.stderr.write(
                f"serve: expected the Prefect server at {api} within {START_SECONDS} s, it did "
                f"not answer; is port {port} taken? Set GOUJI_PORT to another one.\n"
            )
            return 1
        _run("work-pool", "create", POOL, "--type", "process", "--overwrite")
        if _run("--no-prompt", "deploy", "--all"):
            sys.stderr.write(
                "serve: expected every deployment of prefect.yaml, some failed; see above\n"
            )
            return 1
        sys.stderr.write(describe(api))
        return _run("worker", "start", "--pool", POOL)
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait(timeout=30)


def describe(api: str) -> str:
    """Say where the UI is, what to try in it, and how to end."""
    ui = api.removesuffix("/api")
    return (
        f"\n  The Prefect UI: {ui}\n"
        f"  Deployments:    {ui}/deployments (collect, then Run)\n"
        f"  Data folder:    {load_settings().data}\n"
        "  Stop everything with Ctrl-C.\n\n"
    )


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _run(*words: str) -> int:
    """Run a command of Prefect in the project folder; return its exit status."""
    return subprocess.run([PREFECT, *words], check=False, cwd=HOME).returncode  # noqa: S603


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> bool:
    """Ask until the server answers; False if it ended or the time is up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(address, timeout=2):  # noqa: S310
                return True
        except (URLError, HTTPException, OSError):
            time.sleep(0.5)
    return False


if __name__ == "__main__":
    sys.exit(serve())
